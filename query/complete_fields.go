// Completion, continued: the names of fields and columns, and how each half
// writes them.

package query

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// fieldNamed returns the declared field of that exact name, or a path below an
// open one.
func fieldNamed(store *Logstore, name string) (Field, bool) {
	if store == nil || name == "" {
		return Field{}, false
	}
	f, rest, ok := store.findExact(strings.Split(name, "."))
	if len(rest) > 0 {
		return Field{Name: name, Type: JSON}, !hasEmpty(rest)
	}
	return f, ok
}

// fields offers the fields of a logstore: the declared ones, and, behind the
// beginning of a name, the paths that records have below them. Qualifier stands
// before each name; write puts the steps of one into the words of the half.
func (c *completer) fields(store *Logstore, qualifier string, write func([]string) string) {
	if store == nil {
		return
	}
	seen, order := c.seenPaths(store)
	offer := func(name, kind, doc string) {
		if !c.begun(qualifier + name) {
			return
		}
		if p, ok := seen[name]; ok {
			kind = cmp.Or(p.Type, kind) + share(p)
		}
		c.add(Candidate{write(strings.Split(qualifier+name, ".")), FieldCandidate, kind, doc})
	}
	for _, f := range store.all() {
		kind := f.Type.String()
		if f.Open {
			kind = "object"
		}
		offer(f.Name, kind, f.Doc)
	}
	if c.typed == qualifier {
		return
	}
	for _, name := range order {
		if _, _, ok := store.findExact(strings.Split(name, ".")); ok && !store.declares(name) {
			offer(name, "", "")
		}
	}
}

// seenPaths are the paths that records of a logstore have, by name and with the
// most frequent first. A path with a step that holds a dot cannot be written.
func (c *completer) seenPaths(store *Logstore) (map[string]SeenPath, []string) {
	if c.in.Seen == nil {
		return nil, nil
	}
	paths, _ := c.in.Seen.Paths(c.ctx, store.Name) // whoever implements it reports why there are none
	byName := map[string]SeenPath{}
	var order []string
	for _, p := range paths {
		name, ok := plainPath(p.Path)
		if _, double := byName[name]; double || !ok {
			continue
		}
		byName[name] = p
		order = append(order, name)
	}
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(byName[b].Records, byName[a].Records), cmp.Compare(a, b))
	})
	return byName, order
}

// plainPath is a path without the quotes of its steps; false when a step holds
// a dot or a quote, which no text of a query could tell from a longer path.
func plainPath(path string) (string, bool) {
	plain := strings.ReplaceAll(path, `"`, "")
	if hasEmpty(strings.Split(plain, ".")) {
		return "", false
	}
	for i, part := range strings.Split(path, `"`) {
		if i%2 == 1 && strings.Contains(part, ".") {
			return "", false
		}
	}
	return plain, true
}

// share says in how many records a path is: ", in 97%".
func share(p SeenPath) string {
	switch {
	case p.Of <= 0 || p.Records <= 0:
		return ""
	case p.Records*100 < p.Of:
		return ", in <1%"
	}
	return ", in " + strconv.FormatInt(min(p.Records, p.Of)*100/p.Of, 10) + "%"
}

// filterPath writes a path as the filter reads it.
func filterPath(steps []string) string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = s
		odd := strings.ContainsFunc(s, func(r rune) bool { return !nameRune(r) })
		if odd || len(steps) == 1 && (searchKeyword(s, true) != "" || upperASCII(s) == "IN") {
			var p printer
			p.searchQuoted(s)
			out[i] = p.String()
		}
	}
	return strings.Join(out, ".")
}

// sqlPath writes a path as SQL reads it.
func sqlPath(steps []string) string {
	var p printer
	names := make([]Name, len(steps))
	for i, s := range steps {
		names[i] = Name{Text: s, Quoted: !plainName(s, i == 0)}
	}
	p.names(names)
	return p.String()
}

// plainName reports whether a name needs no quotes in SQL; behind a dot the
// reserved words are names.
func plainName(s string, first bool) bool {
	rest := strings.TrimPrefix(s, "@")
	if !identStartAt(rest) || strings.ContainsFunc(rest, func(r rune) bool { return !identRune(r) }) {
		return false
	}
	return !first || keywords.find(s) == "" && special.find(s) == ""
}

// sqlName writes one name, which may be that of a result: its dots are no path.
func sqlName(name string) string {
	steps := strings.Split(name, ".")
	if !hasEmpty(steps) && !slices.ContainsFunc(steps, func(s string) bool { return !plainName(s, true) }) {
		return sqlPath(steps)
	}
	var p printer
	p.quoted(name, `"`)
	return p.String()
}
