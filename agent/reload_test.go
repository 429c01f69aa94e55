package agent

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
)

// TestSettler: files are read when they are the same at two looks, and not those
// that were read.
func TestSettler(t *testing.T) {
	for looks, want := range map[string]string{
		"a a a":       "...",
		"b b b":       ".!.",
		"b c c a a":   "..!.!",
		"b a a":       "...",
		"b c d e":     "....",
		"b b a a b b": ".!.!.!",
	} {
		s, got := settler{read: "a", seen: "a"}, ""
		for _, stamp := range strings.Fields(looks) {
			if !s.due(stamp) {
				got += "."
				continue
			}
			got += "!"
			s.read = stamp
		}
		if got != want {
			t.Errorf("%s: %s, want %s", looks, got, want)
		}
	}
}

// TestReload: files that changed are read as one set once they have settled, or
// when somebody asks; what changes while it is read is read again; the rules that
// come of it are known and evaluated at once; an error does not end the loop.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now())
		r.records.Now = time.Now()
		stamp, unsettled, fault := "1", false, error(nil)
		var read []string
		asked := make(chan os.Signal, 1)
		begun := time.Now()
		r.agent.o.Files = Files{
			Stamp: func() string { r.mu.Lock(); defer r.mu.Unlock(); return stamp }, From: "1", Asked: asked,
			Read: func(context.Context) (Reread, error) {
				r.mu.Lock()
				defer r.mu.Unlock()
				read = append(read, stamp+" after "+time.Since(begun).String())
				if unsettled {
					unsettled = false
					return Reread{Unsettled: true}, nil
				}
				r.set = alertrules.ParseSet(map[string][]byte{"rules.yaml": []byte(strings.Replace(rules, "id: trail", "id: other", 1))}, alertrulestest.Env())
				r.records.Handle(r.set.Rules[0], alertrulestest.Matching(func(alertrulestest.Record) bool { return false }))
				return Reread{Restart: stamp == "4"}, fault
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- r.agent.Run(ctx) }()
		step := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		change := func(files func()) {
			r.mu.Lock()
			defer r.mu.Unlock()
			files()
		}
		step(5 * time.Second)
		change(func() { stamp = "2" })
		step(time.Second) // seen at 6s, read at 8s
		states, err := r.store.RuleStates(ctx)
		if err != nil || states["other"] != nil {
			t.Fatalf("known before it was read: %v, %v", states, err)
		}
		step(3 * time.Second)
		if states, err = r.store.RuleStates(ctx); err != nil || states["other"] == nil || states["other"].Moment.IsZero() || states["trail"].Off != alertrules.EndRemoved {
			t.Errorf("the new rules are not evaluated: %v, %v", states, err)
		}
		change(func() { fault = errors.New("no such table") })
		asked <- syscall.SIGHUP
		step(time.Second)
		change(func() { unsettled, stamp = true, "3" })
		step(9 * time.Second)
		change(func() { stamp = "4" })
		if err := <-ended; !errors.Is(err, ErrRestart) {
			t.Errorf("it ended with %v", err)
		}
		want := "2 after 8s, 2 after 9s, 3 after 13s, 3 after 15s, 4 after 23s"
		if got := strings.Join(read, ", "); got != want {
			t.Errorf("read %s, want %s", got, want)
		}
		if r.log.count("no such table") != 3 {
			t.Error("an error is not logged each time")
		}
	})
}
