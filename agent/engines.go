package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/alertrules"
)

// This file looks after the engines of the store: a process in which queries cannot
// be stopped is replaced by another one.

// Health is how the engines of the store are.
type Health struct {
	Abandoned int  // queries that could not be stopped, and go on
	Repaired  int  // how often a file was opened again that its engine had given up
	Stuck     bool // a file was given up, and can be opened again by another process alone
}

// ErrReplace is what Run ends with when the process is to be replaced by another one
// of the same program. What was in flight is finished, but for queries that cannot be
// stopped.
var ErrReplace = errors.New("the process is to be replaced")

// maxAbandoned is how many queries that cannot be stopped a process bears: each has a
// core, its memory and a connection.
const maxAbandoned = 2

// after says what of a health is to be told that was not so before, and whether the
// process has to be replaced.
func (h Health) after(before Health, now time.Time) (notices []alertrules.Notice, replace bool) {
	at := now.UTC().Format(time.RFC3339)
	if n := h.Repaired - before.Repaired; n > 0 {
		notices = append(notices, alertrules.Notice{
			Key: "engine/repaired/" + at, Since: now, Once: true,
			Text: "the engine gave a file up, as it does when a query runs out of memory beside a writer, or when the disk is full; it was opened again, and nothing is lost",
		})
	}
	switch {
	case h.Stuck:
		notices = append(notices, alertrules.Notice{
			Key: "agent/replaced/" + at, Since: now, Once: true,
			Text: "the engine gave a file up that a query holds which cannot be stopped: tocsin starts itself anew",
		})
	case h.Abandoned >= maxAbandoned:
		notices = append(notices, alertrules.Notice{
			Key: "agent/replaced/" + at, Since: now, Once: true,
			Text: fmt.Sprintf("%d queries went on after they were told to stop: tocsin starts itself anew", h.Abandoned),
		})
	}
	return notices, h.Stuck || h.Abandoned >= maxAbandoned
}

// engines looks after the engines, and tells the operator. Any loop may call it.
func (a *Agent) engines(ctx context.Context, now time.Time) (told, replace bool, err error) {
	if a.o.Health == nil {
		return false, false, nil
	}
	a.health.mu.Lock()
	defer a.health.mu.Unlock()
	is := a.o.Health()
	notices, replace := is.after(a.health.told, now)
	if replace && a.health.replaced { // it is on its way
		return false, true, nil
	}
	told, err = a.tell(ctx, notices, now)
	if err == nil {
		a.health.told, a.health.replaced = is, replace
	}
	return told, replace, err
}
