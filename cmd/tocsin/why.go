package main

// This file says how an alert or a moment of a rule came about, from the record to
// the server's answer, with the commands that do each step again.

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/notifier"
	"tocsin/query"
)

func newWhy(e *env, o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "why ALERT | RULE@TIME",
		Short: "Say how an alert came about, or why none did: from the record to the answer.",
		Long: `Why reads the chain of an alert: record, window, trigger, state, whom it
concerns, quiet period or repeat, outbox, and the server's answer.

  tocsin why A-7F3K                      an alert
  tocsin why trail-stopped@10:05         a rule at a moment of today
  tocsin why trail-stopped@2026-11-23T10:05:00+09:00

Below each window stands the command that looks at it again, with the range and
the __seq__ (what was stored then) of the evaluation.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withProject(cmd.Context(), e, o, "tocsin why", func(p *project) error {
				w := &chain{p: p, ctx: cmd.Context()}
				if rule, at, ok := strings.Cut(args[0], "@"); ok {
					w.moment(rule, at)
				} else {
					w.alert(args[0])
				}
				return w.err
			})
		},
	}
	return cmd
}

// A chain is what why says, step by step. Its first error sticks.
type chain struct {
	p   *project
	ctx context.Context
	err error
}

// How much of what may be long is said.
const (
	whyEvaluations = 5
	whyDecisions   = 30
	whyNews        = 3
	whyRecords     = 3
)

// say prints one step: its name, then a sentence.
func (w *chain) say(step, format string, args ...any) {
	if w.err != nil {
		return
	}
	_, w.err = fmt.Fprintf(w.p.env.stdout, "%s  %s\n", text.Pad(step, 8, ' '), cell(fmt.Sprintf(format, args...)))
}

// command prints a command below a step, which finds what this one found.
func (w *chain) command(line string) {
	if w.err == nil && line != "" {
		_, w.err = fmt.Fprintf(w.p.env.stdout, "%s  $ %s%s\n", strings.Repeat(" ", 8), line, w.p.flags())
	}
}

// note keeps an error.
func (w *chain) note(err error) {
	if w.err == nil {
		w.err = err
	}
}

// alert says how an alert came about.
func (w *chain) alert(id string) {
	a, err := w.p.alert(w.ctx, id)
	if err != nil {
		w.note(err)
		return
	}
	w.say("alert", "%s, %s, of rule %s: %s", a.ID, shownSeverity(a), a.Rule, alertState(a))
	if a.Mode == alertrules.Event {
		w.news(a)
	} else {
		w.say("record", "%s in the last evaluation that hit%s", count(int64(a.RowsAll), "row"), w.records(a.Rule, a.Rows))
		w.evaluations(a)
	}
	w.state(a)
	w.operations(a)
	w.group(a)
	w.decisions(a)
	w.outbox(a)
}

// records says of rows that are records which they are, and when they came in.
func (w *chain) records(rule string, rows []alertrules.Row) string {
	var seqs []string
	for _, r := range rows[:min(len(rows), whyRecords)] {
		if r.Seq > 0 {
			seqs = append(seqs, fmt.Sprint(r.Seq))
		}
	}
	r, ok := w.p.rules.Rule(rule)
	if len(seqs) == 0 || !ok || w.err != nil {
		return ""
	}
	if l, ok := w.p.schema.Logstore(r.Logstore); !ok || l.NoWindow { // the numbers are those of findings
		return ""
	}
	plan, err := w.p.plan("* | SELECT __seq__, @time, from_unixtime(__ingest_time__) AS stored WHERE __seq__ IN ("+strings.Join(seqs, ", ")+") ORDER BY __seq__", r.Logstore, whyRecords)
	if err != nil {
		w.note(err)
		return ""
	}
	result, err := w.p.store.Logs.Query(w.ctx, plan, query.Window{Now: w.p.now})
	if err != nil {
		w.note(err)
		return ""
	}
	var parts []string
	for _, row := range result.Rows {
		part := fmt.Sprintf("__seq__ %v of %s happened %s, stored %s", row[0], r.Logstore, w.shown(row[1]), w.shown(row[2]))
		if seq, ok := row[0].(int64); ok {
			object, err := w.p.store.Logs.ObjectOf(w.ctx, seq)
			w.note(err)
			if object != "" {
				part += " from " + object
			}
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return ": its records are no longer stored"
	}
	return ": " + strings.Join(parts, "; ")
}

// shown prints a value of a time.
func (w *chain) shown(v any) string {
	if t, ok := v.(time.Time); ok {
		return w.p.when(t)
	}
	return plain(v)
}

// news says which pieces an event alert is made of, and from which windows.
func (w *chain) news(a *alertrules.Alert) {
	news, err := w.p.store.State.News(w.ctx, a.ID)
	w.note(err)
	for i, n := range news {
		if i >= whyNews && i < len(news)-1 {
			if i == whyNews {
				w.say("", "… %d more pieces of news", len(news)-1-whyNews)
			}
			continue
		}
		history := ""
		if n.History {
			history = ", which came in as history"
		}
		w.say("record", "%s%s%s", count(int64(len(n.Rows)), "row"), history, w.records(a.Rule, n.Rows))
		e := alertrules.Evaluation{Rule: a.Rule, At: n.At, Window: query.Window{AfterSeq: n.FromSeq, UpToSeq: n.ToSeq}}
		list, err := w.p.store.State.Evaluations(w.ctx, a.Rule, n.At, n.At, 1)
		w.note(err)
		if len(list) == 1 {
			e.Hash = list[0].Hash
		}
		w.window(&e)
		if len(list) == 1 {
			w.found(list[0])
		}
	}
}

// evaluations says what an alert's evaluations found, from the first that counted.
func (w *chain) evaluations(a *alertrules.Alert) {
	last := a.At
	if !a.Firing() {
		last = a.Ended
	}
	list, err := w.p.store.State.Evaluations(w.ctx, a.Rule, a.Since, last, 100_000)
	w.note(err)
	for i, e := range list {
		if i >= whyEvaluations-1 && i < len(list)-1 {
			if i == whyEvaluations-1 {
				w.say("", "… %s more", count(int64(len(list)-whyEvaluations), "evaluation"))
			}
			continue
		}
		w.evaluation(e)
	}
	if len(list) == 0 {
		w.window(&alertrules.Evaluation{Rule: a.Rule, At: a.At, Window: query.Window{From: a.From, To: a.To, AfterSeq: a.FromSeq, UpToSeq: a.ToSeq}})
	}
}

// evaluation says what one evaluation looked at and found.
func (w *chain) evaluation(e *alertrules.Evaluation) {
	w.window(e)
	w.found(e)
}

func (w *chain) found(e *alertrules.Evaluation) {
	outcome := fmt.Sprintf("%s: %s", e.Outcome, e.Reason)
	if e.Error != "" {
		outcome += ": " + e.Error
	}
	w.say("trigger", "%s (took %s)", outcome, e.Took.Round(time.Millisecond))
}

// window says what a rule looked at, and the command that looks again; of an
// evaluation that was none, that it looked at nothing.
func (w *chain) window(e *alertrules.Evaluation) {
	v := e.Window
	switch {
	case e.Outcome == alertrules.Skipped:
		w.say("window", "%s was skipped: nothing was looked at", w.p.when(e.At))
		return
	case e.Outcome == alertrules.Failed && !looked(v):
		w.say("window", "nothing was looked at for %s: %s", w.p.when(e.At), e.Reason)
		return
	}
	w.say("window", "evaluated for %s over %s", w.p.when(e.At), w.p.spanText(v, w.overNew(e.Rule)))
	w.command(w.again(e))
}

// looked reports whether a window is one that was evaluated: of that a number or a time
// is known, also when nothing was stored.
func looked(v query.Window) bool {
	return v.UpToSeq != 0 || v.AfterSeq != 0 || !v.From.IsZero() || !v.To.IsZero()
}

// overNew reports whether a rule, as it is now, looks at what is new.
func (w *chain) overNew(rule string) bool {
	r, ok := w.p.rules.Rule(rule)
	return ok && r.Window.Kind == alertrules.NewWindow
}

// again is the command that looks at a window once more: the query that was
// evaluated, or the rule, where the query alone does not say all of it.
func (w *chain) again(e *alertrules.Evaluation) string {
	version, err := w.p.store.State.RuleAt(w.ctx, e.Rule, e.At, e.Hash)
	w.note(err)
	rule, _ := w.p.rules.Rule(e.Rule)
	logstore, src, hash := "", "", ""
	switch {
	case version != nil && version.Text != "":
		logstore, src, hash = version.Logstore, version.Query, version.Meaning
	case rule != nil:
		logstore, src, hash = rule.Logstore, rule.Query, rule.Hash
	}
	if src == "" || e.Window.UpToSeq < 0 {
		return ""
	}
	if then, err := w.p.ruleThen(w.ctx, e.Rule, e.At, hash); err == nil && !then.PlainAt(e.At) {
		return "tocsin query --rule " + e.Rule + w.versionOf(e, hash) + " --at " + exactly(e.At) + rangeFlags(e.Window)
	}
	line := "tocsin query -l " + logstore + rangeFlags(e.Window)
	if src = strings.TrimSpace(src); strings.Contains(src, "--") { // a comment ends with its line
		return line + " " + shellQuoted(diag.Clean(src))
	}
	return line + " " + shellQuoted(diag.Line(src))
}

// versionOf names the version of a rule that was evaluated, where it is not the one
// of the moment: what was missed is evaluated as the rule is written later.
func (w *chain) versionOf(e *alertrules.Evaluation, hash string) string {
	at, err := w.p.store.State.RuleAt(w.ctx, e.Rule, e.At, "")
	w.note(err)
	if at == nil || at.Meaning == hash {
		return ""
	}
	return "@" + hash
}

func exactly(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// rangeFlags are the flags of tocsin query for a window.
func rangeFlags(v query.Window) string {
	line := " --all"
	if !v.From.IsZero() {
		line = " --from " + exactly(v.From) + " --to " + exactly(v.To)
	}
	if v.AfterSeq > 0 {
		line += fmt.Sprintf(" --after-seq %d", v.AfterSeq)
	}
	if v.UpToSeq > 0 {
		line += fmt.Sprintf(" --last-seq %d", v.UpToSeq)
	}
	return line
}

// plainWord is what a shell takes as one word as it stands.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// shellWord is one word for a shell, in quotes where it needs them.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return shellQuoted(diag.Clean(s))
}

// shellQuoted is one word for a shell.
func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// state says how the alert stands.
func (w *chain) state(a *alertrules.Alert) {
	text := "began at " + w.p.when(a.Began)
	if a.Since.Before(a.Began) {
		text += ", counted since " + w.p.when(a.Since)
	}
	if a.Again {
		text += ", again"
		if !a.PrevEnded.IsZero() {
			text += " after it ended at " + w.p.when(a.PrevEnded)
		}
	}
	if a.Firing() {
		text += "; it goes on, last looked at for " + w.p.when(a.At)
	} else {
		text += fmt.Sprintf("; over at %s: %s", w.p.when(a.Ended), a.How)
	}
	if !a.Edited.IsZero() {
		text += "; the rule was changed at " + w.p.when(a.Edited)
	}
	w.say("state", "%s", text)
}

// operations says what somebody did to the alert by hand.
func (w *chain) operations(a *alertrules.Alert) {
	list, err := w.p.store.State.Operations(w.ctx, a.ID)
	w.note(err)
	for _, o := range list {
		w.say("by hand", "%s", w.p.operationText(o))
	}
}

// group says whom an alert concerns, as the configuration is now.
func (w *chain) group(a *alertrules.Alert) {
	switch {
	case a.Staging:
		w.say("group", "nobody: the rule is on staging, which records and does not mail")
		return
	case a.History && !a.Notify:
		w.say("group", "nobody: it was found in history, which is not mailed")
		return
	}
	rule, ok := w.p.notifierRule(a.Rule)
	if !ok {
		w.say("group", "the rule is not there any more: those who had been told heard of that")
		return
	}
	var to []string
	for _, t := range w.p.router.Route(rule, a.Labels, a.MaxSeverity) {
		how := fmt.Sprintf("%s (repeated every %s", t.Address, alertrules.FormatDuration(t.Settings.Repeat))
		if t.Settings.Quiet != nil {
			how += ", quiet: " + t.Settings.Quiet.Name
		}
		to = append(to, how+")")
	}
	if len(to) == 0 {
		w.say("group", "nobody: neither the rule, nor its owner, nor a route names a recipient")
		return
	}
	w.say("group", "it concerns %s", strings.Join(to, ", "))
}

// decisions says what was decided about mails while the alert was there.
func (w *chain) decisions(a *alertrules.Alert) {
	list, err := w.p.store.State.Decisions(w.ctx, a.Rule, a.Began, w.p.now, 10_000)
	w.note(err)
	var about []*notifier.Entry
	for _, d := range list {
		if !d.Answer && (d.Mail == 0 && a.Firing() || d.Mail == 0 && !d.At.After(a.Ended) || slices.Contains(d.Alerts, a.ID)) {
			about = append(about, d)
		}
	}
	if more := len(about) - whyDecisions; more > 0 {
		w.say("decided", "%d older decisions are in __notifications__", more)
		about = about[more:]
	}
	for _, d := range about {
		w.decision(d)
	}
	if len(list) == 0 && w.err == nil {
		w.say("decided", "nothing yet: the next tocsin run decides")
	}
}

func (w *chain) decision(d *notifier.Entry) {
	what := "no mail"
	if d.Mail > 0 {
		what = fmt.Sprintf("%s, mail %d", d.Kind, d.Mail)
	}
	text := fmt.Sprintf("%s for %s: %s: %s", w.p.when(d.At), d.Recipient, what, d.Reason)
	if !d.Next.IsZero() {
		text += "; looked at again at " + w.p.when(d.Next)
	}
	w.say("decided", "%s", text)
}

// outbox says what became of the mails.
func (w *chain) outbox(a *alertrules.Alert) {
	mails, err := w.p.store.State.MailsOf(w.ctx, a.ID)
	w.note(err)
	if more := len(mails) - whyDecisions; more > 0 {
		w.say("outbox", "%d older mails (tocsin outbox list)", more)
		mails = mails[more:]
	}
	for _, m := range mails {
		w.mail(m)
	}
}

func (w *chain) mail(m *notifier.Mail) {
	text := fmt.Sprintf("mail %d to %s, written %s: %s", m.ID, m.Recipient, w.p.when(m.Written), m.State)
	if !m.Ended.IsZero() {
		text += " at " + w.p.when(m.Ended)
	}
	if m.Tries > 0 {
		text += fmt.Sprintf(", after %s", count(int64(m.Tries), "attempt"))
	}
	if m.State == notifier.Waiting && !m.Next.IsZero() {
		text += ", next at " + w.p.when(m.Next)
	}
	w.say("outbox", "%s", text)
	if m.Answer != "" {
		w.say("answer", "%s", stageOf(m, ": ")+m.Answer)
	}
}
