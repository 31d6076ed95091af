package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// command runs a command on the shared portal's database, while the portal runs, and returns what it printed.
func command(t *testing.T, status int, args ...string) string {
	t.Helper()
	c := exec.Command(site.binary, args...)
	c.Env = site.env
	out, err := c.CombinedOutput()
	if got := c.ProcessState.ExitCode(); got != status {
		t.Fatalf("wenji %s ended with %d (%v), want %d: %s", strings.Join(args, " "), got, err, status, out)
	}
	return string(out)
}

func holds(t *testing.T, out string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("%q is not in: %s", w, out)
		}
	}
}

func TestTheOperatorRotatesKeysWhileThePortalRuns(t *testing.T) {
	keys := filepath.Join(site.folder, "keys.json")
	before, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	// Killed after its key was added and before anything was sealed with it, it is gone on with and adds no other.
	cut := exec.Command(site.binary, "keys", "rotate", "--delay", "4s")
	cut.Env = append(site.env, "WENJI_CIPHER=sm4")
	if err := cut.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		if now, err := os.ReadFile(keys); err != nil || !bytes.Equal(now, before) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no key was added")
		}
	}
	if err := cut.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cut.Wait()
	holds(t, command(t, 0, "keys", "rotate"), "接着做", "已用密钥 k2 重新封存")
	content, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), `"k3"`) || !strings.Contains(string(content), `"sm4"`) {
		t.Error("another key was added, or the key is not of SM4")
	}
	if status := fetch(t, site.base+"/readyz"); status != 200 {
		t.Errorf("the portal answers %d", status)
	}
	holds(t, command(t, 0, "audit", "verify"), "链校验：通过")
}

func TestABackupComesBackInADrill(t *testing.T) {
	file := filepath.Join(site.folder, "drill.backup")
	holds(t, command(t, 0, "backup", file), "已备份到", "不在备份里")
	holds(t, command(t, 1, "backup", file), "已经有这个文件")
	holds(t, command(t, 0, "backup", "--drill", file), "与备份一致", "无法解封0行", "链校验通过", "演练通过")
	holds(t, command(t, 1, "restore", file), "目标数据库里已经有表，没有改动它")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content[:len(content)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	holds(t, command(t, 1, "backup", "--drill", file), "备份文件不完整", "没有恢复任何内容")
	holds(t, command(t, 2, "backup"), "请写成：wenji backup FILE")
	holds(t, command(t, 0, "purge"), "没有到期的个人信息")
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "wenji-drill-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("a drill left %v (%v)", left, err)
	}
}
