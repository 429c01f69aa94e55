package notifier_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"tocsin/notifier"
	"tocsin/notifier/notifiertest"
	"tocsin/templates"
)

// Acceptance tests of pitfalls of state and noise, by their numbers.

func TestP11LeavingAQuietPeriod(t *testing.T) {
	tl := readTimeline(t, "testdata/timelines/pitfalls/P11.yaml")
	store := notifiertest.NewMemory()
	for _, fault := range notifiertest.Play(tl, store, notifiertest.NewScript(store, tl.Rules)) {
		t.Error(fault)
	}
}

// killer is a run of a notifier that is killed at random transactions.
type killer struct {
	t      *testing.T
	random *rand.Rand
	store  *notifiertest.Memory
	script *notifiertest.Script
	server *notifiertest.Recorder
	router *notifier.Router
	set    *templates.Set
	n      *notifier.Notifier
	repeat time.Duration
	kills  bool
	ids    int
	now    time.Time
}

func newKiller(t *testing.T, set *templates.Set, random *rand.Rand, mode string) *killer {
	t.Helper()
	k := &killer{t: t, random: random, set: set, store: notifiertest.NewMemory(), server: &notifiertest.Recorder{}, kills: true}
	k.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	k.script = notifiertest.NewScript(k.store, []notifiertest.RuleSpec{{ID: "r", Mode: mode, Severity: "high", To: []string{"ken"}}})
	kill := func() bool { return k.kills && random.IntN(6) == 0 }
	k.store.Crash, k.store.CrashAfter = kill, kill
	var err error
	if k.router, err = notifier.NewRouter(notifier.Config{People: map[string]notifier.Person{"ken": {Email: "ken@example.com"}}}); err != nil {
		t.Fatal(err)
	}
	k.start()
	return k
}

func (k *killer) start() {
	k.t.Helper()
	var err error
	k.n, err = notifier.New(notifier.Options{
		Book: k.store, Outbox: k.store, Channel: k.server, Router: func() *notifier.Router { return k.router },
		Rules: func(id string) (notifier.Rule, bool) {
			r := notifier.Rule{ID: id, Name: id}
			r.Notify.To, r.Notify.RepeatInterval = []string{"ken"}, &k.repeat
			return r, true
		},
		Templates: func() *templates.Set { return k.set }, Build: notifiertest.Build,
		NewID: func() string { k.ids++; return fmt.Sprintf("m%d", k.ids) }, Jitter: func() float64 { return 0 },
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

// round commits what the rule found; it is not what is killed here.
func (k *killer) round(rows ...string) {
	k.t.Helper()
	kills := k.kills
	k.kills = false
	if err := k.script.Round(context.Background(), k.now, notifiertest.Moment{Round: map[string]notifiertest.Found{"r": {Rows: rows}}}); err != nil {
		k.t.Fatal(err)
	}
	k.kills = kills
}

// work decides and delivers, in as many processes as it takes, and returns the
// numbers of the mails that went out.
func (k *killer) work() (sent []int64) {
	k.t.Helper()
	before := len(k.server.Arrived)
	for range 500 {
		_, err := k.n.Step(context.Background(), k.now)
		if err == nil {
			_, err = k.n.Deliver(context.Background(), k.now)
		}
		if errors.Is(err, notifiertest.ErrCrash) {
			k.start()
			continue
		}
		if err != nil {
			k.t.Fatal(err)
		}
		w, err := k.store.Work(context.Background(), k.now)
		if err != nil {
			k.t.Fatal(err)
		}
		if len(w.Changed)+len(w.Due)+len(w.Notices) == 0 {
			for _, e := range k.server.Arrived[before:] {
				sent = append(sent, e.ID)
			}
			return slices.Compact(sent)
		}
	}
	k.t.Fatal("work without end")
	return nil
}

// Two hundred runs, killed at any transaction: a repeat is never earlier than its
// interval after the last mail and at most a tick later, also after thirty days, and
// another interval counts from the last mail.
func TestP12RepeatIntervalOverRestartsAndRetention(t *testing.T) {
	set, err := notifiertest.PlainTemplates()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 12))
		k := newKiller(t, set, random, "state")
		pick := func() time.Duration {
			return []time.Duration{time.Hour, 4 * time.Hour, 30 * 24 * time.Hour}[random.IntN(3)]
		}
		k.repeat = pick()
		k.round("x")
		k.work()
		last, mails := k.now, 0
		for range 15 {
			tick := k.repeat / time.Duration(2+random.IntN(6))
			k.now = k.now.Add(tick)
			if random.IntN(8) == 0 {
				k.repeat = pick()
				k.round("x") // an edit is decided about with the next evaluation
			}
			sent := k.work()
			due := !k.now.Before(last.Add(k.repeat))
			if due != (len(sent) == 1) || len(sent) > 1 {
				t.Fatalf("seed %d: %d mails at %s, the last was of %s, every %s", seed, len(sent), k.now, last, k.repeat)
			}
			if len(sent) > 0 {
				last, mails = k.now, mails+1
			}
		}
		if mails == 0 {
			t.Errorf("seed %d: nothing was repeated", seed)
		}
	}
}

var rowText = regexp.MustCompile(`\bevent\d+\b`)

// Two events of one rule within its repeat interval are two events: of a thousand
// rows in a day each is in exactly one mail, whatever is held, and however often the
// process is killed. A state alert tells the second row with its next mail.
func TestP14TwoDifferentEventsSameLabels(t *testing.T) {
	set, err := notifiertest.PlainTemplates()
	if err != nil {
		t.Fatal(err)
	}
	k := newKiller(t, set, rand.New(rand.NewPCG(14, 14)), "event")
	k.repeat = 4 * time.Hour
	rows := 0
	for minute := 0; minute < 34*60; minute += 5 {
		var found []string
		for n := k.random.IntN(8); n > 0 && rows < 1000; n-- {
			rows++
			found = append(found, fmt.Sprintf("event%d", rows))
		}
		k.round(found...)
		k.work()
		k.now = k.now.Add(5 * time.Minute)
	}
	in, mails := map[string]int{}, map[int64]bool{}
	for _, e := range k.server.Arrived {
		l, err := notifiertest.Letter(e.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if mails[e.ID] { // a copy, of which the answer was lost
			continue
		}
		mails[e.ID] = true
		text := l.Text
		for _, a := range l.Attachments {
			text += string(a.Data)
		}
		names := rowText.FindAllString(text, -1)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			in[name]++
		}
	}
	if rows != 1000 || len(in) != rows || len(mails) > 10 {
		t.Errorf("%d of %d rows are in %d mails", len(in), rows, len(mails))
	}
	for name, n := range in {
		if n != 1 {
			t.Errorf("%s is in %d mails", name, n)
		}
	}

	s := newKiller(t, set, rand.New(rand.NewPCG(14, 15)), "state")
	s.repeat = 4 * time.Hour
	var told []string
	for hour := range 5 {
		found := []string{"A"}
		if hour > 0 {
			found = append(found, "B")
		}
		s.round(found...)
		for range s.work() {
			l, err := notifiertest.Letter(s.server.Arrived[len(s.server.Arrived)-1].Bytes)
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, fmt.Sprint(hour, " ", regexp.MustCompile(`(?m)^\* .*$`).FindString(l.Text)))
		}
		s.now = s.now.Add(time.Hour)
	}
	if want := []string{"0 * firing: A", "4 * firing: A, +B"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
