package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"syscall"

	"wenji/internal/httpd"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"
)

func serveCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "启动服务（设置见 docs/operate.md）", Long: serveHelp, Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(t.getenv, need{database: true, keys: true})
			if err != nil {
				return err
			}
			keys, err := vault.Load(c.KeysFile)
			if err != nil {
				return fmt.Errorf("读取密钥文件：%w", err)
			}
			listener, err := listen(c.Listen)
			if err != nil {
				return err
			}
			site := c.Site.site()
			if site.Name == "" {
				site.Name = site.Column
			}
			log := logger(t.err, c.LogLevel)
			mail, err := c.mail()
			if err != nil {
				return err
			}
			provider, err := c.provider()
			if err != nil {
				return err
			}
			p, err := newPortal(cmd.Context(), portalConfig{
				databaseURL: c.DatabaseURL, readURL: c.ReadDatabaseURL, keys: keys, log: log, site: site, baseURL: c.BaseURL, proxies: c.proxies(),
				checkLimit: checkLimit, mail: mail, provider: provider, metricsListen: c.MetricsListen,
			})
			if err != nil {
				return err
			}
			log.Info("serving", "address", listener.Addr().String())
			return p.serve(cmd.Context(), listener)
		},
	}
}

const serveHelp = `启动服务。设置写在环境变量里，全部说明见 docs/operate.md。

必须填写：
  WENJI_DATABASE_URL       PostgreSQL 主库的地址
  WENJI_KEYS_FILE          密钥文件
需要时填写：
  WENJI_READ_DATABASE_URL  备库的地址：公开的列表、意见、检索和订阅从备库读取。备库连不上、落后5秒以上
                           或者还没有刚才的改动时，自动改读主库；提交、查询办理进度和工作人员的页面始终读主库
  WENJI_LISTEN、WENJI_BASE_URL、WENJI_TRUSTED_PROXIES、WENJI_METRICS_LISTEN、WENJI_LOG_LEVEL 等

可以同时启动多个，前面放负载均衡，不需要会话保持：用 /readyz 探测，每个用同一份密钥文件。
收到 SIGTERM 后 /readyz 先答503，等请求不再到来，处理完手上的请求再退出，最长30秒。`

// logger writes JSON lines, so that nothing a stranger sends can forge one.
func logger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutRows}))
}

// withoutRows leaves of an error of PostgreSQL its code and names alone: message and detail can quote a row.
func withoutRows(_ []string, a slog.Attr) slog.Attr {
	var pg *pgconn.PgError
	if err, ok := a.Value.Any().(error); ok && errors.As(err, &pg) {
		return slog.String(a.Key, "SQLSTATE "+pg.Code+" "+pg.ConstraintName+" in "+pg.TableName)
	}
	return a
}

// listen takes the port first of all, so that a busy one is named before anything else is started.
func listen(address string) (net.Listener, error) {
	listener, err := httpd.Listen(address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s 已被别的程序占用。请先停止那个程序，或者换一个端口（demo 用 --listen，serve 用 WENJI_LISTEN，监控用 WENJI_METRICS_LISTEN）", address)
	}
	if err != nil {
		return nil, fmt.Errorf("无法监听 %s：%w", address, err)
	}
	return listener, nil
}

func migrateCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "建立或更新数据库结构", Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(t.getenv, need{database: true})
			if err != nil {
				return err
			}
			n, err := postgres.Migrate(cmd.Context(), c.DatabaseURL, logger(t.err, c.LogLevel))
			if err != nil {
				return fmt.Errorf("更新数据库结构：%w", err)
			}
			if n == 0 {
				fmt.Fprintln(t.out, "数据库结构已是最新。")
			} else {
				fmt.Fprintf(t.out, "已执行%d个迁移，数据库结构已是最新。\n", n)
			}
			return nil
		},
	}
}

func versionCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "显示版本", Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return errors.New("这个程序没有记录版本")
			}
			fmt.Fprintf(t.out, "wenji %s %s\n", cmp.Or(packaged, info.Main.Version), info.GoVersion)
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" || s.Key == "vcs.time" {
					fmt.Fprintln(t.out, s.Value)
				}
			}
			return nil
		},
	}
}

// packaged is the version of the package the program was built for; the linker sets it.
var packaged string

// buildVersion is the version and the revision the program was built from, as far as it knows them.
func buildVersion() (version, revision string) {
	version = packaged
	if info, ok := debug.ReadBuildInfo(); ok {
		version = cmp.Or(version, info.Main.Version)
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return version, revision
}
