package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"wenji/internal/lab"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

// pitrOptions of a drill of backups.
type pitrOptions struct {
	timeout time.Duration // archive_timeout
	spell   time.Duration // for which comments arrive before and after each event
	most    time.Duration // the objective: no acknowledged comment older than this may be lost
}

// pitrRun is a drill under way: one server with a repository, one portal, and citizens who never cease.
type pitrRun struct {
	pitrOptions
	dir      string
	server   *archived
	site     *cluster // folders and files of the portal
	portal   *lab.Process
	keys     *vault.KeyRing
	journal  *journal
	load     *load
	began    time.Time
	progress io.Writer
	results  []restored
	gone     map[uuid.UUID]bool // forms whose comments an earlier restore has lost
}

// restored is what was found after a restore.
type restored struct {
	what         string
	acknowledged int           // receipts that should be there
	lost         int           // of them
	oldest       time.Duration // RPO: how long before the event the oldest lost receipt was given
	readable     time.Duration // RTO: from the event until the portal was ready
	writable     time.Duration // from the event to the first receipt after it
	seals        int           // rows of personal data, all of which opened
	audit        int           // entries of the record, the chain of which is whole
}

func pitr(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	var o pitrOptions
	flags := flag.NewFlagSet("cluster pitr", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.DurationVar(&o.timeout, "archive-timeout", 10*time.Second, "after which an unfinished WAL segment is archived")
	flags.DurationVar(&o.spell, "load", 20*time.Second, "for which comments arrive between two events")
	flags.DurationVar(&o.most, "rpo", 0, "most that may be lost; without it the archive timeout and ten seconds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if len(flags.Args()) > 0 || o.timeout < time.Second || o.spell < time.Second {
		fmt.Fprintln(progress, "cluster pitr: takes no arguments; times are a second or more")
		return errUsage
	}
	if o.most == 0 {
		o.most = o.timeout + 10*time.Second
	}
	r := &pitrRun{pitrOptions: o, began: time.Now(), progress: progress, gone: make(map[uuid.UUID]bool)}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.begin(ctx); err != nil {
		return err
	}
	if err := r.drill(ctx); err != nil {
		return err
	}
	r.print(out)
	return nil
}

func (r *pitrRun) say(what string) {
	fmt.Fprintf(r.progress, "%3.0f s  %s\n", time.Since(r.began).Seconds(), what)
}

// begin starts server, portal and citizens. The keys lie with the portal; neither the server nor the repository has them.
func (r *pitrRun) begin(ctx context.Context) (err error) {
	r.say("building the portal; starting PostgreSQL with an archive")
	if r.dir, err = os.MkdirTemp("", "wenji-backup-"); err != nil {
		return err
	}
	if err := os.Chmod(r.dir, 0o711); err != nil {
		return err
	}
	if r.dir, err = filepath.EvalSymlinks(r.dir); err != nil {
		return err
	}
	folder := filepath.Join(r.dir, "portal")
	if err := lab.Folder(folder); err != nil {
		return err
	}
	r.site = &cluster{dir: r.dir, program: filepath.Join(r.dir, "wenji"), keysFile: filepath.Join(folder, "keys.json"),
		accounts: filepath.Join(folder, "accounts.json")}
	if r.site.balancer, err = lab.FreeAddress(); err != nil {
		return err
	}
	if err := lab.Build(ctx, r.site.program); err != nil {
		return err
	}
	if r.keys, err = vault.Create(r.site.keysFile); err != nil {
		return err
	}
	if err := lab.Give(r.site.keysFile); err != nil {
		return err
	}
	r.server = &archived{dir: filepath.Join(r.dir, "server"), timeout: r.timeout}
	if err := r.server.make(ctx, rand.Text()); err != nil {
		return err
	}
	if err := r.startPortal(ctx, "demo", "--listen", r.site.balancer, "--accounts", r.site.accounts); err != nil {
		return err
	}
	r.portal.Stop() // it has made the schema and opened the sample consultation
	if r.journal, err = newJournal(filepath.Join(r.dir, "journal")); err != nil {
		return err
	}
	if r.load, err = newLoad("http://"+r.site.balancer, r.keys, r.journal); err != nil {
		return err
	}
	return r.startPortal(ctx, "serve")
}

func (r *pitrRun) startPortal(ctx context.Context, args ...string) (err error) {
	log := filepath.Join(r.dir, "portal", "log")
	if r.portal, err = r.site.portal(r.server.url(), r.site.balancer, log, args...).Start(); err != nil {
		return err
	}
	return r.portal.AwaitOK(ctx, "http://"+r.site.balancer+"/readyz")
}

// drill backs up under load, loses the server and makes a mistake, and restores after both.
func (r *pitrRun) drill(ctx context.Context) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	r.load.start(inner)
	for _, kind := range []string{"full", "incr"} {
		pause(ctx, r.spell/4)
		began, before := time.Now(), r.load.receipts.Load()
		if err := r.server.backrest(ctx, "backup", "--type="+kind); err != nil {
			return err
		}
		r.say(fmt.Sprintf("%s backup in %.1f s, while %d comments were acknowledged", kind, time.Since(began).Seconds(), r.load.receipts.Load()-before))
	}
	list, cipher, err := r.server.backups(ctx)
	if err != nil {
		return err
	}
	if cipher == "" || cipher == "none" {
		return errors.New("the repository is not encrypted")
	}
	r.say("the repository holds, encrypted with " + cipher + ": " + strings.Join(list, ", "))
	pause(ctx, r.spell)
	if err := r.loseServer(ctx); err != nil {
		return err
	}
	pause(ctx, r.spell)
	if err := r.makeMistake(ctx); err != nil {
		return err
	}
	return r.load.fault()
}

// loseServer kills the server and takes its data folder away, and restores the latest point.
func (r *pitrRun) loseServer(ctx context.Context) error {
	event := time.Now()
	r.say("the server is killed and its data folder lost")
	if err := r.server.destroy(); err != nil {
		return err
	}
	if err := r.restore(ctx, "--type=default"); err != nil {
		return err
	}
	return r.verify(ctx, restored{what: "server lost, latest point"}, event, event, event)
}

// makeMistake empties a table as an operator might who took the server for another, goes on for a while until it is noticed,
// and restores the moment before.
func (r *pitrRun) makeMistake(ctx context.Context) error {
	var moment time.Time
	if err := r.server.ask(ctx, `SELECT clock_timestamp()`, &moment); err != nil {
		return err
	}
	pause(ctx, time.Second)
	var left int
	r.say("an operator deletes the personal data of all comments")
	if err := r.server.ask(ctx, `WITH gone AS (DELETE FROM personal_data RETURNING 1) SELECT count(*) FROM gone`, &left); err != nil {
		return err
	}
	pause(ctx, r.spell/2)
	r.say(fmt.Sprintf("noticed: %d rows are missing; the server is stopped", left))
	event := time.Now()
	r.server.stop()
	if err := r.server.checksums(ctx); err != nil {
		return err
	}
	from := moment.Add(time.Nanosecond)
	if err := r.restore(ctx, "--delta", "--type=time", "--target="+moment.UTC().Format("2006-01-02 15:04:05.999999")+"+00",
		"--target-action=promote"); err != nil {
		return err
	}
	err := r.verify(ctx, restored{what: "operator's mistake, moment before it"}, from, event, from)
	if err != nil {
		return err
	}
	r.server.stop()
	return r.server.checksums(ctx)
}

func (r *pitrRun) restore(ctx context.Context, how ...string) error {
	began := time.Now()
	if err := r.server.backrest(ctx, append([]string{"restore"}, how...)...); err != nil {
		return err
	}
	files := time.Since(began)
	if err := r.server.start(ctx); err != nil {
		return err
	}
	r.say(fmt.Sprintf("restored in %.1f s, replayed in %.1f s", files.Seconds(), (time.Since(began) - files).Seconds()))
	return r.portal.AwaitOK(ctx, "http://"+r.site.balancer+"/readyz")
}

func (r *pitrRun) print(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\nrestored\tacknowledged\tlost\tRPO: oldest lost\tRTO: ready\tfirst receipt\tseals opened\trecord")
	for _, d := range r.results {
		fmt.Fprintf(t, "%s\t%d\t%d\t%.1f s\t%.1f s\t%.1f s\t%d of %[7]d\t%d entries, chain whole\n", d.what, d.acknowledged, d.lost,
			d.oldest.Seconds(), d.readable.Seconds(), d.writable.Seconds(), d.seals, d.audit)
	}
	t.Flush() // to the terminal
	fmt.Fprintf(out, "\nArchived at the latest after %s; at most %s may be lost. All pages have right checksums.\n", r.timeout, r.most)
}

// close ends everything and removes the folder.
func (r *pitrRun) close() error {
	if r.portal != nil {
		r.portal.Stop()
	}
	if r.server != nil {
		r.server.stop()
	}
	if r.journal != nil {
		r.journal.close() // every line is on the disk already
	}
	if r.dir == "" {
		return nil
	}
	return removeAll(r.dir)
}
