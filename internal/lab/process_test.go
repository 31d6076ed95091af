package lab_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wenji/internal/lab"
)

// parentVariable makes the test program start a sleeping child, say its process id and wait.
const parentVariable = "WENJI_TEST_LAB_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) == "" {
		os.Exit(m.Run())
	}
	p, err := lab.Command{Path: "/bin/sleep", Args: []string{"600"}}.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(p.PID)
	<-p.Ended()
}

func TestAProgramEndsWithTheOneThatStartedIt(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"=yes")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Fscan(out, &child); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait() // it was killed
	for patience := time.Now().Add(30 * time.Second); time.Now().Before(patience); runtime.Gosched() {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		if errors.Is(err, os.ErrNotExist) || strings.Contains(string(status), ") Z ") {
			return
		}
	}
	syscall.Kill(child, syscall.SIGKILL)
	t.Error("the child outlives the program that started it")
}

func TestAnUnprivilegedProgramOwnsItsFolderAlone(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "wenji-lab-test-") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "own")
	if err := lab.Folder(own); err != nil {
		t.Fatal(err)
	}
	p, err := lab.Command{Path: "/bin/sh", Args: []string{"-c", "id -u >uid; chmod 644 uid"}, Dir: own, Unprivileged: true}.Start()
	if err != nil {
		t.Fatal(err)
	}
	<-p.Ended()
	text, err := os.ReadFile(filepath.Join(own, "uid"))
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || uid == 0 {
		t.Errorf("the program ran as user %d, %v", uid, err)
	}
	info, err := os.Stat(own)
	if err != nil {
		t.Fatal(err)
	}
	if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != uid || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is user %d's, %s; want user %d's, drwx------", owner, info.Mode(), uid)
	}
}

func TestAProgramThatEndsAtItsStartIsQuoted(t *testing.T) {
	for _, log := range []string{"", filepath.Join(t.TempDir(), "log")} {
		p, err := lab.Command{Path: "/bin/sh", Args: []string{"-c", "echo no such planet >&2; exit 3"}, Log: log}.Start()
		if err != nil {
			t.Fatal(err)
		}
		err = p.Await(t.Context(), func(context.Context) error { return errors.New("not yet") })
		if err == nil || !strings.Contains(err.Error(), "no such planet") {
			t.Errorf("log %q: %v; want what the program said", log, err)
		}
	}
}

func TestReadyMeans200(t *testing.T) {
	address, err := lab.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	p, err := lab.Command{Path: "/bin/sleep", Args: []string{"600"}}.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	asked := 0
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	if err := p.AwaitOK(t.Context(), "http://"+address+"/"); err != nil || asked < 3 {
		t.Errorf("ready after %d answers: %v; want the third, the first 200", asked, err)
	}
}

func TestAStoppedProgramCanBeStartedAgain(t *testing.T) {
	p, err := lab.Command{Path: "/bin/sleep", Args: []string{"600"}}.Start()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("signal to a program that has ended: %v", err)
	}
	again, err := p.Command.Start()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lab.CPU(again.PID); err != nil {
		t.Error(err)
	}
	again.Stop()
}
