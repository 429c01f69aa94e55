package main

// This file plays timelines: it lets time pass and does what the loops of the
// agent do.

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/notifier"
	"tocsin/notifier/notifiertest"
	"tocsin/store"
)

// player is a timeline as it runs.
type player struct {
	t      *testing.T
	dir    string
	data   string // the data directory; another one after each kill
	kills  int
	tl     timeline
	zone   *time.Location
	p      *project
	now    time.Time
	timer  time.Time // when the notifier wants to be called
	stderr bytes.Buffer
	coming []coming // in order of their arrival
	loads  int
	notify bool              // of the next load
	live   bool              // so is it
	beside []string          // endings of the files beside that of the next load, or of the last one
	once   bool              // the agent does not run
	engine map[string]string // how the queries of rules are answered
	server string            // how the mail server answers
	killed string            // the data directory as it was when the mail server took a mail
	people map[string]notifier.Person
	seen   map[string]bool // bytes of mails
	faults []string
}

// play runs a timeline and returns what was not as expected.
func play(t *testing.T, tl timeline) []string {
	t.Helper()
	pl := &player{t: t, tl: tl, dir: t.TempDir(), engine: map[string]string{}, seen: map[string]bool{}}
	pl.data = filepath.Join(pl.dir, "data")
	var err error
	if pl.zone, err = time.LoadLocation(tl.Zone); err != nil {
		t.Fatal(err)
	}
	pl.write("tocsin.yaml", tl.Config)
	pl.userFiles()
	day := tl.Day
	for i := range tl.Steps { // records know their time before the first step
		if tl.Steps[i].Day == "" {
			tl.Steps[i].Day = day
		}
		day = tl.Steps[i].Day
		pl.schedule(tl.Steps[i])
		pl.once = pl.once || tl.Steps[i].Once
	}
	slices.SortStableFunc(pl.coming, func(a, b coming) int { return a.at.Compare(b.at) })
	defer func() {
		if pl.p != nil {
			pl.check(pl.p.close())
		}
	}()
	for _, s := range tl.Steps {
		pl.step(s)
	}
	pl.refusals()
	return pl.faults
}

// userFiles writes what a user writes beside the configuration: rules, templates.
func (pl *player) userFiles() {
	if pl.tl.Project != "" {
		for _, part := range []string{"rules", "templates"} {
			pl.check(os.CopyFS(filepath.Join(pl.dir, part), os.DirFS(filepath.Join(pl.tl.Project, part))))
		}
		return
	}
	pl.write("rules/rules.yaml", pl.tl.Rules)
	list := "[]"
	if len(pl.tl.Show) > 0 {
		list = `["` + strings.Join(pl.tl.Show, `", "`) + `"]`
	}
	for _, kind := range []string{"default", "recap"} { // each is a template of its own
		for _, suffix := range []string{".html", ".txt"} {
			src, err := os.ReadFile("testdata/timelines/templates/default" + suffix)
			pl.check(err)
			pl.write("templates/"+kind+suffix, strings.ReplaceAll(string(src), "SHOW", list))
		}
	}
}

// refusals reads rule files with edits that must not be taken.
func (pl *player) refusals() {
	for _, r := range pl.tl.Refused {
		text := strings.ReplaceAll(pl.tl.Rules, r.Replace, r.By)
		err := alertrules.ParseSet(map[string][]byte{"rules/rules.yaml": []byte(text)}, pl.p.ruleEnv()).Err()
		var said bytes.Buffer
		report(&env{stderr: &said}, err)
		if text == pl.tl.Rules || err == nil || !strings.Contains(said.String(), r.Says) {
			pl.fault("%q is not refused with %q: %s", r.By, r.Says, said.String())
		}
	}
}

func (pl *player) check(err error) {
	pl.t.Helper()
	if err != nil {
		pl.t.Fatalf("%s: %v", pl.clock(), err)
	}
}

func (pl *player) clock() string { return pl.now.In(pl.zone).Format("Mon 2006-01-02 15:04:05") }

func (pl *player) write(name, text string) {
	path := filepath.Join(pl.dir, name)
	pl.check(os.MkdirAll(filepath.Dir(path), 0o755))
	pl.check(os.WriteFile(path, []byte(text), 0o644))
}

// moment reads a time of day.
func (pl *player) moment(day, at string) time.Time {
	if d, clock, ok := strings.Cut(at, " "); ok { // with its own day
		day, at = d, clock
	}
	layout := "2006-01-02 15:04"
	if strings.Count(at, ":") == 2 {
		layout += ":05"
	}
	m, err := time.ParseInLocation(layout, day+" "+at, pl.zone)
	pl.check(err)
	return m.UTC()
}

// step lets the time pass until s, then does what s says.
func (pl *player) step(s step) {
	at := pl.moment(s.Day, s.At)
	if pl.p == nil {
		pl.now = at
		pl.files(s)
		pl.start()
	}
	for {
		next := pl.next()
		if next.IsZero() || !next.Before(at) {
			break
		}
		pl.now = next
		pl.work(false)
		pl.compare(nil)
	}
	pl.now, pl.beside, pl.notify, pl.live = at, s.Beside, s.Notify, s.Live
	maps.Copy(pl.engine, s.Engine)
	pl.server = cmp.Or(s.Server, pl.server)
	if s.Kill {
		pl.kill()
		pl.begin()
	}
	if len(s.Load) > 0 {
		pl.loadFiles(s.Load)
	}
	if pl.files(s) || s.Reads > 0 {
		pl.reload(max(1, s.Reads))
	}
	if s.Fill != "" {
		pl.fill(s.Fill == "notify")
	}
	switch {
	case s.Drains:
	case s.Once:
		pl.runOnce(s)
	default:
		pl.work(s.Crash)
	}
	pl.compare(s.Mails)
	pl.holds(s.Holds)
	if s.Gaps != nil {
		pl.gaps(s.Gaps)
	}
	if s.GoOn != nil {
		depth, err := pl.p.store.State.Depth(context.Background())
		pl.check(err)
		if depth.GoOn() != *s.GoOn {
			pl.fault("%d alerts go on, want %d", depth.GoOn(), *s.GoOn)
		}
	}
	if s.Stop {
		pl.stop()
	}
}

// fill is `tocsin gaps fill`.
func (pl *player) fill(notify bool) {
	ctx := context.Background()
	gaps, err := pl.p.store.State.Gaps(ctx)
	pl.check(err)
	pl.check(pl.p.engine.Fill(ctx, pl.p.running().rules.Rules, gaps, alertrules.FillOptions{Now: pl.now, Notify: notify}))
}

// gaps compares what was not evaluated.
func (pl *player) gaps(want []string) {
	gaps, err := pl.p.store.State.Gaps(context.Background())
	pl.check(err)
	var got []string
	for _, g := range gaps {
		got = append(got, fmt.Sprintf("%s %s %s %s", g.Rule, g.From.In(pl.zone).Format("01-02 15:04"), g.To.In(pl.zone).Format("01-02 15:04"), g.Reason))
	}
	if !slices.Equal(got, want) {
		pl.fault("gaps %q, want %q", got, want)
	}
}

// next is the next moment of a schedule or of a timer.
func (pl *player) next() time.Time {
	if pl.once {
		return time.Time{}
	}
	next := pl.timer
	for _, r := range pl.p.running().rules.Rules {
		if at := r.Schedule.Next(pl.now); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// load stores what has come in since the last call.
func (pl *player) load() {
	n := 0
	var lines strings.Builder
	for n < len(pl.coming) && !pl.coming[n].at.After(pl.now) {
		lines.WriteString(pl.coming[n].line)
		n++
	}
	if n == 0 && len(pl.beside) == 0 {
		return
	}
	at := pl.now
	if n > 0 {
		at = pl.coming[n-1].at
		pl.coming = pl.coming[n:]
		pl.loads++
	}
	history := store.ByNewest
	if pl.live {
		history = store.Live
	}
	report, err := pl.p.store.Logs.Load(context.Background(), pl.objects(lines.String(), at), store.LoadOptions{Ingest: ingest.Options{Now: at, Zone: pl.p.config.zone}, History: history, Notify: pl.notify})
	pl.check(err)
	if report.SetAside() || len(report.Refused) > 0 || report.Records() != int64(n) {
		pl.t.Fatalf("%s: of %d records %d were stored: %+v", pl.clock(), n, report.Records(), report)
	}
}

// loadFiles is `tocsin load`.
func (pl *player) loadFiles(paths []string) {
	objects, _, err := ingest.Files(paths)
	pl.check(err)
	report, err := pl.p.store.Logs.Load(context.Background(), objects, store.LoadOptions{Ingest: ingest.Options{Now: pl.now, Zone: pl.p.config.zone}, History: store.Live})
	pl.check(err)
	if report.SetAside() || len(report.Refused) > 0 || report.Records() == 0 {
		pl.t.Fatalf("%s: %v: %+v", pl.clock(), paths, report)
	}
}

// objects is what has come in: one object, or the files of a scanner's run, of
// which one counts.
func (pl *player) objects(text string, at time.Time) []ingest.Object {
	if len(pl.beside) == 0 {
		return []ingest.Object{{
			Name: fmt.Sprintf("%04d.jsonl", pl.loads), Size: int64(len(text)), Modified: at,
			Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
		}}
	}
	stem := fmt.Sprintf("runs/%04d", pl.loads)
	if text != "" {
		pl.write(stem+".ocsf.json", text)
	}
	for _, ending := range pl.beside {
		pl.write(stem+ending, "the same run in another format\n")
	}
	objects, skipped, err := ingest.Files([]string{filepath.Join(pl.dir, "runs")})
	pl.check(err)
	for _, ending := range pl.beside {
		if !slices.ContainsFunc(skipped, func(s ingest.Skipped) bool { return s.Name == filepath.Join(pl.dir, stem+ending) }) {
			pl.fault("%s is not skipped: %v", stem+ending, skipped)
		}
	}
	pl.beside = nil
	return objects
}

// work is what the loops of the agent do at one moment: a round, then what
// follows from it and the timers.
func (pl *player) work(crash bool) {
	ctx := context.Background()
	between := func() {
		if crash {
			pl.kill()
		}
	}
	pl.load()
	if !pl.once {
		_, err := pl.p.engine.Round(ctx, pl.p.running().rules.Rules, pl.now)
		pl.check(err)
	}
	between()
	for guard := 0; ; guard++ {
		next, err := pl.p.notifier.Step(ctx, pl.now)
		pl.check(err)
		between()
		later, err := pl.p.notifier.Deliver(ctx, pl.now)
		if pl.killed != "" {
			pl.died()
			return
		}
		pl.check(err)
		between()
		w, err := pl.p.store.State.Work(ctx, pl.now)
		pl.check(err)
		pl.timer = soonest(w.Next, soonest(next, later))
		if len(w.Changed)+len(w.Due)+len(w.Notices) == 0 {
			pl.timer = soonest(w.Next, later)
			return
		}
		if guard > 100 {
			pl.t.Fatalf("%s: work without end", pl.clock())
		}
	}
}

func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// runOnce is `tocsin run --once`.
func (pl *player) runOnce(s step) {
	ctx := context.Background()
	pl.load()
	pl.restart()
	pl.stderr.Reset()
	summary, err := pl.p.agent().Once(ctx, pl.now)
	pl.check(err)
	pl.check(pl.p.sayBefore(ctx, pl.p.now.Add(-ruleIsNew)))
	_, err = pl.p.sayRound(ctx, summary)
	pl.check(err)
	for _, text := range s.Prints {
		if !strings.Contains(pl.stderr.String(), text) {
			pl.fault("run --once does not print %q:\n%s", text, pl.stderr.String())
		}
	}
}

func (pl *player) fault(format string, args ...any) {
	pl.faults = append(pl.faults, pl.clock()+": "+fmt.Sprintf(format, args...))
}

// holds compares what is noted about why nothing goes out.
func (pl *player) holds(holds []notifiertest.Hold) {
	for _, h := range holds {
		key := notifier.BeliefKey{Group: h.Rule, Recipient: pl.p.config.notify.People[h.To].Email}
		beliefs, err := pl.p.store.State.Beliefs(context.Background(), []notifier.BeliefKey{key})
		pl.check(err)
		got := "no belief"
		if len(beliefs) > 0 {
			got = beliefs[0].Reason
		}
		if !strings.Contains(got, h.Reason) {
			pl.fault("%s of %s is held because %q, want %q", h.To, h.Rule, got, h.Reason)
		}
	}
}
