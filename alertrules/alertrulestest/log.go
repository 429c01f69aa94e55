package alertrulestest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"tocsin/alertrules"
	"tocsin/query"
)

// The scripted log.

// A Record is one stored record. Its number is its place in Log.Records.
type Record struct {
	Logstore string // "": it is in every one
	Arrived  time.Time
	Time     time.Time // of the event
	Fields   map[string]any
	History  bool // it came in as history
	Notify   bool // and what is found in it is mailed

	Seq int64 // set by Log
}

// isIn reports whether the record is in one of some logstores.
func (r Record) isIn(logstores ...string) bool {
	return r.Logstore == "" || slices.Contains(logstores, r.Logstore)
}

// A Log is a scripted log: records become visible when its clock passes their
// arrival. It implements alertrules.Logs, and Query answers the rules that were
// handed to Handle. Records that arrive at equal times keep their order.
type Log struct {
	Generation string    // "g1" when empty
	Now        time.Time // the clock: what arrived later is not there yet

	mu       sync.Mutex
	records  []Record // in order of arrival
	handlers []handler
}

// A handler answers for one rule.
type handler struct {
	rule   *alertrules.Rule
	answer Answer
}

// An Answer is what a query returns: p is the plan, records are those that the
// window holds, in order of their numbers. w.Now is the moment of the schedule.
type Answer func(p *query.Plan, w query.Window, records []Record) (*query.Result, error)

// Add scripts the arrival of a record. Arrivals may be added in any order, but
// not before a record that is visible.
func (l *Log) Add(r Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r)
	slices.SortStableFunc(l.records, func(a, b Record) int { return a.Arrived.Compare(b.Arrived) })
	for i := range l.records {
		l.records[i].Seq = int64(i + 1)
	}
}

// Handle makes Query answer for a rule.
func (l *Log) Handle(rule *alertrules.Rule, a Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handlers = slices.DeleteFunc(l.handlers, func(h handler) bool { return h.rule.ID == rule.ID })
	l.handlers = append(l.handlers, handler{rule, a})
}

// OldestLive implements alertrules.Logs.
func (l *Log) OldestLive(_ context.Context, logstore string, in alertrules.SeqRange) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var oldest time.Time
	for _, r := range l.records {
		if !r.History && r.isIn(logstore) && r.Seq > in.From && r.Seq <= in.To && (oldest.IsZero() || r.Time.Before(oldest)) {
			oldest = r.Time
		}
	}
	return oldest, nil
}

// History implements alertrules.Logs.
func (l *Log) History(_ context.Context, after, upTo int64) ([]alertrules.Past, error) {
	var list []alertrules.Past
	for _, r := range l.history("", after, upTo) {
		if n := len(list) - 1; n >= 0 && list[n].To == r.Seq-1 && list[n].Notify == r.Notify {
			list[n].To = r.Seq
			continue
		}
		list = append(list, alertrules.Past{SeqRange: alertrules.SeqRange{From: r.Seq - 1, To: r.Seq}, Notify: r.Notify})
	}
	return list, nil
}

// HistoryTimes implements alertrules.Logs: each record is an object of its own.
func (l *Log) HistoryTimes(_ context.Context, logstore string, after, upTo int64) ([]alertrules.PastTime, error) {
	var list []alertrules.PastTime
	for _, r := range l.history(logstore, after, upTo) {
		list = append(list, alertrules.PastTime{TimeRange: alertrules.TimeRange{From: r.Time, To: r.Time.Add(time.Microsecond)}, Notify: r.Notify})
	}
	return list, nil
}

// HistoryHours implements alertrules.Logs.
func (l *Log) HistoryHours(_ context.Context, logstore string, in alertrules.SeqRange) ([]time.Time, error) {
	var hours []time.Time
	for _, r := range l.history(logstore, in.From, in.To) {
		hours = append(hours, r.Time.UTC().Truncate(time.Hour))
	}
	slices.SortFunc(hours, time.Time.Compare)
	return slices.Compact(hours), nil
}

// LateTimes implements alertrules.Logs.
func (l *Log) LateTimes(_ context.Context, logstore string, in alertrules.SeqRange, before time.Time) ([]alertrules.TimeRange, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []alertrules.TimeRange
	for _, r := range l.records {
		if r.isIn(logstore) && r.Seq > in.From && r.Seq <= in.To && r.Time.Before(before) {
			from := r.Time.UTC().Truncate(time.Minute)
			list = append(list, alertrules.TimeRange{From: from, To: from.Add(time.Minute)})
		}
	}
	slices.SortFunc(list, func(a, b alertrules.TimeRange) int { return a.From.Compare(b.From) })
	list = slices.Compact(list)
	if n := len(list); n > 0 && before.Before(list[n-1].To) {
		list[n-1].To = before
	}
	return list, nil
}

// history are the records of a logstore that came in as history; "": of all.
func (l *Log) history(logstore string, after, upTo int64) []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.records), func(r Record) bool {
		return !r.History || logstore != "" && !r.isIn(logstore) || r.Seq <= after || r.Seq > upTo
	})
}

// LastSeq implements alertrules.Logs.
func (l *Log) LastSeq(context.Context) (int64, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := int64(0)
	for _, r := range l.records {
		if !r.Arrived.After(l.Now) {
			n = r.Seq
		}
	}
	return n, l.generation(), nil
}

func (l *Log) generation() string {
	if l.Generation == "" {
		return "g1"
	}
	return l.Generation
}

// SeqAt implements alertrules.Logs.
func (l *Log) SeqAt(_ context.Context, t time.Time) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := int64(0)
	for _, r := range l.records {
		if r.Arrived.Before(t) {
			n = r.Seq
		}
	}
	return n, nil
}

// Query is the alertrules.QueryFunc of the log. A plan that belongs to no
// handled rule is taken for one that counts the records of a window, or tells when
// they happened.
func (l *Log) Query(_ context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
	l.mu.Lock()
	var in []Record
	for _, r := range l.records {
		if !r.Arrived.After(l.Now) && r.isIn(p.Logstores()...) && holds(w, r) {
			in = append(in, r)
		}
	}
	answer := Answer(func(p *query.Plan, _ query.Window, in []Record) (*query.Result, error) {
		if len(p.Columns()) > 1 {
			return times(in), nil
		}
		return &query.Result{Rows: [][]any{{int64(len(in))}}}, nil
	})
	for _, h := range l.handlers {
		if h.rule.Plan(w.Now) == p {
			answer = h.answer
		}
	}
	l.mu.Unlock()
	return answer(p, w, in)
}

// times is a row for each record, as ranges of time.
func times(in []Record) *query.Result {
	res := &query.Result{}
	for _, r := range in {
		res.Rows = append(res.Rows, []any{r.Time.Truncate(time.Hour), r.Time, r.Time})
	}
	return res
}

func holds(w query.Window, r Record) bool {
	return r.Seq > w.AfterSeq && (w.UpToSeq == 0 || r.Seq <= w.UpToSeq) &&
		(w.From.IsZero() || !r.Time.Before(w.From)) && (w.To.IsZero() || r.Time.Before(w.To))
}

// Matching answers as a query with that filter would: a row for each record that
// match takes, or, for a plan with aggregates, a row for each distinct value of
// its other columns, with the number of records in every aggregate column.
func Matching(match func(Record) bool) Answer {
	return func(p *query.Plan, _ query.Window, records []Record) (*query.Result, error) {
		records = slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return !match(r) })
		columns := p.Columns()
		res := &query.Result{Columns: columns}
		if !p.RowIdentity() {
			res.Rows = counts(columns, records)
			return res, nil
		}
		for _, r := range records {
			row := make([]any, len(columns))
			for i, c := range columns {
				row[i] = r.Fields[c.Name]
			}
			res.Rows, res.Seqs = append(res.Rows, row), append(res.Seqs, r.Seq)
		}
		return res, nil
	}
}

// LeftExclude is what left_exclude gives of two queries that group the records of two
// logstores by one text, of which value tells the text and whether the query looks
// at the record: a row for each text of cloudtrail that the other has not, with the
// number of records.
func LeftExclude(p *query.Plan, records []Record, value func(Record) (text string, looked bool)) *query.Result {
	res := &query.Result{Columns: p.Columns()}
	n, there := map[string]int64{}, map[string]bool{}
	for _, r := range records {
		text, looked := value(r)
		switch {
		case !looked:
		case r.Logstore == "cloudtrail":
			n[text]++
		default:
			there[text] = true
		}
	}
	for _, text := range slices.Sorted(maps.Keys(n)) {
		if !there[text] {
			res.Rows = append(res.Rows, []any{text, n[text]})
		}
	}
	return res
}

// counts is GROUP BY over the key columns with count(*) in the others.
func counts(columns []query.Column, records []Record) [][]any {
	grouped := slices.ContainsFunc(columns, func(c query.Column) bool { return c.Key })
	var order []string
	rows := map[string][]any{}
	n := map[string]int64{}
	for _, r := range records {
		row := make([]any, len(columns))
		for i, c := range columns {
			if c.Key {
				row[i] = r.Fields[c.Name]
			}
		}
		key := fmt.Sprintf("%#v", row)
		if rows[key] == nil {
			rows[key], order = row, append(order, key)
		}
		n[key]++
	}
	if !grouped && len(records) == 0 {
		order, rows["none"] = []string{"none"}, make([]any, len(columns))
	}
	out := make([][]any, 0, len(order))
	for _, key := range order {
		for i, c := range columns {
			if !c.Key {
				rows[key][i] = n[key]
			}
		}
		out = append(out, rows[key])
	}
	return out
}
