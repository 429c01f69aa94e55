package alertrules

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"tocsin/diag"
)

// What is refused before the parser sees it.

// The bounds of G33, and two that keep the lexer's memory small.
const (
	maxYAMLBytes = 1 << 20
	maxYAMLDepth = 50
	maxYAMLMarks = 200_000 // commas, brackets and dashes: no file that people write has as many
)

// guard looks at a file before the YAML parser does. It returns the source
// without a byte order mark, and its tokens; problems are in d.
func guard(d *Document, src []byte) (string, token.Tokens) {
	text := strings.TrimPrefix(string(src), "\ufeff")
	d.List.Source = text
	if !guardBytes(d, text) {
		return text, nil
	}
	tokens := lexer.Tokenize(text)
	guardTokens(d, text, tokens)
	return text, tokens
}

// guardBytes refuses what must not reach the lexer.
func guardBytes(d *Document, text string) bool {
	refuse := func(at int, message, hint string) bool {
		d.add(diag.Problem{Check: "yaml/bounds", Span: diag.Span{Start: at, End: at}, Message: message, Hint: hint})
		return false
	}
	if len(text) > maxYAMLBytes {
		d.List.Source = text[:0]
		return refuse(0, fmt.Sprintf("the file has %d bytes, at most %d are read", len(text), maxYAMLBytes), "split it into several files")
	}
	marks, run := 0, 0
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			return refuse(i, "this is not UTF-8", "save the file as UTF-8")
		case r < 0x20 && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			return refuse(i, fmt.Sprintf("a control character (U+%04X)", r), "delete it")
		case r == '[' || r == '{':
			marks++
			run++
		case r == ',' || r == '-' || r == '?':
			marks++
			run = 0
		case r != ' ' && r != '\n' && r != '\t' && r != '\r':
			run = 0
		}
		if run > maxYAMLDepth || marks > maxYAMLMarks {
			return refuse(i, "too many nested or listed values", fmt.Sprintf("at most %d levels are read", maxYAMLDepth))
		}
	}
	return guardSpaces(d, text)
}

// guardSpaces finds white space that is none to YAML at the start of a line.
func guardSpaces(d *Document, text string) bool {
	at, ok := 0, true
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(line, " ")
		r, size := utf8.DecodeRuneInString(body)
		if name := oddSpaces[r]; name != "" {
			i := at + len(line) - len(body)
			d.add(diag.Problem{Check: "yaml/syntax", Span: diag.Span{Start: i, End: i + size}, Message: fmt.Sprintf("the line begins with a %s (U+%04X)", name, r), Hint: "indent with ordinary spaces"})
			ok = false
		}
		at += len(line)
	}
	return ok
}

var oddSpaces = map[rune]string{
	0x00a0: "no-break space", 0x3000: "ideographic space", 0x2007: "figure space", 0x202f: "narrow no-break space",
	0x2002: "en space", 0x2003: "em space", 0x2009: "thin space", 0x200b: "zero-width space", 0xfeff: "byte order mark",
}

// forbidden are the parts of YAML that a file of users never needs.
var forbidden = map[token.Type][2]string{
	token.AnchorType:    {"anchors (&name) are not read", "write the value out, or set it once under defaults:; a text that begins with & stands in quotes"},
	token.AliasType:     {"aliases (*name) are not read", `a text that begins with * stands in quotes: '* | SELECT …'`},
	token.MergeKeyType:  {"merge keys (<<) are not read", "set what rules have in common once under defaults:"},
	token.TagType:       {"tags (!name) are not read", "a text that begins with ! stands in quotes"},
	token.DirectiveType: {"directives (%) are not read", "delete the line; a text that begins with % stands in quotes"},
}

// guardTokens refuses what the parser would expand, drop or nest without bound.
func guardTokens(d *Document, text string, tokens token.Tokens) {
	b := &builder{doc: d, src: text, lines: lineStarts(text)}
	report := func(t *token.Token, message, hint string) {
		at := b.offset(t.Position)
		d.add(diag.Problem{Check: "yaml/forbidden", Span: diag.Span{Start: at, End: min(at+len(t.Value), len(text))}, Message: message, Hint: hint})
	}
	depth, content, reported := nesting{}, false, 0
	for _, t := range tokens {
		if f, ok := forbidden[t.Type]; ok {
			if report(t, f[0], f[1]); reported == 9 {
				return
			}
			reported++
		}
		if t.Type == token.DocumentHeaderType && content {
			report(t, "a second document begins here", "keep one document in a file, without ---")
			return
		}
		content = content || t.Type != token.DocumentHeaderType && t.Type != token.CommentType
		if depth.add(t) > maxYAMLDepth {
			report(t, fmt.Sprintf("more than %d levels of nesting", maxYAMLDepth), "")
			return
		}
	}
}

// nesting counts how deep a token lies: brackets, and columns at which blocks
// begin.
type nesting struct {
	flow    int
	columns []int
}

func (n *nesting) add(t *token.Token) int {
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		n.flow++
	case token.SequenceEndType, token.MappingEndType:
		n.flow = max(0, n.flow-1)
	case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
		if n.flow > 0 {
			break
		}
		column := t.Position.Column
		if t.Type == token.MappingValueType && t.Prev != nil {
			column = t.Prev.Position.Column
		}
		for len(n.columns) > 0 && n.columns[len(n.columns)-1] >= column {
			n.columns = n.columns[:len(n.columns)-1]
		}
		n.columns = append(n.columns, column)
	}
	return n.flow + len(n.columns)
}
