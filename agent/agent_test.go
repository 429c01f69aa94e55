package agent

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/ingest"
	"tocsin/notifier"
	"tocsin/notifier/notifiertest"
	"tocsin/templates"
)

const rules = `
defaults: {logstore: cloudtrail, severity: critical, query: "eventName:x"}
rules: [{id: trail}]`

// rig is an agent whose sources, log, store and mail server are in memory. Each
// object that is taken in is one record that the rule matches.
type rig struct {
	t       *testing.T
	agent   *Agent
	set     *alertrules.Set
	records *alertrulestest.Log
	store   *notifiertest.Memory
	channel *notifiertest.Recorder
	log     *lines
	marks   *marks
	mu      sync.Mutex // of loads, while the agent runs
	loads   []Load
	room    Room

	take     func(s Source) error // before each load; nil: all goes well
	maintain chan struct{}        // gets a value for each call of Maintain; nil: none
}

func newRig(t *testing.T, now time.Time, dirs ...string) *rig {
	t.Helper()
	r := &rig{t: t, records: &alertrulestest.Log{Now: now.Add(1000 * time.Hour)}, store: notifiertest.NewMemory(), channel: &notifiertest.Recorder{}, log: &lines{}, marks: &marks{}}
	r.set = alertrules.ParseSet(map[string][]byte{"rules.yaml": []byte(rules)}, alertrulestest.Env())
	if err := r.set.Err(); err != nil {
		t.Fatal(err)
	}
	r.records.Handle(r.set.Rules[0], alertrulestest.Matching(func(alertrulestest.Record) bool { return true }))
	var sources []Source
	for _, d := range dirs {
		sources = append(sources, Source{Name: filepath.Base(d), Open: func(context.Context) (ingest.Source, error) {
			return Directory(d, filepath.Clean, slog.New(slog.NewTextHandler(r.log, nil))), nil
		}})
	}
	r.agent = New(Options{
		Sources: sources, Take: r.load, Marks: r.marks, Maintain: r.tidy, Log: slog.New(slog.NewTextHandler(r.log, nil)),
		Engine:   &alertrules.Engine{Query: r.records.Query, Logs: r.records, States: r.store},
		Rules:    func() *alertrules.Set { return r.set },
		Notifier: r.notifier(),
		Heard:    r.heard,
		Causes:   func(context.Context) ([]alertrules.Notice, error) { return r.store.Open(), nil },
		Room:     func() (Room, error) { return r.room, nil },
	})
	return r
}

func (r *rig) notifier() *notifier.Notifier {
	r.t.Helper()
	router, err := notifier.NewRouter(notifier.Config{
		People:   map[string]notifier.Person{"ami": {Email: "ami@example.com"}, "ken": {Email: "ken@example.com"}},
		Operator: []string{"ken"}, Notify: notifier.Defaults{To: []string{"ami"}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	set, err := notifiertest.PlainTemplates()
	if err != nil {
		r.t.Fatal(err)
	}
	n, err := notifier.New(notifier.Options{
		Book: r.store, Outbox: r.store, Channel: r.channel, Router: func() *notifier.Router { return router },
		Rules:     func(id string) (notifier.Rule, bool) { return notifier.Rule{ID: id}, id == "trail" },
		Templates: func() *templates.Set { return set }, Build: notifiertest.Build,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// load is Options.Take.
func (r *rig) load(_ context.Context, s Source, l Load) (Taken, error) {
	if r.take != nil {
		if err := r.take(s); err != nil {
			return Taken{}, err
		}
	}
	r.mu.Lock()
	r.loads = append(r.loads, l)
	r.mu.Unlock()
	for _, o := range l.Objects {
		r.records.Add(alertrulestest.Record{Arrived: l.Now, Time: l.Now, Fields: map[string]any{"eventName": filepath.Base(o.Name)}})
	}
	return Taken{Records: int64(len(l.Objects))}, nil
}

// heard is Options.Heard for sources as a whole.
func (r *rig) heard(context.Context, string, string, time.Time) ([]Voice, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.loads) == 0 {
		return nil, nil
	}
	return []Voice{{Last: r.loads[len(r.loads)-1].Now}}, nil
}

// marks are ingest.Marks in memory.
type marks struct{ sync.Map }

func (m *marks) Mark(_ context.Context, name string) (string, error) {
	value, _ := m.Load(name)
	text, _ := value.(string)
	return text, nil
}

func (m *marks) SetMark(_ context.Context, name, value string) error {
	m.Store(name, value)
	return nil
}

func (r *rig) tidy(context.Context) error {
	if r.maintain == nil {
		return nil
	}
	r.maintain <- struct{}{}
	return errors.New("the disk is full")
}

// arrived are the recipients of what went out, in order.
func (r *rig) arrived() []string {
	var to []string
	for _, e := range r.channel.Arrived {
		to = append(to, e.To)
	}
	return to
}

// lines keeps a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

// put writes a file that was changed last at a moment.
func put(t *testing.T, dir, name string, changed time.Time) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// One round does everything in its order: a rule is known before records come
// in, so that it sees these and none of before; they come in before it is
// evaluated; and what it finds is decided and delivered. A file that was written
// a moment ago counts.
func TestOnce(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.json", noon.Add(-time.Hour))
	put(t, dir, "b.json", noon)
	r := newRig(t, noon, dir)
	r.records.Add(alertrulestest.Record{Arrived: noon.Add(-time.Hour), Time: noon.Add(-time.Hour), Fields: map[string]any{"eventName": "before"}})
	s, err := r.agent.Once(t.Context(), noon)
	if err != nil {
		t.Fatal(err)
	}
	if s.Records != 2 || len(s.Round.News) != 1 || len(s.Round.News[0].Rows) != 2 {
		t.Errorf("got %+v", s)
	}
	if got := r.arrived(); !slices.Equal(got, []string{"ami@example.com"}) {
		t.Errorf("mails to %v", got)
	}
	r.maintain = make(chan struct{}, 1)
	if _, err := r.agent.Once(t.Context(), noon.Add(time.Minute)); err == nil || len(r.maintain) != 1 {
		t.Errorf("tidied %d times, error %v", len(r.maintain), err)
	}
}

// What one step cannot do is said, and does not keep the others from theirs.
func TestOnceGoesOn(t *testing.T) {
	good, bad := filepath.Join(t.TempDir(), "good"), filepath.Join(t.TempDir(), "bad")
	for _, dir := range []string{good, bad} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, dir, "a.json", noon.Add(-time.Hour))
	}
	r := newRig(t, noon, bad, good)
	full := errors.New("the disk is full")
	r.take = func(s Source) error {
		if s.Name == "bad" {
			return full
		}
		return nil
	}
	s, err := r.agent.Once(t.Context(), noon)
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "source bad") {
		t.Errorf("error %v", err)
	}
	if s.Records != 1 || len(r.arrived()) != 1 {
		t.Errorf("took in %d, mails to %v", s.Records, r.arrived())
	}
}

// A refused address is told to the operator in the same round: the next one may
// be a day away.
func TestOnceTellsTheOperator(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.json", noon.Add(-time.Hour))
	r := newRig(t, noon, dir)
	r.channel.Answer = func(e notifier.Envelope) notifier.Outcome {
		if e.To == "ami@example.com" {
			return notifier.Outcome{Kind: notifier.Failed, Code: 550, Answer: "550 no such user"}
		}
		return notifier.Outcome{Kind: notifier.Sent}
	}
	if _, err := r.agent.Once(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	if got := r.arrived(); !slices.Equal(got, []string{"ken@example.com"}) {
		t.Errorf("mails to %v", got)
	}
}

// A source hands out what has settled, each version once. What comes in its first
// drain is marked, and nothing after it, also when the agent is started again.
func TestSteps(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "old.json", noon.Add(-time.Hour))
	put(t, dir, "fresh.json", noon.Add(-time.Second))
	put(t, dir, "ahead.json", noon.Add(time.Hour)) // by a clock that is wrong
	r := newRig(t, noon, dir)
	f := r.agent.feeds[0]
	for _, step := range []struct {
		name    string
		at      time.Duration
		change  string
		fail    bool
		records int64
		first   bool
	}{
		{name: "a load that fails", fail: true},
		{name: "what has settled", records: 2, first: true},
		{name: "nothing new"},
		{name: "a load that fails", at: settle, fail: true},
		{name: "is tried again", at: settle, records: 1},
		{name: "a file that changes", at: time.Hour, change: "old.json"},
		{name: "is taken in again", at: time.Hour + settle, records: 1},
		{name: "nothing is left", at: 2 * time.Hour},
	} {
		if step.change != "" {
			put(t, dir, step.change, noon.Add(step.at))
		}
		r.take = func(Source) error {
			if step.fail {
				return errors.New("the disk is full")
			}
			return nil
		}
		r.loads = nil
		n, _, err := r.agent.step(t.Context(), f, ingest.Ask{Now: noon.Add(step.at)})
		if n != step.records || (err != nil) != step.fail {
			t.Errorf("%s: %d records, error %v", step.name, n, err)
		}
		if n > 0 && r.loads[0].First != step.first {
			t.Errorf("%s: in the first drain: %t", step.name, r.loads[0].First)
		}
	}
	put(t, dir, "later.json", noon.Add(-1000*time.Hour))
	again := New(r.agent.o)
	r.loads = nil
	if _, _, err := again.step(t.Context(), again.feeds[0], ingest.Ask{Now: noon.Add(3 * time.Hour)}); err != nil || len(r.loads) != 1 || r.loads[0].First {
		t.Errorf("after a restart: %+v, %v", r.loads, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.agent.step(t.Context(), f, ingest.Ask{Now: noon}); err == nil || !strings.Contains(err.Error(), "source "+f.source.Name) {
		t.Errorf("a source that is gone: %v", err)
	}
	if d := f.from.(*directory); len(d.taken) != 0 {
		t.Errorf("files that are gone are remembered: %v", d.taken)
	}
}

// A source that waits looks again by itself when a file has settled.
func TestDirectoryWaits(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		put(t, dir, "a.json", time.Now())
		d := &directory{dir: dir, stop: func() {}} // a watch would stop the simulated clock
		began := time.Now()
		batch, err := d.Receive(t.Context(), ingest.Ask{Now: began, Wait: time.Minute})
		if took := time.Since(began); err != nil || len(batch.Objects) != 1 || took < settle || took > 2*settle {
			t.Errorf("%d objects after %s, %v", len(batch.Objects), took, err)
		}
		if err := batch.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		batch, err = d.Receive(t.Context(), ingest.Ask{Now: began, Wait: time.Minute})
		if took := time.Since(began); err != nil || len(batch.Objects) != 0 || took < time.Minute {
			t.Errorf("nothing new: %d objects after %s, %v", len(batch.Objects), took, err)
		}
	})
}

// The agent takes in what comes while it runs, evaluates on schedule, tells at
// once, keeps the files tidy, and says a failure that lasts once. The directory
// comes later than the agent, so that it is polled: a watch would stop the
// simulated clock.
func TestRun(t *testing.T) {
	parent := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(parent, "inbox")
		r := newRig(t, time.Now(), dir)
		r.maintain = make(chan struct{}, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.agent.Run(ctx) }()
		time.Sleep(time.Minute)
		if n := r.log.count("take in"); n < 1 || n > 2 { // the first drain, and the loop
			t.Errorf("a missing directory was logged %d times", n)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, dir, "a.json", time.Now())
		time.Sleep(6 * time.Minute) // the rule's default is every 5m
		synctest.Wait()
		if got := r.arrived(); !slices.Equal(got, []string{"ami@example.com"}) {
			t.Errorf("mails to %v", got)
		}
		if len(r.maintain) < 10 || r.log.count("the disk is full") == 0 {
			t.Errorf("%d times tidied, log:\n%s", len(r.maintain), r.log.b.String())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// When its context ends, the agent finishes what is in flight: the answer to a
// mail is kept.
func TestRunFinishesADialogue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now())
		asked, answer := make(chan struct{}), make(chan struct{})
		r.channel.Answer = func(notifier.Envelope) notifier.Outcome {
			close(asked)
			<-answer
			return notifier.Outcome{Kind: notifier.Sent}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.agent.Run(ctx) }()
		synctest.Wait()
		r.records.Add(alertrulestest.Record{Arrived: time.Now(), Time: time.Now(), Fields: map[string]any{"eventName": "x"}})
		<-asked
		cancel()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("it did not wait for the answer: %v", err)
		default:
		}
		close(answer)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if all := r.store.All(); len(all) != 1 || all[0].State != notifier.Accepted {
			t.Errorf("outbox %+v", all)
		}
	})
}

// The same of a load: Run returns after it.
func TestRunFinishesALoad(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.json", noon)
	r := newRig(t, time.Now(), dir)
	loading, release := make(chan struct{}), make(chan struct{})
	r.take = func(Source) error {
		close(loading)
		<-release
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.agent.Run(ctx) }()
	<-loading
	cancel()
	select {
	case err := <-done:
		t.Fatalf("it did not wait for the load: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n, _, err := r.records.LastSeq(t.Context()); n != 1 || err != nil {
		t.Errorf("%d records %v", n, err)
	}
}

// What a source forgets is stored also when the agent is told to end, if that does
// not take too long; what it hands out again is not waited for.
func TestFinishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		forgotten, done := finishing(ctx, []ingest.Object{{Name: "a"}, {Name: "b", Held: []byte("x")}})
		defer done()
		again, _ := finishing(ctx, []ingest.Object{{Name: "a"}})
		cancel()
		time.Sleep(settleTime - time.Second)
		if forgotten.Err() != nil || again.Err() == nil {
			t.Errorf("%v, %v", forgotten.Err(), again.Err())
		}
		time.Sleep(2 * time.Second)
		if forgotten.Err() == nil {
			t.Error("it has no end")
		}
	})
}

// A change below a directory wakes its loop; stopping ends the watch.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	wake, stop := changes(dir, slog.New(slog.DiscardHandler))
	put(t, dir, "a.json", noon)
	select {
	case <-wake:
	case <-time.After(10 * time.Second):
		t.Error("no change was told")
	}
	stop()
	log := &lines{}
	wake, stop = changes(filepath.Join(dir, "none"), slog.New(slog.NewTextHandler(log, nil)))
	stop()
	if wake != nil || log.count("only polled") != 1 {
		t.Error("a directory that is not there")
	}
}

// TestFailingIsNoted: status can say since when a source fails, and why, until it
// does not any more; also when an agent before this one noted it.
func TestFailingIsNoted(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.json", noon.Add(-time.Hour))
	r := newRig(t, noon, dir)
	for i, step := range []struct {
		at   time.Duration
		fail string
		want string
	}{
		{0, "the disk is full", "2026-11-23T12:00:00Z source in: the disk is full"},
		{time.Minute, "the disk is full", "2026-11-23T12:00:00Z source in: the disk is full"},
		{time.Hour, "it is gone", "2026-11-23T12:00:00Z source in: it is gone"},
		{2 * time.Hour, "", ""},
		{3 * time.Hour, "again", "2026-11-23T15:00:00Z source in: again"},
	} {
		if i == 2 { // another agent
			r.agent = New(r.agent.o)
		}
		f := r.agent.feeds[0]
		f.source.Name, f.from = "in", nil
		r.take = func(Source) error {
			if step.fail == "" {
				return nil
			}
			return errors.New(step.fail)
		}
		if _, err := r.agent.drain(t.Context(), f, noon.Add(step.at)); (err != nil) != (step.fail != "") {
			t.Errorf("%d: %v", i, err)
		}
		if got, _ := r.marks.Mark(t.Context(), FailingMark("in")); got != step.want {
			t.Errorf("%d: %q, not %q", i, got, step.want)
		}
	}
}
