package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/ingest/awsapi"
	"tocsin/ingest/webhook"
)

// `heartbeat:` and `metrics:` of tocsin.yaml, and what they show.

// heartbeatFile is `heartbeat:`.
type heartbeatFile struct {
	File    alertrules.Text `yaml:"file"`
	URL     alertrules.Text `yaml:"url"`
	URLFile alertrules.Text `yaml:"url_file"`
	Every   *time.Duration  `yaml:"every"`
	Mail    alertrules.Text `yaml:"mail"`
}

// heartbeatConfig is a heartbeat that was checked.
type heartbeatConfig struct {
	file    string
	url     string // or
	urlFile string // that holds it
	every   time.Duration
	mail    bool
	at      time.Time // hour and minute of the mail
}

// Bounds of every.
const (
	beatEvery = time.Minute
	leastBeat = 10 * time.Second
)

// heartbeat checks `heartbeat:`. It runs after private.
func (r *configReader) heartbeat(c *config) {
	f := r.file.Heartbeat
	h := &c.heartbeat
	h.every = beatEvery
	if f.Every != nil {
		if h.every = *f.Every; h.every < leastBeat {
			r.doc.Problem("config/heartbeat", r.doc.At("heartbeat", "every"), "a heartbeat comes every 10s at most", "every: 1m")
		}
	}
	if f.File.Given() {
		h.file, _ = r.ownPath(f.File, "write")
	}
	switch {
	case f.URL.Given() && f.URLFile.Given():
		r.doc.Problem("config/heartbeat", f.URLFile.Node, "the address is given twice", "url: or url_file:")
	case f.URL.Given():
		h.url = f.URL.Value
		if _, err := calledAddress(h.url, c.private); err != nil {
			r.doc.List.Hide = true // it may hold a secret
			r.doc.Problem("config/address", f.URL.Node, err.Error(), "https, or an address of this network that is listed: private_addresses: [127.0.0.1, 10.1.0.0/16]")
		}
	case f.URLFile.Given():
		h.urlFile = r.relative(f.URLFile.Value)
		if _, err := os.Stat(h.urlFile); err != nil {
			r.doc.Warn("config/heartbeat", f.URLFile.Node, "the address cannot be read now: "+err.Error(), "write it into the file, readable by its owner alone")
		}
	}
	if !f.Mail.Given() {
		return
	}
	var err error
	if h.at, err = time.Parse("15:04", f.Mail.Value); err != nil {
		r.doc.Problem("config/heartbeat", f.Mail.Node, fmt.Sprintf("%q is no time of day", diag.Line(f.Mail.Value)), `mail: "08:00", in time_zone`)
	}
	h.mail = true
	if len(r.file.Operator) == 0 {
		r.doc.Problem("config/heartbeat", f.Mail.Node, "the mail goes to the operator, and there is none", "operator: [ops@example.com]")
	}
}

// calledAddress reads an address that is called. An error does not repeat it (G38).
func calledAddress(s string, private awsapi.Private) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("this is no address of the web")
	case u.User != nil:
		return nil, errors.New("an address does not hold a password")
	}
	return u, private.Check(u)
}

// metrics checks `metrics:`.
func (r *configReader) metrics(c *config) {
	t := r.file.Metrics
	if !t.Given() {
		return
	}
	var err error
	if c.metrics, err = webhook.ParseListen(t.Value); err != nil {
		r.doc.Problem("config/metrics", t.Node, err.Error(), "metrics: 127.0.0.1:9464")
	}
	for _, s := range c.sources {
		if s.kind == fromWebhook && s.hook.Listen == c.metrics {
			r.doc.Problem("config/metrics", t.Node, "source "+s.Name+" listens there", "choose another port")
		}
	}
}

// heartbeat is agent.Options.Heartbeat.
func (p *project) heartbeat() agent.Heartbeat {
	c := p.config.heartbeat
	h := agent.Heartbeat{Every: c.every, File: c.file}
	if c.url != "" || c.urlFile != "" {
		client := p.config.private.Client()
		client.Timeout = callTime
		h.Call = func(ctx context.Context) error { return c.call(ctx, client, p.config.private) }
	}
	if c.mail {
		h.Mail = &agent.DailyMail{Hour: c.at.Hour(), Minute: c.at.Minute(), Zone: p.config.zone, Report: p.alive}
	}
	return h
}

// callTime bounds a call, and what is read of its answer.
const (
	callTime   = 20 * time.Second
	answerSize = 64 << 10
)

// call calls the address; only its host is ever named.
func (c heartbeatConfig) call(ctx context.Context, client *http.Client, private awsapi.Private) error {
	text := c.url
	if c.urlFile != "" {
		src, err := readBounded(c.urlFile, answerSize)
		if err != nil {
			return fmt.Errorf("call the address of the heartbeat: %w", err)
		}
		text = string(src)
	}
	u, err := calledAddress(text, private)
	if err != nil {
		return fmt.Errorf("call the address of the heartbeat: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("call %s", u.Host)
	}
	request.Header.Set("User-Agent", "tocsin")
	answer, err := client.Do(request)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) { // its text is the whole address
			err = wrapped.Err
		}
		if os.IsTimeout(err) && ctx.Err() == nil {
			err = fmt.Errorf("no answer within %s", alertrules.FormatDuration(client.Timeout))
		}
		return fmt.Errorf("call %s: %w", u.Host, err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, answerSize))
	if err = errors.Join(err, answer.Body.Close()); err == nil && answer.StatusCode/100 != 2 {
		err = errors.New(answer.Status)
	}
	if err != nil {
		return fmt.Errorf("call %s: %w", u.Host, err)
	}
	return nil
}

// alive is the daily mail: what status says, what is wrong and the outbox first, in as
// many lines as a mail shows.
func (p *project) alive(ctx context.Context) (title, text string, err error) {
	var said bytes.Buffer
	running := p.running()
	q := &project{userFiles: p.userFiles, dir: p.dir, now: p.env.now(), store: p.store, engine: p.engine, host: p.host}
	q.rules, q.templates, q.problems = running.rules, running.templates, running.problems
	q.env = &env{stdout: &said, stderr: &said, getenv: func(string) string { return "" }, now: p.env.now}
	state, err := p.state(ctx)
	if err != nil {
		return "", "", err
	}
	for _, part := range []func(context.Context) error{
		q.statusDisk, q.statusWrong, q.statusMail, q.statusSources, q.statusRules(false), q.statusMissed, q.statusRecords, q.statusAlerts(mailedFiring), q.statusHeld,
	} {
		if err := part(ctx); err != nil {
			return "", "", err
		}
	}
	title = fmt.Sprintf("alive: %s, %s, %d firing, %s waiting, %s", count(int64(state.Rules), "rule"), count(int64(len(state.Sources)), "source"),
		state.Firing+state.Open, count(state.Waiting, "mail"), count(int64(state.Gaps), "gap"))
	if state.Causes > 0 {
		title += fmt.Sprintf(", %d wrong", state.Causes)
	}
	return title, brief(said.String(), reportSize), nil
}

// Bounds of the daily mail: the alerts that go on which it lists, its characters (the
// template of mails to the operator shows no more), and those of a line.
const (
	mailedFiring = 10
	reportSize   = 2000
	reportLine   = 250
)

// brief are the first lines of a text that fit into so many characters, long ones cut,
// and how many are left out.
func brief(text string, size int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	left := func(n int) string { return fmt.Sprintf("… %s more (tocsin status)\n", count(int64(n), "line")) }
	size -= utf8.RuneCountInString(left(len(lines)))
	var b strings.Builder
	for i, line := range lines {
		if runes := []rune(line); len(runes) > reportLine {
			line = string(runes[:reportLine-1]) + "…"
		}
		if size -= utf8.RuneCountInString(line) + 1; size < 0 {
			return b.String() + left(len(lines)-i)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// state is agent.Options.State.
func (p *project) state(ctx context.Context) (agent.State, error) {
	depth, err := p.store.State.Depth(ctx)
	if err != nil {
		return agent.State{}, err
	}
	s := agent.State{Waiting: depth.Waiting, Parked: depth.Parked, Oldest: depth.Oldest, Firing: depth.Firing, Open: depth.Open, Rules: len(p.running().rules.Rules)}
	gaps, err := p.gaps(ctx)
	if err != nil {
		return s, err
	}
	causes, err := p.store.State.Causes(ctx)
	if err != nil {
		return s, err
	}
	s.Gaps, s.Causes = len(gaps), len(causes)
	known, err := p.store.Logs.Sources(ctx)
	if err != nil {
		return s, err
	}
	for _, c := range p.config.sources {
		one := agent.SourceState{Name: c.Name}
		for _, k := range known {
			if k.Name == c.Name {
				one.Last, one.Lag = k.Last, max(k.Lag, 0)
			}
		}
		failing, err := p.store.Logs.Mark(ctx, agent.FailingMark(c.Name))
		if err != nil {
			return s, err
		}
		one.Failing = failing != ""
		s.Sources = append(s.Sources, one)
	}
	return s, nil
}
