package agent

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/ingest"
)

const gb = int64(1) << 30

func TestReserve(t *testing.T) {
	for _, c := range []struct {
		reserve Reserve
		room    Room
		before  bool
		low     bool
	}{
		{DefaultReserve(), Room{gb, 100 * gb}, false, false},
		{DefaultReserve(), Room{gb - 1, 100 * gb}, false, true},
		{DefaultReserve(), Room{gb + gb/20, 100 * gb}, true, true}, // a tenth more, to go on
		{DefaultReserve(), Room{gb + gb/10, 100 * gb}, true, false},
		{DefaultReserve(), Room{gb / 2, 10 * gb}, false, false}, // 5 % of a small disk
		{DefaultReserve(), Room{gb/2 - 1, 10 * gb}, false, true},
		{Reserve{Percent: 20}, Room{19 * gb, 100 * gb}, false, true},
		{Reserve{Bytes: 5 * gb}, Room{5*gb - 1, 6 * gb}, false, true},
		{Reserve{}, Room{0, 100 * gb}, false, false},
		{Reserve{Bytes: 5 * gb}, Room{}, false, false}, // a system that does not say
	} {
		if got := c.reserve.low(c.room, c.before); got != c.low {
			t.Errorf("%+v of %+v, low before: %t: %t", c.reserve, c.room, c.before, got)
		}
	}
}

// TestPauses: what is said of a disk is by its room, and by whether it was low before.
func TestPauses(t *testing.T) {
	low := []alertrules.Notice{{Key: diskKey}}
	for _, c := range []struct {
		free int64
		open []alertrules.Notice
		want string
	}{
		{gb, nil, ""},
		{gb, low, "1.0 GB free of 100.0 GB, less than the reserve of 1.0 GB (limits.disk_reserve): nothing is taken in"},
		{2 * gb, low, ""},
		{0, nil, "0 bytes free of 100.0 GB, less than the reserve of 1.0 GB (limits.disk_reserve): nothing is taken in"},
	} {
		if got := DefaultReserve().Pauses(Room{c.free, 100 * gb}, c.open); got != c.want {
			t.Errorf("%d free: %s", c.free, got)
		}
	}
}

// quiet is a source that has one object each time it is asked.
type quiet struct{ asked *int }

func (q quiet) Receive(ctx context.Context, ask ingest.Ask) (ingest.Batch, error) {
	*q.asked++
	sleep(ctx, ask.Wait, nil)
	return ingest.Batch{Objects: []ingest.Object{{Name: "o", Version: time.Now().String()}}}, nil
}

func (q quiet) Close() error { return nil }

// On a full disk sources are not asked; rules and mails go on, the operator is
// told once, and once more when everything has resumed by itself. A silence that
// comes of it is none.
func TestRunOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now())
		asked := 0
		r.room = Room{Free: 2 * gb, Total: 100 * gb}
		r.agent.o.Reserve = DefaultReserve()
		r.agent.o.Room = func() (Room, error) { return r.room, nil }
		r.agent.o.Sources = []Source{{
			Name: "s", Silence: Silence{After: 5 * time.Minute},
			Open: func(context.Context) (ingest.Source, error) { return quiet{&asked}, nil },
		}}
		r.agent = New(r.agent.o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.agent.Run(ctx) }()
		step := func(free int64, d time.Duration) {
			r.agent.disk.mu.Lock()
			r.room.Free = free
			r.agent.disk.mu.Unlock()
			time.Sleep(d)
			synctest.Wait()
		}
		step(2*gb, 10*time.Minute)
		if asked == 0 || len(r.arrived()) == 0 {
			t.Errorf("before: asked %d times, mails %v", asked, r.arrived())
		}
		step(gb/2, time.Minute)
		before := asked
		r.records.Add(alertrulestest.Record{Arrived: time.Now(), Time: time.Now(), Fields: map[string]any{"eventName": "x"}})
		mails := len(r.arrived())
		step(gb/2, time.Hour)
		if asked > before {
			t.Errorf("a full disk: asked %d times", asked-before)
		}
		toKen := func() (n int) {
			for _, to := range r.arrived() {
				if to == "ken@example.com" {
					n++
				}
			}
			return n
		}
		if !r.agent.unfed() {
			t.Error("rules are not told that records are missing")
		}
		if toKen() != 1 || len(r.arrived()) <= mails || len(r.store.Open()) != 1 || !knows(r.store.Open(), diskKey) {
			t.Errorf("a full disk: mails %v, open %v", r.arrived(), r.store.Open())
		}
		step(2*gb, 10*time.Minute)
		if asked == before || r.agent.unfed() || toKen() != 2 || len(r.store.Open()) != 0 {
			t.Errorf("room again: asked %d times, mails %v, open %v", asked-before, r.arrived(), r.store.Open())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// What a source hands out that was asked before the disk filled up goes back to it.
func TestStepOnADiskThatFillsUp(t *testing.T) {
	r := newRig(t, noon)
	r.agent.o.Reserve, r.room = DefaultReserve(), Room{Free: 2 * gb, Total: 100 * gb}
	f := &feed{source: Source{Name: "s"}, from: &filling{r: r}}
	for i, c := range []struct {
		free      int64 // once it hands out
		more      bool
		committed []bool
	}{
		{gb / 2, true, []bool{false}},
		{gb / 2, false, []bool{false}}, // it is not asked
		{2 * gb, false, []bool{false, true}},
	} {
		from := f.from.(*filling)
		if from.then = c.free; i == 2 {
			r.room.Free = 2 * gb
		}
		_, more, err := r.agent.step(t.Context(), f, ingest.Ask{Now: noon})
		if err != nil || more != c.more || !slices.Equal(from.committed, c.committed) || f.empty.Load() != (i == 2) {
			t.Errorf("%d: more %t, committed %v, empty %t, %v", i, more, from.committed, f.empty.Load(), err)
		}
	}
}

// filling is a source with one object, while which the disk fills up.
type filling struct {
	r         *rig
	then      int64 // free when it hands out
	committed []bool
}

func (s *filling) Receive(context.Context, ingest.Ask) (ingest.Batch, error) {
	s.r.room.Free = s.then
	return ingest.Batch{Objects: []ingest.Object{{Name: "o", Version: "1"}}, Settle: func(_ context.Context, o ingest.Outcome) error {
		s.committed = append(s.committed, o.Committed)
		return nil
	}}, nil
}

func (s *filling) Close() error { return nil }

// One round on a full disk leaves everything where it is, evaluates, and tells.
func TestOnceOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.json", noon.Add(-time.Hour))
	r := newRig(t, noon, dir)
	r.agent.o.Reserve, r.room = DefaultReserve(), Room{Free: 10, Total: 100 * gb}
	for i, c := range []struct {
		free    int64
		records int64
		mails   []string
	}{
		{10, 0, []string{"ken@example.com"}},
		{10, 0, []string{"ken@example.com"}},
		{gb + 1, 0, []string{"ken@example.com"}}, // not yet a tenth more
		{2 * gb, 1, []string{"ken@example.com", "ami@example.com", "ken@example.com"}},
	} {
		r.room.Free = c.free
		r.agent = New(r.agent.o)
		s, err := r.agent.Once(t.Context(), noon.Add(time.Duration(i)*10*time.Minute))
		got := r.arrived()
		slices.Sort(got)
		slices.Sort(c.mails)
		if err != nil || s.Records != c.records || !slices.Equal(got, c.mails) {
			t.Errorf("round %d: %d records, mails %v, error %v", i, s.Records, r.arrived(), err)
		}
	}
}
