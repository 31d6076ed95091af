package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"

	"wenji/internal/fill"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/spf13/cobra"
)

const fillMost = 50_000_000

func fillCommand(t *terminal) *cobra.Command {
	var o fill.Options
	var data string
	c := &cobra.Command{
		Use: "fill", Short: "造数据：往演示库或空库里填入征集和意见，供试用和压测", Args: arguments(),
		Long: "按征集样例的用语造出指定数量的征集和意见，经过与平台相同的语句存入数据库：有等待审核的，有公开和不公开的，有已答复的，\n" +
			"也有许多人发来的相近意见。其中的人都不存在：身份证号码的校验码正确，但地区码从未使用；电话号段没有分配；邮箱属于 example.com。\n" +
			"同一个 --seed 造出同样的意见。中断后用同样的选项再次运行会接着做。\n\n" +
			"数据库取自 WENJI_DATABASE_URL（先用 wenji migrate 建好表）；没有设置时，用 --data 里演示的数据库，演示须先停止。\n" +
			"只要数据库里有一个不是演示或本命令建立的征集，就不作任何改动。",
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.Comments < 1 || o.Comments > fillMost:
				return usageError{fmt.Errorf("--comments 请写1到%d之间的数", fillMost)}
			case o.Consultations < 1 || o.Consultations > min(o.Comments, fill.ConsultationsMost):
				return usageError{fmt.Errorf("--consultations 请写1到%d之间的数，不多于意见的数量", fill.ConsultationsMost)}
			}
			return runFill(cmd.Context(), t, data, o)
		},
	}
	c.Flags().IntVar(&o.Comments, "comments", 10_000, "意见的数量")
	c.Flags().IntVar(&o.Consultations, "consultations", 20, "征集的数量；最大的一个是征集样例")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "种子：同一种子造出同样的数据")
	c.Flags().StringVar(&data, "data", "wenji-data", "没有 WENJI_DATABASE_URL 时，演示存放数据的文件夹")
	return c
}

// runFill finds database and keys as a demo does, and fills it.
func runFill(ctx context.Context, t *terminal, data string, o fill.Options) error {
	c, err := readConfig(t.getenv, need{})
	if err != nil {
		return err
	}
	url, folder, stop, err := demoDatabase(ctx, t, c.DatabaseURL, data)
	if err != nil {
		return err
	}
	defer stop()
	if c.DatabaseURL == "" { // a demo's own database; another one is migrated by whoever runs it
		if _, err := postgres.Migrate(ctx, url, slog.New(slog.DiscardHandler)); err != nil {
			return fmt.Errorf("更新数据库结构：%w", err)
		}
	}
	keysFile := c.KeysFile
	if keysFile == "" {
		keysFile = filepath.Join(folder, "keys.json")
	}
	keys, err := vault.CreateAs(keysFile, c.cipher())
	if err != nil {
		return fmt.Errorf("准备密钥文件：%w", err)
	}
	db, err := postgres.Open(ctx, url, postgres.Options{Name: "wenji fill", MaxConns: fill.Conns})
	if err != nil {
		return fmt.Errorf("WENJI_DATABASE_URL 不对：%w", err)
	}
	defer db.Close()
	if err := keys.Check(ctx, db); err != nil {
		return toolFault(fmt.Errorf("核对密钥文件 %s：%w", keysFile, err))
	}
	bar := newProgress(t, o.Comments, "填充")
	var steps atomic.Int64
	perComment := int64(fill.Steps(1))
	o.Progress = func(n int) {
		now := steps.Add(int64(n))
		bar.add(int(now/perComment - (now-int64(n))/perComment))
	}
	err = fill.Run(ctx, db, keys, o)
	bar.end()
	if err != nil {
		return toolFault(fillFault(err))
	}
	fmt.Fprintf(t.out, "已填入%d个征集、%d条意见（种子%d）。\n", o.Consultations, o.Comments, o.Seed)
	return nil
}

// fillFault says what a refusal means and what to do.
func fillFault(err error) error {
	var foreign *fill.Foreign
	var begun *fill.Begun
	switch {
	case errors.As(err, &foreign):
		return fmt.Errorf("这个数据库里有征集 %s，它不是演示或 wenji fill 建立的，所以没有作任何改动。请换一个空的数据库", foreign.ConsultationID)
	case errors.As(err, &begun):
		return fmt.Errorf("这个数据库已经填过数据：--seed %d --comments %d --consultations %d。请用同样的选项接着做，或者换一个空的数据库",
			begun.Seed, begun.Comments, begun.Consultations)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("填充没有做完，用同样的选项再次运行会接着做：%w", err)
	}
	return fmt.Errorf("填充（再次运行会接着做）：%w", err)
}
