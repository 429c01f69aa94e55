// The dot commands that show what there is to ask, and of whom.

package shell

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/query"
)

// help lists the commands, or says more of one.
func (s *session) help(_ context.Context, args string) error {
	args = strings.TrimPrefix(args, ".")
	list := commands()
	if args != "" {
		list = slices.DeleteFunc(list, func(c command) bool { return c.name != strings.ToLower(args) })
	}
	if len(list) == 0 {
		return unknownCommand(s, args)
	}
	for _, c := range list {
		fmt.Fprintf(s.Out, "%-27s %s\n", strings.TrimSpace("."+c.name+" "+c.args), c.help)
	}
	if args == "" {
		fmt.Fprint(s.Out, helpEnd)
	}
	return nil
}

const helpEnd = `
A query is filter | SQL:
  eventName:(StopLogging or DeleteTrail) and not errorCode:*
  errorCode:* | GROUP BY eventSource, errorCode LIMIT 5
Enter runs it when it is whole, an empty line in any case; Tab completes fields,
values and commands; Ctrl-C ends a query, or clears the line.
`

func (s *session) logstores(ctx context.Context, _ string) error {
	ctx, done := s.Interruptible(ctx)
	defer done()
	holdings, err := s.Project.Stored(ctx)
	if err != nil {
		return err
	}
	r := &query.Result{Columns: columns("logstore", query.Text, "records", query.Integer, "oldest", query.Time, "newest", query.Time)}
	for _, h := range holdings {
		row := []any{h.Logstore, h.Records, nil, nil}
		if !h.Oldest.IsZero() {
			row[2], row[3] = h.Oldest, h.Newest
		}
		r.Rows = append(r.Rows, row)
	}
	return s.show(ctx, r)
}

// columns makes the columns of a list from names and types, in turn.
func columns(pairs ...any) []query.Column {
	var out []query.Column
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, query.Column{Name: pairs[i].(string), Type: pairs[i+1].(query.Type)})
	}
	return out
}

// A field is one row of .fields.
type field struct {
	name, kind, about string
	share             string // of the records looked at; "" where it is not known
}

// fields lists the declared fields and the paths that were seen.
func (s *session) fields(ctx context.Context, args string) error {
	l, ok := s.Project.Surroundings(s.question("")).Schema.Logstore(s.Logstore)
	if !ok {
		return wrong("there is no logstore %s", visible(s.Logstore))
	}
	ctx, done := s.Interruptible(ctx)
	defer done()
	paths, err := s.paths(ctx, s.Logstore)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(fieldList(l, paths), func(f field) bool { return !matches(f.name, args) })
	if len(list) == 0 {
		return wrong("%s has no field %s; %s", s.Logstore, visible(args), oneOf(args, fieldNames(fieldList(l, paths))))
	}
	examples := len(list) <= maxExamples
	r := &query.Result{Columns: columns("field", query.Text, "type", query.Text, "in", query.Text, "about", query.Text)}
	for _, f := range list {
		if examples {
			f.about = s.example(ctx, f)
		}
		r.Rows = append(r.Rows, []any{f.name, f.kind, f.share, f.about})
	}
	return s.show(ctx, r)
}

// maxExamples is up to how many fields are shown with an example; each of them is
// looked up.
const maxExamples = 5

// example is what a field is about, with the values that it most often has.
func (s *session) example(ctx context.Context, f field) string {
	values, err := s.valuesOf(ctx, s.Logstore, f.name, "")
	if err != nil || len(values) == 0 {
		return f.about // there is no example; the list is worth showing without
	}
	var some []string
	for _, v := range values[:min(3, len(values))] {
		some = append(some, v.Value)
	}
	return strings.TrimPrefix(f.about+"; such as "+strings.Join(some, ", "), "; ")
}

// fieldList joins what is declared with what was seen.
func fieldList(l *query.Logstore, paths []query.SeenPath) []field {
	seen := map[string]query.SeenPath{}
	for _, p := range paths {
		seen[p.Path] = p
	}
	var list []field
	declared := map[string]bool{}
	for _, f := range l.Fields {
		declared[f.Name] = true
		kind := f.Type.String()
		if f.Open {
			kind = "object"
		}
		list = append(list, field{f.Name, kind, f.Doc, share(seen[f.Name])})
	}
	for _, p := range paths {
		if !declared[p.Path] {
			list = append(list, field{p.Path, p.Type, "", share(p)})
		}
	}
	return list
}

// share is how many of the records that were looked at have a path.
func share(p query.SeenPath) string {
	switch {
	case p.Of == 0:
		return ""
	case p.Records > 0 && p.Records*100 < p.Of:
		return "<1 %"
	}
	return strconv.FormatInt(p.Records*100/p.Of, 10) + " %"
}

func fieldNames(list []field) []string {
	var names []string
	for _, f := range list {
		names = append(names, f.name)
	}
	return names
}

// matches reports whether a name has a part, or matches a pattern with *, in any
// case.
func matches(name, pattern string) bool {
	name, pattern = strings.ToLower(name), strings.ToLower(pattern)
	if !strings.Contains(pattern, "*") {
		return strings.Contains(name, pattern)
	}
	ok, err := path.Match(pattern, strings.ReplaceAll(name, "/", "_"))
	return ok && err == nil
}

// values counts the values of a field in the range.
func (s *session) values(ctx context.Context, args string) error {
	if args == "" || strings.ContainsAny(args, "|\n") {
		return wrong(".values FIELD: write .values eventName")
	}
	return s.ask(ctx, args+":* | SELECT "+args+", count(*) AS records GROUP BY "+args+" ORDER BY records DESC LIMIT 50")
}

// functions lists the functions, or says how one is called.
func (s *session) functions(ctx context.Context, args string) error {
	const before = "* | SELECT "
	all := query.Complete(ctx, before, len(before), s.Project.Surroundings(s.question(before)))
	r := &query.Result{Columns: columns("function", query.Text, "about", query.Text)}
	for _, c := range all.Candidates {
		name := strings.TrimRight(c.Text, "()")
		if c.Kind != query.FunctionCandidate || args != "" && !matches(name, args) {
			continue
		}
		call := c.Detail
		if call == "" {
			call = name
		}
		r.Rows = append(r.Rows, []any{call, c.Doc})
	}
	if len(r.Rows) == 0 {
		return wrong("there is no function %s; %s", visible(args), oneOf(args, query.Functions()))
	}
	return s.show(ctx, r)
}

// explain says how a query is answered.
func (s *session) explain(ctx context.Context, args string) error {
	q := s.question(args)
	if args == "" {
		if s.last == nil {
			return wrong(".explain QUERY: nothing was asked yet")
		}
		q = s.last.question
	}
	if _, err := s.Project.Plan(q); err != nil {
		return err
	}
	ctx, done := s.Interruptible(ctx)
	defer done()
	text, err := s.Project.Explain(ctx, q)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.Out, strings.TrimSuffix(text, "\n"))
	return err
}

// history shows what was typed.
func (s *session) history(_ context.Context, args string) error {
	n := 20
	if args != "" {
		var err error
		if n, err = strconv.Atoi(args); err != nil || n < 1 {
			return wrong(".history %s: it is a number", visible(args))
		}
	}
	if s.lines == nil {
		return wrong("a script has no history")
	}
	for _, e := range s.lines.newest(n) {
		fmt.Fprintf(s.Out, "%s  %s\n", s.dim(e.At.In(s.Zone).Format(time.DateTime)), visible(e.Text))
	}
	return nil
}
