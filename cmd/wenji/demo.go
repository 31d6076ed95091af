package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/captcha"
	"wenji/internal/consultation"
	"wenji/internal/fill"
	"wenji/internal/postgres"
	"wenji/internal/postgres/embedded"
	"wenji/internal/sample"
	"wenji/internal/vault"

	"github.com/spf13/cobra"
)

// demoReopening is for how long the demo opens the sample again when its own period is over.
const demoReopening = 30 * 24 * time.Hour

// demoFlags are the flags of `wenji demo`.
type demoFlags struct {
	listen, data, accounts, digits, now string
}

func demoCommand(t *terminal) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use: "demo", Short: "在本机演示：自带数据库、征集样例和演示账号", Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), t, f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "监听的地址和端口")
	c.Flags().StringVar(&f.data, "data", "wenji-data", "存放数据的文件夹")
	c.Flags().StringVar(&f.accounts, "accounts", "", "把演示账号写入这个文件（JSON）")
	c.Flags().StringVar(&f.digits, "captcha-digits", "", "测试和压测用：验证码总是这6位数字，并且不限制同一地址的提交次数")
	c.Flags().StringVar(&f.now, "now", "", "测试用：时钟从这一时刻开始，如 2025-05-01T09:00:00+08:00")
	return c
}

func runDemo(ctx context.Context, t *terminal, f demoFlags) error {
	c, err := readConfig(t.getenv, need{})
	if err != nil {
		return err
	}
	if f.digits != "" && !captcha.WellFormed(f.digits) {
		return usageError{errors.New("--captcha-digits 须是6位数字，如 135790")}
	}
	skew, err := demoSkew(f.now)
	if err != nil {
		return err
	}
	listener, err := listen(f.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	level := c.LogLevel
	if t.getenv("WENJI_LOG_LEVEL") == "" {
		level = slog.LevelWarn
	}
	log := logger(t.err, level)

	url, folder, stop, err := demoDatabase(ctx, t, c.DatabaseURL, f.data)
	if err != nil {
		return err
	}
	defer stop()
	p, err := demoPortal(ctx, c, f, skew, url, folder, log)
	if err != nil {
		return err
	}
	if err := demoSample(ctx, p, f.now == ""); err != nil {
		return err
	}
	units, err := demoUnits()
	if err != nil {
		return err
	}
	accounts, err := demoAccounts(ctx, p.server.Staff, units, filepath.Join(folder, "accounts.json"), f.accounts)
	if err != nil {
		return err
	}
	printWelcome(t, c.BaseURL, listener.Addr().String(), folder, accounts)
	go showCodes(t, accounts)
	return p.serve(ctx, listener)
}

// demoPortal makes the keys if there are none, the tables, and the portal on them.
func demoPortal(ctx context.Context, c config, f demoFlags, skew time.Duration, url, folder string, log *slog.Logger) (*portal, error) {
	keysFile := c.KeysFile
	if keysFile == "" {
		keysFile = filepath.Join(folder, "keys.json")
	}
	keys, err := vault.CreateAs(keysFile, c.cipher())
	if err != nil {
		return nil, fmt.Errorf("准备密钥文件：%w", err)
	}
	if _, err := postgres.Migrate(ctx, url, log); err != nil {
		return nil, fmt.Errorf("更新数据库结构：%w", err)
	}
	mail, err := c.mail()
	if err != nil {
		return nil, err
	}
	provider, err := c.provider()
	if err != nil {
		return nil, err
	}
	p, err := newPortal(ctx, portalConfig{
		databaseURL: url, keys: keys, log: log, site: demoSite(c.Site), baseURL: c.BaseURL, proxies: c.proxies(),
		skew: skew, captchaDigits: f.digits, checkLimit: demoCheckLimit(f.digits), mail: mail, provider: provider,
		metricsListen: c.MetricsListen,
	})
	if err != nil {
		return nil, err
	}
	if err := keys.Check(ctx, p.db); err != nil {
		return nil, fmt.Errorf("密钥文件 %s 不属于这个数据库：%w", keysFile, err)
	}
	return p, nil
}

// demoSkew is how far the demo's clock is ahead of the machine's.
func demoSkew(now string) (time.Duration, error) {
	if now == "" {
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return 0, usageError{errors.New("--now 请写成 2025-05-01T09:00:00+08:00 这样的时刻")}
	}
	return time.Until(at), nil
}

func demoCheckLimit(digits string) int {
	if digits != "" {
		return 0
	}
	return checkLimit
}

// demoDatabase starts a private server, or takes the one of WENJI_DATABASE_URL. folder holds what belongs to the demo
// beside the database: keys and accounts. Demos that share a server share that folder.
func demoDatabase(ctx context.Context, t *terminal, url, data string) (address, folder string, stop func(), err error) {
	if url != "" {
		if folder, err = sharedFolder(url); err != nil {
			return "", "", nil, err
		}
		return url, folder, func() {}, nil
	}
	if folder, err = filepath.Abs(data); err != nil {
		return "", "", nil, fmt.Errorf("文件夹 %s：%w", data, err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", "", nil, fmt.Errorf("建立文件夹：%w", err)
	}
	server, err := embedded.Start(ctx, embedded.Config{DataDir: filepath.Join(folder, "postgres"), Log: logger(t.err, slog.LevelError)})
	switch {
	case errors.Is(err, embedded.ErrRunning):
		return "", "", nil, fmt.Errorf("文件夹 %s 上已经有一个演示在运行。请先停止它，或者用 --data 换一个文件夹（%w）", folder, err)
	case errors.Is(err, embedded.ErrNotInstalled):
		return "", "", nil, fmt.Errorf("本机没有 PostgreSQL 14 或更新的服务器程序。请运行：apt-get install postgresql（%w）", err)
	case errors.Is(err, embedded.ErrOtherVersion):
		return "", "", nil, fmt.Errorf("文件夹 %s 里的数据属于另一个版本的 PostgreSQL，没有改动它。请安装那个版本，或者用 --data 换一个文件夹（%w）", folder, err)
	case err != nil:
		return "", "", nil, fmt.Errorf("启动数据库：%w", err)
	}
	if asked := filepath.Join(folder, "postgres"); server.DataDir != asked {
		fmt.Fprintf(t.out, "数据库放在 %s：运行 PostgreSQL 的用户进不了 %s。\n", server.DataDir, asked)
	}
	return server.URL(), folder, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			fmt.Fprintf(t.err, "数据库没有正常停止，下次启动时会自动恢复：%v\n", err)
		}
	}, nil
}

// sharedFolder is the folder of all this user's demos on one server, found by a digest of its address.
func sharedFolder(url string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	sum := sha256.Sum256([]byte(url))
	folder := filepath.Join(base, "wenji", "demo-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("建立文件夹：%w", err)
	}
	return folder, nil
}

// demoUnits are the departments that the sample's clauses name, in the order in which they come up.
func demoUnits() ([]string, error) {
	source, err := consultation.ReadSource(sample.FS)
	if err != nil {
		return nil, fmt.Errorf("读取征集样例：%w", err)
	}
	var units []string
	for _, n := range source.Draft {
		for _, u := range n.Units {
			if !slices.Contains(units, u) {
				units = append(units, u)
			}
		}
	}
	return units, nil
}

// demoSample puts the sample consultation in, once, and sees to its period: with today's clock it is opened again for
// thirty days from the first start, as an announced extension; with a clock of its own it has its own period.
func demoSample(ctx context.Context, p *portal, reopen bool) error {
	store := p.server.Consultations
	source, err := consultation.ReadSource(sample.FS)
	if err != nil {
		return fmt.Errorf("读取征集样例：%w", err)
	}
	if err := store.Import(ctx, fill.DemoActor, source); err != nil && !errors.Is(err, apperr.ErrConflict) {
		return fmt.Errorf("导入征集样例：%w", err)
	}
	c, err := store.Consultation(ctx, source.ID)
	if err != nil {
		return fmt.Errorf("读取征集样例：%w", err)
	}
	now := p.db.Now()
	switch {
	case !reopen && c.OriginalClosesAt != nil:
		err = store.ResetPeriod(ctx, fill.DemoActor, c.ID)
	case reopen && c.OriginalClosesAt == nil && !now.Before(c.ClosesAt):
		y, m, d := now.Add(demoReopening).In(consultation.Shanghai).Date()
		closes := time.Date(y, m, d+1, 0, 0, 0, 0, consultation.Shanghai)
		err = store.Extend(ctx, consultation.Operator(fill.DemoActor), c.ID, closes, "演示")
	}
	if err != nil {
		return fmt.Errorf("设置样例的征集时间：%w", err)
	}
	return nil
}

// showCodes prints the current one-time codes each time Enter is pressed at a terminal, for who has no authenticator.
func showCodes(t *terminal, accounts []account) {
	file, ok := t.in.(*os.File)
	if !ok {
		return
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		printCodes(t, accounts)
	}
}
