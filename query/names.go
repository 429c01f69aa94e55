// Names of fields: how a path finds its column, and what to say when none fits.

package query

import (
	"strings"

	"tocsin/diag"
)

// steps are the steps of a path as the user meant them: one name in quotes
// that holds dots ("userIdentity.arn") is a path, a quoted step of several is
// one step.
func steps(names []Name) []string {
	if len(names) == 1 && names[0].Quoted && !strings.HasPrefix(names[0].Text, "__tag__:") {
		if parts := strings.Split(names[0].Text, "."); !hasEmpty(parts) {
			return parts
		}
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.Text
	}
	return out
}

func hasEmpty(parts []string) bool {
	for _, p := range parts {
		if p == "" {
			return true
		}
	}
	return false
}

// written is a path as a message or a result shows it.
func written(names []Name) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.Text
	}
	return strings.Join(out, ".")
}

// cut shortens text of the user for a message.
func cut(s string) string {
	const most = 80
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}

// find resolves a path: the declared name that is its longest prefix, and the
// rest below it. Names are exact; when none fits, the first step may differ in
// case from the only one that does.
func (l *Logstore) find(path []string) (f Field, rest []string, ok bool) {
	if f, rest, ok = l.findExact(path); ok {
		return f, rest, true
	}
	if strings.HasPrefix(path[0], "__tag__:") { // a key of the record as SLS writes it
		return l.findExact(append([]string{"extra"}, path...))
	}
	first, one := "", true
	for _, c := range l.all() {
		head, _, _ := strings.Cut(c.Name, ".")
		if head != path[0] && strings.EqualFold(head, path[0]) {
			one = one && (first == "" || first == head)
			first = head
		}
	}
	if first == "" || !one {
		return Field{}, nil, false
	}
	return l.findExact(append([]string{first}, path[1:]...))
}

func (l *Logstore) findExact(path []string) (Field, []string, bool) {
	lists := [2][]Field{l.Fields, systemFields()}
	if l.Lookup {
		lists[1] = nil
	}
	longest := 1 // no longer prefix is a name; a hostile path has thousands of steps
	for _, f := range l.Fields {
		longest = max(longest, strings.Count(f.Name, ".")+1)
	}
	for n := min(len(path), longest); n > 0; n-- {
		name := strings.Join(path[:n], ".")
		for _, list := range lists {
			for i := range list {
				if f := &list[i]; f.Name == name && (n == len(path) || f.Open) {
					return *f, path[n:], true
				}
			}
		}
	}
	return Field{}, nil, false
}

// all are the fields of l, declared and system ones; declared ones win.
func (l *Logstore) all() []Field {
	if l.Lookup {
		return l.Fields
	}
	out := l.Fields[:len(l.Fields):len(l.Fields)]
	for _, s := range systemFields() {
		if !l.declares(s.Name) {
			out = append(out, s)
		}
	}
	return out
}

func (l *Logstore) declares(name string) bool {
	for _, f := range l.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// unknownField reports a name that a logstore does not have.
func (l *Logstore) unknownField(list *diag.List, ref []Name, span diag.Span) {
	path := strings.Join(steps(ref), ".")
	hint, sure := l.pathHint(path)
	if !sure {
		hint = didYouMean(path, names(l.all()), hint)
	}
	kind := "the logstore "
	if l.Lookup {
		kind = "the table "
	}
	list.Add("query/unknown-field", span, kind+l.Name+" has no field "+cut(path), hint)
}

// pathHint says where a path is legal; sure that the path begins with a field
// below which nothing lies.
func (l *Logstore) pathHint(path string) (hint string, sure bool) {
	head, _, _ := strings.Cut(path, ".")
	var open []string
	for _, f := range l.all() {
		if f.Open {
			open = append(open, f.Name)
		}
		if f.Name == head && !f.Open {
			return head + " is " + f.Type.String() + ", nothing lies below it", true
		}
	}
	if l.Lookup {
		return "it has " + listed(names(l.Fields)), false
	}
	if len(open) == 0 {
		return "the fields of " + l.Name + " are in its schema", false
	}
	return "any path is legal below " + listed(open), false
}

func names(fields []Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// didYouMean is diag.DidYouMean for names of sane length and for paths.
func didYouMean(name string, known []string, otherwise string) string {
	if s := suggest(name, known); s != "" {
		return "did you mean " + s + "?"
	}
	return otherwise
}

// suggest is diag.Suggest for names of sane length; of a path the first step
// alone may be meant otherwise.
func suggest(name string, known []string) string {
	if len(name) > 200 {
		return ""
	}
	if s := diag.Suggest(name, known); s != "" {
		return s
	}
	head, tail, ok := strings.Cut(name, ".")
	if !ok {
		return ""
	}
	if s := diag.Suggest(head, known); s != "" {
		return s + "." + tail
	}
	return ""
}
