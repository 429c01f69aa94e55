package agent

import (
	"context"
	"errors"
	"os"
	"time"
)

// This file reads the files of users again when they change, and when somebody
// asks for it.

// Files are those of users, from which the agent was made. The zero value: they
// are not read again.
type Files struct {
	// Stamp changes with any of the files, and with their names. It is cheap: it is
	// asked every two seconds.
	Stamp func() string
	// Read reads all of them and takes over what is good.
	Read func(ctx context.Context) (Reread, error)
	// Asked gets a value for each demand to read them now (SIGHUP); may be nil.
	Asked <-chan os.Signal
	// From is the Stamp of before they were read for this agent.
	From string
}

// Reread says what became of files that were read again.
type Reread struct {
	// Restart says that the agent has to be made anew: Run ends with ErrRestart.
	Restart bool
	// Unsettled says that they changed while they were read: nothing was taken over.
	Unsettled bool
}

// ErrRestart is what Run ends with when another agent is to be made from files that
// changed. What was in flight is finished.
var ErrRestart = errors.New("the agent is to be made anew")

// filesEvery is how often files are looked at; files that are the same at two looks
// have settled, so that a checkout is read as one set.
const filesEvery = 2 * time.Second

// A settler decides when files are to be read.
type settler struct{ read, seen string }

// due reports whether files with this stamp are to be read now: they are not those
// that were read, and the same as at the last look.
func (s *settler) due(stamp string) bool {
	same := stamp == s.seen
	s.seen = stamp
	return same && stamp != s.read
}

// reload reads the files again until ctx ends; changed is called after each time
// that something may have been taken over, restart when the agent has to be made
// anew.
func (a *Agent) reload(ctx context.Context, changed, restart func()) {
	f := a.o.Files
	if f.Stamp == nil {
		return
	}
	settled := settler{read: f.From, seen: f.From}
	for asked := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-f.Asked:
			asked = true
		case <-time.After(filesEvery):
		}
		stamp := f.Stamp()
		if !settled.due(stamp) && !asked {
			continue
		}
		a.o.Supervisor.Reloading()
		reread, err := f.Read(ctx)
		a.o.Supervisor.Ready()
		if reread.Unsettled {
			continue
		}
		settled.read, asked = stamp, false
		a.o.Metrics.reread(err)
		if err != nil && ctx.Err() == nil {
			a.o.Log.Error("read the files again", "error", err)
		}
		changed()
		if reread.Restart {
			restart()
			return
		}
	}
}
