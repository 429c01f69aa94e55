// The queries of a rule file in their normal form, without touching anything
// else in the file.

package alertrules

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tocsin/diag"
	"tocsin/query"
)

// FormatQueries returns src with the query of every rule laid out as by
// query.Format. Only the bytes of these texts change: a block stays a block with
// its indentation, quotes stay where they can; what gets several lines becomes a
// block. A query that its way of writing cannot hold otherwise stays as it is.
// The error, a *diag.List, holds what is wrong with the YAML or with the
// queries; src is returned then.
func FormatQueries(name string, src []byte) ([]byte, error) {
	doc, err := ParseYAML(name, src)
	if err != nil || doc.Root == nil {
		return src, err
	}
	text := doc.List.Source
	var edits []edit
	for _, q := range queriesOf(doc.Root) {
		formatted, err := query.Format(q.value.Text)
		var list *diag.List
		switch {
		case errors.As(err, &list):
			doc.Merge(q.value, list)
		case formatted != "" && formatted != withoutEnd(q.value.Text):
			if e, ok := q.rewrite(text, formatted); ok {
				edits = append(edits, e)
			}
		}
	}
	doc.Sort()
	if err := doc.List.Err(); err != nil {
		return src, err
	}
	out := src[:len(src)-len(text)] // a byte order mark
	out = append(slices.Clip(out), applied(text, edits)...)
	again, err := ParseYAML(name, out)
	if err != nil || !sameBut(doc.Root, again.Root, edits) {
		return src, fmt.Errorf("format %s: it would not mean the same; it stays as it is", name)
	}
	return out, nil
}

// An edit puts text in the place of a span, so that the node means value.
type edit struct {
	span diag.Span
	text string
	node *Node
	mean string
}

func applied(src string, edits []edit) string {
	slices.SortFunc(edits, func(a, b edit) int { return a.span.Start - b.span.Start })
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(src[at:e.span.Start])
		b.WriteString(e.text)
		at = e.span.End
	}
	b.WriteString(src[at:])
	return b.String()
}

// sameBut reports whether two trees are the same but for what was edited.
func sameBut(a, b *Node, edits []edit) bool {
	if a == nil || b == nil || a.Kind != b.Kind || len(a.Items) != len(b.Items) || len(a.Pairs) != len(b.Pairs) {
		return a == b
	}
	for i := range a.Items {
		if !sameBut(a.Items[i], b.Items[i], edits) {
			return false
		}
	}
	for i := range a.Pairs {
		if !sameBut(a.Pairs[i].Key, b.Pairs[i].Key, edits) || !sameBut(a.Pairs[i].Value, b.Pairs[i].Value, edits) {
			return false
		}
	}
	if i := slices.IndexFunc(edits, func(e edit) bool { return e.node == a }); i >= 0 {
		return withoutEnd(b.Text) == edits[i].mean
	}
	return a.Text == b.Text
}

// withoutEnd is a query without the blank lines behind it.
func withoutEnd(text string) string { return strings.TrimRight(text, " \t\r\n") }

// A queryText is the query of a rule in its file.
type queryText struct {
	key, value *Node
	flow       bool // in a mapping of the form {a: b}
}

// queriesOf finds the queries: query of rules, of their queries and of defaults.
func queriesOf(root *Node) []queryText {
	var out []queryText
	visit := func(n *Node) {
		for _, m := range append([]*Node{n}, items(n.Get("queries"))...) {
			for _, p := range m.Pairs {
				if p.Key.Text == "query" && p.Value.Kind == ScalarNode {
					out = append(out, queryText{p.Key, p.Value, len(m.Pairs) > 0 && m.Span != m.Pairs[0].Key.Span})
				}
			}
		}
	}
	if d := root.Get("defaults"); d != nil {
		visit(d)
	}
	for _, n := range items(root.Get("rules")) {
		visit(n)
	}
	return out
}

func items(n *Node) []*Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// rewrite finds the way to write a text in the place of the query.
func (q queryText) rewrite(src, text string) (edit, bool) {
	between := src[q.key.Span.End:max(q.value.Span.Start, q.key.Span.End)]
	_, rest, ok := strings.Cut(between, ":")
	if !ok {
		return edit{}, false
	}
	colon := q.value.Span.Start - len(rest)
	lines := strings.Contains(text, "\n")
	switch sign := strings.TrimLeft(rest, " \t\r\n"); {
	case sign != "" && (sign[0] == '|' || sign[0] == '>'):
		return q.block(src, q.value.Span.Start-len(sign), text)
	case !means(q.alone(src[q.value.Span.Start:q.value.Span.End]), withoutEnd(q.value.Text)):
		return edit{}, false // its end was not found
	case !lines:
		return q.inline(src, text)
	case q.flow:
		short, err := query.Parse(q.value.Text)
		if err != nil {
			return edit{}, false
		}
		if same, err := query.Format(short.String()); err != nil || same != text {
			return edit{}, false // its comments need lines
		}
		return q.inline(src, short.String())
	case sign != "": // a comment between the key and the text
		return edit{}, false
	}
	return q.newBlock(src, colon, text)
}

// inline writes a text of one line in place of one without a block.
func (q queryText) inline(src, text string) (edit, bool) {
	e := edit{q.value.Span, "", q.value, text}
	single := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	ways := []string{text, single, strconv.Quote(text)}
	switch first := src[q.value.Span.Start]; {
	case !q.value.Plain && first == '\'':
		ways = ways[1:]
	case !q.value.Plain && first == '"':
		ways = []string{ways[2], ways[1]}
	}
	for _, way := range ways {
		if means(q.alone(way), text) {
			e.text = way
			return e, true
		}
	}
	return edit{}, false
}

// alone is a small file with a value in the surroundings of the query's.
func (q queryText) alone(value string) string {
	if q.flow {
		return "{k: " + value + ", z: 1}\n"
	}
	return "k: " + value + "\n"
}

// means reports whether the key k of a small file has the text.
func means(file, text string) bool {
	d, err := ParseYAML("", []byte(file))
	return err == nil && d.Root.Get("k") != nil && withoutEnd(d.Root.Get("k").Text) == text
}

// newBlock writes a text of several lines as a block in place of one that was
// written behind the colon.
func (q queryText) newBlock(src string, colon int, text string) (edit, bool) {
	end := lineEnd(src, q.value.Span.End)
	comment := strings.TrimSpace(src[q.value.Span.End:end])
	if comment != "" {
		comment = " " + comment
	}
	if comment != "" && comment[1] != '#' {
		return edit{}, false
	}
	lines := indented(text, q.column(src)+2, eol(src, end))
	if !means("k: |\n"+indented(text, 2, "\n")+"\n", text) {
		return edit{}, false
	}
	return edit{diag.Span{Start: colon, End: end}, " |" + comment + eol(src, end) + lines, q.value, text}, true
}

// block writes a text in place of one behind | or >, which stands at sign.
func (q queryText) block(src string, sign int, text string) (edit, bool) {
	end := lineEnd(src, sign)
	header := strings.TrimRight(src[sign:end], "\r")
	mark := header[:1]
	marks := len(header) - len(strings.TrimLeft(header[1:], "+-0123456789"))
	given := 0
	if i := strings.IndexAny(header[1:marks], "123456789"); i >= 0 {
		given = q.column(src) + int(header[1+i]-'0')
	}
	indent, last := blockLines(src, end, given)
	if indent == 0 || !means("k: |\n"+indented(text, 2, "\n")+"\n", text) {
		return edit{}, false
	}
	if strings.Contains(text, "\n") {
		mark = "|"
	}
	for _, c := range header[1:marks] {
		if c == '+' || c == '-' {
			mark += string(c)
		}
	}
	out := mark + header[marks:] + eol(src, end) + indented(text, indent, eol(src, end))
	return edit{diag.Span{Start: sign, End: last}, out, q.value, text}, true
}

// column is how many columns stand before the key on its line.
func (q queryText) column(src string) int {
	return q.key.Span.Start - strings.LastIndexByte(src[:q.key.Span.Start], '\n') - 1
}

// blockLines returns the indentation of the block whose header ends at an
// offset, and where its last line with something on it ends. The indentation is
// the given one, or that of the first such line.
func blockLines(src string, header, given int) (indent, end int) {
	indent = given
	for at := header + 1; at < len(src); at = lineEnd(src, at) + 1 {
		line := strings.TrimRight(src[at:lineEnd(src, at)], "\r")
		n := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case strings.TrimSpace(line) == "":
			continue
		case indent == 0:
			indent = n
		case n < indent:
			return indent, end
		}
		end = at + len(line)
	}
	return indent, end
}

// lineEnd returns where the line of an offset ends, without its line feed.
func lineEnd(src string, at int) int {
	if i := strings.IndexByte(src[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(src)
}

// eol is how the line that ends at an offset is ended.
func eol(src string, end int) string {
	if end > 0 && src[end-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// indented is a text with every line moved to the right.
func indented(text string, by int, eol string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = strings.Repeat(" ", by) + l
		}
	}
	return strings.Join(lines, eol)
}
