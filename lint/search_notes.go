// What a filter says that its author cannot have meant: SQL, comments, quotes
// and patterns of other notations, all of which SLS reads as text to look for.

package lint

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"

	"tocsin/diag"
	"tocsin/query"
)

// A Note says that a part of a filter means something else than it looks like.
type Note struct {
	Check   string    // the check whose page explains it
	Span    diag.Span // in the text of the query
	Message string
	Hint    string // how to write it
}

// SearchNotes returns what to know of the filter of a query, or of a filter
// alone, before it is asked: each thing once, where it occurs first, in the order
// of the text. Messages and hints quote the query and are not cleaned. A query that cannot be
// parsed has the note of an SQL statement without a pipe, or none.
func SearchNotes(src string) []Note {
	if bareSelect(src) {
		return []Note{{
			Check: sqlCheck, Span: diag.Span{End: len(src)},
			Message: "SQL stands behind a pipe; this is read as words to search for", Hint: "write * | SELECT …",
		}}
	}
	q, err := query.Parse(src)
	if err != nil || q.Filter == nil {
		return nil
	}
	n := &searchNotes{src: src}
	query.Walk(q.Filter, n.visit)
	return n.notes
}

// The checks that notes are of.
const (
	sqlCheck      = "query/sql-in-search"
	notationCheck = "query/other-notation"
)

// notPipe is what holds bars that are no pipe.
var notPipe = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|\|\|`)

// bareSelect reports whether a query looks like SQL without the pipe before it.
func bareSelect(src string) bool {
	words := strings.Fields(src)
	return len(words) > 1 && strings.EqualFold(words[0], "select") && !strings.Contains(notPipe.ReplaceAllLiteralString(src, ""), "|")
}

// searchNotes collects notes.
type searchNotes struct {
	src   string
	notes []Note
	word  bool // a word was told
	over  bool // a comment began, where nothing is meant as a filter
}

// add tells one thing, once.
func (n *searchNotes) add(check string, at query.Node, message, hint string) {
	for _, old := range n.notes {
		if old.Message == message {
			return
		}
	}
	n.notes = append(n.notes, Note{check, at.Span(), message, hint})
}

// text is a part of the query as it was written.
func (n *searchNotes) text(at query.Node) string { return n.src[at.Span().Start:at.Span().End] }

// visit looks at one node of the filter, and says whether to go on below it.
func (n *searchNotes) visit(node query.Node) bool {
	switch s := node.(type) {
	case *query.SearchAnd:
		n.sequence(s.Xs)
		return false
	case *query.SearchTerm:
		n.term(s)
	case *query.SearchMatch:
		n.value(n.text(s.Field), s.Value)
	case *query.SearchCompare:
		n.quotes(n.text(s.Field)+":", s.Value)
	case *query.SearchGroup:
		n.group(s)
		return false
	}
	return !n.over
}

// sequence looks at conditions in a row, among which words may be SQL: the one
// before is then its field.
func (n *searchNotes) sequence(xs []query.Search) {
	for i, x := range xs {
		if t := word(x); t != nil && i > 0 && i+1 < len(xs) && word(xs[i-1]) != nil && !n.word {
			if how := n.rewritten(xs[i-1], t, xs[i+1]); how != "" {
				n.sql(t, "write "+how)
			}
		}
		query.Walk(x, n.visit)
		if n.over {
			return
		}
	}
}

// word is a text without field and quotes, else nil.
func word(x query.Search) *query.SearchTerm {
	if t, ok := x.(*query.SearchTerm); ok && !t.Value.Quoted {
		return t
	}
	return nil
}

// rewritten is how "field operator value" of SQL is written in a filter; "" where
// it is no such condition.
func (n *searchNotes) rewritten(field, operator, value query.Search) string {
	name, text := n.text(field), n.text(value)
	switch strings.ToLower(n.text(operator)) {
	case "is":
		if strings.EqualFold(text, "null") {
			return "not " + name + ":*"
		}
		if not, ok := value.(*query.SearchNot); ok && strings.EqualFold(n.text(not.X), "null") {
			return name + ":*"
		}
	case "like":
		if word(value) != nil {
			return short(name + ":" + strings.ReplaceAll(strings.Trim(text, "'"), "%", "*"))
		}
	case "!=":
		if word(value) != nil {
			return short("not " + name + ":" + strings.Trim(text, "'"))
		}
	}
	return ""
}

// sqlHint is the way out for words of SQL.
const sqlHint = "write field:* for a field that exists, not field:* for one that does not, or move the condition behind the pipe: | WHERE …"

// sqlWords are words that nobody looks for in logs, and that SQL and other
// languages are full of, each with how it is written.
var sqlWords = map[string]string{
	"is": sqlHint, "null": sqlHint, "where": sqlHint, "from": sqlHint, "select": sqlHint, "group": sqlHint, "having": sqlHint,
	"like": "write wildcards, field:Stop*, or move the condition behind the pipe: | WHERE …", "between": "write field in [1 5]",
	"=": sqlHint, "!=": "write not field:value", "''": sqlHint, "!=''": sqlHint, "<>''": sqlHint,
	"&&": "write and", "&": "write and", "!": "write not",
}

// term looks at a text without a field.
func (n *searchNotes) term(t *query.SearchTerm) {
	text := n.text(t)
	if text == "#" || text == "//" || strings.HasPrefix(text, "--") || strings.HasPrefix(text, "/*") {
		n.over = true
		n.add(notationCheck, t, "a filter has no comments: "+short(text)+" is a word to look for", "write it as a comment of the YAML, or behind the pipe, where -- begins one")
		return
	}
	if hint := sqlWords[strings.ToLower(text)]; hint != "" && !t.Value.Quoted {
		n.sql(t, hint)
		return
	}
	if !n.word { // else it is what the SQL compares with
		n.quotes("", t.Value)
	}
}

// sql tells the first word that is SQL.
func (n *searchNotes) sql(t *query.SearchTerm, hint string) {
	if !n.word {
		n.word = true
		n.add(sqlCheck, t, "before the pipe, "+n.text(t)+" is a word to look for, no operator", hint)
	}
}

// group looks at the values of field:(…).
func (n *searchNotes) group(g *query.SearchGroup) {
	field := n.text(g.Field)
	query.Walk(g.X, func(node query.Node) bool {
		if t, ok := node.(*query.SearchTerm); ok {
			n.value(field, t.Value)
		}
		return true
	})
}

// value looks at a value of a field.
func (n *searchNotes) value(field string, v *query.Value) {
	if v.Quoted {
		return
	}
	n.quotes(field+":", v)
	text, name := n.text(v), strings.ToLower(field)
	if p, err := netip.ParsePrefix(text); err == nil && p.Bits() > 0 && !strings.Contains(name, "cidr") {
		n.add(notationCheck, v, "a network as a value is a text, and matches no address in it", "write "+field+" in "+text+`, or "`+text+`" for the text itself`)
	}
	if len(text) > 2 && text[0] == '/' && strings.HasSuffix(text, "/") && !strings.Contains(name, "path") {
		n.add(notationCheck, v, "a filter has no regular expressions: the slashes are a part of the text",
			"write wildcards, "+field+":Stop*, or regexp_like("+field+", '…') behind the pipe; \"…\" is for the text itself")
	}
	if list := listed(text); list != nil {
		n.add(notationCheck, v, "a comma joins no values: this is one text", "write "+short(field+":("+strings.Join(list, " or ")+")")+", or \"…\" for the text itself")
	}
}

// quotes looks for single quotes around a value; prefix is what stands before it.
func (n *searchNotes) quotes(prefix string, v *query.Value) {
	text := n.text(v)
	if len(text) < 3 || text[0] != '\'' {
		return
	}
	inner := text[1:]
	if whole := strings.TrimSuffix(inner, "'"); whole != inner {
		n.add(notationCheck, v, "single quotes are a part of the text", "write "+short(prefix+whole)+" or "+short(prefix+`"`+whole+`"`))
	} else if prefix != "" {
		n.add(notationCheck, v, "single quotes are a part of the text, and hold no words together", "write "+short(prefix+`"`+inner+` …"`))
	}
}

// plainValue is what values that a comma joins are made of.
var plainValue = regexp.MustCompile(`^[\pL\pN_.:@*?-]+$`)

// listed are the values of a text like "a,b" or, in front of a space, "a,"; nil
// where it is none. Numbers have commas of their own.
func listed(text string) []string {
	if !strings.Contains(text, ",") || !strings.ContainsFunc(text, func(r rune) bool { return r > '9' }) {
		return nil
	}
	parts := strings.Split(text, ",")
	if parts[len(parts)-1] == "" {
		parts[len(parts)-1] = "…"
	}
	for i, p := range parts {
		if !plainValue.MatchString(p) && (p != "…" || i == 0) {
			return nil
		}
	}
	return parts
}

// longest bounds what a note quotes, in bytes.
const longest = 120

// short cuts what is quoted.
func short(text string) string {
	if len(text) <= longest {
		return text
	}
	cut := longest
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
