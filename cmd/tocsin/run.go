package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/notifier"
	"tocsin/store"
)

func newRun(e *env, o *options) *cobra.Command {
	var once bool
	var f logFlags
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the agent: take in what the sources hold, evaluate rules, deliver mails.",
		Long: `Run watches the directories of the configured sources, evaluates rules on their
schedules, and delivers mails. Rules, templates, lists, tables and tocsin.yaml
are read again when they change, and on SIGHUP: all or nothing for each file.
One that is broken is used as before. On SIGTERM it finishes what is in flight.
While it runs, other verbs on its data directory are done by it. A second run
ends at once, and says who runs; with --wait it waits for that to end.

With --once it does one round of all of it and exits, for cron and containers:
it takes in what the sources hold, evaluates every rule that is due (a new one
at once), and makes one attempt to deliver what is ready.

Exit status of --once: 0 also when alerts fire; 1 if a rule ended in error or a
mail was refused for good.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return waitForLock(cmd.Context(), wait, func() error {
				if once {
					return runOnce(cmd.Context(), e, o, f)
				}
				return runAgent(cmd.Context(), e, o, f)
			})
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "one round of everything, then exit")
	cmd.Flags().DurationVar(&wait, "wait", 0, "how long to wait for another process that has the data directory, such as 30s")
	cmd.Flags().BoolVar(&f.verbose, "verbose", false, "log every evaluation, also those that went as before")
	cmd.Flags().StringVar(&f.format, "log", "text", "`format` of the log on standard error: text or json")
	complete(cmd, "log", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// runCommand is what the lock of the data directory says while the agent runs.
const runCommand = "tocsin run"

// logFlags say what is logged, and how.
type logFlags struct {
	verbose bool
	format  string
}

func runAgent(ctx context.Context, e *env, o *options, f logFlags) error {
	level := slog.LevelInfo
	if f.verbose {
		level = slog.LevelDebug
	}
	var err error
	if e.log, err = f.log(e, level); err != nil {
		return err
	}
	if host := store.HostMemory(); host > 0 && e.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(host / 2) // the engines have less than the other half
	}
	return e.replaced(ctx, func() error { return runProject(ctx, e, o) })
}

// runProject runs the agent in this process until ctx ends.
func runProject(ctx context.Context, e *env, o *options) error {
	return withProject(ctx, e, o, runCommand, func(p *project) error {
		p.warnProblems()
		defer sayStopping(ctx, e)()
		e.logger().Info("running", "rules", len(p.rules.Rules), "sources", len(p.config.sources), "mail", p.mailTo())
		if err := p.begin(ctx); err != nil {
			return err
		}
		if err := p.sayBefore(ctx, p.now); err != nil {
			return err
		}
		return p.runAgents(ctx, o)
	})
}

// sayStopping logs that the agent stops as soon as it is told to: what is in flight may
// take minutes from then on. The function that it returns is called at the end, and waits
// for the line.
func sayStopping(ctx context.Context, e *env) (done func()) {
	said := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		e.logger().Info("stopping: what is in flight is finished", "because", context.Cause(ctx))
		close(said)
	})
	return func() {
		if !forget() {
			<-said
		}
	}
}

// log writes the lines of the agent to standard error.
func (f logFlags) log(e *env, level slog.Level) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: cleanAttr}
	switch f.format {
	case "text":
		return slog.New(slog.NewTextHandler(e.stderr, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.stderr, options)), nil
	}
	return nil, usage("--log %s: the log is text or json", diag.Line(f.format))
}

// cleanAttr keeps text that is not ours from forging log lines.
func cleanAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(diag.Line(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(diag.Line(v.Error()))
		case []string:
			a.Value = slog.StringValue(diag.Line(strings.Join(v, " ")))
		case fmt.Stringer:
			a.Value = slog.StringValue(diag.Line(v.String()))
		}
	}
	return a
}

func runOnce(ctx context.Context, e *env, o *options, f logFlags) error {
	var err error
	if e.log, err = f.log(e, slog.LevelWarn); err != nil {
		return err
	}
	return withProject(ctx, e, o, "tocsin run --once", func(p *project) error {
		p.warnProblems()
		if err := p.begin(ctx); err != nil {
			return err
		}
		summary, err := p.agent().Once(ctx, p.now)
		if ctx.Err() != nil {
			return err
		}
		failed, told := p.sayRound(ctx, summary)
		if err := errors.Join(err, told, p.sayBefore(ctx, p.now)); err != nil || !failed {
			return err
		}
		return found()
	})
}

// sayRound tells on standard error what a round did, and whether something went
// wrong for good.
func (p *project) sayRound(ctx context.Context, s agent.Summary) (failed bool, err error) {
	out := p.env.stderr
	if s.Records > 0 {
		fmt.Fprintf(out, "took in %s\n", count(s.Records, "record"))
	}
	for _, id := range s.Left {
		fmt.Fprintf(out, "%s: its query is slow, and some of what it has to look at is left for the next run\n", id)
	}
	evaluations := s.Evaluations()
	fmt.Fprint(out, roundText(evaluations))
	failed = slices.ContainsFunc(evaluations, func(e alertrules.Evaluation) bool { return e.Outcome == alertrules.Failed })
	mails, err := p.store.State.Newest(ctx, "", 10_000)
	if err != nil {
		return failed, err
	}
	sent, waiting, parked, why := 0, 0, 0, ""
	for _, m := range mails {
		switch {
		case m.State == notifier.Accepted && !m.Ended.Before(p.now):
			sent++
		case m.State == notifier.Waiting:
			waiting++
			if why == "" && m.Tries > 0 {
				why = fmt.Sprintf(" (%s: %s)", m.Stage, m.Answer)
			}
		case m.State == notifier.Parked && !m.Ended.Before(p.now):
			parked++
			fmt.Fprintf(out, "\nrefused for good: %s: %s", diag.Line(m.Recipient), diag.Line(m.Answer))
		}
	}
	fmt.Fprintf(out, "; %s sent to %s", count(int64(sent), "mail"), p.mailTo())
	if waiting > 0 {
		fmt.Fprintf(out, ", %d waiting%s", waiting, diag.Line(why))
	}
	fmt.Fprintln(out)
	return failed || parked > 0, nil
}

// roundText says what became of each rule that was evaluated, by its last evaluation
// that was not quiet, and how many did what: lines, and the begin of one.
func roundText(list []alertrules.Evaluation) string {
	var b strings.Builder
	rules := map[string]int{}
	outcomes := map[alertrules.Outcome]int{}
	last := map[string]int{}
	for i, e := range list {
		rules[e.Rule]++
		outcomes[e.Outcome]++
		if e.Outcome != alertrules.OK {
			last[e.Rule] = i
		}
	}
	for i, e := range list {
		if n, loud := last[e.Rule]; !loud || n != i {
			continue
		}
		text := e.Reason
		if e.Outcome == alertrules.Failed {
			text = e.Error
		}
		fmt.Fprintf(&b, "%s: %s: %s", e.Rule, e.Outcome, diag.Line(text))
		if n := rules[e.Rule]; n > 1 {
			fmt.Fprintf(&b, " (at %s, of %d moments; tocsin why %s@MOMENT)", e.At.UTC().Format(time.RFC3339), n, e.Rule)
		}
		b.WriteByte('\n')
	}
	if len(list) == 0 {
		return "no rule was due"
	}
	fmt.Fprintf(&b, "%s evaluated", count(int64(len(rules)), "rule"))
	if len(list) > len(rules) {
		fmt.Fprintf(&b, " at %d moments", len(list))
	}
	fmt.Fprintf(&b, ": %d firing, %d ok", outcomes[alertrules.Firing], outcomes[alertrules.OK])
	for _, o := range []struct {
		outcome alertrules.Outcome
		word    string
	}{{alertrules.NoData, "without data"}, {alertrules.Partial, "not complete"}, {alertrules.Skipped, "skipped"}, {alertrules.Failed, "in error"}} {
		if n := outcomes[o.outcome]; n > 0 {
			fmt.Fprintf(&b, ", %d %s", n, o.word)
		}
	}
	return b.String()
}

// mailTo says where mails go.
func (p *project) mailTo() string {
	if p.config.mail.Server == "" {
		return filepath.Join(p.dir, "mail") + " (no mail server is configured: nobody is told)"
	}
	return p.config.mail.Server
}

// ruleIsNew is how long a rule is new: until then status says what lies before its
// start.
const ruleIsNew = 24 * time.Hour

// sayBefore says which stored records lie before the start of new rules (T30): of those
// that became known since a moment.
func (p *project) sayBefore(ctx context.Context, since time.Time) error {
	states, err := p.store.State.RuleStates(ctx)
	if err != nil {
		return err
	}
	for _, r := range p.rules.Rules {
		s := states[r.ID]
		if s == nil || s.Known.Before(since) {
			continue
		}
		h, err := p.engine.Before(ctx, r, s, p.now)
		if err != nil {
			return err
		}
		switch {
		case h.Records == 1:
			fmt.Fprintf(p.env.stderr, "%s: 1 stored record lies before its start; start: %q includes it\n", h.Rule, h.Start)
		case h.Records > 1:
			fmt.Fprintf(p.env.stderr, "%s: %s stored records lie before its start; start: %q includes %[2]s\n", h.Rule, grouped(h.Records), h.Start)
		}
	}
	return nil
}

// take stores what a source delivers. What comes in the first drain of a new
// source, and is old by the source's clock, is history.
func (p *project) take(ctx context.Context, s agent.Source, l agent.Load) (agent.Taken, error) {
	options := store.LoadOptions{Ingest: p.ingestOptions(s, l.Now), History: store.Live, Seen: p.seen}
	if l.First {
		options.History = store.BySource
	}
	objects, done, err := p.archived(ctx, s, l)
	if err != nil {
		return agent.Taken{}, errors.Join(err, done())
	}
	report, err := p.store.Logs.Load(ctx, objects, options)
	err = errors.Join(err, done())
	if report == nil {
		return agent.Taken{}, err
	}
	taken := agent.Taken{Records: report.Records(), Failed: map[string]error{}}
	log := p.env.logger()
	aside := false
	failed := func(what string, list []store.Failure) {
		for _, f := range list {
			taken.Failed[f.Object] = f.Err
			said := what
			if f.Again {
				said = "not read, to be tried again"
			} else {
				aside = true
			}
			log.Warn(said, "source", s.Name, "object", f.Object, "error", f.Err)
		}
	}
	for _, l := range report.Logstores {
		failed("set aside", l.Failed)
		if l.Broken > 0 {
			log.Warn("set aside", "source", s.Name, "records", l.Broken)
			aside = true
		}
	}
	for _, k := range report.Skipped {
		log.Info("skipped", "source", s.Name, "object", k.Name, "reason", k.Reason)
	}
	failed("not loaded", report.Refused)
	if aside {
		err = errors.Join(err, p.tellAside(ctx, l.Now))
	}
	return taken, err
}
