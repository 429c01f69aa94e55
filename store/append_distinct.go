// Each record once: a run of rows is made distinct by id, and held against
// what is stored, day by day.

package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tocsin/ingest"
)

const (
	day      = int64(24 * time.Hour / time.Microsecond)
	maxSpans = 32 // queries of one kind for one run
)

// distinct puts the rows from–to that are new into b.order, sorted by time. Of
// rows with one id the first stays; the others are counted, and those with
// other content are named.
func (a *appender) distinct(ctx context.Context, b *batch, from, to int) error {
	clear(b.seen)
	b.order = b.order[:0]
	for n := int32(from); n < int32(to); n++ {
		r := &b.rows[n]
		first, again := b.seen[r.id]
		if !again {
			b.seen[r.id] = n
			b.order = append(b.order, n)
			continue
		}
		r.duplicate = true
		a.leftOut(r, !b.same(first, n))
	}
	a.sort(b)
	if err := a.lookUp(ctx, b); err != nil {
		return err
	}
	b.order = slices.DeleteFunc(b.order, func(n int32) bool { return b.rows[n].duplicate })
	return nil
}

// sort puts the rows of b.order in the order of their time, those of history
// first, so that the numbers of history objects and of others do not mix.
func (a *appender) sort(b *batch) {
	newest := make([]int64, len(a.segments))
	for _, n := range b.order {
		r := &b.rows[n]
		at := int(r.segment) - a.base
		newest[at] = max(newest[at], r.time)
	}
	live := make([]int, len(a.segments))
	for at, t := range a.segments {
		if !a.past(t, newest[at]) {
			live[at] = 1
		}
	}
	byTime := func(x, y int32) int {
		r, s := &b.rows[x], &b.rows[y]
		return cmp.Or(live[int(r.segment)-a.base]-live[int(s.segment)-a.base], cmp.Compare(r.time, s.time), cmp.Compare(x, y))
	}
	if !slices.IsSortedFunc(b.order, byTime) {
		slices.SortFunc(b.order, byTime)
	}
}

// leftOut counts a row that is not stored.
func (a *appender) leftOut(r *batchRow, differs bool) {
	t := a.of(r)
	t.duplicates++
	if !differs {
		return
	}
	t.conflicts++
	if len(a.named) < maxNamed {
		a.named = append(a.named, conflict{t.target, Conflict{Object: a.objects[t.object].Name, Position: r.position, ID: r.id}})
	}
}

// span is a range of time and the rows that lie in it.
type span struct {
	from, to int64 // microseconds, half-open
	rows     []int32
}

// lookUp marks the rows of b.order that are stored already. A record is looked
// for on its own day only, so that a batch costs what its days hold, however
// large the table is; times outside of [now-400d, now+1d] go alone, so that one
// of them does not stretch the range of the others. A record without a time is
// looked for everywhere, because it got the time of loading.
func (a *appender) lookUp(ctx context.Context, b *batch) error {
	var untimed []int32
	timed := b.order
	if slices.ContainsFunc(b.order, func(n int32) bool { return b.rows[n].untimed }) {
		timed = nil
		for _, n := range b.order {
			if b.rows[n].untimed {
				untimed = append(untimed, n)
			} else {
				timed = append(timed, n)
			}
		}
	}
	spans := b.spans(timed, a.options.Now)
	if len(untimed) > 0 {
		spans = append(spans, span{minTime, maxTime + 1, untimed})
	}
	for _, s := range spans {
		if err := a.mark(ctx, b, s); err != nil {
			return err
		}
	}
	return nil
}

// spans cuts rows, which are sorted by time, into runs of neighbouring days.
func (b *batch) spans(rows []int32, now time.Time) []span {
	low, high := now.Add(-400*24*time.Hour).UnixMicro(), now.Add(24*time.Hour).UnixMicro()
	at := func(t int64) int {
		i, _ := slices.BinarySearchFunc(rows, t, func(n int32, t int64) int { return cmp.Compare(b.rows[n].time, t) })
		return i
	}
	i, j := at(low), at(high)
	var all []span
	for _, part := range [][]int32{rows[:i], rows[i:j], rows[j:]} {
		all = append(all, b.runs(part)...)
	}
	return all
}

// runs cuts rows at the largest gaps of more than a day into at most maxSpans
// spans of whole days.
func (b *batch) runs(rows []int32) []span {
	if len(rows) == 0 {
		return nil
	}
	type gap struct {
		days int64
		at   int
	}
	var gaps []gap
	for i := 1; i < len(rows); i++ {
		days := floorDay(b.rows[rows[i]].time)/day - floorDay(b.rows[rows[i-1]].time)/day
		if days > 1 {
			gaps = append(gaps, gap{days, i})
		}
	}
	slices.SortFunc(gaps, func(x, y gap) int { return cmp.Compare(y.days, x.days) })
	gaps = gaps[:min(len(gaps), maxSpans-1)]
	slices.SortFunc(gaps, func(x, y gap) int { return cmp.Compare(x.at, y.at) })
	var spans []span
	start := 0
	for _, g := range append(gaps, gap{at: len(rows)}) {
		part := rows[start:g.at]
		start = g.at
		spans = append(spans, span{floorDay(b.rows[part[0]].time), floorDay(b.rows[part[len(part)-1]].time) + day, part})
	}
	return spans
}

// floorDay is the begin of the day, in UTC, of a time in microseconds.
func floorDay(t int64) int64 {
	d := t % day
	if d < 0 {
		d += day
	}
	return t - d
}

// mark looks one span up.
func (a *appender) mark(ctx context.Context, b *batch, s span) error {
	found, err := a.stored(ctx, b, s)
	if err != nil || len(found) == 0 {
		return err
	}
	differ, err := a.differing(ctx, b, s, found)
	if err != nil {
		return err
	}
	for _, n := range found {
		r := &b.rows[n]
		if !r.duplicate { // a table that was filled by hand may hold an id twice
			r.duplicate = true
			a.leftOut(r, differ[n])
		}
	}
	return nil
}

// stored returns the rows of a span whose ids the table has, but for what gives
// way to them.
func (a *appender) stored(ctx context.Context, b *batch, s span) ([]int32, error) {
	return column[int32](withSource(ctx, &idSource{b: b, rows: s.rows}), a.conn,
		"SELECT p.n FROM "+batchFunction+"() p JOIN "+a.target(b.logstore).table+" t ON t.id = p.id WHERE t.time >= make_timestamp(?) AND t.time < make_timestamp(?) AND t.object >= ?",
		s.from, s.to, a.again.first())
}

// differing returns which of the rows, all of whose ids are stored, have other
// content than what is stored under their id.
func (a *appender) differing(ctx context.Context, b *batch, s span, found []int32) (map[int32]bool, error) {
	for _, n := range found {
		b.rows[n].seq = int64(n) // not used yet: it names the row in the answer
	}
	list, err := column[int32](withSource(ctx, &rowSource{b: b, rows: found}), a.conn, a.target(b.logstore).differ, s.from, s.to, a.again.first())
	if err != nil {
		return nil, err
	}
	differ := make(map[int32]bool, len(list))
	for _, n := range list {
		differ[n] = true
	}
	return differ, nil
}

// differStatement compares what batch.same compares; of what is kept in parts the
// whole, since older rows may be kept in another way.
func differStatement(table string, ls *ingest.Logstore) string {
	where := "t.topic IS DISTINCT FROM p.topic OR (t.time <> make_timestamp(p.time) AND NOT contains(coalesce(p.flags, ''), ' " + ingest.FlagNoTime + " '))"
	for i := range ls.Wholes {
		w := &ls.Wholes[i]
		where += " OR " + wholeExpression(w, "t.") + " IS DISTINCT FROM " + wholeExpression(w, "p.")
	}
	for _, c := range ls.Columns {
		if c.Derived || slices.ContainsFunc(ls.Wholes, func(w ingest.Whole) bool { return c.Name == w.Kept || c.Name == w.UUID }) {
			continue
		}
		name := quoteName(c.Name)
		value := "p." + name
		if c.Kind == ingest.Stamp {
			value = "make_timestamp(" + value + ")"
		}
		where += " OR t." + name + " IS DISTINCT FROM " + value
	}
	return "SELECT DISTINCT p.seq::INTEGER FROM " + batchFunction + "() p JOIN " + table +
		" t ON t.id = p.id WHERE t.time >= make_timestamp(?) AND t.time < make_timestamp(?) AND t.object >= ? AND (" + where + ")"
}
