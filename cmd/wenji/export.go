package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"wenji/internal/apperr"
	"wenji/internal/export"
	"wenji/internal/postgres"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/spf13/cobra"
)

func exportCommand(t *terminal) *cobra.Command {
	var format, profile, out string
	c := &cobra.Command{
		Use: "export ID", Short: "导出一个征集的意见（不含个人信息）", Args: arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{export.CSV, export.XLSX, export.DOCX, export.JSONL}, format) {
				return usageError{errors.New("--format 请写 csv、xlsx、docx 或 jsonl")}
			}
			if profile != export.Masked && profile != export.Public {
				return usageError{errors.New("--profile 请写 masked（办理）或 public（公开）；含个人信息的导出须在网页上由另一人批准")}
			}
			return withDatabase(cmd.Context(), t, need{keys: true}, func(db *postgres.DB, keys *vault.KeyRing) error {
				store := &export.Store{DB: db, Keys: keys, Now: db.Now}
				return exportTo(cmd.Context(), t, store, export.Options{ConsultationID: args[0], Format: format, Profile: profile}, out)
			})
		},
	}
	c.Flags().StringVar(&format, "format", "csv", "csv、xlsx、docx（意见汇总表）或 jsonl")
	c.Flags().StringVar(&profile, "profile", export.Masked, "masked（办理：隐去个人信息）或 public（公开：与公众看到的一致）")
	c.Flags().StringVar(&out, "out", "", "写入这个文件；不写则输出到标准输出")
	return c
}

// exportTo writes to a file that appears only once it is complete, or to standard output.
func exportTo(ctx context.Context, t *terminal, store *export.Store, o export.Options, out string) (err error) {
	id := o.ConsultationID
	actor := staff.Member{Name: operator, Role: staff.Editor}
	job, err := store.Prepare(ctx, actor, o)
	if errors.Is(err, apperr.ErrNotFound) {
		return fmt.Errorf("没有编号为 %s 的征集", id)
	}
	if err != nil {
		return fmt.Errorf("导出 %s：%w", id, err)
	}
	var to io.Writer = t.out
	if out != "" {
		f, err := os.OpenFile(out+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("写入 %s：%w", out, err)
		}
		defer func() {
			err = errors.Join(err, f.Close())
			if err != nil {
				err = errors.Join(err, os.Remove(f.Name()))
			}
		}()
		to = f
	}
	n, err := job.Stream(ctx, to)
	if err != nil {
		return fmt.Errorf("导出 %s：%w", id, err)
	}
	if out == "" {
		return nil
	}
	if err := os.Rename(out+".part", out); err != nil {
		return fmt.Errorf("写入 %s：%w", out, err)
	}
	fmt.Fprintf(t.err, "已导出%d条意见到 %s\n", n, out)
	return nil
}
