package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"wenji/internal/audit"
	"wenji/internal/calendar"
	"wenji/internal/captcha"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/export"
	"wenji/internal/httpd"
	"wenji/internal/inspection"
	"wenji/internal/intake"
	"wenji/internal/metrics"
	"wenji/internal/moderation"
	"wenji/internal/notify"
	"wenji/internal/postgres"
	"wenji/internal/referral"
	"wenji/internal/report"
	"wenji/internal/retention"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/throttle"
	"wenji/internal/vault"
	"wenji/web/ui"
)

const (
	queryMost     = 5 * time.Second  // the longest a page's query may run
	drainQuiet    = time.Second      // without a request, after /readyz says 503, before no more connections are taken
	drainMost     = 10 * time.Second // for a balancer to notice
	finishMost    = 20 * time.Second // for requests under way at the end
	janitorPeriod = time.Minute
)

// portalConfig is what a portal is made of, whoever starts it.
type portalConfig struct {
	databaseURL string
	readURL     string // of standbys for reading; empty: none
	keys        *vault.KeyRing
	log         *slog.Logger
	site        ui.Site
	baseURL     string
	proxies     []netip.Prefix
	mail        *notify.Server // nil: no mail is sent

	skew          time.Duration // demo only
	captchaDigits string        // demo only
	checkLimit    int
	metricsListen string // empty: no metrics
	provider      *httpd.IdentityProvider
}

// checkLimit is how many check pages one address may ask for in ten minutes: an office or a village may share one.
const checkLimit = 60

// portal is the running server with its background work.
type portal struct {
	config  portalConfig
	db      *postgres.DB      // pages
	submit  *postgres.DB      // taking in comments
	export  *postgres.DB      // exports
	watch   *postgres.DB      // hearing of changes
	standby *postgres.Standby // reading public pages; nil: none
	server  *httpd.Server
	sealer  *audit.Sealer
	mail    *notify.Sender

	metrics net.Listener // nil: no metrics
}

// newPortal puts the parts together. It does not need the database to be up.
func newPortal(ctx context.Context, c portalConfig) (*portal, error) {
	watched, err := listenMetrics(c.metricsListen)
	if err != nil {
		return nil, err
	}
	p := &portal{config: c, metrics: watched}
	if err := p.openPools(ctx); err != nil {
		return nil, err
	}
	tries := &throttle.Limiter{DB: p.db, Index: c.keys.Index}
	days := &calendar.Store{DB: p.db}
	comments := comment.NewStore(p.db, p.submit, c.keys, tries)
	p.sealer = &audit.Sealer{DB: p.db, Key: c.keys.AuditKey(), Log: c.log}
	p.mail = &notify.Sender{DB: p.db, Keys: c.keys, Server: c.mail, BaseURL: c.baseURL, Log: c.log, Now: p.db.Now}
	desk := &moderation.Store{DB: p.db, Keys: c.keys, Now: p.db.Now, Log: c.log}
	p.server = &httpd.Server{
		DB:             p.db,
		Watching:       p.watch,
		Standby:        p.standby,
		Consultations:  &consultation.Store{DB: p.db, Now: p.db.Now},
		Comments:       comments,
		Moderation:     desk,
		Calendar:       days,
		Similar:        &similar.Store{DB: p.db, Keys: c.keys, Now: p.db.Now, Log: c.log, Rush: comments.Rush},
		Intake:         &intake.Store{DB: p.db, Keys: c.keys, Comments: comments, Now: p.db.Now, Look: desk.Look},
		Referrals:      &referral.Store{DB: p.db, Keys: c.keys, Calendar: days, Now: p.db.Now},
		Reports:        &report.Store{DB: p.db, Calendar: days, Now: p.db.Now},
		Retention:      &retention.Store{DB: p.db, Keys: c.keys, Calendar: days, Tries: tries, Now: p.db.Now},
		Mail:           &notify.Store{DB: p.db},
		Exports:        &export.Store{DB: p.db, Bulk: p.export, Keys: c.keys, Now: p.db.Now, Log: c.log, Around: collectOften},
		Inspection:     &inspection.Store{DB: p.db, Slow: p.export, Key: c.keys.AuditKey(), Now: p.db.Now, Log: c.log},
		Staff:          &staff.Store{DB: p.db, Keys: c.keys, Tries: tries, Now: p.db.Now, Log: c.log},
		Captcha:        captcha.New(c.keys.Box(captcha.Purpose), p.db, captcha.Options{FixedDigits: c.captchaDigits, PoolSize: captchaPool, Log: c.log}),
		Keys:           c.keys,
		Tries:          tries,
		Site:           c.site,
		Log:            c.log,
		Now:            p.db.Now,
		Requests:       metrics.NewRequests(),
		Provider:       c.provider,
		BaseURL:        c.baseURL,
		TLS:            strings.HasPrefix(c.baseURL, "https://"),
		TrustedProxies: c.proxies,
		CheckLimit:     c.checkLimit,
	}
	return p, nil
}

// openPools opens a pool for each kind of work, so that none can starve another, and the one on standbys if there are any.
func (p *portal) openPools(ctx context.Context) error {
	c := p.config
	for _, pool := range []struct {
		to      **postgres.DB
		options postgres.Options
	}{
		{&p.db, postgres.Options{Name: "wenji", MaxConns: 8, StatementTimeout: queryMost}},
		{&p.submit, postgres.Options{Name: "wenji submit", MaxConns: 3, StatementTimeout: queryMost, ByKey: true}},
		{&p.export, postgres.Options{Name: "wenji export", MaxConns: 2}},
		{&p.watch, postgres.Options{Name: "wenji watch", MaxConns: 1, StatementTimeout: queryMost}},
	} {
		pool.options.Skew = c.skew
		db, err := postgres.Open(ctx, c.databaseURL, pool.options)
		if err != nil {
			return fmt.Errorf("WENJI_DATABASE_URL 不对：%w", err)
		}
		*pool.to = db
	}
	if c.readURL != "" {
		var err error
		if p.standby, err = postgres.OpenStandby(ctx, c.readURL, c.skew, c.log); err != nil {
			return fmt.Errorf("WENJI_READ_DATABASE_URL 不对：%w", err)
		}
	}
	return nil
}

// captchaPool is how many pictures are drawn ahead: about half a megabyte and half a second of one core.
const captchaPool = 500

// collectAt is how far, in per cent, the heap grows between two garbage collections. The live heap is a few megabytes, so
// Go's 100 collects many times a second under load; GOGC in the environment overrides it.
const collectAt = 400

// memoryAbout is how many bytes of Go the program keeps to while that costs little: towards it collections come sooner than
// collectAt says. It leaves room for twice what a busy portal holds, pages in memory included. GOMEMLIMIT in the environment
// overrides it.
const memoryAbout = 48 << 20

// collectAtExport is collectAt while an export is made.
const collectAtExport = 100

// collectOften has the heap collected as Go does by itself while a large file is made, until the returned function is
// called: what each of its pieces leaves behind would otherwise add up to several times the live heap.
func collectOften() (after func()) {
	if _, set := os.LookupEnv("GOGC"); set {
		return func() {}
	}
	before := debug.SetGCPercent(collectAtExport)
	return func() { debug.SetGCPercent(before) }
}

// serve answers on the listener until ctx ends, then lets requests under way finish.
func (p *portal) serve(ctx context.Context, listener net.Listener) error {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(collectAt)
	}
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(memoryAbout)
	}
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	for _, f := range []func(context.Context){
		p.server.Comments.Run, p.server.Comments.Index, p.server.Captcha.Run, p.server.Similar.Run, p.server.Exports.Run, p.server.Listen, p.server.Inspection.Run,
		p.server.WatchStandby,
		p.janitor, p.mail.Run, p.serveMetrics, giveBackMemory,
		func(ctx context.Context) { p.config.keys.Watch(ctx, p.config.log) },
		func(ctx context.Context) {
			p.server.Retention.Run(ctx, func(err error) { logEnd(p.config.log, "erasing what is due", err) })
		},
		func(ctx context.Context) { logEnd(p.config.log, "sealing the audit record", p.sealer.Run(ctx)) },
	} {
		work.Go(func() { f(background) })
	}
	defer func() {
		stopBackground()
		work.Wait()
		p.close()
	}()
	wrongKeys := make(chan error, 1)
	work.Go(func() { p.checkKeys(background, wrongKeys) })

	h := p.server.HTTPServer(listener.Addr().String())
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("停止服务：%w", err)
	case err := <-wrongKeys:
		h.Close()
		return err
	case <-ctx.Done():
	}
	p.server.Drain(drainQuiet, drainMost)
	if err := httpd.TurnAway(listener); err != nil {
		p.config.log.Warn("newcomers are not turned away, a balancer may answer one with 502", "error", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishMost)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("停止服务时仍有请求没有结束：%w", err)
	}
	return nil
}

// checkKeys makes sure that the key file belongs to this database, as soon as the database answers.
func (p *portal) checkKeys(ctx context.Context, wrong chan<- error) {
	for {
		err := p.config.keys.Check(ctx, p.db)
		if err == nil || ctx.Err() != nil {
			return
		}
		if errors.Is(err, vault.ErrOtherKeys) {
			wrong <- fmt.Errorf("密钥文件不属于这个数据库，用它封存的个人信息将无法读出。请在 WENJI_KEYS_FILE 中写上原来的密钥文件：%w", err)
			return
		}
		p.config.log.Warn("database not ready: pages that need it answer 503 until it is", "unavailable", postgres.Unavailable(err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
	}
}

// janitor removes counts and sessions that have run out.
func (p *portal) janitor(ctx context.Context) {
	tick := time.NewTicker(janitorPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			logEnd(p.config.log, "removing old counts", p.server.Tries.Purge(ctx))
			_, err := p.server.Staff.PurgeSessions(ctx)
			logEnd(p.config.log, "removing old sessions", err)
			logEnd(p.config.log, "removing imports that were not confirmed", p.server.Intake.Purge(ctx))
			_, err = p.server.Exports.Purge(ctx)
			logEnd(p.config.log, "removing old exports", err)
		}
	}
}

func logEnd(log *slog.Logger, what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		log.Warn(what+" failed", "unavailable", postgres.Unavailable(err))
	}
}

func (p *portal) close() {
	p.db.Close()
	p.submit.Close()
	p.export.Close()
	p.watch.Close()
	if p.standby != nil {
		p.standby.Close()
	}
}
