// The plan of a query: its second form, with names and types resolved. A
// Dialect prints it; nothing of the user's text is looked up again after this.

package query

import (
	"slices"
	"time"
)

// A Window bounds the records that a statement reads, for each logstore that it
// names. Zero values leave a side open.
type Window struct {
	From, To time.Time // half-open over the time of the event: From <= @time < To
	AfterSeq int64     // exclusive: __seq__ > AfterSeq
	UpToSeq  int64     // inclusive: __seq__ <= UpToSeq
	// Now is what now() and its like answer; zero: To. Statements that use
	// now() (Plan.UsesNow) need one of the two.
	Now time.Time
}

// Options say in which surroundings a query is planned.
type Options struct {
	Logstore string              // what `log` and an absent FROM read
	Exclude  []Search            // exceptions of a rule: records that match one are left out first
	Lists    map[string][]string // named lists: values, values with * or ?, networks, addresses
	MaxRows  int                 // bound on the rows; the statement asks for one more, so that a cut is seen. 0: no bound
}

// A Statement is SQL text of one dialect with the values of its ? parameters,
// in order: nil, bool, int64, float64, string or time.Time.
type Statement struct {
	Text string
	Args []any
}

// A Dialect prints plans for one engine.
type Dialect interface {
	// Name is "duckdb", "trino" …
	Name() string
	engine
}

// SQL prints the plan for an engine, reading what w bounds. When RowIdentity,
// the first column of the statement is the hidden __seq__, and the others are
// Columns in order; else they are Columns. Names of the engine's result columns
// mean nothing.
func (p *Plan) SQL(d Dialect, w Window) Statement {
	out := &sqlPrinter{engine: d, window: w}
	out.selection(p.root, p.maxRows)
	text := out.b.String()
	return Statement{Text: d.functions(text) + text, Args: out.args}
}

// A Plan is a query with its names and types resolved. It is immutable and may
// be printed any number of times, by several goroutines at once.
type Plan struct {
	root        *selection // the last stage
	columns     []Column
	logstores   []string
	lookups     []string
	histories   []string
	maxRows     int
	rowIdentity bool
	aggregates  bool
	havingOnAgg bool
	usesNow     bool
	reading     Reading // its store is nil when there is none

	// For Describe.
	source *Query
	text   string  // of a combination, which has no source
	own    string  // the logstore that the search is over
	stages []*rows // what each stage gives
}

// Columns are the columns of the result, without the hidden __seq__.
func (p *Plan) Columns() []Column { return slices.Clone(p.columns) }

// RowIdentity reports whether the rows are records: then the statement carries
// the hidden column __seq__ first, of a snapshot its own (Logstore.Identity), and
// it is what a row is known by.
func (p *Plan) RowIdentity() bool { return p.rowIdentity }

// Aggregates reports whether rows depend on more than one record: an aggregate,
// DISTINCT, LIMIT, UNNEST or a set operation. Over `new` an evaluation of such a
// plan is one piece of news.
func (p *Plan) Aggregates() bool { return p.aggregates }

// HavingOnAggregate reports whether a condition on an aggregate decides which
// rows there are, which is refused over `new` (D11).
func (p *Plan) HavingOnAggregate() bool { return p.havingOnAgg }

// UsesNow reports whether the answer depends on Window.Now or Window.To beyond
// the records that they bound.
func (p *Plan) UsesNow() bool { return p.usesNow }

// Within is the plan with another bound on the rows; 0: none.
func (p *Plan) Within(rows int) *Plan {
	c := *p
	c.maxRows = rows
	return &c
}

// MaxRows is the bound that the plan was made with (Options.MaxRows): a
// statement that gives more rows was cut.
func (p *Plan) MaxRows() int { return p.maxRows }

// Logstores are the names of the logstores that the plan reads, sorted; lookup
// tables and the history are not among them.
func (p *Plan) Logstores() []string { return slices.Clone(p.logstores) }

// Lookups are the names of the lookup tables that the plan reads, sorted.
func (p *Plan) Lookups() []string { return slices.Clone(p.lookups) }

// Histories are the names of what the plan reads of the history, sorted.
func (p *Plan) Histories() []string { return slices.Clone(p.histories) }
