package main

// This file starts, ends and kills the agent of a timeline, has it read its files
// again, and breaks what it asks: the engine and the mail server.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
	"tocsin/query"
)

// open reads the project and opens its store, as a verb does.
func (pl *player) open() {
	e := &env{stdout: io.Discard, stderr: &pl.stderr, getenv: func(string) string { return "" }, now: func() time.Time { return pl.now }}
	p, err := openProject(context.Background(), e, pl.options(), "tocsin run")
	pl.check(err)
	for _, problem := range p.problems {
		pl.check(problem)
	}
	now := p.running()
	p.live = &atomic.Pointer[live]{}
	p.live.Store(&now)
	pl.p, pl.people = p, p.config.notify.People
	pl.connect()
}

// start is the start of a process.
func (pl *player) start() {
	pl.open()
	pl.begin()
}

// begin is what the agent does first.
func (pl *player) begin() { pl.check(pl.p.begin(context.Background())) }

func (pl *player) options() *options {
	return &options{data: pl.data, config: filepath.Join(pl.dir, "tocsin.yaml")}
}

// connect puts an engine and a mail server between that fail as the steps say.
func (pl *player) connect() {
	pl.p.engine.Query = pl.asks(pl.p.engine.Query)
	channel, err := pl.p.channel()
	pl.check(err)
	pl.p.notifier, err = notifier.New(pl.p.notifierOptions(&postman{channel, pl}))
	pl.check(err)
}

func (pl *player) restart() {
	pl.check(pl.p.close())
	pl.open()
}

// stop ends the agent.
func (pl *player) stop() {
	pl.check(pl.p.close())
	pl.p, pl.timer = nil, time.Time{}
}

// kill is kill -9, and a start: what goes on is what the files are at this moment,
// while they are open.
func (pl *player) kill() {
	killed := pl.snapshot()
	pl.check(pl.p.close())
	pl.data = killed
	pl.open()
}

// died is a kill while a mail server had taken a mail and the agent had not read so.
func (pl *player) died() {
	pl.stop()
	pl.data, pl.killed, pl.server = pl.killed, "", ""
}

// snapshot is a copy of the data directory as a kill would leave it.
func (pl *player) snapshot() string {
	pl.kills++
	to := filepath.Join(pl.dir, fmt.Sprintf("data.%d", pl.kills))
	pl.check(os.CopyFS(to, os.DirFS(pl.data)))
	return to
}

// files writes what somebody edits, and reports whether that was anything.
func (pl *player) files(s step) bool {
	if s.Rules != "" {
		pl.write("rules/rules.yaml", s.Rules)
	}
	for from, to := range s.Move {
		pl.check(os.Rename(filepath.Join(pl.dir, from), filepath.Join(pl.dir, to)))
	}
	for name, text := range s.Files {
		if pl.write(name, text); text == "" {
			pl.check(os.Remove(filepath.Join(pl.dir, name)))
		}
	}
	for old, text := range s.Edit {
		pl.edit(old, text)
	}
	return s.Rules != "" || len(s.Move)+len(s.Files)+len(s.Edit) > 0
}

// edit writes a text by another one, in the rule file that has it.
func (pl *player) edit(old, text string) {
	paths, err := filepath.Glob(filepath.Join(pl.dir, "rules", "*.yaml"))
	pl.check(err)
	n := 0
	for _, path := range paths {
		src, err := os.ReadFile(path)
		pl.check(err)
		n += strings.Count(string(src), old)
		pl.check(os.WriteFile(path, bytes.ReplaceAll(src, []byte(old), []byte(text)), 0o644))
	}
	if n != 1 {
		pl.t.Fatalf("%s: %q stands %d times in the rule files", pl.clock(), old, n)
	}
}

// reload has the files read again, as the agent does when they have settled.
func (pl *player) reload(times int) {
	if pl.once {
		pl.restart()
		pl.begin()
		return
	}
	for range times {
		r := &reloader{project: pl.p, options: pl.options()}
		reread, err := r.read(context.Background())
		pl.check(err)
		if reread.Unsettled {
			pl.t.Fatalf("%s: the files have not settled", pl.clock())
		}
		if reread.Restart {
			pl.check(pl.p.renew(context.Background(), r.next))
			pl.connect()
		}
		_, err = pl.p.engine.Known(context.Background(), pl.p.running().rules, pl.now)
		pl.check(err)
	}
}

// asks answers queries as the steps say.
func (pl *player) asks(ask alertrules.QueryFunc) alertrules.QueryFunc {
	return func(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
		how := ""
		for _, r := range pl.p.running().rules.Rules {
			if r.Plan(w.Now) == p {
				how = pl.engine[r.ID]
			}
		}
		if how == "down" {
			return nil, errors.New("the engine is down")
		}
		res, err := ask(ctx, p, w)
		if n := 0; err == nil && strings.HasPrefix(how, "slow ") {
			if _, err := fmt.Sscanf(how, "slow %d", &n); err != nil {
				return nil, err
			}
			res.Rows, res.Partial = res.Rows[:n], (&alertrules.LimitError{Limit: ruleTime}).Error()
			if n == 0 {
				return nil, &alertrules.LimitError{Limit: ruleTime}
			}
		}
		return res, err
	}
}

// A postman is the mail server in front of the maildir.
type postman struct {
	notifier.Channel
	pl *player
}

// Send implements notifier.Channel.
func (c *postman) Send(ctx context.Context, e notifier.Envelope, mark func() error) notifier.Outcome {
	switch c.pl.server {
	case "down":
		return notifier.Outcome{Kind: notifier.Retry, Stage: "connect", Answer: "connection refused", Server: true}
	case "killed":
		o := c.Channel.Send(ctx, e, mark)
		c.pl.killed = c.pl.snapshot()
		return o
	}
	return c.Channel.Send(ctx, e, mark)
}
