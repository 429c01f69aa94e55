package alertrules

import (
	"cmp"
	"reflect"
	"slices"

	"tocsin/diag"
)

// This file is how every YAML file of users is read (rules, tocsin.yaml,
// calendars): strictly, with the place of every mistake, all mistakes at once.
//
//	bytes ─ guards (yaml_guard.go) ─ goccy/go-yaml ─ Node (yaml_node.go) ─ DecodeStrict (yaml_decode.go) ─ struct

// A Document is one YAML file that was read, and what is wrong in it.
type Document struct {
	// List holds the problems found so far; its Source is the file without a byte
	// order mark. Whoever checks what was decoded adds to it (Problem, Warn).
	List *diag.List
	// Root is the outermost value; nil when the file is empty or was refused
	// before it could be read.
	Root *Node
}

// Text is a decoded value that remembers where it stands. It is for strings
// whose content is checked later; the zero value means that the key is absent.
type Text struct {
	Value string
	Node  *Node // nil: the key is absent
}

// Given reports whether the key was written.
func (t Text) Given() bool { return t.Node != nil }

// A NodeDecoder reads its own shape, such as "a text or a list". The Document
// takes the problems; Document.Decode reads parts of n into further values.
type NodeDecoder interface {
	DecodeNode(d *Document, n *Node)
}

// ParseYAML reads one YAML file under the guards of G33: at most 1 MB, 50 levels,
// one document, no anchors, aliases, merge keys, tags or directives; a byte order
// mark is skipped. Texts are as written (G34). The error is the Document's List.
func ParseYAML(name string, src []byte) (*Document, error) {
	d := &Document{List: &diag.List{Name: name}}
	text, tokens := guard(d, src)
	if d.List.Err() != nil {
		return d, d.List.Err()
	}
	d.Root = buildTree(d, text, tokens)
	return d, d.List.Err()
}

// DecodeStrict is ParseYAML and Decode of the whole file into a pointer to a
// struct. Keys are the names of the fields' yaml tags; a key without a field is
// an error with "did you mean". The error, a *diag.List, holds every problem of
// the file; what could be read is in into all the same.
//
// Field types: string, bool, integers, float64, time.Duration ("90s", "1h30m",
// "7d", "2w"), Text, *Node, structs, pointers, slices, maps with string keys, any
// type whose pointer is a NodeDecoder.
func DecodeStrict(name string, src []byte, into any) (*Document, error) {
	d, err := ParseYAML(name, src)
	if err != nil {
		return d, err
	}
	if d.Root != nil {
		d.Decode(d.Root, into)
	}
	d.Sort()
	return d, d.List.Err()
}

// Decode reads n into a pointer, as DecodeStrict does.
func (d *Document) Decode(n *Node, into any) { d.decode(n, reflect.ValueOf(into).Elem()) }

// Problem adds an error at n; a nil n is the start of the file.
func (d *Document) Problem(check string, n *Node, message, hint string) {
	d.add(diag.Problem{Check: check, Span: n.span(), Message: message, Hint: hint})
}

// Warn adds a warning at n.
func (d *Document) Warn(check string, n *Node, message, hint string) {
	d.add(diag.Problem{Level: diag.Warning, Check: check, Span: n.span(), Message: message, Hint: hint})
}

// Merge adds the problems of a text that stands in n, such as a query or a
// template, with their spans moved to where the text lies in the file.
func (d *Document) Merge(n *Node, l *diag.List) {
	for _, p := range l.Problems {
		p.Span = n.Locate(p.Span)
		d.add(p)
	}
}

// Sort puts the problems into the order of the file.
func (d *Document) Sort() {
	slices.SortStableFunc(d.List.Problems, func(a, b diag.Problem) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
}

// At returns the node at a path of keys from the root, such as
// "mail", "server"; nil when there is none.
func (d *Document) At(path ...string) *Node {
	n := d.Root
	for _, key := range path {
		n = n.Get(key)
	}
	return n
}

// maxProblems is how many problems of a file are kept; nobody reads more.
const maxProblems = 1000

// add appends p unless the same was said already: values of `defaults:` are
// looked at once for each rule.
func (d *Document) add(p diag.Problem) {
	if len(d.List.Problems) >= maxProblems {
		return
	}
	for _, q := range d.List.Problems {
		if q == p {
			return
		}
	}
	d.List.Problems = append(d.List.Problems, p)
}
