// The layout of a query: its normal form on one line, or on several that are
// broken where the query has its joints, with all comments. Lines are broken
// between tokens, by brackets and clause words, so that whatever the grammar
// gains is laid out without a change here.

package query

import (
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// maxWidth is the most columns of a line that can be broken.
const maxWidth = 100

// Format returns src in its normal form (see String), laid out for reading and
// with all its comments. What fits 100 columns is one line; of anything longer
// each stage and each clause begins a line. Formatting again changes nothing.
// The error is that of Parse.
func Format(src string) (string, error) {
	q, err := Parse(src)
	if err != nil {
		return "", err
	}
	text := q.String()
	tokens, f := tokenize(text, modeQuery)
	if f != nil { // quotes and brackets made it longer than a text may be
		return "", list(text, f)
	}
	source, f := tokenize(src, modeQuery)
	if f != nil {
		return "", list(src, f)
	}
	l := newLayout(text, tokens[:len(tokens)-1])
	l.comments(src, source)
	return l.text(), nil
}

// A piece is one token of the printed text.
type piece struct {
	lexer.Token
	text  string
	space bool   // white space stands before it
	tied  bool   // the AND of a BETWEEN
	notes []note // comments behind it
	match int    // of an opening bracket: the index of its closing one
}

// A note is a comment, in the words of its source.
type note struct {
	text string
	own  bool // it has a line of its own
	line bool // it ends at the end of its line
}

// A layout writes pieces.
type layout struct {
	tokens []lexer.Token
	pieces []piece
	width  []int // of the pieces before each, on one line
	forced []int // how many of them end a line

	out    strings.Builder
	column int
	breaks bool   // a new line begins before the next piece
	indent int    // of that line
	ended  bool   // a comment ended the line
	cont   int    // indentation of a line that a comment makes necessary
	held   []note // on lines of their own, before the next piece
}

func newLayout(text string, tokens []lexer.Token) *layout {
	l := &layout{tokens: tokens, pieces: make([]piece, len(tokens)), cont: stepRight}
	var open, between []int // brackets, and how many of them stood before each BETWEEN
	end := 0
	for i, t := range tokens {
		s := span(t)
		p := &l.pieces[i]
		*p = piece{Token: t, text: text[s.Start:s.End], space: s.Start > end}
		end = s.End
		last := len(between) - 1
		switch {
		case opens(t):
			open = append(open, i)
		case closes(t) && len(open) > 0:
			l.pieces[open[len(open)-1]].match = i
			open = open[:len(open)-1]
		case isKeyword(&t, "BETWEEN"):
			between = append(between, len(open))
		case isKeyword(&t, "AND") && last >= 0 && between[last] == len(open):
			p.tied = true
			between = between[:last]
		}
	}
	return l
}

// comments puts the comments of the source behind the pieces. One that ends its
// line goes behind a comma that follows it.
func (l *layout) comments(src string, source []lexer.Token) {
	behind := commentsBehind(src, source)
	if len(behind) == 0 {
		return
	}
	from, to := firstPipe(source), firstPipe(l.tokens)
	at := printedAs(source[from:len(source)-1], l.tokens[to:])
	for i := range at {
		k := to + at[i]
		for _, c := range behind[from+i] {
			n := note{src[c.start:c.end], c.own, c.line(src)}
			if l.tokens[k].Type == tokPipe && len(l.pieces[k].notes) == 0 {
				n.own = false // a stage may begin with what is said of it
			}
			if (n.own || n.line) && k+1 < len(l.pieces) && isOp(&l.tokens[k+1], ",") {
				k++
			}
			l.pieces[k].notes = append(l.pieces[k].notes, n)
		}
	}
}

// firstPipe returns the index of the first pipe, or the number of tokens.
func firstPipe(tokens []lexer.Token) int {
	for i, t := range tokens {
		if t.Type == tokPipe {
			return i
		}
	}
	return len(tokens)
}

// text returns the whole.
func (l *layout) text() string {
	l.measure()
	n := len(l.pieces)
	switch {
	case n == 0:
	case l.width[n] <= maxWidth && l.fits(0, n) && !l.pieces[n-1].loud():
		l.flat(0, n)
	default:
		from := firstPipe(l.tokens)
		l.wrap(0, from, hanging(0))
		for from < n {
			to := from + 1 + firstPipe(l.tokens[from+1:])
			l.line(0)
			l.put(from)
			l.clauses(from+1, to, 2)
			from = to
		}
	}
	l.hold(l.cont)
	return l.out.String()
}

// loud reports whether what is behind p needs lines of its own.
func (p *piece) loud() bool {
	for _, n := range p.notes {
		if n.own || strings.Contains(n.text, "\n") {
			return true
		}
	}
	return false
}

// measure sums up widths and forced ends of lines.
func (l *layout) measure() {
	l.width, l.forced = make([]int, len(l.pieces)+1), make([]int, len(l.pieces)+1)
	for i := range l.pieces {
		p := &l.pieces[i]
		w, forced := columns(p.text), 0
		if p.space {
			w++
		}
		if p.loud() {
			forced = 1
		}
		for _, n := range p.notes {
			w += 1 + columns(n.text)
			if n.line {
				forced = 1
			}
		}
		if strings.Contains(p.text, "\n") {
			w += maxWidth // a text of several lines
		}
		l.width[i+1], l.forced[i+1] = l.width[i]+w, l.forced[i]+forced
	}
}

// fits reports whether the pieces from up to to can stand on the line that is
// being written.
func (l *layout) fits(from, to int) bool {
	if at, ok := l.begins(); ok {
		return l.fitsAt(at, from, to)
	}
	return l.fitsAt(l.column, from, to)
}

// fitsAt reports whether they can stand on one line behind a column. Comments
// behind the last one are left out of account.
func (l *layout) fitsAt(column, from, to int) bool {
	if l.forced[to-1] > l.forced[from] {
		return false
	}
	w := column + l.width[to] - l.width[from]
	for _, n := range l.pieces[to-1].notes {
		w -= 1 + columns(n.text)
	}
	return w <= maxWidth
}

// begins returns the indentation of the next piece, if it begins a line.
func (l *layout) begins() (indent int, ok bool) {
	if l.breaks {
		return l.indent, true
	}
	return l.cont, l.commented()
}

// commented reports whether a comment ended the line.
func (l *layout) commented() bool { return l.ended || len(l.held) > 0 }

// line makes the next piece begin a line.
func (l *layout) line(indent int) {
	l.indent, l.breaks = indent, l.out.Len() > 0
}

// put writes one piece and the comments behind it.
func (l *layout) put(i int) {
	p := &l.pieces[i]
	at, begins := l.begins()
	l.hold(at)
	switch {
	case begins:
		l.begin(at)
	case p.space && l.column > 0:
		l.write(" ")
	}
	l.write(p.text)
	for _, n := range p.notes {
		if n.own || len(l.held) > 0 {
			l.held = append(l.held, n)
			continue
		}
		l.write(" " + n.text)
		l.ended = n.line
	}
}

// hold writes the comments that have lines of their own.
func (l *layout) hold(indent int) {
	for _, n := range l.held {
		if n.own {
			l.begin(indent)
			l.write(n.text)
		} else {
			l.write(" " + n.text)
		}
	}
	l.held = nil
}

// begin begins a line.
func (l *layout) begin(indent int) {
	l.write("\n" + strings.Repeat(" ", indent))
	l.breaks, l.ended = false, false
}

func (l *layout) write(s string) {
	l.out.WriteString(s)
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		l.column, s = 0, s[i+1:]
	}
	l.column += columns(s)
}

// columns is how wide a text is taken to be.
func columns(s string) int { return utf8.RuneCountInString(s) }
