// One rendering: its budgets, its failures.

package templates

import (
	"errors"
	"fmt"
	"io"
	"time"

	"tocsin/diag"
)

// Budgets of one rendering (G28). Sizes are counted before they are made.
const (
	maxOne      = 1 << 20  // bytes of one value
	maxAll      = 16 << 20 // bytes of all values
	maxOutput   = 1 << 20
	maxTurns    = 1_000_000 // of loops, conditions of "for … if" included
	maxPrints   = 200_000
	maxRange    = 10_000
	maxLoops    = 5 // inside of each other: html/template's escaper doubles with each
	maxTime     = 2 * time.Second
	clockStride = 50_000 // units of work between two looks at the clock
)

// place is where something stands: a file of the template and a span in it.
type place struct {
	file int
	span diag.Span
}

// failure is what stops compiling or rendering: it travels as a panic inside of
// the package and as an error through Go's templates, and leaves as *diag.List.
type failure struct {
	at        place
	msg, hint string
	check     string // of a list; "": of the syntax
	fatal     bool   // compiling cannot go on behind it
}

// Error implements error.
func (f *failure) Error() string { return f.msg }

// fail panics with a failure in the file that is being read.
func fail(span diag.Span, msg, hint string) {
	panic(&failure{at: place{file: -1, span: span}, msg: msg, hint: hint, fatal: true})
}

// state is one rendering.
type state struct {
	p        *program
	data     Data
	opt      Options
	slots    []any
	at       place // of the operation that runs, for errors
	dry      bool  // only html/template's escaping is wanted
	bytes    int
	work     int
	nextLook int
	turns    int
	prints   int
	deadline time.Time
	zones    map[string]*time.Location
}

// newState starts the budget of one rendering. The clock that it reads only
// stops a template that runs too long; nothing that is printed depends on it.
func newState(p *program, d Data, o Options) *state {
	return &state{p: p, data: d, opt: o, slots: make([]any, p.slots), nextLook: clockStride, deadline: time.Now().Add(maxTime)}
}

// fail ends the rendering at the operation that runs.
func (st *state) fail(msg string) { st.failHint(msg, "") }

func (st *state) failHint(msg, hint string) {
	panic(&failure{at: st.at, msg: msg, hint: hint})
}

// alloc counts n bytes that are about to be made.
func (st *state) alloc(n int) {
	if n < 0 || n > maxOne {
		st.fail("a value larger than 1 MB")
	}
	if st.bytes += n; st.bytes > maxAll {
		st.fail("all values together are larger than 16 MB")
	}
	st.spend(n / 8)
}

// spend counts work and looks at the clock now and then.
func (st *state) spend(n int) {
	st.work += n + 1
	if st.work < st.nextLook {
		return
	}
	st.nextLook = st.work + clockStride
	if time.Now().After(st.deadline) {
		st.fail("the template takes longer than 2 seconds")
	}
}

// turn counts one turn of a loop.
func (st *state) turn() {
	if st.turns++; st.turns > maxTurns {
		st.fail("more than 1,000,000 turns of loops")
	}
	st.spend(10)
}

// catch turns a panic with a failure into an error.
func catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case *failure:
		*err = r
	default:
		panic(r)
	}
}

// limited is a writer that stops at maxOutput.
type limited struct {
	w io.Writer
	n int
}

var errOutput = errors.New("the message is larger than 1 MB")

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.n += len(p); l.n > maxOutput {
		return 0, errOutput
	}
	return l.w.Write(p)
}

// problem makes the error that leaves the package.
func (p *program) problem(err error) error {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{msg: cutText(diag.Line(err.Error()), 200)}
	}
	file := p.files[min(max(f.at.file, 0), len(p.files)-1)]
	l := &diag.List{Name: file.name, Source: file.text}
	l.Add(checkRender, f.at.span, f.msg, f.hint)
	return l
}

// cutText cuts s to n characters.
func cutText(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// Names of the checks in problems of this package.
const (
	checkSyntax = "template/syntax"
	checkName   = "template/unknown-name"
	checkPlace  = "template/place"
	checkRender = "template/render"
)

// unexpected describes a panic that nobody foresaw.
func unexpected(r any) error { return fmt.Errorf("internal: %v", r) }
