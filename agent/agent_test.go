package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/ingest"
	"tocsin/notifier"
	"tocsin/query"
)

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

// What is too much for the query of a slow rule is made up for in the same round, for
// two minutes; then it is said what is left, and the next round goes on with it.
func TestOnceGoesOnWithSlowRules(t *testing.T) {
	for name, c := range map[string]struct {
		each  time.Duration // time of the query for each record
		times int           // rounds that it takes
	}{"a little": {time.Second, 1}, "much": {9 * time.Second, 6}} {
		synctest.Test(t, func(t *testing.T) {
			const records = 100
			r := newRig(t, noon)
			if _, err := r.agent.Once(t.Context(), noon); err != nil {
				t.Fatal(err)
			}
			for range records {
				r.records.Add(alertrulestest.Record{Arrived: noon, Time: noon, Fields: map[string]any{"eventName": "x"}})
			}
			r.agent.o.Engine.Query = func(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
				took := time.Duration(w.UpToSeq-w.AfterSeq) * c.each
				time.Sleep(min(took, time.Minute))
				if took > time.Minute {
					return nil, &alertrules.LimitError{Limit: time.Minute}
				}
				return r.records.Query(ctx, p, w)
			}
			told, times := 0, 0
			for left := true; left && times < 20; {
				times++
				begin := time.Now()
				s, err := r.agent.Once(t.Context(), noon.Add(time.Duration(times)*time.Hour))
				if took := time.Since(begin); err != nil || took > 5*time.Minute {
					t.Errorf("%s: a round took %s; %v", name, took, err)
				}
				for _, round := range append(s.More, s.Round) {
					for _, n := range round.News {
						told += len(n.Rows)
					}
				}
				if left = len(s.Left) > 0; left != (told < records) {
					t.Errorf("%s: %d are told, and %v left", name, told, s.Left)
				}
			}
			if times > c.times || told != records || len(r.arrived()) == 0 {
				t.Errorf("%s: after %d rounds %d records are told", name, times, told)
			}
		})
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
