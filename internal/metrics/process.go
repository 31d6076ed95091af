package metrics

import (
	"runtime"

	"wenji/internal/captcha"

	"github.com/prometheus/client_golang/prometheus"
)

// process collects what this process counts by itself.
type process struct {
	sources Sources
	build   prometheus.Metric

	pageHits, pageRenders, pageStale, pagesKept        *prometheus.Desc
	connections, connectionsMost                       *prometheus.Desc
	poolWaits, poolWaitSeconds, poolGaveUp, poolOpened *prometheus.Desc
	standbyUsable                                      *prometheus.Desc
	submissions, submitQueue, submitQueueMost          *prometheus.Desc
	captchaIssued, captchaAnswers, captchaPool         *prometheus.Desc
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

func newProcess(s Sources) *process {
	return &process{
		sources: s,
		build: prometheus.MustNewConstMetric(desc("wenji_build_info", "1, with the program's version as labels.", "version", "revision", "go"),
			prometheus.GaugeValue, 1, s.Version, s.Revision, runtime.Version()),

		pageHits:    desc("wenji_page_cache_hits_total", "Requests answered with a page from memory."),
		pageRenders: desc("wenji_page_cache_misses_total", "Pages rendered and put into memory."),
		pageStale:   desc("wenji_page_cache_stale_total", "Times a page from memory was kept beyond its minute because the database was away."),
		pagesKept:   desc("wenji_page_cache_entries", "Pages in memory."),

		connections:     desc("wenji_pool_connections", "Connections to the database, by pool and state (acquired, idle).", "pool", "state"),
		connectionsMost: desc("wenji_pool_connections_max", "The most connections a pool may have.", "pool"),
		poolWaits:       desc("wenji_pool_waits_total", "Times a connection had to be waited for.", "pool"),
		poolWaitSeconds: desc("wenji_pool_wait_seconds_total", "Time spent waiting for connections.", "pool"),
		poolGaveUp:      desc("wenji_pool_gave_up_total", "Times the wait for a connection ended without one.", "pool"),
		poolOpened:      desc("wenji_pool_opened_total", "Connections opened.", "pool"),
		standbyUsable:   desc("wenji_read_standby_usable", "1 while public pages may be read from a standby, 0 while the primary is read; only where one is set."),

		submissions: desc("wenji_submissions_total",
			"Comments sent by citizens: acknowledged (a receipt was given), refused (not open, or another text under a used form), "+
				"failed (not stored, and the citizen was told so), unknown (stored or not, and the citizen was told so).", "outcome"),
		submitQueue:     desc("wenji_submit_queue", "Comments waiting for the writer of this process."),
		submitQueueMost: desc("wenji_submit_queue_max", "Comments that may wait before new ones are refused."),

		captchaIssued: desc("wenji_captcha_issued_total", "Challenges issued."),
		captchaAnswers: desc("wenji_captcha_answers_total",
			"Answers to challenges: passed, wrong, used, expired, or unjudged because the database failed.", "result"),
		captchaPool: desc("wenji_captcha_pool", "Pictures drawn ahead; at nought they are drawn when asked for."),
	}
}

// Describe sends the descriptions.
func (p *process) Describe(ch chan<- *prometheus.Desc) {
	ch <- p.build.Desc()
	for _, d := range []*prometheus.Desc{
		p.pageHits, p.pageRenders, p.pageStale, p.pagesKept, p.connections, p.connectionsMost, p.poolWaits, p.poolWaitSeconds,
		p.poolGaveUp, p.poolOpened, p.standbyUsable, p.submissions, p.submitQueue, p.submitQueueMost, p.captchaIssued, p.captchaAnswers, p.captchaPool,
	} {
		ch <- d
	}
}

// Collect reads the counts.
func (p *process) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	ch <- p.build
	pages := p.sources.Pages()
	counter(p.pageHits, float64(pages.Hits))
	counter(p.pageRenders, float64(pages.Renders))
	counter(p.pageStale, float64(pages.Stale))
	gauge(p.pagesKept, float64(pages.Kept))
	for name, pool := range p.sources.Pools {
		stat := pool.Stat()
		gauge(p.connections, float64(stat.AcquiredConns()), name, "acquired")
		gauge(p.connections, float64(stat.IdleConns()), name, "idle")
		gauge(p.connectionsMost, float64(stat.MaxConns()), name)
		counter(p.poolWaits, float64(stat.EmptyAcquireCount()), name)
		counter(p.poolWaitSeconds, stat.EmptyAcquireWaitTime().Seconds(), name)
		counter(p.poolGaveUp, float64(stat.CanceledAcquireCount()), name)
		counter(p.poolOpened, float64(stat.NewConnsCount()), name)
	}
	if p.sources.Standby != nil {
		gauge(p.standbyUsable, oneIf(p.sources.Standby.Usable()))
	}
	outcomes := p.sources.Comments.Outcomes()
	counter(p.submissions, float64(outcomes.Acknowledged), "acknowledged")
	counter(p.submissions, float64(outcomes.Refused), "refused")
	counter(p.submissions, float64(outcomes.Failed), "failed")
	counter(p.submissions, float64(outcomes.Unknown), "unknown")
	waiting, most := p.sources.Comments.QueueLength()
	gauge(p.submitQueue, float64(waiting))
	gauge(p.submitQueueMost, float64(most))
	challenges := p.sources.Captcha.Counts()
	counter(p.captchaIssued, float64(challenges.Issued))
	for result, n := range challenges.Answers {
		counter(p.captchaAnswers, float64(n), resultLabel(result))
	}
	gauge(p.captchaPool, float64(challenges.Pool))
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func resultLabel(r captcha.Result) string {
	if r == 0 {
		return "unjudged"
	}
	return r.String()
}
