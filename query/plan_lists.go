// Named lists in both halves: field in $name, and x IN $name.

package query

import (
	"maps"
	"slices"
	"strings"
)

// What is written out, so that an engine sees the values themselves; longer
// lists are handed over as one text.
const (
	maxWrittenValues = 100
	maxWrittenTests  = 4     // networks and patterns, each a test of its own
	maxWrittenTyped  = 1_000 // times
)

// named are the entries of a named list.
func (p *planner) named(n Name) (listEntries, bool) {
	if l, ok := p.o.Lists[n.Text]; ok {
		return sortEntries(l), true
	}
	known := slices.Sorted(maps.Keys(p.o.Lists))
	hint := "no list is declared: write lists: {" + cut(n.Text) + ": [a, b]} into tocsin.yaml, or the values themselves, field:(a or b)"
	if len(known) > 0 {
		for i := range known {
			known[i] = "$" + known[i]
		}
		hint = didYouMean("$"+n.Text, known, "the lists of tocsin.yaml are "+listed(known))
	}
	p.fault("query/unknown-list", n.Span(), "there is no list $"+cut(n.Text), hint)
	return listEntries{}, false
}

// list is field in $name: without case, as the search half compares.
func (s searcher) list(t leaf, n *SearchList) pred {
	e, ok := s.named(n.List)
	switch {
	case !ok:
		return predAll{}
	case t.t != Text && t.t != JSON:
		if e, ok = s.ofType(e, t.t, n.List); !ok {
			return predAll{}
		}
	case t.t == JSON && len(e.values) > maxWrittenValues:
		return t.listed(&listSpec{Values: e.values, Patterns: e.patterns, Networks: e.networks})
	}
	var xs []pred
	if len(e.values) > 0 {
		one := t
		one.op, one.texts = leafEqual, e.values
		xs = append(xs, &one)
	}
	if len(e.patterns)+len(e.networks) > maxWrittenTests {
		xs = append(xs, t.listed(&listSpec{Patterns: e.patterns, Networks: e.networks}))
	} else {
		xs = append(xs, t.tests(e)...)
	}
	switch len(xs) {
	case 0:
		return &predNot{predAll{}}
	case 1:
		return xs[0]
	}
	return &predOr{xs}
}

// listed is the field held against a long list.
func (l leaf) listed(list *listSpec) *leaf {
	l.op, l.list = leafListed, list
	return &l
}

// tests are the patterns and networks, each a leaf.
func (l leaf) tests(e listEntries) []pred {
	var xs []pred
	for _, p := range e.patterns {
		one := l
		one.op, one.parts = leafGlob, tidy(globOf(p))
		xs = append(xs, &one)
	}
	for _, n := range e.networks {
		one := l
		one.op, one.texts = leafNetwork, []string{n}
		xs = append(xs, &one)
	}
	return xs
}

// ofType keeps the entries that a number, a truth value or a time can be
// compared with: values of that type, and patterns, which look at the value as
// it is shown. It reports a list that has none.
func (p *planner) ofType(e listEntries, t Type, n Name) (listEntries, bool) {
	some := len(e.values)+len(e.patterns)+len(e.networks) > 0
	out := listEntries{patterns: e.patterns}
	for _, v := range e.values {
		if fits(t, v) {
			out.values = append(out.values, v)
		}
	}
	switch {
	case some && len(out.values)+len(out.patterns) == 0:
		p.fault("query/type", n.Span(), "no entry of $"+cut(n.Text)+" is "+aType(t), "compare with another field, or another list")
		return out, false
	case t == Time && len(out.values) > maxWrittenTyped:
		p.fault("query/too-long", n.Span(), "a time is compared with more than 1,000 entries of $"+cut(n.Text), "compare texts or numbers with a list of this length")
		return out, false
	}
	return out, true
}

// aType names a value of a type in messages.
func aType(t Type) string {
	switch t {
	case Integer, Double, EpochSeconds:
		return "a number"
	case Boolean:
		return "true or false"
	}
	return "a " + t.String()
}

// fits reports whether a text is a value of the type.
func fits(t Type, text string) bool {
	if t == Boolean {
		return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
	}
	_, ok := operand(t, text)
	return ok
}

// inList is x IN $name: values, patterns and networks, case-sensitive as SQL.
func (s *stage) inList(e *In, x value, v env) value {
	entries, ok := s.named(*e.List)
	t := x.typ()
	if !ok || t == Unknown {
		return null()
	}
	typed := t.numeric() || t == Boolean || t == Time
	if typed {
		if entries, ok = s.ofType(entries, t, *e.List); !ok {
			return null()
		}
		if len(entries.patterns) > 0 {
			s.fault("query/type", e.List.Span(), "$"+cut(e.List.Text)+" holds patterns, which "+t.String()+" cannot match", "write cast(… AS varchar) IN $"+cut(e.List.Text))
			return null()
		}
	} else {
		x = s.textOf(x, e.X)
	}
	if v.params != nil && entries.long() {
		s.fault("query/lambda", e.List.Span(), "a list of more than 100 entries inside a lambda", "search the field before the pipe, where any element matches: field in $"+cut(e.List.Text)+"; or UNNEST it")
		return null()
	}
	return s.inEntries(x, entries)
}

// long reports whether the entries are not written out.
func (e listEntries) long() bool {
	return len(e.values) > maxWrittenValues || len(e.patterns)+len(e.networks) > maxWrittenTests
}

// inEntries tests x against entries of its type.
func (s *stage) inEntries(x value, e listEntries) value {
	var tests []value
	switch t := x.typ(); {
	case len(e.values) > maxWrittenValues && t != Time && t != Boolean:
		tests = append(tests, &inList{x: x, values: e.values})
	case len(e.values) > 0:
		m := &membership{x: x}
		for _, v := range e.values {
			if item, ok := s.meet(textConst(v), t); ok || t.textual() {
				m.items = append(m.items, item)
			}
		}
		tests = append(tests, m)
	}
	if len(e.patterns)+len(e.networks) > maxWrittenTests {
		tests = append(tests, &inList{x: x, list: &listSpec{Patterns: e.patterns, Networks: e.networks, Exact: true}})
		return anyOf(tests)
	}
	for _, p := range e.patterns {
		tests = append(tests, &likeness{x, tidy(globOf(p))})
	}
	for _, n := range e.networks {
		tests = append(tests, &call{fn: "is_subnet_of", args: []value{textConst(n), x}, t: Boolean})
	}
	return anyOf(tests)
}

// anyOf is true where one of the tests is.
func anyOf(tests []value) value {
	switch len(tests) {
	case 0:
		return boolConst(false)
	case 1:
		return tests[0]
	}
	return &logic{true, tests}
}
