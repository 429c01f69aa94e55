// What records hold, for completion: the paths below open fields, and the values
// at one of them. The texts come from whoever holds the records.

package query

import (
	"slices"
	"strings"
	"unicode"
)

// Bounds of what is kept, since keys are chosen by whoever writes the records.
const (
	maxSeenPaths    = 5_000
	maxSeenChildren = 500 // keys of one object; ids as keys do not push out the others
	maxSeenDepth    = 30
	maxSeenKey      = 200 // bytes
)

// Find resolves the steps of a path: the declared field, and the steps that go on
// below it.
func (l *Logstore) Find(steps []string) (f Field, below []string, ok bool) {
	if len(steps) == 0 || hasEmpty(steps) || len(steps) > maxPath {
		return Field{}, nil, false
	}
	return l.find(steps)
}

// SplitPath takes a path apart as users write it, with quotes around a step or
// without: requestParameters."x-y". A quote that is not closed goes to the end.
func SplitPath(path string) []string {
	var out []string
	var step strings.Builder
	quoted := false
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case quoted && (c == '\\' || c == '"') && i+1 < len(path) && (path[i+1] == '"' || c == '\\' && path[i+1] == '\\'):
			i++
			step.WriteByte(path[i])
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			out = append(out, step.String())
			step.Reset()
		default:
			step.WriteByte(c)
		}
	}
	return append(out, step.String())
}

// JoinPath writes a path as the filter reads it: a step that is no plain name in
// quotes.
func JoinPath(steps []string) string {
	names := make([]Name, len(steps))
	for i, s := range steps {
		names[i] = Name{Text: s, Quoted: s == "" || strings.ContainsFunc(s, func(r rune) bool { return !nameRune(r) })}
	}
	var p printer
	p.path(&Path{Names: names})
	return p.String()
}

// A Census counts the paths of records below the open fields of a logstore. Add
// what the fields of Fields hold in each record, then ask for Paths.
type Census struct {
	store  *Logstore
	fields []Field
	roots  []*seenNode
	nodes  int
	record int64 // of the call of Add
}

// A seenNode is what was seen at one path of a column.
type seenNode struct {
	children map[string]*seenNode
	types    uint8
	records  int64
	last     int64 // record that was counted last
}

// NewCensus returns an empty census.
func NewCensus(l *Logstore) *Census {
	c := &Census{store: l}
	for _, f := range l.Fields {
		if f.Open && f.Path == nil && !slices.ContainsFunc(c.fields, func(g Field) bool { return g.Column == f.Column }) {
			c.fields, c.roots = append(c.fields, f), append(c.roots, &seenNode{})
		}
	}
	return c
}

// Fields are the fields whose values Add takes: JSON texts, one for each column.
func (c *Census) Fields() []Field { return slices.Clone(c.fields) }

// Add counts the JSON text of field i of Fields in one record.
func (c *Census) Add(i int, text string) {
	c.record++
	root := c.roots[i]
	root.records, root.last = root.records+1, c.record // also one of an empty list
	c.walk(root, text, 0)
}

// Types of values, in the order in which a message names them.
const (
	seenText = 1 << iota
	seenInteger
	seenDouble
	seenBoolean
	seenObject
)

func (c *Census) walk(n *seenNode, raw string, depth int) {
	raw = strings.Trim(raw, " \n\t\r")
	if raw == "" || raw == "null" || depth > maxSeenDepth {
		return
	}
	if raw[0] == '[' {
		eachElement(raw, func(element string) bool {
			c.walk(n, element, depth+1)
			return true
		})
		return
	}
	if n.last != c.record {
		n.last = c.record
		n.records++
	}
	n.types |= seenType(raw)
	if raw[0] != '{' {
		return
	}
	eachMember(raw, func(key, value string) bool {
		if child := c.child(n, unquoted(key)); child != nil {
			c.walk(child, value, depth+1)
		}
		return true
	})
}

// child is the node of a key; nil: there is no room for it, or nobody could
// write it.
func (c *Census) child(n *seenNode, key string) *seenNode {
	if child := n.children[key]; child != nil {
		return child
	}
	if c.nodes == maxSeenPaths || len(n.children) == maxSeenChildren || key == "" || len(key) > maxSeenKey || !printable(key) {
		return nil
	}
	if n.children == nil {
		n.children = map[string]*seenNode{}
	}
	child := &seenNode{}
	n.children[strings.Clone(key)] = child
	c.nodes++
	return child
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r == unicode.ReplacementChar || r != ' ' && !unicode.IsGraphic(r) })
}

func seenType(raw string) uint8 {
	switch {
	case raw[0] == '{':
		return seenObject
	case raw == "true" || raw == "false":
		return seenBoolean
	case raw[0] != '-' && (raw[0] < '0' || raw[0] > '9'):
		return seenText
	case strings.ContainsAny(raw, ".eE"):
		return seenDouble
	}
	return seenInteger
}

// typeWords names the types of a path: "text", "text or object".
func typeWords(types uint8) string {
	if types&seenDouble != 0 {
		types &^= seenInteger
	}
	var words []string
	for i, w := range []string{"text", "integer", "double", "boolean", "object"} {
		if types&(1<<i) != 0 {
			words = append(words, w)
		}
	}
	return strings.Join(words, " or ")
}

// Paths are the paths that were seen, as users write them, of so many records;
// declared are those that have a column of their own. A path that has a name
// goes by it; what is declared comes first, the others by name.
func (c *Census) Paths(declared map[string]int64, of int64) []SeenPath {
	var out []SeenPath
	listed := map[string]bool{}
	add := func(steps []string, kind string, records int64) {
		name := strings.Join(steps, ".")
		if !listed[name] && len(out) < maxSeenPaths {
			listed[name] = true
			out = append(out, SeenPath{Path: JoinPath(steps), Type: kind, Records: records, Of: of})
		}
	}
	for _, f := range c.store.Fields {
		records, ok := declared[f.Name]
		kind := f.Type.String()
		if f.Open {
			kind = "object"
		}
		if n := c.at(f); n != nil && !ok {
			records = n.records
			if f.Open && n.types != 0 {
				kind = typeWords(n.types)
			}
		}
		add(strings.Split(f.Name, "."), kind, records)
	}
	var found []foundPath
	for i, root := range c.roots {
		found = c.collect(found, i, nil, root)
	}
	slices.SortFunc(found, func(a, b foundPath) int { return slices.Compare(a.steps, b.steps) })
	for _, p := range found {
		add(p.steps, typeWords(p.node.types), p.node.records)
	}
	return out
}

// at is what was seen where a field lies in a column of the census; nil: the
// field has a column of its own, or nothing was seen.
func (c *Census) at(f Field) *seenNode {
	for i, in := range c.fields {
		if in.Column != f.Column {
			continue
		}
		n := c.roots[i]
		for _, step := range f.Path {
			if n = n.children[step]; n == nil {
				return &seenNode{}
			}
		}
		return n
	}
	return nil
}

type foundPath struct {
	steps []string
	node  *seenNode
}

// collect adds the paths below a node of column i.
func (c *Census) collect(out []foundPath, i int, path []string, n *seenNode) []foundPath {
	for key, child := range n.children {
		at := append(path[:len(path):len(path)], key)
		if child.records > 0 {
			out = append(out, foundPath{c.named(i, at), child})
		}
		out = c.collect(out, i, at, child)
	}
	return out
}

// named are the steps by which users write a path of column i: below the field
// that lies deepest on it.
func (c *Census) named(i int, path []string) []string {
	best := c.fields[i]
	for _, f := range c.store.Fields {
		if f.Column == best.Column && len(f.Path) > len(best.Path) && len(f.Path) <= len(path) && slices.Equal(f.Path, path[:len(f.Path)]) && (f.Open || len(f.Path) == len(path)) {
			best = f
		}
	}
	return append(strings.Split(best.Name, "."), path[len(best.Path):]...)
}

// EachValue calls visit for the values below a path of a JSON text, through
// arrays, as texts.
func EachValue(text string, path []string, visit func(value string)) {
	below(text, path, 0, func(raw string) bool {
		if raw[0] != '{' {
			visit(plain(raw))
		}
		return true
	})
}
