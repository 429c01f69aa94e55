package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tocsin/alertrules"
)

// This file is the sign of life: a file, a call, a daily mail. All of them stop when
// any loop does, so that whoever waits for them hears of it.

// A Heartbeat is how the agent shows that it is alive. The zero value: not at all.
type Heartbeat struct {
	Every time.Duration                   // between two signs; not the mail
	File  string                          // written anew each time; "": none
	Call  func(ctx context.Context) error // nil: nobody is called
	Mail  *DailyMail                      // nil: none
}

// A DailyMail is told to the operator once a day.
type DailyMail struct {
	Hour, Minute int
	Zone         *time.Location
	// Report is what it says, as its title and what follows.
	Report func(ctx context.Context) (title, text string, err error)
}

// key names the mail of the day that now is in, once its time has come; "" before.
func (m *DailyMail) key(now time.Time) string {
	now = now.In(m.Zone)
	if now.Hour()*60+now.Minute() < m.Hour*60+m.Minute {
		return ""
	}
	return "alive/" + now.Format(time.DateOnly)
}

// signs begins the loops that show that the agent is alive.
func (a *Agent) signs(ctx context.Context, loops *sync.WaitGroup, told func()) {
	h := a.o.Heartbeat
	if h.File != "" || h.Call != nil {
		loops.Go(func() { a.beats(ctx, h.Every, a.sign) })
	}
	if h.Mail != nil {
		loops.Go(func() {
			a.beats(ctx, pollEvery, func(ctx context.Context, now time.Time) error {
				mailed, err := a.daily(ctx, now)
				if mailed {
					told()
				}
				return err
			})
		})
	}
}

// beats shows in one way that the agent is alive, until ctx ends.
func (a *Agent) beats(ctx context.Context, every time.Duration, show func(context.Context, time.Time) error) {
	said := ""
	for {
		if now := time.Now(); len(a.Late(now)) == 0 {
			err := show(ctx, now)
			if err == nil {
				said = ""
			} else if ctx.Err() == nil && said != err.Error() { // one failure is one line
				said = err.Error()
				a.o.Log.Error("heartbeat", "error", err)
			}
		}
		if !sleep(ctx, every, nil) {
			return
		}
	}
}

// sign gives the signs that are no mail.
func (a *Agent) sign(ctx context.Context, now time.Time) error {
	h := a.o.Heartbeat
	var errs []error
	if h.File != "" {
		errs = append(errs, writeWhole(h.File, now.UTC().Format(time.RFC3339)+"\n"))
	}
	if h.Call != nil {
		errs = append(errs, h.Call(ctx))
	}
	return errors.Join(errs...)
}

// daily tells the operator once a day that the agent is alive.
func (a *Agent) daily(ctx context.Context, now time.Time) (told bool, err error) {
	m := a.o.Heartbeat.Mail
	if m == nil {
		return false, nil
	}
	key := m.key(now)
	if key == "" || key == a.toldAlive {
		return false, nil
	}
	title, text, err := m.Report(ctx)
	if err != nil {
		return false, fmt.Errorf("the daily mail: %w", err)
	}
	told, err = a.tell(ctx, []alertrules.Notice{{Key: key, Text: title + "\n" + text, Since: now, Once: true}}, now)
	if err == nil {
		a.toldAlive = key
	}
	return told, err
}

// writeWhole writes a file that whoever looks sees as it was or as it is.
func writeWhole(name, text string) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".heartbeat-")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// watchdog tells the supervisor that all is well, as often as it wants to hear it.
func (a *Agent) watchdog(ctx context.Context) {
	every := a.o.Supervisor.Watchdog / 2
	if every <= 0 {
		return
	}
	for sleep(ctx, every, nil) {
		if len(a.Late(time.Now())) == 0 {
			a.o.Supervisor.Well()
		}
	}
}
