package notifiertest

// This file plays a timeline: it moves the clock from one timer to the next and
// compares the mails that arrive.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
	"tocsin/templates"
)

// Play runs the timeline and returns what was not as expected.
func Play(tl Timeline, store *Memory, engine Engine) []string {
	p, err := newPlayer(tl, store, engine)
	if err != nil {
		return []string{err.Error()}
	}
	for i, m := range tl.Steps {
		if err := p.moment(m); err != nil {
			p.fault("step %d (%s %s): %v", i+1, m.Day, m.At, err)
			return p.faults
		}
	}
	return p.faults
}

// player is a timeline as it runs.
type player struct {
	tl      Timeline
	store   *Memory
	engine  Engine
	n       *notifier.Notifier
	channel *Recorder
	router  *notifier.Router
	zone    *time.Location
	day     string
	now     time.Time
	next    time.Time
	server  map[string]string
	rules   map[string]notifier.Rule
	lose    int // transactions to lose
	seen    int // arrived envelopes that were looked at
	faults  []string
}

func (p *player) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

// plain prints what a mail tells in the notation of Want.
const plain = `---
subject: ""
---
<p>{{ mail.kind }}</p>
`

const plainText = `kind: {{ mail.kind }}
reason: {{ mail.reason }}
{% for a in alerts %}* {% if a.still %}still{% elif a.came_and_went %}came and went{% elif a.state == "firing" %}firing{% else %}over{% endif %}{% if a.labels.value %} {{ a.labels.value }}{% endif %}{% for r in a.rows %}{% if loop.first %}:{% else %},{% endif %} {% if r.is_new %}+{% endif %}{% for c in r.cells %}{% if not loop.first %} {% endif %}{{ c }}{% endfor %}{% if r.was %} ({{ r.was }}){% endif %}{% endfor %}{% if a.row_count > 20 %} of {{ a.row_count }}{% endif %}{% if a.again %}; {{ a.again }}{% endif %}

{% endfor %}{% for n in mail.notes %}note: {{ n }}
{% endfor %}`

// PlainTemplates is a set whose built-in templates print what a mail tells in
// the notation of Want: a line "* " for each alert.
func PlainTemplates() (*templates.Set, error) {
	files := fstest.MapFS{}
	for _, name := range []string{"default", "recap", "operator"} {
		files[name+".html"], files[name+".txt"] = &fstest.MapFile{Data: []byte(plain)}, &fstest.MapFile{Data: []byte(plainText)}
	}
	return templates.Load(files)
}

func newPlayer(tl Timeline, store *Memory, engine Engine) (*player, error) {
	p := &player{tl: tl, store: store, engine: engine, day: tl.Day, server: map[string]string{}, rules: map[string]notifier.Rule{}}
	if faults := tl.Config.Validate(); len(faults) > 0 {
		return nil, fmt.Errorf("%s: %s", faults[0].Path, faults[0].Message)
	}
	var err error
	if p.router, err = notifier.NewRouter(tl.Config); err != nil {
		return nil, err
	}
	if p.zone, err = time.LoadLocation(tl.Zone); err != nil {
		return nil, err
	}
	for _, r := range tl.Rules {
		p.rules[r.ID] = r.rule()
	}
	set, err := PlainTemplates()
	if err != nil {
		return nil, err
	}
	p.channel = &Recorder{Answer: p.answer}
	store.Crash = func() bool { p.lose--; return p.lose >= 0 }
	ids := 0
	p.n, err = notifier.New(notifier.Options{
		Book: store, Outbox: store, Channel: p.channel, Router: func() *notifier.Router { return p.router },
		Rules:     func(id string) (notifier.Rule, bool) { r, ok := p.rules[id]; return r, ok },
		Templates: func() *templates.Set { return set }, Build: Build,
		NewID:  func() string { ids++; return fmt.Sprintf("m%d", ids) },
		Jitter: func() float64 { return 0 },
	})
	return p, err
}

func (r RuleSpec) rule() notifier.Rule {
	out := notifier.Rule{ID: r.ID, Name: r.ID}
	out.Notify = alertrules.Notify{To: r.To, RepeatInterval: r.Repeat, Resolved: r.Resolved}
	if r.Quiet != "" {
		out.Notify.Quiet = &r.Quiet
	}
	return out
}

// answer is the mail server.
func (p *player) answer(e notifier.Envelope) notifier.Outcome {
	how := p.server["all"]
	for name, person := range p.tl.Config.People {
		if person.Email == e.To && p.server[name] != "" {
			how = p.server[name]
		}
	}
	switch how {
	case "retry":
		return notifier.Outcome{Kind: notifier.Retry, Code: 451, Stage: "RCPT", Answer: "451 later"}
	case "failed":
		return notifier.Outcome{Kind: notifier.Failed, Code: 550, Stage: "RCPT", Answer: "550 no such user"}
	case "down":
		return notifier.Outcome{Kind: notifier.Retry, Stage: "connect", Answer: "connection refused", Server: true}
	case "lost":
		return notifier.Outcome{Kind: notifier.Unknown, Stage: "answer", Answer: "the line broke"}
	case "operator":
		return notifier.Outcome{Kind: notifier.Operator, Code: 535, Stage: "AUTH", Answer: "535 no"}
	}
	return notifier.Outcome{Kind: notifier.Sent, Code: 250, Answer: "250 ok"}
}

// moment lets the time pass until m, then does what m says.
func (p *player) moment(m Moment) error {
	if m.Day != "" {
		p.day = m.Day
	}
	layout := "2006-01-02 15:04"
	if strings.Count(m.At, ":") == 2 {
		layout += ":05"
	}
	at, err := time.ParseInLocation(layout, p.day+" "+m.At, p.zone)
	if err != nil {
		return err
	}
	at = at.UTC()
	if m.Every > 0 {
		first, from := max(1, m.First), p.now
		for t, i := p.now.Add(m.Every), 1; t.Before(at); t, i = t.Add(m.Every), i+1 {
			if err := p.reach(t, m.numbered(first+i-1), nil); err != nil {
				return err
			}
		}
		m = m.numbered(first + int(at.Sub(from)/m.Every) - 1)
	}
	if err := p.reach(at, m, m.Mails); err != nil {
		return err
	}
	p.holds(m)
	return nil
}

// reach works at every timer before at, then at at.
func (p *player) reach(at time.Time, m Moment, want []Want) error {
	for guard := 0; !p.next.IsZero() && p.next.Before(at); guard++ {
		if guard > 10_000 {
			return errors.New("timers without end")
		}
		p.now = p.next
		if err := p.work(); err != nil {
			return err
		}
		if !m.Within {
			p.compare(nil)
		}
	}
	p.now = at
	p.set(m)
	if m.Round != nil {
		for {
			err := p.engine.Round(context.Background(), at, m)
			if err == nil {
				break
			}
			if !errors.Is(err, ErrCrash) {
				return err
			}
		}
	}
	if err := p.work(); err != nil {
		return err
	}
	p.compare(want)
	return nil
}

// set changes what the moment changes before its round.
func (p *player) set(m Moment) {
	for id, to := range m.To {
		r := p.rules[id]
		r.Notify.To = to
		p.rules[id] = r
	}
	for _, id := range m.Gone {
		delete(p.rules, id)
	}
	for _, a := range m.Ack {
		ack := &alertrules.Ack{By: a.By, At: p.now, Note: a.Note}
		if a.Undo {
			ack = nil
		}
		if !p.store.Acknowledge(a.Rule+"/"+a.Value, ack) {
			p.fault("%s: no alert of %s %s goes on", p.at(), a.Rule, a.Value)
		}
	}
	maps.Copy(p.server, m.Server)
	p.byHand(m.Retry, p.n.Retry)
	p.byHand(m.Drop, p.n.Drop)
	p.lose = m.Crash
}

// byHand does something to the mails of people that have no final answer.
func (p *player) byHand(people []string, do func(ctx context.Context, id int64, now time.Time, why string) error) {
	for _, name := range people {
		n := 0
		for _, m := range p.store.All() {
			if m.Recipient != p.tl.Config.People[name].Email || m.State != notifier.Waiting && m.State != notifier.Parked {
				continue
			}
			n++
			if err := do(context.Background(), m.ID, p.now, "by hand"); err != nil {
				p.fault("%s: mail %d: %v", p.at(), m.ID, err)
			}
		}
		if n == 0 {
			p.fault("%s: no mail to %s waits or was refused", p.at(), name)
		}
	}
}

// work steps and delivers until nothing is left to do now. A lost transaction
// is a crash: a new process does the work again.
func (p *player) work() error {
	ctx := context.Background()
	for guard := 0; guard < 1000; guard++ {
		next, err := p.n.Step(ctx, p.now)
		if errors.Is(err, ErrCrash) {
			continue
		}
		if err != nil {
			return err
		}
		later, err := p.n.Deliver(ctx, p.now)
		if errors.Is(err, ErrCrash) {
			continue
		}
		if err != nil {
			return err
		}
		p.next = earlier(next, later)
		w, err := p.store.Work(ctx, p.now)
		if err != nil {
			return err
		}
		if len(w.Changed)+len(w.Due)+len(w.Notices) == 0 {
			p.next = earlier(w.Next, later)
			return nil
		}
	}
	return errors.New("work without end")
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// holds compares what beliefs say.
func (p *player) holds(m Moment) {
	for _, h := range m.Holds {
		key := notifier.BeliefKey{Group: h.Rule, Recipient: p.tl.Config.People[h.To].Email}
		beliefs, _ := p.store.Beliefs(context.Background(), []notifier.BeliefKey{key})
		got := "no belief"
		if len(beliefs) > 0 {
			got = beliefs[0].Reason
		}
		if !strings.Contains(got, h.Reason) {
			p.fault("%s: %s of %s says %q, want %q", p.at(), h.To, h.Rule, got, h.Reason)
		}
	}
}

func (p *player) at() string { return p.now.In(p.zone).Format("Mon 2006-01-02 15:04:05") }

// compare compares the mails that arrived since the last call.
func (p *player) compare(want []Want) {
	var got []Arrival
	for _, e := range p.channel.Arrived[p.seen:] {
		l, err := Letter(e.Bytes)
		if err != nil {
			p.fault("%s: %v", p.at(), err)
			continue
		}
		got = append(got, Arrival{To: e.To, Letter: l, Copy: slices.ContainsFunc(p.channel.Arrived[:p.seen], func(f notifier.Envelope) bool {
			return f.ID == e.ID && string(f.Bytes) == string(e.Bytes)
		})})
		p.seen++
	}
	for _, fault := range Compare(got, want, p.tl.Config.People) {
		p.fault("%s: %s", p.at(), fault)
	}
}

// read returns the kind and the lines of the plain template. Of many rows it
// keeps the first and the last.
func read(text string) (kind string, tells []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if k, ok := strings.CutPrefix(line, "kind: "); ok {
			kind = k
		}
		if t, ok := strings.CutPrefix(line, "* "); ok {
			parts := strings.Split(t, ", ")
			if len(parts) > 6 {
				first, last := parts[0], parts[len(parts)-1]
				t = first + " … " + last
			}
			tells = append(tells, t)
		}
	}
	return kind, tells
}
