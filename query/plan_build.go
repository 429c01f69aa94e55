// The way from a query to a plan: stages, sources, the filter.

package query

import (
	"slices"
	"strconv"
	"time"

	"tocsin/diag"
)

// A planner collects what is wrong with one query while it resolves it.
type planner struct {
	schema                           Schema
	o                                Options
	faults                           *diag.List
	reads                            map[string]bool
	own                              bool // the rule's own logstore is read
	filter                           Search
	weights                          map[value]int // see weight
	length                           time.Duration // of the window of what is read; 0: that of the statement
	gives                            string        // what the sources of a condition are called; "": the stage before
	relations                        int           // so far; the number of the last one
	tables                           int           // sources that were written, so far
	told                             []*rows       // what each stage gives
	ids                              int           // of parameters of lambdas
	usesNow, aggregates, havingOnAgg bool
}

// maxPlanFaults is how many mistakes of one query are reported.
const maxPlanFaults = 10

// maxStages bounds pipes and subqueries, each of which nests in the statement.
const maxStages = 60

// Plan resolves names and types of q over s. The error is a *diag.List of the
// mistakes that were found, at most ten, with spans into the text of q; its
// Name and Source are left to the caller, who knows where the text came from.
func (q *Query) Plan(s Schema, o Options) (*Plan, error) { return q.plan(newPlanner(s, o)) }

func (q *Query) plan(p *planner) (*Plan, error) {
	s, o := p.schema, p.o
	p.filter = q.Filter
	store, ok := s.Logstore(o.Logstore)
	if !ok {
		p.noLogstore(o.Logstore, diag.Span{})
		return nil, p.err()
	}
	root := p.stages(q, store)
	p.checkFilter(store)
	plan, err := p.finish(root, q.Span())
	if err != nil {
		return nil, err
	}
	plan.source, plan.own, plan.stages = q, o.Logstore, p.told
	return plan, nil
}

func newPlanner(s Schema, o Options) *planner {
	return &planner{schema: s, o: o, faults: &diag.List{}, reads: map[string]bool{}, weights: map[value]int{}}
}

// finish makes the plan of the rows that a query gives in the end.
func (p *planner) finish(root *rows, at diag.Span) (*Plan, error) {
	if _, ok := root.set.(*selection); !ok {
		root = p.selectRows(&Select{}, p.derived(root, "").scope())
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	plan := &Plan{
		root: root.set.(*selection), maxRows: p.o.MaxRows, rowIdentity: root.seq, aggregates: p.aggregates,
		havingOnAgg: p.havingOnAgg, usesNow: p.usesNow,
	}
	plan.columns = root.columns()
	for name := range p.reads {
		switch l, ok := p.schema.Logstore(name); {
		case ok && l.Lookup:
			plan.lookups = append(plan.lookups, name)
		case ok && l.History:
			plan.histories = append(plan.histories, name)
		default:
			plan.logstores = append(plan.logstores, name)
		}
	}
	seen := &sqlPrinter{engine: DuckDB(), tally: &tally{names: map[string]bool{}}}
	seen.selection(plan.root, plan.maxRows)
	plan.reading = seen.tally.reading(plan.root)
	if seen.full() {
		p.fault("query/too-large", at, "the statement that comes of this query is larger than 4 MB", "use fewer calls inside each other, fields in front of the words that are looked for, and fewer stages that build on one another")
		return nil, p.err()
	}
	slices.Sort(plan.logstores)
	slices.Sort(plan.lookups)
	slices.Sort(plan.histories)
	return plan, nil
}

// userType is the type of a result column.
func userType(t Type) Type {
	if t == Unknown {
		return Text
	}
	return t
}

// err returns what was found, in the order of the text and without doubles.
func (p *planner) err() error {
	ps := p.faults.Problems
	slices.SortStableFunc(ps, func(a, b diag.Problem) int { return a.Span.Start - b.Span.Start })
	ps = slices.Compact(ps)
	if len(ps) > maxPlanFaults {
		ps = ps[:maxPlanFaults]
	}
	p.faults.Problems = ps
	return p.faults.Err()
}

// fault reports a mistake.
func (p *planner) fault(check string, at diag.Span, message, hint string) {
	p.faults.Add(check, at, message, hint)
}

// noLogstore reports a name that is no logstore.
func (p *planner) noLogstore(name string, at diag.Span) {
	hint := "there are none yet: load something first"
	if known := p.schema.Logstores(); len(known) > 0 {
		hint = didYouMean(name, append(slices.Concat(known, p.schema.Histories()), "log"), "there is "+listed(known))
	}
	p.fault("query/unknown-logstore", at, "there is no logstore "+cut(name), hint)
}

// listed writes names in a row: "a, b and c", at most eight of them.
func listed(names []string) string {
	const most = 8
	if len(names) > most {
		names = append(slices.Clone(names[:most]), "others")
	}
	out := ""
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			out += " and "
		default:
			out += ", "
		}
		out += n
	}
	return out
}

// stages resolves the stages of q, each over the rows of the one before.
func (p *planner) stages(q *Query, store *Logstore) *rows {
	if len(q.Stages) > maxStages {
		p.fault("query/too-many-stages", q.Stages[maxStages].Span(), "a query of more than 60 stages", "a stage can hold WHERE, GROUP BY, HAVING, ORDER BY and LIMIT at once")
		return p.records(store)
	}
	if len(q.Stages) == 0 {
		return p.records(store)
	}
	var before *rows
	for _, st := range q.Stages {
		before = p.query(st, surrounding{store: store, before: before})
		p.told = append(p.told, before)
	}
	return before
}

// records is the plan of a filter alone: the records as they are.
func (p *planner) records(store *Logstore) *rows {
	return p.selectRows(&Select{}, p.read(store, "log").scope())
}

// ownFilter is the search half without what the exceptions leave out.
func (p *planner) ownFilter(store *Logstore) pred {
	xs := []pred{searcher{p, store}.search(p.filter)}
	for i, e := range p.o.Exclude {
		xs = append(xs, &predNot{p.exception(i, e, store)})
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return &predAnd{xs}
}

// exception resolves one exception. Its text is another one than the query's,
// so that its mistakes have no place here; PlanSearch gives them one.
func (p *planner) exception(i int, e Search, store *Logstore) pred {
	own := p.faults
	p.faults = &diag.List{}
	out := searcher{p, store}.search(e)
	for _, f := range p.faults.Problems {
		own.Add(f.Check, diag.Span{}, "exception "+strconv.Itoa(i+1)+": "+f.Message, f.Hint)
	}
	p.faults = own
	return out
}

// PlanSearch resolves the names of a search over o.Logstore, as an exception
// is, and throws the result away. The error is as that of Plan, with spans into
// the text of the search.
func PlanSearch(search Search, s Schema, o Options) error {
	p := &planner{schema: s, o: o, faults: &diag.List{}}
	store, ok := s.Logstore(o.Logstore)
	if !ok {
		p.noLogstore(o.Logstore, diag.Span{})
		return p.err()
	}
	searcher{p, store}.search(search)
	return p.err()
}

// checkFilter refuses a search that nothing would apply to.
func (p *planner) checkFilter(store *Logstore) {
	if p.own || p.filter == nil {
		return
	}
	if _, all := p.filter.(*SearchAll); !all {
		p.fault("query/unused-filter", p.filter.Span(), "the search before the pipe is over "+store.Name+", which the statement does not read",
			"write * before the pipe and WHERE behind it, or read log")
	}
}
