package alertrules

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"tocsin/diag"
)

// YAML as a tree whose nodes know their places.

// NodeKind says what a Node is.
type NodeKind int

// The kinds of Node.
const (
	ScalarNode NodeKind = iota
	ListNode
	MapNode
	NullNode // nothing, ~ or null, without quotes
)

// A Node is a value of a YAML file with its place.
type Node struct {
	Kind  NodeKind
	Text  string    // of a scalar, as written (G34): 007 is "007", ~ is "~"
	Plain bool      // a scalar without quotes that is no block
	Like  string    // what a plain scalar looks like: "number", "true or false"; else ""
	Span  diag.Span // in Document.List.Source
	Items []*Node   // of a list
	Pairs []Pair    // of a mapping, in order

	places []int // offset in the source of each byte of Text, and of its end
}

// A Pair is one key of a mapping with its value.
type Pair struct{ Key, Value *Node }

// Get returns the value of a key, nil when there is none or n is no mapping.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, p := range n.Pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}

// Locate turns a span inside Text into the span in the file, also in blocks,
// folded and quoted texts.
func (n *Node) Locate(s diag.Span) diag.Span {
	if n == nil || len(n.places) == 0 {
		return n.span()
	}
	last := len(n.places) - 1
	start := min(max(s.Start, 0), last)
	if s.End <= s.Start {
		return diag.Span{Start: n.places[start], End: n.places[start]}
	}
	end := min(s.End, last)
	return diag.Span{Start: n.places[start], End: min(max(n.places[end-1]+1, n.places[start]), n.places[last])}
}

func (n *Node) span() diag.Span {
	if n == nil {
		return diag.Span{}
	}
	return n.Span
}

// what names the kind of n in messages.
func (n *Node) what() string {
	switch n.Kind {
	case ListNode:
		return "a list"
	case MapNode:
		return "a mapping"
	case NullNode:
		return "nothing"
	default:
		return cmp.Or(n.Like, "a text")
	}
}

// builder turns goccy's tree into Nodes.
type builder struct {
	doc   *Document
	src   string
	lines []int // offset of each line's first byte
}

// buildTree parses tokens that passed the guard.
func buildTree(d *Document, src string, tokens token.Tokens) *Node {
	b := &builder{doc: d, src: src, lines: lineStarts(src)}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		b.syntax(err)
		return nil
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		return b.node(doc.Body)
	}
	return nil
}

// syntax reports an error of the YAML parser where it points to.
func (b *builder) syntax(err error) {
	var at diag.Span
	message := err.Error()
	if y, ok := err.(interface {
		GetToken() *token.Token
		GetMessage() string
	}); ok {
		message = y.GetMessage()
		if t := y.GetToken(); t != nil {
			at.Start = b.offset(t.Position)
		}
	}
	at.End = at.Start
	hint := b.syntaxHint(at.Start, message)
	message = strings.ReplaceAll(diag.Line(message), "'\\t'", "tab")
	b.doc.add(diag.Problem{Check: "yaml/syntax", Span: at, Message: message, Hint: hint})
}

// syntaxHint knows the ways in which queries break YAML.
func (b *builder) syntaxHint(at int, message string) string {
	rest := b.src[min(at, len(b.src)):]
	switch {
	case strings.HasPrefix(rest, "\t"), strings.Contains(message, "'\\t'"), strings.Contains(message, "'\t'"):
		return "indent with spaces, not with tabs"
	case strings.Contains(message, "reserved character"):
		return `put the text in quotes: "@…"`
	case strings.Contains(message, "mapping value is not allowed"), strings.Contains(message, "value is not allowed in this context"):
		return "put a text that holds \": \" or that goes on behind a quote in single quotes, or write it as a block: query: |"
	}
	return ""
}

// offset returns where a position of the parser lies in the source.
func (b *builder) offset(p *token.Position) int {
	if p == nil || p.Line < 1 {
		return 0
	}
	if p.Line > len(b.lines) {
		return len(b.src)
	}
	at := b.lines[p.Line-1]
	for range p.Column - 1 {
		_, size := utf8.DecodeRuneInString(b.src[at:])
		if size == 0 || b.src[at] == '\n' {
			break
		}
		at += size
	}
	return at
}

func (b *builder) node(n ast.Node) *Node {
	switch n := n.(type) {
	case *ast.MappingNode:
		return b.mapping(n)
	case *ast.SequenceNode:
		out := &Node{Kind: ListNode, Span: b.tokenSpan(n.GetToken())}
		for _, v := range n.Values {
			out.Items = append(out.Items, b.node(v))
		}
		return out
	case *ast.LiteralNode:
		return b.block(n)
	case *ast.NullNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode, *ast.StringNode:
		return b.scalar(n)
	default:
		out := &Node{Kind: NullNode}
		if n != nil {
			out.Span = b.tokenSpan(n.GetToken())
		}
		b.doc.Problem("yaml/syntax", out, "this cannot stand here", "write key: value, with a text as the key")
		return out
	}
}

func (b *builder) mapping(m *ast.MappingNode) *Node {
	out := &Node{Kind: MapNode}
	for _, v := range m.Values {
		var key *Node
		if s, ok := v.Key.(ast.ScalarNode); ok {
			key = b.scalar(s)
		} else {
			key = b.node(v.Key)
		}
		for _, p := range out.Pairs {
			if p.Key.Text == key.Text {
				line, _ := b.doc.List.LineColumn(p.Key.Span.Start)
				b.doc.Problem("yaml/duplicate-key", key, "the key "+quote(key.Text)+" stands here a second time", "the first is in line "+itoa(line))
			}
		}
		out.Pairs = append(out.Pairs, Pair{key, b.node(v.Value)})
	}
	if len(out.Pairs) > 0 && !m.IsFlowStyle {
		out.Span = out.Pairs[0].Key.Span
	} else {
		out.Span = b.tokenSpan(m.GetToken())
	}
	return out
}

func (b *builder) scalar(n ast.Node) *Node {
	t := n.GetToken()
	out := &Node{Text: t.Value, Plain: true, Span: b.tokenSpan(t)}
	switch n := n.(type) {
	case *ast.NullNode:
		out.Kind = NullNode
		if t.Type == token.ImplicitNullType {
			out.Text, out.Span.End = "", out.Span.Start
		}
		return out
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.Like = "a number"
	case *ast.BoolNode:
		out.Like = "true or false"
	case *ast.StringNode:
		out.Text = n.Value
		out.Plain = t.Type != token.SingleQuoteType && t.Type != token.DoubleQuoteType
		if out.Plain && looksNumeric(out.Text) {
			out.Like = "a number" // beyond 64 bits
		}
	}
	style := stylePlain
	switch t.Type {
	case token.SingleQuoteType:
		style = styleSingle
	case token.DoubleQuoteType:
		style = styleDouble
	}
	out.places = align(out.Text, b.src, out.Span.Start, style)
	if n := len(out.places); n > 0 {
		out.Span.End = out.places[n-1]
	}
	if !out.Plain {
		out.Span.End = min(out.Span.End+1, len(b.src)) // the closing quote
	}
	return out
}

// block is a text after | or >. Its first line begins behind the indicator's.
func (b *builder) block(n *ast.LiteralNode) *Node {
	at := b.offset(n.GetToken().Position)
	start := len(b.src)
	if i := strings.IndexByte(b.src[at:], '\n'); i >= 0 {
		start = at + i + 1
	}
	out := &Node{Text: n.Value.Value}
	out.places = align(out.Text, b.src, start, stylePlain)
	out.Span = diag.Span{Start: start, End: start}
	if len(out.places) > 1 {
		out.Span = diag.Span{Start: out.places[0], End: out.places[len(strings.TrimRight(out.Text, "\n"))]}
	}
	return out
}

func (b *builder) tokenSpan(t *token.Token) diag.Span {
	if t == nil {
		return diag.Span{}
	}
	at := b.offset(t.Position)
	return diag.Span{Start: at, End: min(at+len(t.Value), len(b.src))}
}

// looksNumeric reports whether a plain text is digits only.
func looksNumeric(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

func lineStarts(src string) []int {
	starts := []int{0}
	for i := range len(src) {
		if src[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}
