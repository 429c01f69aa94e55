// The search half: terms, fields, groups and words become leaves.

package query

import (
	"fmt"
	"slices"
	"strings"
)

// A searcher resolves the filter over one logstore.
type searcher struct {
	*planner
	store *Logstore
}

// search resolves s; nil is every record.
func (s searcher) search(n Search) pred {
	switch n := n.(type) {
	case nil, *SearchAll:
		return predAll{}
	case *SearchAnd:
		return &predAnd{s.each(n.Xs)}
	case *SearchOr:
		return joinEqual(s.each(n.Xs))
	case *SearchNot:
		return &predNot{s.search(n.X)}
	case *SearchTerm:
		return s.anywhere(n.Value)
	case *SearchMatch:
		return s.onField(n.Field, func(t leaf) pred { return s.match(t, n.Value, n.Exact) })
	case *SearchExists:
		return s.onField(n.Field, func(t leaf) pred { t.op = leafExists; return &t })
	case *SearchGroup:
		return s.onField(n.Field, func(t leaf) pred { return s.group(t, n.X, n.Exact) })
	case *SearchCompare:
		return s.onField(n.Field, func(t leaf) pred { return s.compare(t, n) })
	case *SearchRange:
		return s.onField(n.Field, func(t leaf) pred { return s.between(t, n) })
	case *SearchNetwork:
		return s.onField(n.Field, func(t leaf) pred { return s.network(t, n) })
	case *SearchList:
		return s.onField(n.Field, func(t leaf) pred { return s.list(t, n) })
	}
	s.fault("query/unsupported", n.Span(), "this cannot be searched for", "")
	return predAll{}
}

func (s searcher) each(xs []Search) []pred {
	out := make([]pred, len(xs))
	for i, x := range xs {
		out[i] = s.search(x)
	}
	return out
}

// onField hands a leaf that aims at the field to make.
func (s searcher) onField(path *Path, make func(leaf) pred) pred {
	way := steps(path.Names)
	for i := range way {
		if i >= len(path.Names) || path.Names[i].Quoted {
			continue
		}
		base, index, ok := strings.Cut(way[i], "[")
		if !ok || !strings.HasSuffix(index, "]") {
			continue
		}
		if index != "*]" {
			s.fault("query/array-index", path.Span(), "an array cannot be indexed in a search", "any element matches without an index; write "+cut(base))
			return predAll{}
		}
		way[i] = base
	}
	f, rest, ok := s.store.find(way)
	if !ok && len(way) == 1 && way[0] == "source" { // as SLS abbreviates it
		f, rest, ok = s.store.find([]string{"__source__"})
	}
	if !ok {
		s.store.unknownField(s.faults, path.Names, path.Span())
		return predAll{}
	}
	if len(rest) > maxPath {
		s.fault("query/too-deep", path.Span(), fmt.Sprintf("a path of more than %d steps", maxPath), "nothing is stored that deep")
	}
	t := leaf{column: f.Column, t: f.Type, path: join(f.Path, rest)}
	if f.Path != nil || f.Open || f.Type == JSON {
		t.t, t.kept = JSON, f.Shape.below(t.path)
	}
	t.prose = f.Match == Tokens && len(rest) == 0
	return make(t)
}

const maxPath = 200

func join(a, b []string) []string {
	return append(a[:len(a):len(a)], b...)
}

// group applies the field to every term of X.
func (s searcher) group(t leaf, x Search, exact bool) pred {
	switch x := x.(type) {
	case *SearchAnd:
		return &predAnd{s.groupEach(t, x.Xs, exact)}
	case *SearchOr:
		return joinEqual(s.groupEach(t, x.Xs, exact))
	case *SearchNot:
		return &predNot{s.group(t, x.X, exact)}
	case *SearchTerm:
		return s.match(t, x.Value, exact)
	case *SearchAll:
		t.op = leafExists
		return &t
	}
	s.fault("query/unsupported", x.Span(), "this cannot stand in the group of a field", "")
	return predAll{}
}

func (s searcher) groupEach(t leaf, xs []Search, exact bool) []pred {
	out := make([]pred, len(xs))
	for i, x := range xs {
		out[i] = s.group(t, x, exact)
	}
	return out
}

// match is field:value.
func (s searcher) match(t leaf, v *Value, exact bool) pred {
	t.exact = exact
	switch {
	case v.Phrase:
		t.op, t.texts = leafPhrase, []string{v.Text}
		return &t
	case t.prose:
		if words := wordsOf(v); len(words) > 0 {
			return allWords(t, words)
		}
	}
	if len(v.Glob) > 0 {
		t.op, t.parts = leafGlob, tidy(v.Glob)
		return &t
	}
	if t.prose && v.Text != "" { // nothing but delimiters
		t.op, t.texts = leafPhrase, []string{v.Text}
		return &t
	}
	t.op, t.texts = leafEqual, []string{v.Text}
	return &t
}

// wordsOf are the tokens that a value asks for, as patterns.
func wordsOf(v *Value) [][]Glob {
	if len(v.Glob) > 0 {
		return globTokens(tidy(v.Glob))
	}
	var out [][]Glob
	for _, t := range tokens(v.Text) {
		out = append(out, []Glob{{Text: t}})
	}
	return out
}

// allWords asks for each word in the field, in any order.
func allWords(t leaf, words [][]Glob) pred {
	t.op = leafWord
	xs := make([]pred, len(words))
	for i, w := range words {
		one := t
		one.parts = tidy(w)
		xs[i] = &one
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return &predAnd{xs}
}

// anywhere is a text without a field: each of its tokens is a token of some
// value of the record; a phrase occurs in one value.
func (s searcher) anywhere(v *Value) pred {
	if v.Phrase {
		return s.inSome(leaf{op: leafPhrase, texts: []string{v.Text}})
	}
	words := wordsOf(v)
	if len(words) == 0 {
		if len(v.Glob) > 0 || v.Text == "" {
			return predAll{}
		}
		return s.inSome(leaf{op: leafPhrase, texts: []string{v.Text}})
	}
	var xs []pred
	for _, w := range words {
		xs = append(xs, s.inSome(leaf{op: leafWord, parts: tidy(w)}))
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return &predAnd{xs}
}

// inSome asks for l in some column of the record: its native fields, the topic
// and the source. The fields that begin with @ repeat what native ones say.
func (s searcher) inSome(l leaf) pred {
	seen := map[string]bool{}
	var xs []pred
	for _, f := range s.store.all() {
		native := !strings.HasPrefix(f.Name, "@") && !strings.HasPrefix(f.Name, "__") || f.Name == "__topic__" || f.Name == "__source__"
		if !native || seen[f.Column] || f.Type == Time || f.Type == EpochSeconds || s.within(f) || !l.possible(f) {
			continue
		}
		t := l
		t.column, t.t = f.Column, f.Type
		if f.Path != nil || f.Open || f.Type == JSON {
			t.t, t.deep = JSON, true
		}
		seen[f.Column] = true
		xs = append(xs, &t)
		if t.kept = f.Shape.anywhere(&l); t.kept != "" {
			xs = append(xs, partsOf(f.Shape, l, seen)...)
		}
	}
	if len(xs) == 0 {
		return &predNot{predAll{}}
	}
	return &predOr{xs}
}

// partsOf are the tests of the columns that fill the holes of a shape.
func partsOf(shape *Shape, l leaf, seen map[string]bool) []pred {
	var xs []pred
	for _, f := range shape.Parts {
		if !seen[f.Column] {
			seen[f.Column] = true
			t := l
			t.column, t.t = f.Column, f.Type
			xs = append(xs, &t)
		}
	}
	return xs
}

// within reports whether an open field holds f, too: userIdentity holds
// userIdentity.arn.
func (s searcher) within(f Field) bool {
	for _, o := range s.store.Fields {
		if o.Open && f.Path == nil && strings.HasPrefix(f.Name, o.Name+".") {
			return true
		}
	}
	return false
}

// possible reports whether a value of a field can match at all: a number holds no
// letters.
func (l *leaf) possible(f Field) bool {
	text := strings.Join(l.texts, "")
	for _, p := range l.parts {
		text += p.Text
	}
	if f.UUID {
		return strings.Trim(text, "0123456789abcdefABCDEF-") == ""
	}
	switch f.Type {
	case Integer, Double:
		return strings.Trim(text, "0123456789+-.eE") == ""
	case Boolean:
		return l.op != leafWord || globMatch("true", lowered(l.parts)) || globMatch("false", lowered(l.parts))
	}
	return true
}

func lowered(parts []Glob) []Glob {
	out := slices.Clone(parts)
	for i := range out {
		out[i].Text = strings.ToLower(out[i].Text)
	}
	return out
}

// joinEqual makes one leaf of alternatives that test the same field for
// equality, so that two thousand of them are one test.
func joinEqual(xs []pred) pred {
	type key struct {
		column, path string
		exact        bool
	}
	first := map[key]*leaf{}
	var out []pred
	for _, x := range xs {
		l, ok := x.(*leaf)
		if !ok || l.op != leafEqual || l.deep {
			out = append(out, x)
			continue
		}
		k := key{l.column, strings.Join(l.path, "\x00"), l.exact}
		if f := first[k]; f != nil {
			f.texts = append(f.texts, l.texts...)
			continue
		}
		one := *l
		one.texts = slices.Clone(l.texts)
		first[k] = &one
		out = append(out, &one)
	}
	if len(out) == 1 {
		return out[0]
	}
	return &predOr{out}
}
