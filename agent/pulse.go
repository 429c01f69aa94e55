package agent

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// This file says whether the loops go on: each says when it will be heard again,
// and one that is not heard long after that has stopped, whatever the process does
// otherwise.

// slack is how much later than it said a loop may be heard: longer than a dialogue
// with a mail server (10 minutes), or one object that is taken in.
const slack = 15 * time.Minute

// Names of loops; that of a source is "source NAME".
const (
	rulesLoop = "rules"
	mailsLoop = "mails"
)

// A pulse is when each loop is to be heard again. It is used by all of them.
type pulse struct {
	mu  sync.Mutex
	due map[string]time.Time
}

// beat notes that a loop goes on, and will be heard again by a moment.
func (p *pulse) beat(loop string, again time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due == nil {
		p.due = map[string]time.Time{}
	}
	p.due[loop] = again
}

// loops are the names of all loops, and what is wrong with those that are late at
// now, both by name.
func (p *pulse) loops(now time.Time) (all []string, late map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	late = map[string]string{}
	for name, due := range p.due {
		all = append(all, name)
		if over := now.Sub(due); over > slack {
			late[name] = fmt.Sprintf("%s: not heard of for %s longer than it said", name, over.Round(time.Second))
		}
	}
	slices.Sort(all)
	return all, late
}

// Late says which loops have stopped, by what can be known at now; empty: all is
// well.
func (a *Agent) Late(now time.Time) []string {
	_, late := a.pulse.loops(now)
	var list []string
	for _, text := range late {
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}
