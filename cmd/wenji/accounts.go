package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"wenji/internal/staff"
	"wenji/web/ui"

	"github.com/pquerna/otp/totp"
)

// account is one demo sign-in, as it is written to the accounts file.
type account struct {
	Role       string `json:"role"` // in Chinese
	Username   string `json:"username"`
	Password   string `json:"password"`
	TOTPSecret string `json:"totp_secret"`
}

// demoPeople are the demo's members, one for each role.
var demoPeople = []struct {
	role           staff.Role
	username, name string
}{
	{staff.Moderator, "shenhe", "李明"},
	{staff.Officer, "chengban", "孙丽"},
	{staff.Editor, "fabu", "王芳"},
	{staff.SystemAdmin, "guanli", "赵强"},
	{staff.SecurityAdmin, "anquan", "周军"},
	{staff.Auditor, "shenji", "吴敏"},
}

// demoUnit is the department of the demo's 承办人.
const demoUnit = "省民政厅"

var roleNames = map[staff.Role]string{
	staff.Moderator: "审核员", staff.Officer: "承办人", staff.Editor: "发布员",
	staff.SystemAdmin: "系统管理员", staff.SecurityAdmin: "安全管理员", staff.Auditor: "审计员",
}

// demoAccounts makes sure that the demo's units and members exist and returns their sign-ins. They are kept in a file of the demo
// (readable by its owner alone) so that they stay the same from one start to the next; a copy is written to extra.
func demoAccounts(ctx context.Context, store *staff.Store, units []string, kept, extra string) ([]account, error) {
	unlock, err := lockFile(kept + ".lock")
	if err != nil {
		return nil, fmt.Errorf("准备演示账号：%w", err)
	}
	defer unlock()
	accounts, err := readAccounts(kept)
	if err != nil {
		return nil, err
	}
	accounts, added, err := completeAccounts(accounts)
	if err != nil {
		return nil, fmt.Errorf("准备演示账号：%w", err)
	}
	if added {
		if err := writeAccounts(kept, accounts); err != nil {
			return nil, err
		}
	}
	for i, p := range demoPeople {
		a := accounts[i]
		if err := store.Ensure(ctx, p.username, p.name, p.role, a.Password, a.TOTPSecret); err != nil {
			return nil, fmt.Errorf("准备演示账号 %s：%w", p.username, err)
		}
	}
	if err := store.EnsureUnits(ctx, units); err != nil {
		return nil, fmt.Errorf("准备演示单位：%w", err)
	}
	for _, p := range demoPeople {
		if p.role != staff.Officer {
			continue
		}
		if err := store.SetUnit(ctx, p.username, demoUnit); err != nil {
			return nil, fmt.Errorf("准备演示账号 %s：%w", p.username, err)
		}
	}
	if extra != "" {
		if err := writeAccounts(extra, accounts); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// completeAccounts returns the sign-ins in the order of demoPeople, with new ones for those that are missing: a demo may
// have been started by a version that knew fewer roles.
func completeAccounts(kept []account) (all []account, added bool, err error) {
	byName := make(map[string]account, len(kept))
	for _, a := range kept {
		byName[a.Username] = a
	}
	for _, p := range demoPeople {
		a, ok := byName[p.username]
		if !ok {
			c, err := staff.NewCredentials(p.username)
			if err != nil {
				return nil, false, err
			}
			a, added = account{roleNames[p.role], p.username, c.Password, c.TOTPSecret}, true
		}
		all = append(all, a)
	}
	return all, added, nil
}

func readAccounts(path string) ([]account, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("读取演示账号：%w", err)
	}
	var accounts []account
	if err := json.Unmarshal(content, &accounts); err != nil {
		return nil, fmt.Errorf("演示账号文件 %s 已损坏。请删除它后重新启动，密码会重新生成", path)
	}
	return accounts, nil
}

// writeAccounts replaces the file as a whole, so that nobody reads half of it.
func writeAccounts(path string, accounts []account) error {
	content, err := json.MarshalIndent(accounts, "", "  ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".accounts-*") // mode 0600
	if err != nil {
		return fmt.Errorf("写入演示账号：%w", err)
	}
	_, err = temp.Write(append(content, '\n'))
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("写入演示账号：%w", errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}

// lockFile waits for the file's lock; it ends with unlock or with the process.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { f.Close() }, nil
}

func printWelcome(t *terminal, baseURL, address, folder string, accounts []account) {
	if baseURL == "" {
		baseURL = "http://" + address
	}
	fmt.Fprintf(t.out, "\n问计演示已启动：%s\n工作人员登录：  %s/staff/login\n数据和密钥在：  %s\n\n", baseURL, baseURL, folder)
	for _, a := range accounts {
		fmt.Fprintf(t.out, "%s　用户名 %s　密码 %s　动态口令密钥 %s\n", a.Role, a.Username, a.Password, a.TOTPSecret)
	}
	printCodes(t, accounts)
	fmt.Fprintln(t.out, "在终端里按回车键显示新的动态口令；按 Ctrl-C 停止。")
}

// printCodes prints the one-time codes of this moment.
func printCodes(t *terminal, accounts []account) {
	now := time.Now()
	fmt.Fprintf(t.out, "动态口令（%d秒内有效）：", 30-now.Unix()%30)
	for _, a := range accounts {
		code, err := totp.GenerateCode(a.TOTPSecret, now)
		if err != nil {
			code = "无法生成"
		}
		fmt.Fprintf(t.out, "　%s %s", a.Username, code)
	}
	fmt.Fprintln(t.out)
}

// demoSite is the identity that the sample's own page shows, where the settings name none.
func demoSite(c siteConfig) ui.Site {
	if c.Name != "" {
		return c.site()
	}
	c.Name = "辽宁省人民政府"
	c.Domain = "www.ln.gov.cn"
	c.Sponsor = "辽宁省人民政府办公厅"
	c.IDCode = "2100000037"
	c.ICP = "辽ICP备05023109号"
	c.PoliceRecord = "辽公网安备 21010502000372号"
	c.Address = "沈阳市皇姑区北陵大街45-9号"
	c.Postcode = "110032"
	c.Email = "mhwz@ln.gov.cn"
	c.HelpPhone = "024-23935916"
	c.HelpHours = "工作日8:30—11:30，13:00—17:00"
	c.WeChat = "辽宁省人民政府"
	return c.site()
}
