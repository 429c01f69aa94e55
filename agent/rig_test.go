package agent

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
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
	mu      sync.Mutex // of loads and set, while the agent runs
	loads   []Load
	room    Room

	take     func(s Source) error // before each load; nil: all goes well
	slow     *gate                // that mails go through; nil: none
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
		Rules:    func() *alertrules.Set { r.mu.Lock(); defer r.mu.Unlock(); return r.set },
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
	channel := notifier.Channel(r.channel)
	if r.slow != nil {
		channel = slowChannel{channel, r.slow}
	}
	n, err := notifier.New(notifier.Options{
		Book: r.store, Outbox: r.store, Channel: channel, Router: func() *notifier.Router { return router },
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
	write(t, filepath.Join(dir, name), "{}\n", changed)
}

// write writes a file that changed at that time.
func write(t *testing.T, path, text string, changed time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
