package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strings"

	"wenji/internal/httpd"
	"wenji/internal/notify"
	"wenji/internal/vault"
	"wenji/web/ui"

	"github.com/caarlos0/env/v11"
)

// config is what the environment says, each variable with the prefix WENJI_.
type config struct {
	DatabaseURL     string       `env:"DATABASE_URL"`
	ReadDatabaseURL string       `env:"READ_DATABASE_URL"`
	Listen          string       `env:"LISTEN" envDefault:"127.0.0.1:8080"`
	MetricsListen   string       `env:"METRICS_LISTEN"`
	BaseURL         string       `env:"BASE_URL"`
	KeysFile        string       `env:"KEYS_FILE"`
	SMTPURL         string       `env:"SMTP_URL"`
	Cipher          string       `env:"CIPHER" envDefault:"aes"`
	TrustedProxies  []proxyRange `env:"TRUSTED_PROXIES"`
	LogLevel        slog.Level   `env:"LOG_LEVEL" envDefault:"INFO"`

	Site siteConfig `envPrefix:"SITE_"`
	OIDC oidcConfig `envPrefix:"OIDC_"`
}

// oidcConfig is the office's provider of identities (统一身份认证, OpenID Connect).
type oidcConfig struct {
	Issuer     string `env:"ISSUER"`
	ClientID   string `env:"CLIENT_ID"`
	SecretFile string `env:"CLIENT_SECRET_FILE"`
}

// provider is the provider of the settings, nil where none is named.
func (c config) provider() (*httpd.IdentityProvider, error) {
	o := c.OIDC
	if o == (oidcConfig{}) {
		return nil, nil
	}
	if o.Issuer == "" || o.ClientID == "" || o.SecretFile == "" || c.BaseURL == "" {
		return nil, errors.New("统一身份认证的设置不全：请同时填写 WENJI_OIDC_ISSUER、WENJI_OIDC_CLIENT_ID、WENJI_OIDC_CLIENT_SECRET_FILE 和 WENJI_BASE_URL")
	}
	if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u.Hostname()) {
		return nil, errors.New("WENJI_OIDC_ISSUER 不对：请写成 https://id.example.gov.cn 这样的网址")
	}
	secret, err := os.ReadFile(o.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("WENJI_OIDC_CLIENT_SECRET_FILE 读不出：%w", err)
	}
	return &httpd.IdentityProvider{
		Issuer: o.Issuer, ClientID: o.ClientID, Secret: strings.TrimSpace(string(secret)), ReturnURL: c.BaseURL + httpd.ProviderReturn,
	}, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// siteConfig is the identity of the site, for header, footer and the meta tags of 政府网站.
type siteConfig struct {
	Name         string `env:"NAME"`
	Domain       string `env:"DOMAIN"`
	Column       string `env:"COLUMN" envDefault:"意见征集"`
	Description  string `env:"COLUMN_DESCRIPTION" envDefault:"政府文件、规章和地方性法规出台前，面向社会征求意见和建议。"`
	Keywords     string `env:"COLUMN_KEYWORDS" envDefault:"意见征集,征求意见,公众参与"`
	Sponsor      string `env:"SPONSOR"`
	IDCode       string `env:"ID_CODE"`
	ICP          string `env:"ICP"`
	PoliceRecord string `env:"POLICE_RECORD"`
	Address      string `env:"ADDRESS"`
	Postcode     string `env:"POSTCODE"`
	Email        string `env:"EMAIL"`
	HelpPhone    string `env:"HELP_PHONE"`
	HelpHours    string `env:"HELP_HOURS"`
	FindErrorURL string `env:"FIND_ERROR_URL"`
	WeiboURL     string `env:"WEIBO_URL"`
	WeChat       string `env:"WECHAT"`
}

func (c siteConfig) site() ui.Site {
	return ui.Site{
		Name: c.Name, Domain: c.Domain, Column: c.Column, Description: c.Description, Keywords: c.Keywords,
		Sponsor: c.Sponsor, IDCode: c.IDCode, ICP: c.ICP, PoliceRecord: c.PoliceRecord, Address: c.Address,
		Postcode: c.Postcode, Email: c.Email, HelpPhone: c.HelpPhone, HelpHours: c.HelpHours,
		FindErrorURL: c.FindErrorURL, WeiboURL: c.WeiboURL, WeChat: c.WeChat,
	}
}

// proxyRange is an address or a range of addresses of reverse proxies.
type proxyRange netip.Prefix

// UnmarshalText reads 10.0.0.0/8 or 10.0.0.1.
func (p *proxyRange) UnmarshalText(text []byte) error {
	if prefix, err := netip.ParsePrefix(string(text)); err == nil {
		*p = proxyRange(prefix)
		return nil
	}
	address, err := netip.ParseAddr(string(text))
	if err != nil {
		return fmt.Errorf("不是IP地址或网段：%q", text)
	}
	*p = proxyRange(netip.PrefixFrom(address, address.BitLen()))
	return nil
}

// need says which settings a command cannot do without.
type need struct{ database, keys bool }

// readConfig reads the environment and reports everything that is wrong or missing at once.
func readConfig(getenv func(string) string, n need) (config, error) {
	var c config
	var faults []string
	err := env.ParseWithOptions(&c, env.Options{Prefix: "WENJI_", Environment: environment(getenv)})
	var all env.AggregateError
	if errors.As(err, &all) {
		for _, e := range all.Errors {
			faults = append(faults, settingFault(e))
		}
	} else if err != nil {
		return config{}, err
	}
	if n.database && c.DatabaseURL == "" {
		faults = append(faults, "缺少 WENJI_DATABASE_URL：请填写 PostgreSQL 的地址，如 postgres://wenji@127.0.0.1/wenji")
	}
	if n.keys && c.KeysFile == "" {
		faults = append(faults, "缺少 WENJI_KEYS_FILE：请填写密钥文件的路径；还没有密钥文件的，先运行 wenji keys add")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		faults = append(faults, "WENJI_LISTEN 不对：请写成 127.0.0.1:8080 这样的地址和端口")
	}
	if _, _, err := net.SplitHostPort(c.MetricsListen); c.MetricsListen != "" && err != nil {
		faults = append(faults, "WENJI_METRICS_LISTEN 不对：请写成 127.0.0.1:9464 这样的地址和端口，不填则不提供监控数据")
	}
	if c.BaseURL != "" {
		if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			faults = append(faults, "WENJI_BASE_URL 不对：请写成 https://www.example.gov.cn 这样的网址")
		}
		c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	}
	if !c.cipher().Known() {
		faults = append(faults, "WENJI_CIPHER 不对：请填写 aes 或 sm4（国密算法），它决定新密钥使用的算法")
	}
	if _, err := c.mail(); err != nil {
		faults = append(faults, err.Error())
	}
	if _, err := c.provider(); err != nil {
		faults = append(faults, err.Error())
	}
	if len(faults) > 0 {
		return config{}, usageError{errors.New("设置有" + fmt.Sprint(len(faults)) + "处需要修改：\n  " + strings.Join(faults, "\n  "))}
	}
	return c, nil
}

// cipher is the algorithm of keys that are made from now on.
func (c config) cipher() vault.Algorithm { return vault.Algorithm(c.Cipher) }

// mail is the mail server of the settings, nil where none is named.
func (c config) mail() (*notify.Server, error) {
	if c.SMTPURL == "" {
		return nil, nil
	}
	name := c.Site.Column
	if c.Site.Name != "" {
		name = c.Site.Name + " " + name
	}
	server, err := notify.NewServer(c.SMTPURL, c.Site.Email, name)
	switch {
	case errors.Is(err, notify.ErrNoSender):
		return nil, errors.New("WENJI_SMTP_URL 中没有发件人：请在后面写上 ?from=发件邮箱，或者填写 WENJI_SITE_EMAIL")
	case err != nil:
		return nil, errors.New("WENJI_SMTP_URL 不对：请写成 smtp://用户名:密码@主机:587 或 smtps://用户名:密码@主机:465，用户名和密码中的特殊字符用百分号编码")
	}
	return server, nil
}

func settingFault(err error) string {
	var parse env.ParseError
	if errors.As(err, &parse) {
		for _, known := range []struct{ field, variable, form string }{
			{"TrustedProxies", "WENJI_TRUSTED_PROXIES", "请写成 10.0.0.0/8,192.168.1.1 这样的网段或地址，用逗号分开"},
			{"LogLevel", "WENJI_LOG_LEVEL", "请填写 DEBUG、INFO、WARN 或 ERROR"},
		} {
			if parse.Name == known.field {
				return known.variable + " 不对：" + known.form
			}
		}
	}
	return err.Error()
}

// environment collects the variables of config through getenv, so that tests need not touch the process's own.
func environment(getenv func(string) string) map[string]string {
	values := make(map[string]string)
	var collect func(t reflect.Type, prefix string)
	collect = func(t reflect.Type, prefix string) {
		for i := range t.NumField() {
			f := t.Field(i)
			if sub, ok := f.Tag.Lookup("envPrefix"); ok {
				collect(f.Type, prefix+sub)
				continue
			}
			name := prefix + f.Tag.Get("env")
			if v := getenv(name); v != "" {
				values[name] = v
			}
		}
	}
	collect(reflect.TypeFor[config](), "WENJI_")
	return values
}

func (c config) proxies() []netip.Prefix {
	prefixes := make([]netip.Prefix, len(c.TrustedProxies))
	for i, p := range c.TrustedProxies {
		prefixes[i] = netip.Prefix(p)
	}
	return prefixes
}
