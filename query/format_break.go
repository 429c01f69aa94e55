// The layout of a query, continued: where lines are broken.

package query

import "github.com/alecthomas/participle/v2/lexer"

// stepRight is how far a line that goes on with something is moved to the right.
const stepRight = 2

// flat writes pieces one behind the other.
func (l *layout) flat(from, to int) {
	for i := from; i < to; i++ {
		l.put(i)
	}
}

// clauses lays out a stage or a subquery: a line for each clause.
func (l *layout) clauses(from, to, indent int) {
	for start := from; start < to; {
		end := l.next(start+1, to, l.clauseAt)
		if start > from {
			l.line(indent)
		}
		l.wrap(start, end, hanging(indent))
		start = end
	}
}

// A margin is the indentation of a line and of those that go on with it.
type margin struct{ first, more int }

// hanging is the margin whose further lines stand to the right of the first.
func hanging(indent int) margin { return margin{indent, indent + stepRight} }

// rest is the margin of what begins a further line.
func (m margin) rest() margin { return hanging(m.more) }

// wrap lays out a part. Where it does not fit, it is broken at its weakest
// joints.
func (l *layout) wrap(from, to int, m margin) {
	if from == to {
		return
	}
	if l.commented() && !l.breaks {
		l.line(m.first)
	}
	before := l.cont
	l.cont = m.more
	switch {
	case l.fits(from, to):
		l.flat(from, to)
	case l.next(from, to-1, l.comma) < to-1:
		l.fill(from, to, m)
	case l.next(from+1, to, l.or) < to:
		l.joints(from, to, m, l.or)
	case l.next(from+1, to, l.and) < to:
		l.joints(from, to, m, l.and)
	default:
		l.brackets(from, to, m.first)
	}
	l.cont = before
}

// fill puts as many entries of a list on a line as fit. One that does not fit
// any line begins where the one before it ended, if that is broken too.
func (l *layout) fill(from, to int, m margin) {
	own, broken := hanging(m.first), false
	for start := from; start < to; {
		end := min(l.next(start, to, l.comma)+1, to)
		fits := l.fits(start, end)
		if start > from && (l.commented() || !fits && (!broken || l.fitsAt(m.more, start, end))) {
			own = m.rest()
			l.line(own.first)
			fits = l.fits(start, end)
		}
		l.wrap(start, end, own)
		broken = !fits
		start = end
	}
}

// joints begins a line with every joint, but behind a bracket that was broken;
// if all parts are single words, as many as fit stand on a line.
func (l *layout) joints(from, to int, m margin, joint func(int) bool) {
	words := true
	for start := from; start < to; {
		end := l.next(start+1, to, joint)
		words = words && end-start <= 2
		start = end
	}
	own, broken := hanging(m.first), false
	for start := from; start < to; {
		end := l.next(start+1, to, joint)
		fits := l.fits(start, end)
		if start > from && (l.commented() || !fits || !words && !broken) {
			own = m.rest()
			l.line(own.first)
			fits = l.fits(start, end)
		}
		l.wrap(start, end, own)
		broken = !fits && closes(l.tokens[end-1])
		start = end
	}
}

// brackets breaks inside of the brackets and of the CASE … END that do not fit,
// and of the last one if what follows it does not.
func (l *layout) brackets(from, to, indent int) {
	const small = 30 // columns that are not worth a line
	last := 0
	for i := from; i < to; i = max(i, l.pieces[i].match) + 1 {
		if l.pieces[i].match > 0 {
			last = i
		}
	}
	for i := from; i < to; i++ {
		l.put(i)
		end := l.pieces[i].match
		if end <= i+1 || end >= to {
			continue
		}
		if l.fits(i+1, end+1) && !(i == last && l.width[end]-l.width[i+1] > small && !l.fits(i+1, to)) {
			l.flat(i+1, end)
		} else {
			l.inside(i, end, indent)
			l.line(indent)
		}
		i = end - 1
	}
}

// inside lays out what stands between the brackets at open and end.
func (l *layout) inside(open, end, indent int) {
	from, indent := open+1, indent+stepRight
	if l.pieces[open].Type == tokKeyword { // CASE
		from = l.next(from, end, l.branch)
		l.wrap(open+1, from, hanging(indent))
		for from < end {
			to := l.next(from+1, end, l.branch)
			l.line(indent)
			l.wrap(from, to, hanging(indent))
			from = to
		}
		return
	}
	l.line(indent)
	if l.next(from, end, l.clauseAt) < end {
		l.clauses(from, end, indent)
		return
	}
	l.wrap(from, end, margin{indent, indent})
}

// next returns the first piece from from on, outside of brackets, that is a
// joint; to if there is none.
func (l *layout) next(from, to int, joint func(int) bool) int {
	for i := from; i < to; i++ {
		if joint(i) {
			return i
		}
		i = max(i, l.pieces[i].match)
	}
	return to
}

func (l *layout) comma(i int) bool { return isOp(&l.pieces[i].Token, ",") }

func (l *layout) or(i int) bool { return isKeyword(&l.pieces[i].Token, "OR") }

func (l *layout) and(i int) bool {
	return isKeyword(&l.pieces[i].Token, "AND") && !l.pieces[i].tied
}

func (l *layout) branch(i int) bool {
	return isKeyword(&l.pieces[i].Token, "WHEN") || isKeyword(&l.pieces[i].Token, "ELSE")
}

// clauseAt reports whether a clause, a join or a set operation begins at i.
func (l *layout) clauseAt(i int) bool {
	t, prev, next := l.pieces[i].Token, endToken, endToken
	if i > 0 {
		prev = l.pieces[i-1].Token
	}
	if i+1 < len(l.pieces) {
		next = l.pieces[i+1].Token
	}
	if t.Type != tokKeyword {
		return false
	}
	switch t.Value {
	case "SELECT", "WHERE", "HAVING", "LIMIT", "UNION", "INTERSECT", "EXCEPT":
		return true
	case "GROUP", "ORDER":
		return isKeyword(&next, "BY")
	case "FROM":
		return !isKeyword(&prev, "DISTINCT")
	}
	return beginsJoin(t) && !beginsJoin(prev)
}

// beginsJoin reports whether t is one of the words in front of a joined source.
func beginsJoin(t lexer.Token) bool {
	if t.Type != tokKeyword {
		return false
	}
	switch t.Value {
	case "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL":
		return true
	}
	return false
}
