package main

// This file is what there is to know of alerts: a list, counts, one of them.

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/cmd/tocsin/shell"
	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
)

// alertsFlags are the flags of alerts.
type alertsFlags struct {
	span     queryFlags // range of time
	ranged   bool       // one was given
	output   string
	rule     string
	severity string
	firing   bool
	by       string
	chart    bool
	rows     int
}

func newAlerts(e *env, o *options) *cobra.Command {
	var f alertsFlags
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "List alerts, count them, or show one.",
		Long: `Alerts lists what fired: what goes on first, then the newest.

  tocsin alerts --firing --severity high    what goes on and is high or critical
  tocsin alerts --last 7d                   what went on in the last seven days
  tocsin alerts --by rule --last 30d        how often each rule fired
  tocsin alerts --chart --last 30d          how many began each day
  tocsin alerts show A-7F3K                 one, with its rows and its mails

--by counts by severity, rule, state or day; --chart draws the counts.`,
		Args: cobra.ArbitraryArgs, // a word that is no verb is an error of parent
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return parent(cmd, args)
			}
			if err := exclusiveRange(cmd, []string{"chart", "output"}); err != nil {
				return err
			}
			f.ranged = cmd.Flags().Changed("last") || cmd.Flags().Changed("from") || cmd.Flags().Changed("to")
			return listAlerts(cmd.Context(), e, o, f)
		},
	}
	addOutput(cmd, &f.output)
	addRange(cmd, &f.span)
	cmd.Flags().Lookup("last").Usage = "only what went on that far back, such as 4h or 30d"
	cmd.Flags().Lookup("last").DefValue = ""
	cmd.Flags().Lookup("all").Usage = "all alerts (the default)"
	cmd.Flags().IntVar(&f.rows, "rows", 1000, rowsHelp)
	cmd.Flags().StringVar(&f.rule, "rule", "", "only those of this `rule`")
	complete(cmd, "rule", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return completeRules(e, o)
	})
	cmd.Flags().StringVar(&f.severity, "severity", "", "only those that reached this `severity`, or worse")
	complete(cmd, "severity", cobra.FixedCompletions(alertrules.SeverityNames(), cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().BoolVar(&f.firing, "firing", false, "only those that go on")
	cmd.Flags().StringVar(&f.by, "by", "", "count them by `what`: severity, rule, state or day")
	complete(cmd, "by", cobra.FixedCompletions(alertCounts, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().BoolVar(&f.chart, "chart", false, "draw how many there are")
	cmd.AddCommand(newAlertsShow(e, o))
	return cmd
}

// alertCounts are the values of --by.
var alertCounts = []string{"severity", "rule", "state", "day"}

// filter is what the flags ask for.
func (f alertsFlags) filter(p *project) (store.AlertFilter, error) {
	filter := store.AlertFilter{Rule: f.rule, Firing: f.firing, Limit: f.rows + 1}
	if f.by != "" && !slices.Contains(alertCounts, f.by) {
		return filter, usage("--by %s: %s", diag.Line(f.by), didYouMean(f.by, alertCounts))
	}
	if f.severity != "" {
		var ok bool
		if filter.Severity, ok = alertrules.ParseSeverity(f.severity); !ok {
			return filter, usage("--severity %s: %s", diag.Line(f.severity), didYouMean(f.severity, alertrules.SeverityNames()))
		}
	}
	if f.ranged {
		w, err := f.span.window(p)
		if err != nil {
			return filter, err
		}
		filter.From, filter.To = w.From, w.To
	}
	return filter, nil
}

func listAlerts(ctx context.Context, e *env, o *options, f alertsFlags) error {
	format, err := outputFormat(e, f.output)
	if err != nil {
		return err
	}
	if err := checkRows(f.rows); err != nil {
		return err
	}
	counted := f.by != "" || f.chart
	if counted { // of all of them, within reason
		f.rows = maxCounted
	}
	return withProject(ctx, e, o, "tocsin alerts", func(p *project) error {
		filter, err := f.filter(p)
		if err != nil {
			return err
		}
		list, err := p.store.State.FindAlerts(ctx, filter)
		if err != nil {
			return err
		}
		if len(list) == 0 && f.rule != "" {
			if _, known := p.rules.Rule(f.rule); !known {
				return p.noRule(f.rule)
			}
		}
		more := len(list) > f.rows
		list = list[:min(len(list), f.rows)]
		if counted {
			err = f.count(p, format, list)
		} else {
			err = writeResult(e, format, alertRows(list))
		}
		if err != nil || !more {
			return err
		}
		if counted {
			return note(e, "only the newest %s were counted", grouped(int64(f.rows)))
		}
		return note(e, "there are more; --rows shows them")
	})
}

// maxCounted bounds the alerts that are counted.
const maxCounted = 100_000

// alertRows are alerts as a list shows them.
func alertRows(list []*alertrules.Alert) *query.Result {
	r := &query.Result{Columns: []query.Column{
		{Name: "alert"},
		{Name: "severity"},
		{Name: "rule"},
		{Name: "of"},
		{Name: "state"},
		{Name: "since", Type: query.Time},
		{Name: "until", Type: query.Time},
		{Name: "rows", Type: query.Integer},
		{Name: "acknowledged"},
	}}
	for _, a := range list {
		var until, by any
		if !a.Firing() {
			until = a.Ended.Truncate(time.Second)
		}
		if a.Ack != nil {
			by = a.Ack.By
		}
		r.Rows = append(r.Rows, []any{a.ID, shownSeverity(a).String(), a.Rule, labelText(a), alertState(a), a.Since.Truncate(time.Second), until, int64(a.RowsAll), by})
	}
	return r
}

// alertState says in a word or two how an alert stands.
func alertState(a *alertrules.Alert) string {
	switch {
	case !a.Firing():
		return "over: " + string(a.How)
	case a.Staging:
		return "firing, staging"
	}
	return "firing"
}

// labelText is the labels of an alert, among which are its alert_per values.
func labelText(a *alertrules.Alert) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		parts = append(parts, name+": "+a.Labels[name])
	}
	return strings.Join(parts, ", ")
}

// count writes or draws how many alerts there are.
func (f alertsFlags) count(p *project, format string, list []*alertrules.Alert) error {
	by := f.by
	if by == "" {
		by = "day"
	}
	zone := p.config.zone
	r := countAlerts(list, by, zone)
	if !f.chart {
		return writeResult(p.env, format, r)
	}
	if len(list) == 0 {
		return note(p.env, "there are no alerts to draw")
	}
	step := time.Duration(0)
	if by == "day" {
		r, step = begins(list, zone, f.by == "day")
	}
	columns, lines := p.env.screen()
	text, err := shell.Chart(r, step, shell.Screen{Columns: columns, Lines: lines, Zone: zone, Color: p.env.color("1", "") != ""})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(p.env.stdout, text)
	return err
}

// countAlerts counts alerts: by severity, worst first; by day, oldest first; else
// the most first.
func countAlerts(list []*alertrules.Alert, by string, zone *time.Location) *query.Result {
	counts := map[any][2]int64{} // all, and those that go on
	for _, a := range list {
		key := alertKey(a, by, zone)
		n := counts[key]
		n[0]++
		if a.Firing() {
			n[1]++
		}
		counts[key] = n
	}
	r := &query.Result{Columns: []query.Column{{Name: by}, {Name: "alerts", Type: query.Integer}, {Name: "firing", Type: query.Integer}}}
	if by == "day" {
		r.Columns[0].Type = query.Time
	}
	for key, n := range counts {
		r.Rows = append(r.Rows, []any{key, n[0], n[1]})
	}
	slices.SortFunc(r.Rows, func(a, b []any) int { return compareCounts(by, a, b) })
	return r
}

// alertKey is what an alert is counted under.
func alertKey(a *alertrules.Alert, by string, zone *time.Location) any {
	switch by {
	case "severity":
		return a.MaxSeverity.String()
	case "rule":
		return a.Rule
	case "state":
		return alertState(a)
	}
	return dayOf(a.Began, zone)
}

func compareCounts(by string, a, b []any) int {
	switch by {
	case "severity":
		worst := alertrules.SeverityNames()
		return slices.Index(worst, plain(a[0])) - slices.Index(worst, plain(b[0]))
	case "day":
		return strings.Compare(plain(a[0]), plain(b[0]))
	}
	if d := b[1].(int64) - a[1].(int64); d != 0 {
		return int(d)
	}
	return strings.Compare(plain(a[0]), plain(b[0]))
}

// begins counts how many alerts began in each hour of a few days, or, with days or
// of more, on each day, and says which it was.
func begins(list []*alertrules.Alert, zone *time.Location, days bool) (*query.Result, time.Duration) {
	const day, few = 24 * time.Hour, 3 * 24 * time.Hour
	byBegin := func(a, b *alertrules.Alert) int { return a.Began.Compare(b.Began) }
	first, last := slices.MinFunc(list, byBegin).Began, slices.MaxFunc(list, byBegin).Began
	slot, step := func(a *alertrules.Alert) time.Time { return a.Began.Truncate(time.Hour).In(zone) }, time.Hour
	if days || last.Sub(first) > few {
		slot, step = func(a *alertrules.Alert) time.Time { return dayOf(a.Began, zone) }, day
	}
	counts := map[time.Time]int64{}
	for _, a := range list {
		counts[slot(a)]++
	}
	r := &query.Result{Columns: []query.Column{{Name: "time", Type: query.Time}, {Name: "alerts", Type: query.Integer}}}
	for _, at := range slices.SortedFunc(maps.Keys(counts), time.Time.Compare) {
		r.Rows = append(r.Rows, []any{at, counts[at]})
	}
	return r, step
}

// dayOf is the beginning of the day of a moment.
func dayOf(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}
