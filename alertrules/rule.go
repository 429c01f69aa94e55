package alertrules

import (
	"cmp"
	"slices"
	"time"

	"tocsin/query"
	"tocsin/templates"
)

// A Rule is one alert rule, compiled: nothing of its text is looked up again.
// It is immutable and may be used by several goroutines.
type Rule struct {
	ID    string
	Name  string // free text for people; ID where none was written
	Owner string
	File  string // as it was given to Parse
	Line  int    // of the rule in File, from 1

	Enabled  bool
	Staging  bool // evaluated and recorded, never mailed
	Controls []string

	Schedule *Schedule
	Window   Window
	Delay    time.Duration // windows of event time end this long before the moment
	Start    Start
	Zone     *time.Location // of Schedule and Window

	Logstore   string
	Query      string // as written; of several, a line for each and for each step
	Parts      []Part // of a rule with several queries; nil for one with one
	Exceptions []Exception
	Columns    []Column // of the rows
	Identity   bool     // the rows are records, known by __seq__ (D07)
	Aggregates bool     // rows depend on more than one record

	Trigger       Trigger
	After         Threshold
	KeepFiringFor time.Duration
	NoData        *Absence // nil: an evaluation without a row is an ordinary miss
	AlertPer      []string
	Mode          Mode
	Branches      []Branch

	Labels      map[string]string
	Annotations []Annotation // sorted by name
	Runbook     string
	Notify      Notify
	Tests       []RuleTest

	// Hash is of everything that an evaluation depends on. An edit of names,
	// texts or recipients leaves it as it is, so that no end or rise is blamed on
	// such an edit (D23).
	Hash string
	rest string // the same without the exceptions

	plans  []timedPlan   // by end of validity; the last has none
	beside []beside      // queries whose results are not put together with the first
	touch  []*query.Plan // count the records of a window: of the rule's own logstore, then of the others that it reads

	// standings plans the question how findings stand, by their numbers; nil but
	// for a rule whose rows are findings of a snapshot.
	standings func(numbers []int64) (*query.Plan, error)

	reads []reading // what is read over windows of event time

	bySeq bool  // rows come in the order of __seq__
	keys  []int // columns that a row is known by
	per   []int // columns of AlertPer

	states int // bound on the values that have a state of their own
}

// A reading is a logstore that a query of a rule reads over a window of event time.
// Several queries, or one that joins, may read one logstore more than once.
type reading struct {
	logstore string
	length   time.Duration // of a sliding window: how far back
	late     *query.Plan   // of a sliding window: when records happened that it reads
}

// Reads are the logstores in whose history a rule may have gaps, or finds: its own,
// and those that are put together or joined with it.
func (r *Rule) Reads() []string {
	list := []string{r.Logstore}
	for _, x := range r.reads {
		if !slices.Contains(list, x.logstore) {
			list = append(list, x.logstore)
		}
	}
	return list
}

// reach is how far back a sliding window reads a logstore at most.
func (r *Rule) reach(logstore string) (longest time.Duration) {
	for _, x := range r.reads {
		if x.logstore == logstore {
			longest = max(longest, x.length)
		}
	}
	return cmp.Or(longest, r.Window.Length)
}

// A timedPlan is the plan with the exceptions that hold before a moment.
type timedPlan struct {
	until time.Time // exclusive; zero: for ever
	plan  *query.Plan
}

// Plan returns the plan for an evaluation at a moment: exceptions that have run
// out by then are not in it (D25).
func (r *Rule) Plan(at time.Time) *query.Plan { return planAt(r.plans, at) }

func planAt(plans []timedPlan, at time.Time) *query.Plan {
	for _, p := range plans {
		if p.until.IsZero() || at.Before(p.until) {
			return p.plan
		}
	}
	return nil
}

// PlainAt reports whether an evaluation at a moment asks Query over Logstore and
// nothing else: no exception holds, there is one query, and none asks for the time.
func (r *Rule) PlainAt(at time.Time) bool {
	holds := func(e Exception) bool { return e.Until.IsZero() || at.Before(e.Until) }
	return r.Parts == nil && !slices.ContainsFunc(r.Exceptions, holds) && !r.Plan(at).UsesNow()
}

// An Exception leaves records out before anything is counted.
type Exception struct {
	Match  string
	Until  time.Time // first moment at which it does not hold any more; zero: none
	Reason string
	By     string
}

// expired returns the last day of an exception that ran out between two moments;
// "" when none did.
func (r *Rule) expired(before, at time.Time) string {
	for _, e := range r.Exceptions {
		if !before.IsZero() && e.Until.After(before) && !e.Until.After(at) {
			return e.LastDay()
		}
	}
	return ""
}

// LastDay is the last day on which e holds, as it is written; "" when it has no end.
func (e Exception) LastDay() string {
	if e.Until.IsZero() {
		return ""
	}
	return e.Until.Add(-time.Nanosecond).Format(time.DateOnly)
}

// A Branch gives a severity to the rows for which When holds; first match wins.
type Branch struct {
	When *Test // nil: always
	Is   Severity
}

// A Trigger decides whether the rows of an evaluation are a hit.
type Trigger struct {
	When *Test // rows that count; nil: all
	Rows Count
	Text string // in words, for mails and reasons
}

// A Count compares a number of rows.
type Count struct {
	Op string // >=, >, ==, !=, <, <=
	N  int
}

// Holds reports whether n rows satisfy c.
func (c Count) Holds(n int) bool {
	switch c.Op {
	case ">":
		return n > c.N
	case "==":
		return n == c.N
	case "!=":
		return n != c.N
	case "<":
		return n < c.N
	case "<=":
		return n <= c.N
	default:
		return n >= c.N
	}
}

// Grows reports whether more rows cannot undo that c holds, so that a partial
// result may fire on it (D30).
func (c Count) Grows() bool { return c.Op == ">=" || c.Op == ">" }

// String returns the comparison as it is written, such as ">= 3".
func (c Count) String() string { return c.Op + " " + itoa(c.N) }

// A Threshold is "M of the last N observations" (D16); 1 of 1 is the default.
type Threshold struct{ M, N int }

// An Annotation is a text rendered at each evaluation that hits.
type Annotation struct {
	Name   string
	Source string
	text   *templates.Text
}

// A Start bounds the first cursor of `new` and the first `whole` window.
type Start struct {
	Text string        // as written; "now" by default
	Back time.Duration // before the moment at which the rule becomes known
	At   time.Time     // or a fixed moment
}

// Moment returns the moment that s means for a rule that becomes known at now.
func (s Start) Moment(now time.Time) time.Time {
	if !s.At.IsZero() {
		return s.At
	}
	return now.Add(-s.Back)
}
