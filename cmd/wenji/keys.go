package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"wenji/internal/intake"
	"wenji/internal/postgres"
	"wenji/internal/retention"
	"wenji/internal/rotation"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/spf13/cobra"
)

func keysCommand(t *terminal) *cobra.Command {
	return group("keys", "密钥文件", addKeyCommand(t), rotateCommand(t))
}

// cipherWords name the algorithms for the operator.
var cipherWords = map[vault.Algorithm]string{vault.AES: "AES-256-GCM", vault.SM4: "SM4-GCM"}

func addKeyCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "add", Short: "建立密钥文件，或者在其中增加一把密钥，以后的个人信息用它封存（算法见 WENJI_CIPHER）", Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			c, err := readConfig(t.getenv, need{keys: true})
			if err != nil {
				return err
			}
			if _, err := os.Stat(c.KeysFile); errors.Is(err, os.ErrNotExist) {
				if _, err := vault.CreateAs(c.KeysFile, c.cipher()); err != nil {
					return fmt.Errorf("建立密钥文件：%w", err)
				}
				fmt.Fprintf(t.out, "已建立密钥文件 %s（%s）。请另存一份在别处：丢了它，封存的个人信息就读不出来了。\n",
					c.KeysFile, cipherWords[c.cipher()])
				return nil
			}
			id, err := vault.AddKey(c.KeysFile, c.cipher(), time.Now())
			if err != nil {
				return fmt.Errorf("增加密钥：%w", err)
			}
			fmt.Fprintf(t.out, "已增加密钥 %s（%s）。正在运行的服务会在5秒内读到它。"+
				"各台服务器的密钥文件不是同一份的，请马上复制过去，或者改用 wenji keys rotate --delay。\n", id, cipherWords[c.cipher()])
			return nil
		},
	}
}

// rotateDelay gives each replica, which looks at its key file every five seconds, time to read it before a key seals.
const rotateDelay = 15 * time.Second

func rotateCommand(t *terminal) *cobra.Command {
	var delay time.Duration
	var another bool
	c := &cobra.Command{
		Use: "rotate", Short: "更换密钥：增加一把新密钥，并用它重新封存已有的个人信息，服务不用停止", Args: arguments(),
		Long: "增加一把新密钥（算法见 WENJI_CIPHER），等各台服务器读到它，再用它分批重新封存已有的个人信息和动态口令密钥。\n" +
			"服务不用停止；中断后再次运行会接着做，不会再增加密钥。旧密钥留在文件里，备份和尚未提交的表单还要用它。",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(t.getenv, need{database: true, keys: true})
			if err != nil {
				return err
			}
			return withDatabase(cmd.Context(), t, need{keys: true}, func(db *postgres.DB, keys *vault.KeyRing) error {
				people := &staff.Store{DB: db, Keys: keys, Now: db.Now}
				scans := &intake.Store{DB: db, Keys: keys, Now: db.Now}
				asked := &retention.Store{DB: db, Keys: keys, Now: db.Now}
				r := &rotation.Rotation{DB: db, Keys: keys, Now: db.Now, Parts: []rotation.Part{
					{Name: "personal_data", Stale: keys.Stale, Next: keys.Rewrap},
					{Name: "member", Stale: people.StaleSecrets, Next: people.RewrapSecrets},
					{Name: "intake_scan", Stale: scans.StaleScans, Next: scans.RewrapScans},
					{Name: "personal_request", Stale: asked.StaleWishes, Next: asked.RewrapWishes},
				}}
				return rotate(cmd.Context(), t, c, r, delay, another)
			})
		},
	}
	c.Flags().DurationVar(&delay, "delay", rotateDelay, "新密钥在这段时间之后启用；各台服务器的密钥文件不是同一份的，请在这段时间内复制过去，如 10m")
	c.Flags().BoolVar(&another, "new", false, "即使上次没有做完，也另增加一把密钥（例如有的行已损坏，无法解封）")
	return c
}

// rotate goes on with a rotation that was cut off, or begins one with a new key.
func rotate(ctx context.Context, t *terminal, c config, r *rotation.Rotation, delay time.Duration, another bool) error {
	_, _, pending := r.Keys.Pending()
	left, err := r.Stale(ctx)
	if err != nil {
		return fmt.Errorf("查看还有多少旧密钥封存的数据：%w", err)
	}
	if another || !pending && left == 0 {
		id, err := vault.AddKey(c.KeysFile, c.cipher(), time.Now().Add(delay))
		if err != nil {
			return fmt.Errorf("增加密钥：%w", err)
		}
		fmt.Fprintf(t.out, "已增加密钥 %s（%s）。\n", id, cipherWords[c.cipher()])
	} else {
		fmt.Fprintln(t.out, "上次更换密钥没有做完，接着做。")
	}
	if err := awaitKey(ctx, t, r.Keys); err != nil {
		return err
	}
	if err := r.Keys.Check(ctx, r.DB); err != nil {
		return fmt.Errorf("核对密钥文件：%w", err)
	}
	if left, err = r.Stale(ctx); err != nil {
		return fmt.Errorf("查看还有多少旧密钥封存的数据：%w", err)
	}
	bar := newProgress(t, left, "重新封存")
	result, err := r.Run(ctx, operator, bar.add)
	bar.end()
	if err != nil {
		return fmt.Errorf("重新封存（已完成%d行，再次运行 wenji keys rotate 会接着做）：%w", result.Done, err)
	}
	fmt.Fprintf(t.out, "已用密钥 %s 重新封存%d行。请另存新的密钥文件；旧密钥留在文件里，旧的备份还要用它。\n", result.Key, result.Done)
	if result.Damaged > 0 {
		return fmt.Errorf("有%d行无法解封，没有改动：数据可能损坏，请从备份中核对", result.Damaged)
	}
	return nil
}

// awaitKey waits until the newest key seals.
func awaitKey(ctx context.Context, t *terminal, keys *vault.KeyRing) error {
	if err := keys.Reload(); err != nil {
		return fmt.Errorf("读取密钥文件：%w", err)
	}
	id, from, pending := keys.Pending()
	if !pending {
		return nil
	}
	fmt.Fprintf(t.out, "密钥 %s 将在 %s 启用，请稍候。各台服务器的密钥文件不是同一份的，请现在复制过去。\n", id, from.Local().Format("15:04:05"))
	// A replica's clock may be a little behind ours.
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(from) + 2*time.Second):
		return nil
	}
}
