package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/cmd/tocsin/shell"
	"tocsin/diag"
	"tocsin/lint"
	"tocsin/query"
	"tocsin/store"
)

type queryFlags struct {
	logstore string
	output   string
	last     string
	from, to string
	all      bool
	afterSeq int64
	lastSeq  int64
	limit    int
	timeout  time.Duration
	alert    string
	rule     string
	at       string
	rows     bool // limit was given
	ranged   bool // a range was given, of times or numbers
	explain  bool
	dialect  string
}

func newQuery(e *env, o *options) *cobra.Command {
	var f queryFlags
	cmd := &cobra.Command{
		Use:   "query QUERY",
		Short: "Run one query: `filter | SQL`.",
		Long: `Query answers one question over the stored records, for example

  tocsin query -l cloudtrail 'eventName:(StopLogging or DeleteTrail)'
  tocsin query -l findings 'status:NOT_PASS | GROUP BY check_item'
  tocsin query --alert A-7F3K          the records behind a mail
  tocsin query --explain 'eventName:Get* | GROUP BY @actor'

It looks at the last 24 hours; --last, --from, --to and --all say otherwise.
The answer is a table on a terminal and NDJSON in a pipe. -o csv is exact in a
pipe, and formula-safe on a terminal. A bound that is hit is reported.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusiveRange(cmd, []string{"alert", "logstore"}, []string{"alert", "all", "last", "from"}, []string{"alert", "to"}, []string{"alert", "explain"}, []string{"alert", "after-seq"}, []string{"alert", "last-seq"},
				[]string{"alert", "rule"}, []string{"rule", "logstore"}); err != nil {
				return err
			}
			f.rows = cmd.Flags().Changed("rows")
			f.ranged = slices.ContainsFunc([]string{"all", "last", "from", "to", "after-seq", "last-seq"}, cmd.Flags().Changed)
			if cmd.Flags().Changed("dialect") && !f.explain {
				return usage("--dialect goes with --explain: tocsin query asks its own store")
			}
			return runQuery(cmd.Context(), e, o, f, args)
		},
	}
	cmd.Flags().StringVarP(&f.logstore, "logstore", "l", "", "`logstore` to read; default: the only one that has records")
	complete(cmd, "logstore", queriedNames(o))
	addOutput(cmd, &f.output)
	addRange(cmd, &f)
	cmd.Flags().Int64Var(&f.afterSeq, "after-seq", 0, "only records that were stored after this `number` (__seq__)")
	cmd.Flags().Int64Var(&f.lastSeq, "last-seq", 0, "what was stored up to this `number` (__seq__), as an evaluation saw it")
	cmd.Flags().IntVar(&f.limit, "rows", 100_000, rowsHelp)
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Minute, "bound on the time")
	cmd.Flags().BoolVar(&f.explain, "explain", false, "say what the query does and as what SQL, without running it")
	addDialect(cmd, &f.dialect)
	cmd.Flags().StringVar(&f.alert, "alert", "", "show the rows of the alert of this `id`")
	cmd.Flags().StringVar(&f.rule, "rule", "", "instead of QUERY, that of the rule of this `id`, with its exceptions; ID@HASH is a version of it")
	cmd.Flags().StringVar(&f.at, "at", "", "with --rule: the rule as it was at this `moment`, over what it looked at then unless a range is given")
	return cmd
}

// addRange adds the flags of the range of time.
func addRange(cmd *cobra.Command, f *queryFlags) {
	cmd.Flags().StringVar(&f.last, "last", "24h", "how far back to look, such as 4h or 30d")
	cmd.Flags().StringVar(&f.from, "from", "", "first `moment`, such as 10:05 (of today), 2026-11-22 or 2026-11-22T09:00:00+09:00")
	cmd.Flags().StringVar(&f.to, "to", "", "first `moment` that is not looked at any more")
	cmd.Flags().BoolVar(&f.all, "all", false, "look at everything that is stored")
}

func runQuery(ctx context.Context, e *env, o *options, f queryFlags, args []string) error {
	format, err := outputFormat(e, f.output)
	if err != nil {
		return err
	}
	if (len(args) == 1) == (f.alert+f.rule != "") {
		return usage("give one QUERY, or --alert ID, or --rule ID")
	}
	if f.at != "" && f.rule == "" {
		return usage("--at goes with --rule; --from and --to are the range of a QUERY")
	}
	if err := checkRows(f.limit); err != nil {
		return err
	}
	if err := checkTimeout(f.timeout); err != nil {
		return err
	}
	return withProject(ctx, e, o, "tocsin query", func(p *project) error {
		switch {
		case f.alert != "":
			return p.queryAlert(ctx, f, format)
		case f.rule != "":
			return p.queryRule(ctx, f, format)
		}
		return p.ask(ctx, f, format, args[0])
	})
}

// checkTimeout refuses a --timeout that bounds nothing.
func checkTimeout(d time.Duration) error {
	if d <= 0 {
		return usage("--timeout %s: write it as 30s or 5m", d)
	}
	return nil
}

// ask answers a query that was typed.
func (p *project) ask(ctx context.Context, f queryFlags, format, src string) error {
	if hint := shell.Prisma(src, shell.Flags); hint != "" {
		return usage("%s", hint)
	}
	window, err := f.window(p)
	if err != nil {
		return err
	}
	logstore, err := p.queried(ctx, f.logstore)
	if err != nil {
		return err
	}
	for _, n := range searchNotes(src) {
		fmt.Fprintf(p.env.stderr, "tocsin: note: %s\n", n)
	}
	plan, err := p.plan(src, logstore, f.limit)
	if err != nil {
		return wrong(err)
	}
	return p.explainOrAnswer(ctx, f, format, plan, window)
}

func (p *project) explainOrAnswer(ctx context.Context, f queryFlags, format string, plan *query.Plan, w query.Window) error {
	if !f.explain {
		return p.answer(ctx, f, format, plan, w)
	}
	d, err := dialectNamed(f.dialect)
	if err != nil {
		return err
	}
	return p.explain(ctx, p.env.stdout, plan, d, w)
}

// searchNotes are the notes on the filter of a query, each as one line for a
// terminal.
func searchNotes(src string) []string {
	var lines []string
	for _, n := range lint.SearchNotes(src) {
		lines = append(lines, diag.Line(n.Message+": "+n.Hint))
	}
	return lines
}

// plan reads and plans a query that was typed.
func (p *project) plan(src, logstore string, rows int) (*query.Plan, error) {
	q, err := query.Parse(src)
	if err != nil {
		return nil, quoting(err, src)
	}
	plan, err := q.Plan(p.schema, query.Options{Logstore: logstore, Lists: p.config.lists, MaxRows: rows})
	return plan, quoting(err, src)
}

// quoting gives the problems of a query its text, so that they are shown with
// their place.
func quoting(err error, src string) error {
	var list *diag.List
	if errors.As(err, &list) && list.Source == "" {
		list.Source = src
	}
	return err
}

// answer runs a plan, prints the rows, and says on standard error what a reader
// has to know of them: a bound that was hit, or where the records are when none
// matched.
func (p *project) answer(ctx context.Context, f queryFlags, format string, plan *query.Plan, w query.Window) error {
	result, err := p.run(ctx, f, plan, w)
	if err != nil {
		return err
	}
	return p.show(ctx, f, format, plan, result)
}

// run asks, for as long as --timeout allows.
func (p *project) run(ctx context.Context, f queryFlags, plan *query.Plan, w query.Window) (*query.Result, error) {
	result, err := p.adHoc(f.timeout)(ctx, plan, w)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("the query took longer than %s: ask of less time (--last), or allow more (--timeout)", f.timeout)
	}
	return result, err
}

func (p *project) show(ctx context.Context, f queryFlags, format string, plan *query.Plan, result *query.Result) error {
	if err := writeResult(p.env, format, result); err != nil {
		return err
	}
	if result.Partial != "" {
		fmt.Fprintf(p.env.stderr, "tocsin: the answer is not complete: %s\n", diag.Line(result.Partial))
	}
	if len(result.Rows) == 0 {
		return p.explainEmpty(ctx, plan, f.all || f.alert != "")
	}
	return nil
}

// explainEmpty says which range the store holds (DESIGN.md §11), and how to look
// at all of it unless the range was not one to choose.
func (p *project) explainEmpty(ctx context.Context, plan *query.Plan, fixed bool) error {
	hint := " (--all looks at everything)"
	if fixed {
		hint = ""
	}
	for _, name := range plan.Histories() {
		fmt.Fprintf(p.env.stderr, "tocsin: no rows; %s has none of that time that match%s\n", name, hint)
	}
	for _, name := range plan.Logstores() {
		r, err := p.store.Logs.Range(ctx, name)
		if err != nil {
			return err
		}
		if r.Records == 0 {
			fmt.Fprintf(p.env.stderr, "tocsin: no rows; %s holds no records in %s (--data names another directory)\n", name, diag.Line(p.dir))
			continue
		}
		if l, ok := p.schema.Logstore(name); ok && l.NoWindow { // it was read whole
			fmt.Fprintf(p.env.stderr, "tocsin: no rows; %s holds %s\n", name, count(r.Records, "finding"))
			continue
		}
		fmt.Fprintf(p.env.stderr, "tocsin: no rows; %s holds %s from %s to %s%s\n",
			name, count(r.Records, "record"), r.Oldest.Format(time.RFC3339), r.Newest.Format(time.RFC3339), hint)
	}
	return nil
}

// queried returns the logstore to read: the one that was named, else the only
// one that records came into.
func (p *project) queried(ctx context.Context, named string) (string, error) {
	if named != "" {
		if _, ok := p.schema.Logstore(named); !ok {
			return "", usage("there is no logstore %s; %s", diag.Line(named), didYouMean(named, slices.Concat(p.schema.Logstores(), p.schema.Histories())))
		}
		return named, nil
	}
	counts, err := p.store.Logs.Counts(ctx)
	if err != nil {
		return "", err
	}
	var have []string
	for _, name := range p.schema.Logstores() {
		if l, ok := p.schema.Logstore(name); ok && !l.NoWindow && counts[name] > 0 {
			have = append(have, name)
		}
	}
	switch len(have) {
	case 0:
		return store.Schema(p.config.logstores).Logstores()[0], nil
	case 1:
		return have[0], nil
	}
	return "", usage("%s have records: say which with -l", strings.Join(have, " and "))
}

// window is what the flags say, pinned at what is stored now.
func (f queryFlags) window(p *project) (query.Window, error) {
	w := query.Window{Now: p.now, AfterSeq: f.afterSeq, UpToSeq: f.lastSeq}
	if f.afterSeq < 0 || f.lastSeq < 0 {
		return w, usage("a __seq__ is 1 or more")
	}
	if f.all {
		return w, nil
	}
	var err error
	if f.from == "" && f.to == "" {
		back, err := alertrules.ParseDuration(f.last)
		if err != nil || back <= 0 {
			return w, usage("--last %s: write it as 30m, 24h or 30d", diag.Line(f.last))
		}
		w.From = p.now.Add(-back)
		return w, nil
	}
	if w.From, err = moment(f.from, p.now.In(p.config.zone)); err != nil {
		return w, usage("--from: %w", err)
	}
	if w.To, err = moment(f.to, p.now.In(p.config.zone)); err != nil {
		return w, usage("--to: %w", err)
	}
	if !w.To.IsZero() && !w.From.Before(w.To) {
		return w, usage("--from has to be before --to")
	}
	return w, nil
}

// moment reads a moment; without an offset it is in the zone of now, and a time alone
// is one of now's day. "" is the zero time.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	zone := now.Location()
	for _, layout := range []string{"15:04", "15:04:05"} {
		if clock, err := time.Parse(layout, s); err == nil {
			y, m, d := now.Date()
			return time.Date(y, m, d, clock.Hour(), clock.Minute(), clock.Second(), 0, zone), nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no moment; write 10:05 (of today), 2026-11-22 or 2026-11-22T09:00:00+09:00", diag.Line(s))
}
