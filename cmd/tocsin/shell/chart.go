// Charts in a terminal: a line over time, or bars. The only file that knows the
// plotter. What is drawn of the data is numbers and cleaned labels.

package shell

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/guptarohit/asciigraph"

	"tocsin/query"
)

// A canvas is what a chart is drawn on.
type canvas struct {
	w, h  int // columns and lines
	zone  *time.Location
	color bool
}

// A Screen is what Chart draws on.
type Screen struct {
	Columns, Lines int // 0: as terminals were
	Zone           *time.Location
	Color          bool
}

// Chart draws rows as the command .chart of a session does: a line over time where
// they have times, else bars. Step is the distance between two rows of a line, 0
// the shortest there is; a count that has no row in a step is 0 there.
func Chart(r *query.Result, step time.Duration, s Screen) (string, error) {
	return canvasOf(s.Columns, s.Lines, s.Zone, s.Color).draw(r, "", span{step: step})
}

// canvasOf is a screen; where there is none, one as terminals were.
func canvasOf(w, h int, zone *time.Location, color bool) canvas {
	if w == 0 {
		w = 80
	}
	if h == 0 {
		h = 24
	}
	return canvas{w: w, h: min(h-2, 20), zone: zone, color: color}
}

// errNoChart says what rows have to look like.
var errNoChart = errors.New("these rows are nothing to draw: a line needs a time and a number, bars a name and a number; " +
	"such as … | SELECT date_trunc('hour', __time__) AS hour, count(*) AS n GROUP BY hour")

// A span is what a line has to cover, also where no row is near its ends. The zero
// value is what the rows cover.
type span struct {
	from, to time.Time     // each may be zero
	step     time.Duration // between rows; 0: the shortest there is
}

// draw draws rows as kind, "line" or "bar"; with "", as what they are.
func (c canvas) draw(r *query.Result, kind string, over span) (string, error) {
	if len(r.Rows) == 0 {
		return "", errors.New("there are no rows to draw")
	}
	p := partsOf(r)
	switch {
	case len(p.numbers) == 0:
		return "", errNoChart
	case kind == "line" && p.time < 0:
		return "", errors.New("a line needs a time: the rows have no column of times; .chart bar draws bars")
	case kind != "bar" && p.time >= 0:
		if l := c.linesOf(r, p, over); len(l.slots) > 1 {
			return c.line(l), nil
		}
	}
	return c.bars(r, p), nil
}

// parts says which columns of rows are what.
type parts struct {
	time    int // -1: none
	numbers []int
	names   []int
}

func partsOf(r *query.Result) parts {
	p := parts{time: -1}
	for i, col := range r.Columns {
		switch {
		case p.time < 0 && isTime(r, i):
			p.time = i
		case col.Type == query.Integer || col.Type == query.Double:
			p.numbers = append(p.numbers, i)
		default:
			p.names = append(p.names, i)
		}
	}
	return p
}

// isTime reports whether a column holds moments: times, texts of times, or epoch
// seconds under a name that says so.
func isTime(r *query.Result, i int) bool {
	col := r.Columns[i]
	switch col.Type {
	case query.Time:
		return true
	case query.Integer:
		name := strings.ToLower(col.Name)
		if !slices.ContainsFunc([]string{"time", "hour", "day", "minute", "week", "month", "date", "slot"}, func(s string) bool { return strings.Contains(name, s) }) {
			return false
		}
	case query.Text:
	default:
		return false
	}
	some := false
	for _, row := range r.Rows {
		if row[i] == nil {
			continue
		}
		if _, ok := momentOf(row[i]); !ok {
			return false
		}
		some = true
	}
	return some
}

// momentOf reads a value as a moment.
func momentOf(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case int64:
		return time.Unix(v, 0), v > 631152000 && v < 4102444800 // 1990 to 2100
	case string:
		for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// numberOf reads a value as a number; NaN where it is none.
func numberOf(v any) float64 {
	f := math.NaN()
	switch v := v.(type) {
	case int64:
		f = float64(v)
	case float64:
		f = v
	}
	if math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// lines are one or several lines over the same slots of time.
type lines struct {
	names   []string
	values  [][]float64 // of each line, by slot
	slots   []time.Time // where each slot begins
	whole   bool        // whole numbers
	merged  int         // how many steps of the rows a slot covers
	omitted int         // lines that are left out
}

// margin is how many columns of a chart are not for the line.
const margin = 14

// maxLines is how many lines one chart has.
const maxLines = 5

// linesOf spreads rows over slots of time. A count that has no row in a slot is 0
// there; of other numbers nothing is known.
func (c canvas) linesOf(r *query.Result, p parts, over span) lines {
	t := timeline(r, p.time, over, max(10, c.w-margin))
	l := lines{slots: t.slots, merged: t.merged, whole: true}
	index := map[string]int{}
	for _, n := range p.numbers {
		l.whole = l.whole && r.Columns[n].Type == query.Integer
	}
	for _, row := range r.Rows {
		at, ok := momentOf(row[p.time])
		if !ok {
			continue
		}
		for _, n := range p.numbers {
			name := r.Columns[n].Name
			if len(p.names) > 0 {
				name = c.label(row, p.names, p.time)
			}
			i, ok := index[name]
			if !ok {
				i = len(l.names)
				index[name] = i
				l.names = append(l.names, name)
				l.values = append(l.values, t.empty())
			}
			l.put(i, t.slot(at), numberOf(row[n]))
			if len(p.names) > 0 {
				break // one line for each name: of the first number
			}
		}
	}
	l.largest()
	for _, values := range l.values {
		for i, v := range values {
			if l.whole && math.IsNaN(v) {
				values[i] = 0
			}
		}
	}
	return l
}

// put keeps the highest value of a slot.
func (l *lines) put(line, slot int, v float64) {
	if old := l.values[line][slot]; math.IsNaN(old) || v > old {
		l.values[line][slot] = v
	}
}

// largest leaves the lines with the highest sums.
func (l *lines) largest() {
	order := make([]int, len(l.names))
	sums := make([]float64, len(l.names))
	for i, values := range l.values {
		order[i] = i
		for _, v := range values {
			if !math.IsNaN(v) {
				sums[i] += v
			}
		}
	}
	if len(order) <= maxLines {
		return
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sums[b], sums[a]) })
	l.omitted = len(order) - maxLines
	kept := lines{}
	for _, i := range order[:maxLines] {
		kept.names, kept.values = append(kept.names, l.names[i]), append(kept.values, l.values[i])
	}
	l.names, l.values = kept.names, kept.values
}

// line draws lines over time.
func (c canvas) line(l lines) string {
	var b strings.Builder
	if len(l.names) > 1 && !c.color { // without colours lines cannot be told apart
		each := canvas{c.w, max(4, c.h/len(l.names)-3), c.zone, false}
		for i := range l.names {
			one := l
			one.names, one.values, one.omitted, one.merged = l.names[i:i+1], l.values[i:i+1], 0, 1
			b.WriteString(visible(l.names[i]) + "\n" + each.line(one))
		}
		return b.String() + l.notes()
	}
	options := []asciigraph.Option{asciigraph.Height(l.height(max(3, c.h-4))), asciigraph.LowerBound(0), asciigraph.UpperBound(0), asciigraph.Precision(2)}
	if l.whole {
		options = append(options, asciigraph.Precision(0))
	}
	if len(l.names) > 1 {
		colors := []asciigraph.AnsiColor{asciigraph.Green, asciigraph.Yellow, asciigraph.Blue, asciigraph.Red, asciigraph.Magenta}
		options = append(options, asciigraph.SeriesColors(colors[:len(l.names)]...))
	}
	repeat := max(1, (c.w-margin)/len(l.slots))
	unit := unitOf(l.values)
	values := make([][]float64, len(l.values))
	for i := range l.values {
		for _, v := range l.values[i] {
			values[i] = append(values[i], slices.Repeat([]float64{v / unit}, repeat)...)
		}
	}
	plot := asciigraph.PlotMany(values, options...)
	for _, text := range strings.Split(plot, "\n") {
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	b.WriteString(c.axis(plot, l.slots, repeat))
	if len(l.names) > 1 {
		b.WriteString(c.legend(l.names) + "\n")
	}
	if unit != 1 {
		fmt.Fprintf(&b, "numbers are in units of %g\n", unit)
	}
	return b.String() + l.notes()
}

// height is how many lines the plot has above its first: of small whole numbers
// one for each, else as many as there is room for.
func (l lines) height(room int) int {
	low, high := 0.0, 0.0
	for _, values := range l.values {
		for _, v := range values {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if l.whole && high-low >= 1 && high-low <= float64(room) {
		return int(high - low)
	}
	return room
}

// unitOf is the power of a thousand in which numbers are short.
func unitOf(lines [][]float64) float64 {
	most := 0.0
	for _, values := range lines {
		for _, v := range values {
			if !math.IsNaN(v) {
				most = max(most, math.Abs(v))
			}
		}
	}
	if most == 0 || most >= 0.01 && most < 1e7 {
		return 1
	}
	return math.Pow(1000, max(-100, math.Floor(math.Log10(most)/3)))
}

// axis is the line of moments below a plot.
func (c canvas) axis(plot string, slots []time.Time, repeat int) string {
	first, _, _ := strings.Cut(plot, "\n")
	left := max(0, strings.IndexAny(first, "┤┼"))
	before := strings.Repeat(" ", width(first[:left]))
	from, to := c.tick(slots[0], slots), c.tick(slots[len(slots)-1], slots)
	room := len(slots)*repeat - width(from) - width(to)
	if room < 1 {
		return before + from + " … " + to + "\n"
	}
	return before + from + strings.Repeat(" ", room) + to + "\n"
}

// tick is a moment as short as the slots of a chart allow.
func (c canvas) tick(t time.Time, slots []time.Time) string {
	step, whole := slots[1].Sub(slots[0]), slots[len(slots)-1].Sub(slots[0])
	layout := "2006-01-02 15:04"
	switch {
	case step >= 24*time.Hour:
		layout = time.DateOnly
	case whole < 24*time.Hour && step < time.Minute:
		layout = time.TimeOnly
	}
	return t.In(c.zone).Format(layout)
}

func (c canvas) legend(names []string) string {
	codes := [maxLines]string{"32", "93", "94", "91", "95"} // the plotter's codes of the colours above
	var out []string
	for i, n := range names {
		out = append(out, "\x1b["+codes[i]+"m■\x1b[0m "+visible(cut(n, 40)))
	}
	return strings.Join(out, "  ")
}

// notes say what a chart does not show.
func (l lines) notes() string {
	var b strings.Builder
	if l.merged > 1 {
		fmt.Fprintf(&b, "each column is the highest of %d\n", l.merged)
	}
	if l.omitted > 0 {
		fmt.Fprintf(&b, "%s left out\n", count(int64(l.omitted), "smaller line"))
	}
	return b.String()
}

// maxBars is how many rows are drawn as bars.
const maxBars = 40

// bars draws the first number of each row as a bar.
func (c canvas) bars(r *query.Result, p parts) string {
	named := p.names
	if p.time >= 0 {
		named = append([]int{p.time}, named...)
	}
	rows := r.Rows[:min(len(r.Rows), maxBars)]
	labels, values := make([]string, len(rows)), make([]string, len(rows))
	most, wide, figures := 0.0, 0, 0
	for i, row := range rows {
		labels[i] = visible(cut(c.label(row, named, p.time), 200))
		v := row[p.numbers[0]]
		values[i] = figure(v)
		if f := math.Abs(numberOf(v)); f > most {
			most = f
		}
		wide, figures = max(wide, width(labels[i])), max(figures, width(values[i]))
	}
	wide = min(wide, max(10, c.w/3))
	room := max(5, c.w-wide-figures-4)
	var b strings.Builder
	for i, row := range rows {
		part := 0.0
		if most > 0 {
			part = math.Abs(numberOf(row[p.numbers[0]])) / most
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("%s  %*s  %s", pad(labels[i], wide), figures, values[i], bar(part, room/width("█"))), " ") + "\n")
	}
	if more := len(r.Rows) - len(rows); more > 0 {
		fmt.Fprintf(&b, "%s more\n", count(int64(more), "row"))
	}
	return b.String()
}

// bar is a bar of part of room columns, to an eighth of a column.
func bar(part float64, room int) string {
	if math.IsNaN(part) || part <= 0 {
		return ""
	}
	eighths := max(1, int(math.Round(part*float64(room)*8)))
	out := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		out += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return out
}

// label is what a row is about; one of the columns may be its time.
func (c canvas) label(row []any, named []int, time int) string {
	var out []string
	for _, i := range named {
		switch at, ok := momentOf(row[i]); {
		case row[i] == nil:
			out = append(out, "–")
		case i == time && ok:
			out = append(out, moment(at, c.zone))
		default:
			out = append(out, fmt.Sprint(row[i]))
		}
	}
	return strings.Join(out, " · ")
}

// figure is a number in words.
func figure(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case float64:
		return fmt.Sprintf("%.4g", v)
	}
	return fmt.Sprint(v)
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
