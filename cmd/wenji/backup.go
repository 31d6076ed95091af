package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wenji/internal/backup"
	"wenji/internal/postgres"
	"wenji/internal/postgres/embedded"
	"wenji/internal/vault"

	"github.com/spf13/cobra"
)

func backupCommand(t *terminal) *cobra.Command {
	var phrase string
	var drill bool
	c := &cobra.Command{
		Use: "backup FILE", Short: "把整个数据库备份到一个加密的文件；FILE 是文件夹时自动取名",
		Long: "把整个数据库备份到一个加密的文件，旁边的 .json 是清单（行数和校验值，没有个人信息）。\n" +
			"备份用密钥文件中的密钥加密，密钥文件不在备份里，请另外保存；也可以用 --passphrase-file 指定口令。\n" +
			"--drill 做一次演练：备份、恢复到临时的数据库、核对行数、解封个人信息、核对操作日志，然后删除。",
		Args: func(cmd *cobra.Command, args []string) error {
			if drill && len(args) == 0 {
				return nil
			}
			return arguments("FILE")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBackup(cmd.Context(), t, phrase, func(c config, db *postgres.DB, keys *vault.KeyRing, secret backup.Secret) error {
				if drill {
					return runDrill(cmd.Context(), t, c, db, keys, secret, args)
				}
				path, m, err := makeBackup(cmd.Context(), t, c, db, args[0], secret)
				if err != nil {
					return err
				}
				fmt.Fprintf(t.out, "已备份到 %s：%d张表，%d行，%s，SHA-256 %s。\n", path, len(m.Tables), m.Rows(), size(m.Size), m.FileHash)
				if m.KeyID != "" {
					fmt.Fprintf(t.out, "恢复时要用密钥 %s，它在密钥文件里，不在备份里。\n", m.KeyID)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&phrase, "passphrase-file", "", "用这个文件第一行的口令加密，不用密钥文件中的密钥")
	c.Flags().BoolVar(&drill, "drill", false, "演练：恢复到临时的数据库并核对；不写 FILE 时先做一次备份")
	return c
}

func restoreCommand(t *terminal) *cobra.Command {
	var phrase string
	c := &cobra.Command{
		Use: "restore FILE", Short: "把备份恢复到一个空的数据库，并核对行数、个人信息和操作日志", Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBackup(cmd.Context(), t, phrase, func(c config, db *postgres.DB, keys *vault.KeyRing, secret backup.Secret) error {
				return restore(cmd.Context(), t, db, c.DatabaseURL, keys, args[0], secret)
			})
		},
	}
	c.Flags().StringVar(&phrase, "passphrase-file", "", "备份时用的口令所在的文件")
	return c
}

// withBackup opens database, keys and what seals the backup. The keys are not held against the database: it may be empty.
func withBackup(ctx context.Context, t *terminal, phrase string,
	f func(c config, db *postgres.DB, keys *vault.KeyRing, secret backup.Secret) error) error {
	c, err := readConfig(t.getenv, need{database: true, keys: true})
	if err != nil {
		return err
	}
	keys, err := vault.Load(c.KeysFile)
	if err != nil {
		return fmt.Errorf("读取密钥文件：%w", err)
	}
	secret := backup.Secret{Keys: keys, Algorithm: c.cipher()}
	if phrase != "" {
		content, err := os.ReadFile(phrase)
		if err != nil {
			return fmt.Errorf("读取口令文件：%w", err)
		}
		line, _, _ := bytes.Cut(content, []byte("\n"))
		if secret.Passphrase = bytes.TrimSpace(line); len(secret.Passphrase) < 12 {
			return usageError{errors.New("口令太短：请在口令文件的第一行写上至少12个字符")}
		}
	}
	db, err := postgres.Open(ctx, c.DatabaseURL, postgres.Options{Name: "wenji backup", MaxConns: 2})
	if err != nil {
		return fmt.Errorf("WENJI_DATABASE_URL 不对：%w", err)
	}
	defer db.Close()
	return backupFault(toolFault(f(c, db, keys, secret)))
}

// backupFault says what to do about a fault of a backup.
func backupFault(err error) error {
	switch {
	case errors.Is(err, backup.ErrNotBackup):
		return fmt.Errorf("这不是 wenji backup 生成的备份文件，请核对文件名：%w", err)
	case errors.Is(err, backup.ErrKey):
		return fmt.Errorf("打不开备份：备份时用的不是这个密钥文件或者这种口令。请用 WENJI_KEYS_FILE 指定备份时的密钥文件，或者用 --passphrase-file：%w", err)
	case errors.Is(err, backup.ErrDamaged):
		return fmt.Errorf("备份文件不完整、被改动过，或者密钥、口令不对，没有恢复任何内容。请换一份备份，并与旁边 .json 中的 sha256 核对：%w", err)
	case errors.Is(err, backup.ErrNotEmpty):
		return fmt.Errorf("目标数据库里已经有表，没有改动它。请新建一个空的数据库（createdb -E UTF8 --locale=C.UTF-8 -T template0 名称），再把 WENJI_DATABASE_URL 指向它：%w", err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("已经有这个文件，没有覆盖它。请换一个文件名：%w", err)
	case errors.Is(err, embedded.ErrNotInstalled):
		return fmt.Errorf("本机没有所需版本的 PostgreSQL 程序。请安装：apt-get install postgresql（只备份和恢复的，装 postgresql-client 即可）：%w", err)
	}
	return err
}

func makeBackup(ctx context.Context, t *terminal, c config, db *postgres.DB, path string, secret backup.Secret) (string, backup.Manifest, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "wenji-"+time.Now().Format("20060102-150405")+".backup")
	}
	bar := newProgress(t, -1, "备份")
	m, err := backup.Make(ctx, db, c.DatabaseURL, path, secret, bar.add)
	bar.end()
	if err != nil {
		return path, m, fmt.Errorf("备份到 %s：%w", path, err)
	}
	if err := backup.Record(ctx, db, operator, backup.Made, m); err != nil {
		return path, m, fmt.Errorf("已备份到 %s，但没有记入操作日志：%w", path, err)
	}
	return path, m, nil
}

// restore restores into the database and proves that everything is there.
func restore(ctx context.Context, t *terminal, db *postgres.DB, address string, keys *vault.KeyRing, path string, secret backup.Secret) error {
	began := time.Now()
	bar := newProgress(t, -1, "恢复")
	m, err := backup.Restore(ctx, db, address, path, secret, bar.add)
	bar.end()
	if err != nil {
		return fmt.Errorf("恢复 %s：%w", path, err)
	}
	if err := keys.Check(ctx, db); err != nil {
		return fmt.Errorf("已恢复，但密钥文件不属于这份备份，个人信息读不出来。请用 WENJI_KEYS_FILE 指定备份时的密钥文件：%w", err)
	}
	bar = newProgress(t, int(m.Tables["personal_data"].Rows), "核对")
	p, err := backup.Verify(ctx, db, keys, m, bar.add)
	bar.end()
	if err != nil {
		return fmt.Errorf("核对恢复的数据：%w", err)
	}
	if err := reportProof(t, m, p, time.Since(began)); err != nil {
		return err
	}
	if err := backup.Record(ctx, db, operator, backup.Restored, m); err != nil {
		return fmt.Errorf("已恢复，但没有记入操作日志：%w", err)
	}
	return nil
}

// reportProof prints what a restored database was found to be.
func reportProof(t *terminal, m backup.Manifest, p backup.Proof, took time.Duration) error {
	fmt.Fprintf(t.out, "备份的时刻：%s（此后的数据不在其中）；恢复和核对用时%s。\n", m.Created.Local().Format("2006-01-02 15:04:05"), took.Round(time.Second/10))
	if len(p.Wrong) == 0 {
		fmt.Fprintf(t.out, "行数和内容：%d张表，%d行，与备份一致。\n", p.Tables, p.Rows)
	} else {
		fmt.Fprintf(t.out, "行数和内容：与备份不一致的表：%s。\n", strings.Join(p.Wrong, "、"))
	}
	fmt.Fprintf(t.out, "个人信息：%d行，无法解封%d行。\n", p.Seals.Rows, p.Seals.Damaged)
	if b := p.Record.Broken; b != nil {
		fmt.Fprintf(t.out, "操作日志：校验链在第%d条断开，%s。\n", b.Position, breakWord(b.What))
	} else {
		fmt.Fprintf(t.out, "操作日志：链校验通过，共%d条，已入链%d条。\n", p.Record.Entries, p.Record.Sealed)
	}
	if !p.Sound() {
		return errors.New("恢复的数据与备份不一致，请不要使用，换一份备份再试")
	}
	return nil
}

// runDrill restores a backup into a server of its own, proves it and removes everything.
func runDrill(ctx context.Context, t *terminal, c config, db *postgres.DB, keys *vault.KeyRing, secret backup.Secret, args []string) (err error) {
	dir, err := os.MkdirTemp("", "wenji-drill-")
	if err != nil {
		return fmt.Errorf("建立临时文件夹：%w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "wenji.backup")
	if len(args) > 0 {
		path = args[0]
	} else if _, _, err = makeBackup(ctx, t, c, db, path, secret); err != nil {
		return err
	}
	server, err := embedded.Start(ctx, embedded.Config{DataDir: filepath.Join(dir, "postgres"), Log: logger(t.err, slog.LevelError)})
	if err != nil {
		return fmt.Errorf("启动演练用的数据库：%w", err)
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = errors.Join(err, server.Stop(stopping), os.RemoveAll(server.DataDir))
	}()
	target, err := postgres.Open(ctx, server.URL(), postgres.Options{Name: "wenji drill", MaxConns: 2})
	if err != nil {
		return fmt.Errorf("打开演练用的数据库：%w", err)
	}
	defer target.Close()
	if err := restore(ctx, t, target, server.URL(), keys, path, secret); err != nil {
		return err
	}
	fmt.Fprintln(t.out, "演练通过：这份备份可以恢复。")
	return nil
}

// size is a number of bytes for people.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
