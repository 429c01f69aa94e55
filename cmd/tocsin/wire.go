package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/ingest/archive"
	"tocsin/notifier"
	"tocsin/notifier/email"
	"tocsin/notifier/maildir"
	"tocsin/query"
	"tocsin/store"
	"tocsin/templates"
)

// openProject is the wiring diagram: every arrow of docs/architecture.md is a
// line here.
func openProject(ctx context.Context, e *env, o *options, command string) (*project, error) {
	if e.host != nil {
		return e.host.open(e, o), nil
	}
	p, err := readProject(e, o)
	if err != nil {
		return nil, err
	}
	if p.store, err = store.Open(ctx, store.Options{Dir: p.dir, Command: command, Now: p.now, Threads: threads(command), Existing: !makes(command)}); err != nil {
		return nil, err
	}
	err = p.declare(ctx)
	if err == nil {
		err = p.connect(ctx)
	}
	if err == nil {
		err = p.keepLast(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// makes reports whether a verb makes a data directory where there is none: it takes
// something in. All others say that there is none.
func makes(command string) bool {
	switch command {
	case "tocsin load", "tocsin run", "tocsin run --once", "tocsin demo", "tocsin scan":
		return true
	}
	return false
}

// declare makes the store have the logstores and tables of the files.
func (p *project) declare(ctx context.Context) error {
	err := errors.Join(p.store.Logs.Declare(ctx, p.config.logstores...), p.store.Logs.DeclareLookups(ctx, p.config.tables...))
	p.config.tables = nil // the store has them
	return err
}

// connect connects what the files say with the open store.
func (p *project) connect(ctx context.Context) error {
	p.archive = nil
	if p.config.archive.given() {
		spool, err := archive.NewSpool(p.store.Dir())
		if err != nil {
			return err
		}
		if p.archive, err = p.config.openArchive(ctx, spool); err != nil {
			return err
		}
	}
	channel, err := p.channel()
	if err != nil {
		return err
	}
	p.engine = &alertrules.Engine{
		Query: p.env.bounded(p.store.Logs.Query), Share: p.store.Logs.Share, Logs: p.store.Logs, States: p.store.State,
		CatchUp: p.config.catchUp.back, AtWork: p.atWork,
	}
	p.notifier, err = notifier.New(p.notifierOptions(channel))
	return err
}

// notifierOptions wires the notifier with a channel.
func (p *project) notifierOptions(channel notifier.Channel) notifier.Options {
	return notifier.Options{
		Book: p.store.State, Outbox: p.store.State, Channel: channel, Build: email.Build,
		Router:    func() *notifier.Router { return p.router },
		Rules:     p.notifierRule,
		Templates: func() *templates.Set { return p.running().templates },
		Log:       p.env.logger(),
	}
}

// channel is the mail server of the configuration, or the maildir in the data
// directory.
func (p *project) channel() (notifier.Channel, error) {
	if p.config.mail.Server == "" {
		return maildir.New(filepath.Join(p.store.Dir(), "mail"))
	}
	return email.New(p.config.mail)
}

// agent wires the loops of `tocsin run`.
func (p *project) agent() *agent.Agent { return agent.New(p.agentOptions()) }

func (p *project) agentOptions() agent.Options {
	return agent.Options{
		Sources:     p.sources(),
		Take:        p.take,
		Marks:       p.store.Logs,
		Engine:      p.engine,
		Rules:       func() *alertrules.Set { return p.running().rules },
		Notifier:    p.notifier,
		Maintain:    p.maintain,
		Heard:       p.heard,
		Causes:      p.causes,
		Room:        p.room,
		Reserve:     p.config.reserve,
		Health:      func() agent.Health { return agent.Health(p.store.Health()) },
		CatchUpWait: p.config.catchUp.wait,
		Splay:       rand.N(maxSplay),
		Heartbeat:   p.heartbeat(),
		Listen:      p.config.metrics,
		Metrics:     p.metrics,
		State:       p.state,
		Log:         p.env.logger(),
	}
}

// maxSplay bounds how long after their moments rounds begin.
const maxSplay = time.Second

// ruleTime bounds one query of a rule.
const ruleTime = time.Minute

// bounded is how the queries of rules are asked.
func (e *env) bounded(ask alertrules.QueryFunc) alertrules.QueryFunc {
	if e.rules != nil {
		return e.rules(ask)
	}
	return within(ruleTime, ask)
}

// within bounds the time of each query. One that takes longer is an
// alertrules.LimitError.
func within(limit time.Duration, ask alertrules.QueryFunc) alertrules.QueryFunc {
	return func(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, limit, &alertrules.LimitError{Limit: limit})
		defer cancel()
		r, err := ask(ctx, p, w)
		cause, over := context.Cause(ctx), (*alertrules.LimitError)(nil)
		switch {
		case err == nil || cause == nil:
			return r, err
		case errors.As(cause, &over) && !errors.Is(err, alertrules.ErrRanAway):
			return nil, over // what the engine says of it is nothing more
		}
		return nil, fmt.Errorf("%w: %w", cause, err)
	}
}

// threads is how many threads the engine gets: all for one large question; one
// for everything else, because its idle threads spin beside the decoder and
// beside the small queries of rules.
func threads(command string) int {
	if command == "tocsin query" || command == shellCommand {
		return 0
	}
	return store.LoadThreads
}

// withProject opens the project of a verb, runs it, and closes it.
func withProject(ctx context.Context, e *env, o *options, command string, do func(p *project) error) error {
	p, err := openProject(ctx, e, o, command)
	if err != nil {
		return wayOut(err)
	}
	err = do(p)
	if errors.Is(err, agent.ErrReplace) {
		return errors.Join(err, p.closeSoon())
	}
	if closing := p.close(); closing != nil {
		err = errors.Join(err, closing)
	}
	return wayOut(err)
}

// wayOut adds to an error of the data directory what a user can do: another
// process has it, or the disk is full (the engine says so only in words).
func wayOut(err error) error {
	var l *store.LockedError
	var m *store.MissingError
	switch {
	case errors.As(err, &m):
		return fmt.Errorf("%w (tocsin load and tocsin run make one; --data or TOCSIN_DATA names another)", m)
	case errors.As(err, &l):
		return fmt.Errorf("%w; wait for it to end, or use another --data directory", l)
	case err != nil && strings.Contains(strings.ToLower(err.Error()), syscall.ENOSPC.Error()):
		return errors.Join(errors.New("the disk is full: make room, and do it again; what was stored before is whole"), err)
	}
	return err
}

// close writes everything into the files and closes them, also when the
// context of the verb has ended.
func (p *project) close() error {
	if p.env.host != nil { // the agent does that
		return nil
	}
	var err error
	if p.marker != nil {
		err = p.marker.Close()
	}
	return errors.Join(err, p.store.Close(context.Background()))
}

// closeSoon closes the files of a process that is to be replaced, as far as that goes.
func (p *project) closeSoon() error {
	closed := make(chan error, 1)
	go func() { closed <- p.close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(closeTime):
		return errors.New("the data directory was not closed: its files are read again as after a kill")
	}
}

// notifierRule finds the rule of an id for the notifier.
func (p *project) notifierRule(id string) (notifier.Rule, bool) {
	r, ok := p.running().rules.Rule(id)
	if !ok {
		return notifier.Rule{}, false
	}
	return notifierRule(r), r.Enabled
}

// notifierRule is what the notifier has to know of a rule.
func notifierRule(r *alertrules.Rule) notifier.Rule {
	return notifier.Rule{
		ID: r.ID, Name: r.Name, Owner: r.Owner, Logstore: r.Logstore, Query: r.Query, Condition: r.Trigger.Text,
		Every: r.Schedule.Every, Controls: r.Controls, Exceptions: r.Exceptions, Notify: r.Notify,
	}
}

// ingestOptions are those of a source, or of a load, which is a source without a
// name.
func (p *project) ingestOptions(s agent.Source, now time.Time) ingest.Options {
	zone := s.Zone
	if zone == nil {
		zone = p.config.zone
	}
	return ingest.Options{Logstore: s.Logstore, Now: now, Zone: zone, Source: s.Name, Tenant: s.Tenant, Limits: p.config.limits, Columns: s.Columns}
}
