package query

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
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
	if !ok {
		s.store.unknownField(s.faults, path.Names, path.Span())
		return predAll{}
	}
	if len(rest) > maxPath {
		s.fault("query/too-deep", path.Span(), fmt.Sprintf("a path of more than %d steps", maxPath), "")
	}
	t := leaf{column: f.Column, t: f.Type, path: join(f.Path, rest)}
	if f.Path != nil || f.Open || f.Type == JSON {
		t.t = JSON
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
		if !native || seen[f.Column] || f.Type == Time || f.Type == EpochSeconds {
			continue
		}
		t := l
		t.column, t.t = f.Column, f.Type
		if f.Path != nil || f.Open || f.Type == JSON {
			t.t, t.deep = JSON, true
		}
		seen[f.Column] = true
		xs = append(xs, &t)
	}
	if len(xs) == 0 {
		return &predNot{predAll{}}
	}
	return &predOr{xs}
}

// compare is field >= value; = is : for what is no number.
func (s searcher) compare(t leaf, n *SearchCompare) pred {
	num, ok := operand(t.t, n.Value.Text)
	if ok {
		t.op, t.cmp, t.num = leafCompare, n.Op, num
		return &t
	}
	if n.Op == OpEq {
		return s.match(t, n.Value, false)
	}
	s.fault("query/not-a-number", n.Value.Span(), cut(n.Value.Text)+" is no number", hintCompare(t.t))
	return predAll{}
}

func hintCompare(t Type) string {
	if t == Time {
		return "write a time as 2026-01-31T09:00:00Z, in quotes, or as epoch seconds"
	}
	return ">, >=, < and <= compare numbers; for texts there is SQL behind the pipe"
}

// between is field in [low high).
func (s searcher) between(t leaf, n *SearchRange) pred {
	low, ok1 := operand(t.t, n.Low.Text)
	high, ok2 := operand(t.t, n.High.Text)
	for _, x := range []struct {
		ok bool
		v  *Value
	}{{ok1, n.Low}, {ok2, n.High}} {
		if !x.ok {
			s.fault("query/not-a-number", x.v.Span(), cut(x.v.Text)+" is no number", hintCompare(t.t))
		}
	}
	t.op, t.num, t.high, t.lowOut, t.hiOut = leafRange, low, high, n.LowOpen, n.HighOpen
	return &t
}

// operand reads what a field of type t is compared with.
func operand(t Type, text string) (any, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if t == Time {
			return time.Unix(n, 0).UTC(), n > -1e11 && n < 1e11
		}
		return n, true
	}
	if t == Time {
		return parseTime(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(text, "xXpP_iIN") {
		return nil, false
	}
	if math.IsInf(f, 0) { // 1e400: no number of a record is beyond
		f = math.Copysign(math.MaxFloat64, f)
	}
	return f, true
}

// network is field in 10.0.0.0/8, or in one address.
func (s searcher) network(t leaf, n *SearchNetwork) pred {
	p, ok := parseNetwork(n.Network.Text)
	if !ok {
		s.fault("query/network", n.Network.Span(), cut(n.Network.Text)+" is no network", "write 10.0.0.0/8, 2001:db8::/32 or one address")
		return predAll{}
	}
	t.op, t.texts = leafNetwork, []string{p.String()}
	return &t
}

// parseNetwork reads a network or one address; bits behind the prefix are cut.
func parseNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// list is field in $name.
func (s searcher) list(t leaf, n *SearchList) pred {
	entries, ok := s.named(n.List)
	if !ok {
		return predAll{}
	}
	var xs []pred
	for _, e := range entries {
		one := t
		if p, ok := parseNetwork(e); ok {
			one.op, one.texts = leafNetwork, []string{p.String()}
		} else if strings.ContainsAny(e, "*?") {
			one.op, one.parts = leafGlob, tidy(globOf(e))
		} else {
			one.op, one.texts = leafEqual, []string{e}
		}
		xs = append(xs, &one)
	}
	if len(xs) == 0 {
		return &predNot{predAll{}}
	}
	return joinEqual(xs)
}

// globOf reads * and ? of an entry of a list.
func globOf(s string) []Glob {
	var out []Glob
	for s != "" {
		i := strings.IndexAny(s, "*?")
		if i < 0 {
			return append(out, Glob{Text: s})
		}
		if i > 0 {
			out = append(out, Glob{Text: s[:i]})
		}
		out = append(out, Glob{Wild: rune(s[i])})
		s = s[i+1:]
	}
	return out
}

// named are the entries of a named list.
func (p *planner) named(n Name) ([]string, bool) {
	if l, ok := p.o.Lists[n.Text]; ok {
		return l, true
	}
	known := make([]string, 0, len(p.o.Lists))
	for k := range p.o.Lists {
		known = append(known, k)
	}
	hint := "lists are declared in tocsin.yaml under lists:"
	if s := suggest(n.Text, known); s != "" {
		hint = "did you mean $" + s + "?"
	}
	p.fault("query/unknown-list", n.Span(), "there is no list $"+cut(n.Text), hint)
	return nil, false
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
			f.texts = append(f.texts[:len(f.texts):len(f.texts)], l.texts...)
			continue
		}
		one := *l
		first[k] = &one
		out = append(out, &one)
	}
	if len(out) == 1 {
		return out[0]
	}
	return &predOr{out}
}
