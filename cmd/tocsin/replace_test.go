package main

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/agent"
	"tocsin/store"
)

// An agent that is to be replaced is, one that ended otherwise is not; the one that
// comes waits for the lock, which another verb may have taken meanwhile, and a first
// one does not.
func TestReplaced(t *testing.T) {
	locked := &store.LockedError{Dir: "d", Command: "tocsin status", PID: 1}
	broken := errors.New("no such program")
	for name, c := range map[string]struct {
		came     string // in the environment
		runs     []error
		fails    error // of replacing
		replaced int
		took     time.Duration
		want     error
	}{
		"it ends":                        {runs: []error{nil}},
		"it fails":                       {runs: []error{broken}, want: broken},
		"it is replaced":                 {runs: []error{errors.Join(agent.ErrReplace, broken)}, replaced: 1, want: agent.ErrReplace},
		"it cannot be":                   {runs: []error{agent.ErrReplace}, fails: broken, replaced: 1, want: broken},
		"a first one finds the lock":     {runs: []error{locked, nil}, want: locked},
		"a second one waits":             {came: "1", runs: []error{locked, locked, locked, nil}, took: 150 * time.Millisecond},
		"it does not wait for ever":      {came: "1", runs: []error{locked}, took: closeTime, want: locked},
		"a second one is replaced again": {came: "1", runs: []error{locked, agent.ErrReplace}, took: 50 * time.Millisecond, replaced: 1, want: agent.ErrReplace},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				replaced, n, begun := 0, 0, time.Now()
				e := &env{stderr: &bytes.Buffer{}, now: time.Now, getenv: func(name string) string {
					if name == replacedBy {
						return c.came
					}
					return ""
				}, replace: func() error { replaced++; return c.fails }}
				err := e.replaced(t.Context(), func() error {
					n++
					return c.runs[min(n, len(c.runs))-1]
				})
				if replaced != c.replaced || time.Since(begun) != c.took || !errors.Is(err, c.want) || c.want == nil && err != nil {
					t.Errorf("replaced %d times after %s: %v", replaced, time.Since(begun), err)
				}
			})
		})
	}
}
