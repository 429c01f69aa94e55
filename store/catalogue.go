// The catalogue: which paths records have, and which values are at one of them,
// for completion. Both look at the newest records only, so that an answer takes
// tens of milliseconds whatever the store holds.

package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tocsin/query"
)

// How many of the newest records are looked at.
const (
	pathSample  = 20_000  // for paths: their JSON is read whole
	valueSample = 250_000 // for the values of a column
	jsonRecords = 10_000  // for values below an open object, where many of them have one,
	jsonSample  = 200_000 // and where few of them have
)

// Bounds of values that are offered.
const (
	maxSeenValues = 50
	maxSeenText   = 200    // characters of one
	maxDistinct   = 20_000 // values that are counted
)

// seenPaths keeps the answers of Paths while they are fresh.
type seenPaths struct {
	mu   sync.Mutex
	list map[string]seenAt
}

type seenAt struct {
	seq   int64
	paths []query.SeenPath
}

// fresh reports whether most of the records that were looked at are still among
// the newest.
func (s seenAt) fresh(last int64) bool {
	return last == s.seq || s.seq > pathSample && last > s.seq && last < s.seq+pathSample/2
}

// Paths implements query.Seen over the newest 20,000 records: the declared fields
// with how many records have them, and the paths below open objects, through
// arrays, at most 5,000. Of is how many records were looked at.
func (l *Logs) Paths(ctx context.Context, logstore string) ([]query.SeenPath, error) {
	store, ok := l.schema.Logstore(logstore)
	if !ok {
		return nil, fmt.Errorf("logstore %s: %w", logstore, ErrNoTable)
	}
	last, _, err := l.LastSeq(ctx)
	if err != nil {
		return nil, err
	}
	l.seen.mu.Lock()
	defer l.seen.mu.Unlock() // two questions at once are one walk
	if known, ok := l.seen.list[logstore]; ok && !store.Lookup && known.fresh(last) && !store.History {
		return slices.Clone(known.paths), nil
	}
	s := &surveyor{logs: l, store: store}
	var paths []query.SeenPath
	if s.window, err = s.newest(ctx, pathSample); err == nil {
		paths, err = s.paths(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("paths of %s: %w", logstore, err)
	}
	if l.seen.list == nil {
		l.seen.list = map[string]seenAt{}
	}
	l.seen.list[logstore] = seenAt{last, paths}
	return slices.Clone(paths), nil
}

// Values implements query.Seen: the values of the newest records, of a column
// among 250,000, below an open object among 10,000 or 200,000. A field of times has none.
func (l *Logs) Values(ctx context.Context, logstore, field, prefix string) ([]query.SeenValue, error) {
	store, ok := l.schema.Logstore(logstore)
	if !ok {
		return nil, fmt.Errorf("logstore %s: %w", logstore, ErrNoTable)
	}
	steps := query.SplitPath(field)
	f, below, ok := store.Find(steps)
	if !ok {
		return nil, fmt.Errorf("the logstore %s has no field %s", logstore, field)
	}
	s := &surveyor{logs: l, store: store}
	var values []query.SeenValue
	var err error
	switch {
	case f.Open || f.Type == query.JSON:
		values, err = s.valuesBelow(ctx, f, below, steps, prefix)
	case f.Type != query.Time && f.Type != query.EpochSeconds:
		values, err = s.values(ctx, f, prefix)
	}
	if err != nil {
		return nil, fmt.Errorf("values of %s: %w", field, err)
	}
	return values, nil
}

// A surveyor asks about the newest records of one logstore. Its queries are
// trees, which only the planner makes SQL of.
type surveyor struct {
	logs   *Logs
	store  *query.Logstore
	window query.Window
}

// newest is the window of the newest records.
func (s *surveyor) newest(ctx context.Context, records int) (query.Window, error) {
	if s.store.Lookup {
		return query.Window{}, nil
	}
	all := surveyor{logs: s.logs, store: s.store}
	seq := name("__seq__")
	r, err := all.ask(ctx, nil, &query.Select{
		Core:    query.Core{Explicit: true, Items: []*query.Item{{X: seq}}},
		OrderBy: []*query.Order{{X: seq, Desc: true}}, Limit: &query.Limit{Count: 1, Offset: int64(records)},
	})
	if err != nil || len(r.Rows) == 0 {
		return query.Window{}, err
	}
	return query.Window{AfterSeq: integer(r.Rows[0][0])}, nil
}

// ask runs a query of one stage.
func (s *surveyor) ask(ctx context.Context, filter query.Search, stage *query.Select) (*query.Result, error) {
	q := &query.Query{Filter: filter, Stages: []*query.Select{stage}}
	p, err := q.Plan(query.Fixed{s.store}, query.Options{Logstore: s.store.Name})
	if err != nil {
		return nil, err
	}
	return s.logs.Query(ctx, p, s.window)
}

// paths counts declared fields in the engine, and walks the open ones.
func (s *surveyor) paths(ctx context.Context) ([]query.SeenPath, error) {
	census := query.NewCensus(s.store)
	open := census.Fields()
	inOpen := func(f query.Field) bool {
		return slices.ContainsFunc(open, func(o query.Field) bool { return o.Column == f.Column })
	}
	var counted []string
	items := []*query.Item{{X: &query.Call{Name: "count", Star: true}, Alias: alias(0)}}
	for _, f := range s.store.Fields {
		if !inOpen(f) {
			counted = append(counted, f.Name)
			items = append(items, &query.Item{X: &query.Call{Name: "count", Args: []query.Expr{name(f.Name)}}, Alias: alias(len(counted))})
		}
	}
	r, err := s.ask(ctx, nil, &query.Select{Core: query.Core{Explicit: true, Items: items}})
	if err != nil {
		return nil, err
	}
	of, declared := integer(r.Rows[0][0]), map[string]int64{}
	for i, name := range counted {
		declared[name] = integer(r.Rows[0][i+1])
	}
	if err := s.walk(ctx, census, open); err != nil {
		return nil, err
	}
	return census.Paths(declared, of), nil
}

// walk reads the JSON of the open fields.
func (s *surveyor) walk(ctx context.Context, census *query.Census, open []query.Field) error {
	if len(open) == 0 {
		return nil
	}
	var items []*query.Item
	for i, f := range open {
		items = append(items, &query.Item{X: name(f.Name), Alias: alias(i)})
	}
	r, err := s.ask(ctx, nil, &query.Select{Core: query.Core{Explicit: true, Items: items}})
	if err != nil {
		return err
	}
	for _, row := range r.Rows {
		for i, v := range row {
			if text, ok := v.(string); ok {
				census.Add(i, text)
			}
		}
	}
	return nil
}

// values groups the values of a column.
func (s *surveyor) values(ctx context.Context, f query.Field, prefix string) ([]query.SeenValue, error) {
	sample, column := valueSample, name(f.Name)
	if f.Path != nil {
		sample = jsonSample
	}
	var err error
	if s.window, err = s.newest(ctx, sample); err != nil {
		return nil, err
	}
	var where query.Expr = &query.IsNull{X: column, Not: true}
	if prefix != "" {
		folded := func(x query.Expr) query.Expr { return &query.Call{Name: "lower", Args: []query.Expr{x}} }
		text := &query.Cast{X: column, Type: &query.TypeName{Name: "VARCHAR"}}
		where = &query.Call{Name: "starts_with", Args: []query.Expr{folded(text), folded(&query.Literal{Kind: query.StringLit, Text: prefix})}}
	}
	n, v := &query.ColumnRef{Names: []query.Name{*alias(0)}}, &query.ColumnRef{Names: []query.Name{*alias(1)}}
	r, err := s.ask(ctx, nil, &query.Select{
		Core: query.Core{
			Explicit: true, Where: where, GroupBy: []query.Expr{v},
			Items: []*query.Item{{X: &query.Call{Name: "count", Star: true}, Alias: alias(0)}, {X: column, Alias: alias(1)}},
		},
		OrderBy: []*query.Order{{X: n, Desc: true}, {X: v}}, Limit: &query.Limit{Count: 2 * maxSeenValues},
	})
	if err != nil {
		return nil, err
	}
	var out []query.SeenValue
	for _, row := range r.Rows {
		if value, ok := text(row[1]).(string); ok && offered(value) && len(out) < maxSeenValues {
			out = append(out, query.SeenValue{Value: value, Count: integer(row[0])})
		}
	}
	return out, nil
}

// offered reports whether a value is short enough to be typed.
func offered(value string) bool {
	return value != "" && len(value) <= 4*maxSeenText && len([]rune(value)) <= maxSeenText
}

// valuesBelow counts the values at a path below an open field in the records
// that have one which begins with the prefix: among the newest records, and
// where few of those have one, among more.
func (s *surveyor) valuesBelow(ctx context.Context, f query.Field, below, steps []string, prefix string) ([]query.SeenValue, error) {
	path := &query.Path{}
	for _, step := range steps {
		path.Names = append(path.Names, query.Name{Text: step, Quoted: len(steps) > 1})
	}
	var filter query.Search = &query.SearchExists{Field: path}
	if prefix != "" {
		filter = &query.SearchMatch{Field: path, Value: &query.Value{Text: prefix, Glob: []query.Glob{{Text: prefix}, {Wild: '*'}}}}
	}
	field := name(f.Name) // of a path that does not begin with it, such as __tag__:host
	if n := len(path.Names) - len(below); n > 0 {
		field = &query.ColumnRef{Names: path.Names[:n]}
	}
	stage := &query.Select{Core: query.Core{Explicit: true, Items: []*query.Item{{X: field}}}, Limit: &query.Limit{Count: jsonRecords}}
	var r *query.Result
	for _, sample := range []int{jsonRecords, jsonSample} {
		var err error
		if s.window, err = s.newest(ctx, sample); err != nil {
			return nil, err
		}
		if r, err = s.ask(ctx, filter, stage); err != nil {
			return nil, err
		}
		if len(r.Rows) >= jsonRecords/10 || s.window.AfterSeq == 0 {
			break
		}
	}
	return countBelow(r, below, strings.ToLower(prefix)), nil
}

// countBelow counts in how many rows a value lies at a path of their JSON.
func countBelow(r *query.Result, below []string, prefix string) []query.SeenValue {
	counts := map[string]int64{}
	for _, row := range r.Rows {
		doc, ok := row[0].(string)
		if !ok {
			continue
		}
		seen := map[string]bool{}
		query.EachValue(doc, below, func(value string) {
			_, known := counts[value]
			if seen[value] || !known && len(counts) == maxDistinct || !offered(value) || !strings.HasPrefix(strings.ToLower(value), prefix) {
				return
			}
			seen[value] = true
			counts[value]++
		})
	}
	return mostFrequent(counts)
}

func mostFrequent(counts map[string]int64) []query.SeenValue {
	out := make([]query.SeenValue, 0, len(counts))
	for value, n := range counts {
		out = append(out, query.SeenValue{Value: strings.Clone(value), Count: n})
	}
	slices.SortFunc(out, func(a, b query.SeenValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return out[:min(len(out), maxSeenValues)]
}

// name is a declared field, by its whole name.
func name(field string) *query.ColumnRef {
	return &query.ColumnRef{Names: []query.Name{{Text: field, Quoted: true}}}
}

// alias is a name of ours for column i.
func alias(i int) *query.Name { return &query.Name{Text: "v" + strconv.Itoa(i)} }

func integer(v any) int64 {
	n, _ := v.(int64) // a count is one
	return n
}
