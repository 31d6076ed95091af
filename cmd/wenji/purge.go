package main

import (
	"context"
	"errors"
	"fmt"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/retention"
	"wenji/internal/vault"
	"wenji/web/ui"

	"github.com/spf13/cobra"
)

func purgeCommand(t *terminal) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "purge", Short: "列出保存期限已到的个人信息；加 --yes 删除", Args: arguments(),
		Long: "列出结果公布后保存期限已到、没有依法保全的征集；加 --yes 后删除其中的个人信息，意见和公开的文字保留。\n" +
			"运行中的服务每小时也会自动删除到期的个人信息。中断后再次运行会接着做。",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd.Context(), t, need{keys: true}, func(db *postgres.DB, keys *vault.KeyRing) error {
				return purge(cmd.Context(), t, &retention.Store{DB: db, Keys: keys, Now: db.Now}, yes)
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "删除列出的个人信息，不能恢复")
	return c
}

// purge shows what is due, and erases it when told so.
func purge(ctx context.Context, t *terminal, s *retention.Store, yes bool) error {
	due, err := s.Due(ctx)
	if err != nil {
		return fmt.Errorf("查看到期的个人信息：%w", err)
	}
	if len(due) == 0 {
		fmt.Fprintln(t.out, "没有到期的个人信息。")
		return nil
	}
	for _, d := range due {
		day, _ := d.DueOn()
		fmt.Fprintf(t.out, "%s　%s　%s到期，%d条意见\n", d.ConsultationID, d.Title, ui.Date(day), d.Comments-d.Through)
	}
	if !yes {
		fmt.Fprintf(t.out, "以上%d个征集的个人信息已到期，没有改动。确认删除请运行：wenji purge --yes\n", len(due))
		return nil
	}
	for _, d := range due {
		bar := newProgress(t, d.Comments-d.Through, d.ConsultationID)
		e, err := s.EraseDue(ctx, operator, d.ConsultationID, bar.add)
		bar.end()
		if errors.Is(err, apperr.ErrConflict) { // held, or erased by a server, since it was listed
			fmt.Fprintf(t.out, "%s：%s\n", d.ConsultationID, retention.Refusal(err))
			continue
		}
		if err != nil {
			return fmt.Errorf("删除 %s 的个人信息（再次运行 wenji purge --yes 会接着做）：%w", d.ConsultationID, err)
		}
		fmt.Fprintf(t.out, "%s：已删除%d人的个人信息、%d份文件，摘要 %x。\n", e.ConsultationID, e.People, e.Scans, e.Digest)
	}
	return nil
}
