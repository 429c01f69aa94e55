package agent

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// A Stuck is a loop that turns, and whose work cannot be stored or read.
type Stuck struct {
	Loop  string // rules, mails
	Since time.Time
	Err   error // the last
}

// A pulse is when each loop is to be heard again, and which cannot do its work. It is
// used by all of them.
type pulse struct {
	mu    sync.Mutex
	due   map[string]time.Time
	stuck map[string]Stuck
}

// beat notes that a loop goes on, and will be heard again by a moment.
func (p *pulse) beat(loop string, again time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due == nil {
		p.due = map[string]time.Time{}
	}
	p.due[loop] = again
	delete(p.stuck, loop)
}

// fail notes that a loop could not do its work, until it is heard.
func (p *pulse) fail(loop string, err error, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stuck == nil {
		p.stuck = map[string]Stuck{}
	}
	s, again := p.stuck[loop]
	if !again {
		s = Stuck{Loop: loop, Since: now}
	}
	s.Err = err
	p.stuck[loop] = s
}

// Stuck are the loops of rules and mails that cannot do their work now, by name.
func (a *Agent) Stuck() []Stuck {
	a.pulse.mu.Lock()
	defer a.pulse.mu.Unlock()
	return slices.SortedFunc(maps.Values(a.pulse.stuck), func(x, y Stuck) int { return strings.Compare(x.Loop, y.Loop) })
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
