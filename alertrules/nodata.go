package alertrules

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// No data (D18): an evaluation without any row, or a value of alert_per that
// reported before and does not any more. With `no_data` that is neither a hit nor
// a miss. Alerts stay, marked as unchecked, and after so many evaluations in a
// row an alert of its own begins, which is over when data come back.

// An Absence is the `no_data` of a rule: when missing data are told.
type Absence struct {
	After    int // evaluations in a row
	Severity Severity
}

// A Value is a value of alert_per that reported, or, under the id of the rule,
// any row at all.
type Value struct {
	Labels map[string]string
	First  time.Time // the end of the window that it was first met in
	Last   time.Time // the last moment with a row of it
}

const (
	// noDataMark ends the key of a no-data alert. Ids have no space and other
	// keys end with a brace, so no other key ends so.
	noDataMark = "@no data"
	// maxValues bounds the values that are expected to report; what comes beyond
	// is judged by its rows alone.
	maxValues = 10_000
	// forgetAfter is how long a value is expected that does not report, beside
	// three times the length of its window.
	forgetAfter = 30 * day
)

func isNoData(key string) bool { return strings.HasSuffix(key, noDataMark) }

// noData reads `no_data`.
func (c *compiler) noData() {
	t, r := c.text.NoData, c.rule
	if t == nil {
		return
	}
	n := &Absence{After: 1, Severity: Medium}
	if t.After.Given() {
		var err error
		if n.After, err = strconv.Atoi(t.After.Value); err != nil || n.After < 1 || n.After > maxObservations {
			c.fail("rule/no-data", t.After, quote(t.After.Value)+" is no number of evaluations", "write no_data: {after: 2}, at most "+itoa(maxObservations))
		}
	}
	if t.Severity.Given() {
		n.Severity, _ = c.level(t.Severity)
	}
	switch {
	case r.Trigger.Rows.Holds(0):
		c.doc.Problem("rule/no-data", c.node.Get("no_data"), "the trigger takes no row for a hit, and no_data takes it for no data", "keep one of them")
	case r.Mode == State && r.Trigger.When == nil && r.Trigger.Rows.Holds(1) && r.Trigger.Rows.Grows():
		c.doc.Warn("rule/no-data", c.node.Get("no_data"), "an alert of this rule is never over: with no_data, an evaluation without a row is no miss", "count in the query and compare: trigger: {when: \"n > 5\"}; or leave no_data out")
	}
	r.NoData = n
}

// noData reports whether an observation says that there are no data at all.
// What came in as history, and windows before the rule's first start, hold what
// they hold.
func (r *Rule) noData(o observation) bool {
	return r.expects(o) && len(o.result.Rows) == 0 && o.result.Partial == ""
}

// expects reports whether an observation is one that has to have data.
func (r *Rule) expects(o observation) bool {
	return r.NoData != nil && !o.history && !o.early && !o.unfed
}

// silences are the no-data keys that an observation speaks of, each with whether
// it is a hit: that of the rule, and, when there are data, those of all values
// that are expected.
func (r *run) silences(o observation, groups []*group) []*group {
	if !r.rule.expects(o) {
		return nil
	}
	all := r.rule.noData(o)
	out := []*group{{key: r.rule.ID + noDataMark, labels: r.rule.Labels, absent: all}}
	if all || o.result.Partial != "" || len(r.rule.per) == 0 {
		return out
	}
	there := map[string]bool{r.rule.ID: true}
	for _, g := range groups {
		there[g.key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(r.state.Values)) {
		if key != r.rule.ID && r.state.Values[key].First.Before(o.end()) {
			out = append(out, &group{key: key + noDataMark, labels: r.state.Values[key].Labels, absent: !there[key]})
		}
	}
	return out
}

// absent are the keys of the silences that are hits.
func absent(silences []*group) []string {
	var keys []string
	for _, g := range silences {
		if g.absent {
			keys = append(keys, g.key)
		}
	}
	return keys
}

// among tells which keys are among some.
func among(keys []string) func(key string) bool {
	set := make(map[string]bool, len(keys))
	for _, k := range keys {
		set[k] = true
	}
	return func(key string) bool { return set[key] }
}

// unknown reports whether an evaluation with those hits says nothing of a key:
// there were no data to judge it by.
func (r *Rule) unknown(key string, hit func(key string) bool) bool {
	all := r.ID + noDataMark
	if isNoData(key) {
		return key != all && hit(all)
	}
	return hit(all) || hit(key+noDataMark)
}

// heed steps the no-data alerts, and marks the alerts that could not be checked.
func (r *run) heed(o observation, silences []*group) {
	missing := among(absent(silences))
	for _, g := range silences {
		r.stepKey(o, g)
	}
	for key, a := range r.living() {
		if a.Mode == State && !a.NoData && r.rule.unknown(key, missing) {
			r.unchecked(a)
		}
	}
}

// unchecked marks an alert that could not be checked.
func (r *run) unchecked(a *Alert) {
	if a.LastData.IsZero() {
		a.LastData = a.At
		r.touch(a)
	}
}

// expect notes which values reported, after the observation was taken in.
func (r *run) expect(o observation, groups []*group) {
	if !r.rule.expects(o) || len(o.result.Rows) == 0 {
		return
	}
	s := r.state
	if s.Values == nil {
		s.Values = map[string]Value{}
	}
	s.Values[r.rule.ID] = Value{Last: o.at}
	for _, g := range groups {
		v, known := s.Values[g.key]
		if !known {
			v.First = o.end()
		}
		if len(r.rule.per) > 0 && g.beyond == 0 && (known || len(s.Values) < min(maxValues, r.rule.states)) {
			s.Values[g.key] = Value{Labels: g.labels, First: v.First, Last: o.at}
		}
	}
	patience := forgetAfter + 3*o.window.To.Sub(o.window.From)
	for _, key := range slices.Sorted(maps.Keys(s.Values)) {
		if key != r.rule.ID && o.at.Sub(s.Values[key].Last) > patience {
			r.forget(o, key)
		}
	}
}

// forget expects a value no more.
func (r *run) forget(o observation, key string) {
	delete(r.state.Values, key)
	for _, k := range []string{key, key + noDataMark} {
		delete(r.state.Pending, k)
		if a := r.live[k]; a != nil {
			r.end(a, o, EndForgotten)
		}
	}
}

// silent fills a no-data alert. It has no rows, and the texts that the author
// wrote for rows do not speak of it.
func (r *run) silent(a *Alert, o observation, g *group) {
	r.place(a, o)
	a.NoData, a.Mode, a.LastHit, a.Labels = true, State, o.at, maps.Clone(g.labels)
	a.LastData = r.state.Values[strings.TrimSuffix(a.Key, noDataMark)].Last
	a.Severity = r.rule.NoData.Severity
	a.MaxSeverity = max(a.MaxSeverity, a.Severity)
}

// OfRule reports whether a no-data alert says that nothing at all came, not just
// nothing of one value.
func (a *Alert) OfRule() bool { return strings.HasPrefix(a.Key, a.Rule+noDataMark) }

// outdated ends the no-data alerts that an edit of the rule left without a
// meaning, and forgets values that the query as it is now may never give.
func (r *run) outdated(at time.Time) {
	of := ""
	if r.rule.NoData != nil {
		of = shortHash([]any{r.rule.Logstore, r.rule.Query, r.rule.AlertPer, r.rule.exceptionTexts()})
	}
	if r.state.ValuesOf == of {
		return
	}
	r.state.ValuesOf, r.state.Values = of, nil
	for key := range r.state.Pending {
		if isNoData(key) {
			delete(r.state.Pending, key)
		}
	}
	for key, a := range r.living() {
		if a.NoData && (r.rule.NoData == nil || key != r.rule.ID+noDataMark) {
			a.Edited = r.state.Edited
			r.close(a, at, EndEdited)
		}
	}
}

// silenceText says in words what an observation says of missing data; "" when
// it says nothing.
func (r *run) silenceText(o observation, silences []*group) string {
	if r.rule.noData(o) {
		n := r.rule.NoData.After
		if p := r.state.Pending[r.rule.ID+noDataMark]; p != nil {
			n = len(p.Hits)
		}
		return "no data, " + itoa(n) + " of " + itoa(r.rule.NoData.After)
	}
	switch n := len(absent(silences)); n {
	case 0:
		return ""
	case 1:
		return "no data of 1 value"
	default:
		return "no data of " + itoa(n) + " values"
	}
}
