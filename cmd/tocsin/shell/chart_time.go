// The slots of time of a chart, and the question whose answer counts records in
// them.

package shell

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"tocsin/query"
)

// slots are equal lengths of time, or the moments themselves where these are
// months.
type slots struct {
	slots  []time.Time
	step   time.Duration
	ranked []time.Time // of months, which are no equal lengths
	merged int
}

// timeline makes at most n slots that hold the moments of a column, and cover over.
func timeline(r *query.Result, column int, over span, n int) slots {
	var at []time.Time
	for _, row := range r.Rows {
		if t, ok := momentOf(row[column]); ok {
			at = append(at, t)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	at = slices.CompactFunc(at, time.Time.Equal)
	step, longest := over.step, time.Duration(0)
	for i := 1; i < len(at); i++ {
		d := at[i].Sub(at[i-1])
		if over.step == 0 && (step == 0 || d < step) {
			step = d
		}
		longest = max(longest, d)
	}
	s := slots{merged: 1}
	if step >= 28*24*time.Hour && longest <= 31*24*time.Hour && len(at) <= n {
		s.slots, s.ranked = at, at
		return s
	}
	if step == 0 || len(at) == 0 {
		s.slots = at
		s.step = time.Hour
		return s
	}
	first, last := at[0], at[len(at)-1]
	for !over.from.IsZero() && first.After(over.from) && last.Sub(first)/step < maxSteps {
		first = first.Add(-step)
	}
	for !over.to.IsZero() && last.Add(step).Before(over.to) && last.Sub(first)/step < maxSteps {
		last = last.Add(step)
	}
	steps := int64(last.Sub(first)/step) + 1
	s.merged = int((steps + int64(n) - 1) / int64(n))
	s.step = step * time.Duration(s.merged)
	for t := first; !t.After(last); t = t.Add(s.step) {
		s.slots = append(s.slots, t)
	}
	return s
}

// maxSteps bounds how far a line is drawn beyond its rows.
const maxSteps = 10_000

// slot is where a moment lies.
func (s slots) slot(t time.Time) int {
	if s.ranked != nil {
		i, _ := slices.BinarySearchFunc(s.ranked, t, time.Time.Compare)
		return min(i, len(s.slots)-1)
	}
	return min(max(0, int(t.Sub(s.slots[0])/s.step)), len(s.slots)-1)
}

// empty are the values of a line without rows.
func (s slots) empty() []float64 { return slices.Repeat([]float64{math.NaN()}, len(s.slots)) }

// chart draws the last rows. Of records, which are not numbers, it asks how many
// there are over time.
func (s *session) chart(ctx context.Context, args string) error {
	if args != "" && args != "bar" && args != "line" {
		return wrong(".chart %s: it is bar or line", visible(args))
	}
	if s.last == nil {
		return wrong(".chart: nothing was asked yet")
	}
	c := s.canvas()
	r, over := s.last.answer.Result, span{}
	if s.last.plan.RowIdentity() {
		counted, all, err := s.counted(ctx, s.last, c.w-margin)
		if err != nil {
			return err
		}
		if counted != nil {
			r, over = counted, all
		}
	}
	text, err := c.draw(r, args, over)
	if err != nil {
		return &Wrong{err}
	}
	_, err = fmt.Fprint(s.Out, text)
	return err
}

// canvas is the screen.
func (s *session) canvas() canvas {
	w, h := s.Screen()
	return canvasOf(w, h, s.Zone, s.Color)
}

// counted asks how many of the records of a question there are over time, in at
// most n steps. The result is nil where its rows have no time.
func (s *session) counted(ctx context.Context, a *asked, n int) (*query.Result, span, error) {
	w := pinned(a.question.Range, a.answer.At)
	over := span{from: w.From, to: w.To}
	if over.from.IsZero() {
		extent, err := s.extent(ctx, a.question)
		if err != nil || extent[0].IsZero() {
			return nil, over, err
		}
		over.from, over.to = extent[0], extent[1]
	}
	over.step = stepOf(over.to.Sub(over.from), n)
	q := a.question
	q.Range, q.Rows = w, maxRows
	q.Text += fmt.Sprintf("\n| SELECT __time__ - __time__ %% %d AS slot, count(*) AS records GROUP BY slot ORDER BY slot", int(over.step/time.Second))
	if !s.plans(q) { // rows without a time: the rows themselves may be something to draw
		return nil, over, nil
	}
	counted, err := s.answer(ctx, q)
	if err != nil {
		return nil, over, err
	}
	return counted.answer.Result, over, nil
}

// extent asks for the times of the oldest and the newest record of a question.
// They are zero where its rows have no time.
func (s *session) extent(ctx context.Context, q Question) (span [2]time.Time, err error) {
	q.Text += "\n| SELECT min(__time__) AS oldest, max(__time__) AS newest"
	if !s.plans(q) {
		return span, nil
	}
	a, err := s.answer(ctx, q)
	if err != nil || len(a.answer.Result.Rows) == 0 {
		return span, err
	}
	for i, v := range a.answer.Result.Rows[0] {
		span[i], _ = momentOf(v)
	}
	return span, nil
}

// plans reports whether a question can be asked.
func (s *session) plans(q Question) bool {
	_, err := s.Project.Plan(q)
	return err == nil
}

// stepOf is the shortest round length of time that parts a span into at most n.
func stepOf(span time.Duration, n int) time.Duration {
	const day = 24 * time.Hour
	for _, step := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 7 * day, 28 * day} {
		if span/step < time.Duration(n) {
			return step
		}
	}
	return 364 * day
}
