package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/postgres"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/throttle"
	"wenji/internal/vault"

	"github.com/spf13/cobra"
)

// operator is the actor of what is done on the command line, in the audit record.
const operator = "wenji command line"

// withDatabase opens database and keys for a tool and closes them after it.
func withDatabase(ctx context.Context, t *terminal, n need, f func(db *postgres.DB, keys *vault.KeyRing) error) error {
	n.database = true
	c, err := readConfig(t.getenv, n)
	if err != nil {
		return err
	}
	db, err := postgres.Open(ctx, c.DatabaseURL, postgres.Options{Name: "wenji tool", MaxConns: 2})
	if err != nil {
		return fmt.Errorf("WENJI_DATABASE_URL 不对：%w", err)
	}
	defer db.Close()
	var keys *vault.KeyRing
	if n.keys {
		if keys, err = vault.Load(c.KeysFile); err != nil {
			return fmt.Errorf("读取密钥文件：%w", err)
		}
		if err := keys.Check(ctx, db); err != nil {
			return toolFault(fmt.Errorf("核对密钥文件：%w", err))
		}
	}
	return toolFault(f(db, keys))
}

// toolFault adds what to do next to a fault of the database.
func toolFault(err error) error {
	if postgres.Unavailable(err) {
		return fmt.Errorf("数据库无法使用，请检查 WENJI_DATABASE_URL 和数据库是否在运行：%w", err)
	}
	return err
}

func importCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "import DIR", Short: "导入一个征集：文件夹里是 consultation.json、notice.txt、draft.txt、interpretation.txt",
		Args: arguments("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := consultation.ReadSource(os.DirFS(args[0]))
			if err != nil {
				return fmt.Errorf("读取 %s：%w", args[0], err)
			}
			return withDatabase(cmd.Context(), t, need{}, func(db *postgres.DB, _ *vault.KeyRing) error {
				store := &consultation.Store{DB: db, Now: db.Now}
				err := store.Import(cmd.Context(), operator, source)
				if errors.Is(err, apperr.ErrConflict) {
					return fmt.Errorf("已经有编号为 %s 的征集，没有改动。请在 consultation.json 中换一个编号", source.ID)
				}
				if err != nil {
					return fmt.Errorf("导入 %s：%w", source.ID, err)
				}
				fmt.Fprintf(t.out, "已导入 %s：%s\n", source.ID, source.Headline)
				printDoubts(t, source.Doubts)
				return nil
			})
		},
	}
}

// doubtWords are the kinds of doubtful place in a document, in Chinese.
var doubtWords = map[clause.Code]string{
	clause.MissingNumber: "编号缺失", clause.MissingStop: "条目标题后缺少句号", clause.UnitsBracket: "责任单位缺少括号",
	clause.UnitsRunTogether: "责任单位之间缺少顿号", clause.UnitsMissing: "没有责任单位", clause.HalfWidth: "半角标点",
	clause.OutOfOrder: "编号不连续", clause.Unpaired: "引号或括号不成对", clause.UnitsName: "单位名称可能不全",
}

// printDoubts lists what a person should look at in the imported text, a line for each kind.
func printDoubts(t *terminal, doubts []consultation.Doubt) {
	places := make(map[clause.Code][]string)
	var kinds []clause.Code
	for _, d := range doubts {
		if places[d.Code] == nil {
			kinds = append(kinds, d.Code)
		}
		places[d.Code] = append(places[d.Code], fmt.Sprintf("%s第%d行", d.Document, d.Line))
	}
	for _, k := range kinds {
		shown := places[k][:min(5, len(places[k]))]
		fmt.Fprintf(t.out, "请核对：%s，共%d处：%s", doubtWords[k], len(places[k]), strings.Join(shown, "、"))
		if len(shown) < len(places[k]) {
			fmt.Fprint(t.out, "……")
		}
		fmt.Fprintln(t.out)
	}
}

func staffCommand(t *terminal) *cobra.Command {
	var username, name, role, unit string
	withStaff := func(cmd *cobra.Command, f func(s *staff.Store) error) error {
		return withDatabase(cmd.Context(), t, need{keys: true}, func(db *postgres.DB, keys *vault.KeyRing) error {
			return f(&staff.Store{
				DB: db, Keys: keys, Tries: &throttle.Limiter{DB: db, Index: keys.Index}, Now: db.Now,
			})
		})
	}
	add := &cobra.Command{
		Use: "add", Short: "增加一名工作人员，显示密码和动态口令密钥", Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, ok := roleOf(role)
			if username == "" || name == "" || !ok {
				return usageError{errors.New("请写成：wenji staff add --username 用户名 --name 姓名 --role 审核员（或承办人、发布员、系统管理员、安全管理员、审计员）")}
			}
			if (r == staff.Officer) != (unit != "") {
				return usageError{errors.New("承办人请用 --unit 写明责任单位，如 --unit 省民政厅；其他角色不写")}
			}
			return withStaff(cmd, func(s *staff.Store) error {
				c, err := s.Add(cmd.Context(), operator, username, name, r)
				if errors.Is(err, apperr.ErrConflict) {
					return fmt.Errorf("用户名 %s 已经有人用了，请换一个", username)
				}
				if err == nil && unit != "" {
					if err = s.EnsureUnits(cmd.Context(), []string{unit}); err == nil {
						err = s.SetUnit(cmd.Context(), username, unit)
					}
				}
				return printCredentials(t, c, err)
			})
		},
	}
	add.Flags().StringVar(&username, "username", "", "用户名")
	add.Flags().StringVar(&name, "name", "", "姓名")
	add.Flags().StringVar(&unit, "unit", "", "承办人所在的责任单位")
	add.Flags().StringVar(&role, "role", "", "角色：审核员、承办人、发布员、系统管理员、安全管理员或审计员")
	reset := &cobra.Command{
		Use: "reset USERNAME", Short: "换发密码和动态口令密钥", Args: arguments("USERNAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStaff(cmd, func(s *staff.Store) error {
				c, err := s.Reset(cmd.Context(), operator, args[0])
				return printCredentials(t, c, nobody(err, args[0]))
			})
		},
	}
	disable := &cobra.Command{
		Use: "disable USERNAME", Short: "停用一名工作人员", Args: arguments("USERNAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStaff(cmd, func(s *staff.Store) error {
				if err := nobody(s.Disable(cmd.Context(), operator, args[0]), args[0]); err != nil {
					return err
				}
				fmt.Fprintf(t.out, "已停用 %s。\n", args[0])
				return nil
			})
		},
	}
	return group("staff", "工作人员账号", add, reset, disable)
}

func roleOf(name string) (staff.Role, bool) {
	for role, n := range roleNames {
		if n == name {
			return role, true
		}
	}
	return "", false
}

func nobody(err error, username string) error {
	if errors.Is(err, apperr.ErrNotFound) {
		return fmt.Errorf("没有用户名为 %s 的工作人员", username)
	}
	return err
}

func printCredentials(t *terminal, c staff.Credentials, err error) error {
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "用户名：%s\n密码：%s\n动态口令密钥：%s\n%s\n以上内容只显示这一次，请交给本人。\n",
		c.Username, c.Password, c.TOTPSecret, c.TOTPURL)
	return nil
}

func auditCommand(t *terminal) *cobra.Command {
	return group("audit", "操作日志", &cobra.Command{
		Use: "verify", Short: "核对操作日志的校验链，以及各项计数与逐条清点是否一致", Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd.Context(), t, need{keys: true}, func(db *postgres.DB, keys *vault.KeyRing) error {
				// What no server has sealed since it was stopped is sealed now, so that it is not taken for an intrusion.
				sealer := &audit.Sealer{DB: db, Key: keys.AuditKey(), Log: slog.New(slog.DiscardHandler)}
				if _, err := sealer.SealOnce(cmd.Context()); err != nil {
					return fmt.Errorf("封存操作日志：%w", err)
				}
				r, err := audit.Verify(cmd.Context(), db, keys.AuditKey())
				if err != nil {
					return fmt.Errorf("核对操作日志：%w", err)
				}
				if r.Broken != nil {
					return fmt.Errorf("操作日志的校验链在第%d条断开：条目 %s，%s", r.Broken.Position, r.Broken.EntryID, breakWord(r.Broken.What))
				}
				fmt.Fprintf(t.out, "链校验：通过。共%d条，已入链%d条，等待入链%d条。\n", r.Entries, r.Sealed, r.Waiting)
				return verifyCounters(cmd.Context(), t, db)
			})
		},
	})
}

// verifyCounters compares the counters that pages show with the rows. What differs is set right by a running portal within a
// day; it differs after an old version went on working beside a new one, and otherwise never.
func verifyCounters(ctx context.Context, t *terminal, db *postgres.DB) error {
	checked, list, err := comment.CheckCounters(ctx, db)
	if err != nil {
		return fmt.Errorf("核对计数：%w", err)
	}
	ofGroups, err := similar.CheckCounters(ctx, db)
	if err != nil {
		return fmt.Errorf("核对计数：%w", err)
	}
	list = append(list, ofGroups...)
	if len(list) == 0 {
		fmt.Fprintf(t.out, "计数核对：一致。共%d项征集。\n", checked)
		return nil
	}
	d := list[0]
	return fmt.Errorf("%d项计数与逐条清点不一致，例如 %s 的 %s %s：计数%d，清点%d。运行中的系统会在一天之内自动更正；再次出现请联系开发人员",
		len(list), d.ConsultationID, d.Kind, d.Key, d.Kept, d.Rows)
}

// breakWord says in Chinese how the chain is broken.
func breakWord(what string) string {
	switch what {
	case audit.Changed:
		return "内容被改动"
	case audit.Deleted:
		return "条目被删除"
	case audit.Reordered:
		return "次序被改动"
	case audit.Unchained:
		return "条目没有入链"
	case audit.RowMissing, audit.RowAltered:
		return "链上的记录被改动"
	}
	return what
}
