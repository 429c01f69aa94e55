// Running a program: what its calls do, the turns of its loops, its errors.

package templates

import (
	"bytes"
	"errors"
	htmltemplate "html/template"
	"io"
	texttemplate "text/template"
)

var errDry = errors.New("dry run")

// calls are the functions of the generated templates: e prints, c is a
// condition, s sets, l loops, m prints a comment for Outlook.
func calls() map[string]any {
	return map[string]any{
		"e": (*state).callPrint, "c": (*state).callCondition, "s": (*state).callSet, "l": (*state).callLoop, "m": (*state).callComment,
	}
}

// callPrint prints statement id: a string, or markup of ours.
func (st *state) callPrint(id int) (v any, err error) {
	defer catch(&err)
	s, err := st.enter(id)
	if err != nil {
		return nil, err
	}
	if st.prints++; st.prints > maxPrints {
		st.fail("more than 200,000 values are printed")
	}
	x := s.eval(st)
	st.at = s.at
	if st.p.out == outHTML {
		return st.showHTML(x, s.stands), nil
	}
	return st.show(x), nil
}

// enter begins a statement.
func (st *state) enter(id int) (*stmt, error) {
	if st.dry {
		return nil, errDry
	}
	s := &st.p.stmts[id]
	st.at = s.at
	st.spend(10)
	return s, nil
}

func (st *state) callCondition(id int) (ok bool, err error) {
	defer catch(&err)
	s, err := st.enter(id)
	if err != nil {
		return false, err
	}
	return truth(s.eval(st)), nil
}

func (st *state) callSet(id int) (ok bool, err error) { return st.callCondition(id) }

// callComment prints a comment for Outlook, which is text of the author's that
// was checked when it was compiled.
func (st *state) callComment(id int) (v any, err error) {
	if st.dry {
		return nil, errDry
	}
	return htmltemplate.HTML(st.p.stmts[id].raw), nil
}

// callLoop returns the turns of a loop. An error inside of a turn leaves as the
// panic that text/template takes for an error.
func (st *state) callLoop(id int) (turns func(yield func(int) bool), err error) {
	defer catch(&err)
	s, err := st.enter(id)
	if err != nil {
		return nil, err
	}
	items := st.items(s.loop.list(st), s)
	length := len(items)
	if s.loop.cond != nil {
		length = -1
	}
	return func(yield func(int) bool) {
		k := &counter{turn: -1, length: length}
		for i := range items {
			ok, err := st.step(s, items[i], k)
			if err != nil {
				panic(texttemplate.ExecError{Name: "template", Err: err})
			}
			if ok && !yield(i) {
				return
			}
		}
	}, nil
}

// items returns what a loop walks over.
func (st *state) items(v any, s *stmt) []any {
	st.at = s.at
	switch x := plain(v).(type) {
	case []any:
		return x
	case map[string]any:
		return st.keys(x)
	case missingValue, nil:
		return nil
	}
	st.failHint("a loop needs a list or a map, not "+typeName(v), "split() makes a list of text")
	return nil
}

// step begins a turn: it fills the loop's variables, empties what the body sets,
// and asks the loop's condition.
func (st *state) step(s *stmt, item any, k *counter) (ok bool, err error) {
	defer catch(&err)
	st.at = s.at
	st.turn()
	for _, slot := range s.loop.clear {
		st.slots[slot] = nil
	}
	item = norm(item)
	if len(s.loop.vars) == 1 {
		st.slots[s.loop.vars[0]] = slotted(item)
	} else {
		pair, isPair := item.([]any)
		if !isPair || len(pair) != 2 {
			st.failHint("the loop has two variables, but its elements are no pairs", "loop over .items() or enumerate()")
		}
		for i, slot := range s.loop.vars {
			st.slots[slot] = slotted(norm(pair[i]))
		}
	}
	st.slots[s.loop.counter] = k
	if s.loop.cond != nil {
		st.slots[s.loop.counter] = nil // loop.index is not known before the turn is
		if !truth(s.loop.cond(st)) {
			return false, nil
		}
		st.slots[s.loop.counter] = k
	}
	k.turn++
	return true, nil
}

// slotted keeps none apart from an empty slot.
func slotted(v any) any {
	if v == nil {
		return noneValue{}
	}
	return v
}

// executor is what html/template and text/template have in common.
type executor interface {
	Execute(w io.Writer, data any) error
}

func (p *program) template() executor {
	if p.out == outHTML {
		return p.html
	}
	return p.text
}

// render renders the program.
func (p *program) render(d Data, o Options) (out string, err error) {
	defer func() {
		if r := recover(); r != nil { // nobody foresaw it; the built-in template is used
			out, err = "", p.problem(unexpected(r))
		}
	}()
	st := newState(p, d, o)
	var b bytes.Buffer
	err = p.template().Execute(&limited{w: &b}, st)
	if errors.Is(err, errOutput) {
		err = &failure{at: st.at, msg: errOutput.Error()}
	}
	if err != nil {
		return "", p.problem(err)
	}
	return b.String(), nil
}
