package notifier_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/notifier"
	"tocsin/notifier/notifiertest"
	"tocsin/templates"
)

// world is a run of the notifier with random arrivals, crashes and outages.
type world struct {
	t       *rapid.T
	store   *notifiertest.Memory
	script  *notifiertest.Script
	channel *notifiertest.Recorder
	n       *notifier.Notifier
	router  *notifier.Router
	set     *templates.Set
	now     time.Time
	ids     int

	trouble  bool // crashes and outages happen
	down     bool
	lost     map[int64]int // answers that did not arrive, by row
	accepted map[string][]time.Time
	rows     int
	told     []string // names of all rows of events
}

var nights, _ = notifier.NewCalendar("nights", []string{"22:00-07:00"}, nil, time.UTC)

var rules = []notifiertest.RuleSpec{
	{ID: "e", Mode: "event", Severity: "high", To: []string{"ken", "ami", "eve"}},
	{ID: "c", Mode: "event", Severity: "critical", To: []string{"ken", "ami", "eve"}},
	{ID: "s", Mode: "state", Severity: "high", To: []string{"ken", "ami", "eve"}},
}

func newWorld(t *rapid.T, set *templates.Set) *world {
	w := &world{t: t, set: set, store: notifiertest.NewMemory(), channel: &notifiertest.Recorder{}, lost: map[int64]int{}, accepted: map[string][]time.Time{}}
	w.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	w.script = notifiertest.NewScript(w.store, rules)
	var err error
	w.router, err = notifier.NewRouter(notifier.Config{
		People:    map[string]notifier.Person{"ken": {Email: "ken@example.com"}, "ami": {Email: "ami@example.com", Quiet: "none"}, "eve": {Email: "eve@example.com", Quiet: "none"}},
		Calendars: map[string]notifier.CalendarSpec{"nights": {Daily: []string{"22:00-07:00"}}},
		Notify:    notifier.Defaults{Quiet: "nights"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.store.Crash = func() bool { return w.trouble && rapid.IntRange(0, 9).Draw(t, "crash before") == 0 }
	w.store.CrashAfter = func() bool { return w.trouble && rapid.IntRange(0, 9).Draw(t, "crash after") == 0 }
	w.channel.Answer = w.answer
	w.start()
	return w
}

// start is a new process.
func (w *world) start() {
	var err error
	w.n, err = notifier.New(notifier.Options{
		Book: w.store, Outbox: w.store, Channel: w.channel, Router: func() *notifier.Router { return w.router },
		Rules: func(id string) (notifier.Rule, bool) {
			r := notifier.Rule{ID: id, Name: id}
			r.Notify.To = []string{"ken", "ami", "eve"}
			return r, true
		},
		Templates: func() *templates.Set { return w.set }, Build: notifiertest.Build,
		NewID:  func() string { w.ids++; return fmt.Sprintf("m%d", w.ids) },
		Jitter: func() float64 { return 0.5 },
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) answer(e notifier.Envelope) notifier.Outcome {
	if w.down {
		return notifier.Outcome{Kind: notifier.Retry, Stage: "connect", Answer: "refused", Server: true}
	}
	// A refusal after a lost answer leaves open what the reader knows: not here.
	if w.trouble && e.To == "eve@example.com" && !e.Marked && rapid.IntRange(0, 2).Draw(w.t, "refused") == 0 {
		return notifier.Outcome{Kind: notifier.Failed, Code: 550, Stage: "RCPT", Answer: "550 no"}
	}
	if w.trouble {
		switch rapid.IntRange(0, 7).Draw(w.t, "answer") {
		case 0:
			w.lost[e.ID]++
			return notifier.Outcome{Kind: notifier.Unknown, Stage: "answer", Answer: "the line broke"}
		case 1:
			return notifier.Outcome{Kind: notifier.Retry, Code: 451, Stage: "RCPT", Answer: "451 later"}
		}
	}
	return notifier.Outcome{Kind: notifier.Sent, Code: 250, Answer: "250 ok"}
}

// work steps and delivers; after a crash a new process does.
func (w *world) work() (next time.Time) {
	for range 200 {
		before := len(w.channel.Arrived)
		next, err := w.n.Step(context.Background(), w.now)
		if err == nil {
			var later time.Time
			later, err = w.n.Deliver(context.Background(), w.now)
			if next.IsZero() || !later.IsZero() && later.Before(next) {
				next = later
			}
		}
		w.look(w.channel.Arrived[before:])
		switch {
		case errors.Is(err, notifiertest.ErrCrash):
			for _, e := range w.channel.Arrived[before:] { // the answer of the last one may not have been kept
				w.lost[e.ID]++
			}
			w.start()
			continue
		case err != nil:
			w.t.Fatal(err)
		}
		todo, err := w.store.Work(context.Background(), w.now)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(todo.Changed)+len(todo.Due)+len(todo.Notices) == 0 {
			return next
		}
	}
	w.t.Fatal("work without end")
	return next
}

// look checks what arrives as it arrives.
func (w *world) look(arrived []notifier.Envelope) {
	for _, e := range arrived {
		if e.To != "ken@example.com" {
			continue
		}
		until, quiet := nights.Quiet(w.now, time.UTC)
		if l, err := notifiertest.Letter(e.Bytes); err != nil || quiet && (!strings.Contains(l.Text, "crit") || strings.Contains(l.Text, "row")) {
			w.t.Fatalf("ken gets mail at %s, quiet until %s: %s %v", w.now, until, l.Text, err)
		}
	}
}

// round lets rules find something.
func (w *world) round() {
	m := notifiertest.Moment{Round: map[string]notifiertest.Found{}}
	var events []string
	for range rapid.IntRange(0, 3).Draw(w.t, "events") {
		w.rows++
		events = append(events, fmt.Sprintf("row%d", w.rows))
	}
	var urgent []string
	if rapid.IntRange(0, 3).Draw(w.t, "critical") == 0 {
		w.rows++
		urgent = []string{fmt.Sprintf("crit%d", w.rows)}
	}
	alerts := map[string][]string{}
	for _, v := range []string{"A", "B", "C"} {
		if rapid.Bool().Draw(w.t, "fires "+v) {
			alerts[v] = []string{v + " 1"}
		}
	}
	m.Round["e"], m.Round["c"], m.Round["s"] = notifiertest.Found{Rows: events}, notifiertest.Found{Rows: urgent}, notifiertest.Found{Alerts: alerts}
	trouble := w.trouble
	w.trouble = false // T1 is not what is tested here
	if err := w.script.Round(context.Background(), w.now, m); err != nil {
		w.t.Fatal(err)
	}
	w.trouble = trouble
	w.told = append(append(w.told, events...), urgent...)
}

// TestPromises is P2 of the design: through crashes, lost answers and outages,
// at any hour, every row is told exactly once to each recipient, no begin is
// kept back, and no end is told to somebody who did not know of the begin.
func TestPromises(t *testing.T) {
	set, err := notifiertest.PlainTemplates()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, set)
		w.trouble = true
		for range rapid.IntRange(1, 25).Draw(t, "moments") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(1, 180).Draw(t, "minutes")) * time.Minute)
			w.down = rapid.IntRange(0, 3).Draw(t, "down") == 0
			w.round()
			w.work()
		}
		w.trouble, w.down = false, false
		for end := w.now.Add(48 * time.Hour); w.now.Before(end); { // two days of calm
			w.now = w.now.Add(time.Minute)
			if next := w.work(); next.After(w.now) {
				w.now = next
			}
		}
		w.check()
	})
}

var rowName = regexp.MustCompile(`\b(row|crit)\d+\b`)

func (w *world) check() {
	for _, to := range []string{"ken@example.com", "ami@example.com", "eve@example.com"} {
		tells := map[string][]int64{} // by row: ids of the mails
		bytes := map[int64]string{}
		copies := map[int64]int{}
		firing := map[string]bool{}
		for _, e := range w.channel.Arrived {
			if e.To != to {
				continue
			}
			copies[e.ID]++
			if old, ok := bytes[e.ID]; ok {
				if old != string(e.Bytes) {
					w.t.Fatalf("row %d was sent with different bytes", e.ID)
				}
				continue
			}
			bytes[e.ID] = string(e.Bytes)
			l, err := notifiertest.Letter(e.Bytes)
			if err != nil {
				w.t.Fatal(err)
			}
			w.states(to, l.Text, firing)
			text := l.Text
			for _, a := range l.Attachments {
				text += string(a.Data)
			}
			names := rowName.FindAllString(text, -1)
			slices.Sort(names)
			for _, name := range slices.Compact(names) {
				tells[name] = append(tells[name], e.ID)
			}
		}
		for _, name := range w.told {
			if to == "eve@example.com" && len(tells[name]) < 2 {
				continue // a refused mail waits in the outbox
			}
			if len(tells[name]) != 1 {
				w.t.Fatalf("%s was told to %s in the mails %v%s", name, to, tells[name], w.history(to))
			}
		}
		for id, n := range copies {
			if n > 1+w.lost[id] {
				w.t.Fatalf("row %d arrived %d times, and %d answers were lost", id, n, w.lost[id])
			}
		}
		if to != "eve@example.com" {
			w.final(to, firing)
		}
	}
	if alerts, news := w.store.Unsettled(); news > 0 || alerts > 3 {
		w.t.Fatalf("%d alerts and %d pieces of news are not settled", alerts, news)
	}
}

// states follows what a reader believes.
func (w *world) states(to, text string, firing map[string]bool) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, v := range []string{"A", "B", "C"} {
			switch {
			case strings.HasPrefix(line, "* firing "+v):
				firing[v] = true
			case strings.HasPrefix(line, "* over "+v):
				if !firing[v] {
					w.t.Fatalf("%s is told to be over, and was not told to fire: %s%s", v, text, w.history(to))
				}
				firing[v] = false
			case strings.HasPrefix(line, "* still "+v) && !firing[v]:
				w.t.Fatalf("%s still fires, and was not told to: %s%s", v, text, w.history(to))
			}
		}
	}
}

// history is what happened to a recipient's mail.
func (w *world) history(to string) string {
	var b strings.Builder
	for _, m := range w.store.All() {
		if m.Recipient == to {
			l, _ := notifiertest.Letter(m.Bytes)
			fmt.Fprintf(&b, "\n%d %s %s since %s ended %s %s", m.ID, m.Kind, m.State, m.Since.Format("02 15:04"), m.Ended.Format("02 15:04"), strings.ReplaceAll(l.Text, "\n", "| "))
		}
	}
	for _, e := range w.store.Log {
		if e.Recipient == to {
			fmt.Fprintf(&b, "\n%s %s %s mail %d %s", e.At.Format("02 15:04"), e.Group, e.Kind, e.Mail, e.Reason)
		}
	}
	return b.String()
}

// final compares what a reader believes at the end with what is so.
func (w *world) final(to string, firing map[string]bool) {
	open, err := w.store.Alerts(context.Background(), "s")
	if err != nil {
		w.t.Fatal(err)
	}
	live := map[string]bool{}
	for _, a := range open {
		live[a.Labels["value"]] = true
	}
	for _, v := range []string{"A", "B", "C"} {
		if live[v] != firing[v] {
			w.t.Fatalf("%s believes that %s fires: %v; it does: %v%s", to, v, firing[v], live[v], w.history(to))
		}
	}
}
