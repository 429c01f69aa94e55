package agent

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
)

// What begins and ends of failures, at noon.
func TestFailing(t *testing.T) {
	for name, c := range map[string]struct {
		ago  time.Duration // since when it fails; 0: it works
		open string
		want string
	}{
		"it works":                     {0, "", ""},
		"it fails just now":            {29 * time.Minute, "", ""},
		"it fails for long":            {30 * time.Minute, "", "nothing can be taken in from source s since 2026-11-23 11:30 UTC: no such queue"},
		"it fails still":               {3 * time.Hour, "s", ""},
		"it works again":               {0, "s", "-source s works again"},
		"it fails anew, and was told":  {time.Minute, "s", ""},
		"another source was told of":   {0, "gone", "-source gone, which could not be asked, is not configured any more"},
		"what is of nobody's business": {0, "rule/failed/s", ""},
	} {
		f := failure{source: "s", why: "no such queue"}
		if c.ago > 0 {
			f.since = noon.Add(-c.ago)
		}
		var open []alertrules.Notice
		if c.open != "" {
			key := c.open
			if !strings.Contains(key, "/") {
				key = failingPrefix + key
			}
			open = append(open, alertrules.Notice{Key: key})
		}
		var got []string
		for _, n := range failing([]failure{f}, open, noon) {
			text := n.Text
			if n.Over {
				text = "-" + text
			}
			got = append(got, text)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A source fails for hours, over a stop and a start of the agent, and while the disk
// is full: the operator and nobody else is told, once, and once that it works again;
// in between what status reads says since when.
func TestP31ASourceThatFailsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now())
		broken, asked := true, 0
		r.agent.o.Reserve = DefaultReserve()
		r.room = Room{Free: 2 * gb, Total: 100 * gb}
		r.agent.o.Room = func() (Room, error) { r.mu.Lock(); defer r.mu.Unlock(); return r.room, nil }
		r.agent.o.Sources = []Source{{Name: "s", Open: func(context.Context) (ingest.Source, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if broken {
				return nil, errors.New("no such queue")
			}
			return quiet{&asked}, nil
		}}}
		began := time.Now()
		for i, life := range []struct {
			does   func()
			lasts  time.Duration
			told   int // mails to the operator by then
			causes int
		}{
			{nil, 20 * time.Minute, 0, 0},
			{nil, time.Hour, 1, 1},
			{nil, 5 * time.Hour, 1, 1},
			{func() { r.room.Free = gb / 2 }, time.Hour, 2, 2}, // of the disk
			{func() { r.room.Free = 2 * gb }, time.Hour, 3, 1},
			{func() { broken = false }, time.Hour, 4, 0},
		} {
			r.mu.Lock()
			if life.does != nil {
				life.does()
			}
			r.mu.Unlock()
			r.agent = New(r.agent.o)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- r.agent.Run(ctx) }()
			time.Sleep(life.lasts)
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			mark, _ := r.marks.Mark(t.Context(), FailingMark("s"))
			want := ""
			if broken {
				want = began.UTC().Format(time.RFC3339) + " source s: no such queue"
			}
			told := 0
			for _, to := range r.arrived() {
				if to == "ken@example.com" {
					told++
				}
			}
			if mark != want || told != life.told || len(r.store.Open()) != life.causes {
				t.Errorf("life %d: %q, want %q; %d mails to the operator, want %d; causes %v", i, mark, want, told, life.told, r.store.Open())
			}
			if broken && told != len(r.arrived()) {
				t.Errorf("life %d: mails to %v", i, r.arrived())
			}
		}
	})
}

// TestFailsSince: a source fails since it was asked first and did not answer well, not
// since the answer, nor since the last time.
func TestFailsSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now())
		r.agent.o.Sources = []Source{{Name: "s", Open: func(context.Context) (ingest.Source, error) { return lame{}, nil }}}
		r.agent = New(r.agent.o)
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.agent.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		value, err := r.marks.Mark(ctx, FailingMark("s"))
		if want := began.UTC().Format(time.RFC3339) + " source s: no answer"; value != want || err != nil {
			t.Errorf("%q, %v, want %q", value, err, want)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// lame is a source that does not answer.
type lame struct{}

func (lame) Receive(ctx context.Context, _ ingest.Ask) (ingest.Batch, error) {
	sleep(ctx, time.Minute, nil)
	return ingest.Batch{}, errors.New("no answer")
}

func (lame) Close() error { return nil }
