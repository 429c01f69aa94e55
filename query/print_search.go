// The tree as text again, continued: the filter.

package query

import (
	"strings"
	"unicode/utf8"
)

// search writes a filter or a part of one.
func (p *printer) search(s Search) {
	switch s := s.(type) {
	case *SearchAll:
		p.WriteByte('*')
	case *SearchOr:
		p.joined(s.Xs, " or ", func(x Search) bool { _, or := x.(*SearchOr); return or })
	case *SearchAnd:
		p.joined(s.Xs, " and ", joins)
	case *SearchNot:
		p.WriteString("not ")
		p.bracketed(s.X, joins(s.X))
	case *SearchTerm:
		p.value(s.Value, false)
	case *SearchGroup:
		p.field(s.Field, s.Exact)
		p.bracketed(s.X, true)
	case *SearchMatch:
		p.field(s.Field, s.Exact)
		p.value(s.Value, true)
	case *SearchExists:
		p.field(s.Field, false)
		p.WriteByte('*')
	default:
		p.compared(s)
	}
}

// joins reports whether x is an and or an or.
func joins(x Search) bool {
	switch x.(type) {
	case *SearchAnd, *SearchOr:
		return true
	}
	return false
}

// joined writes a list with a word between; brackets says which entries need
// brackets.
func (p *printer) joined(xs []Search, word string, brackets func(Search) bool) {
	for i, x := range xs {
		if i > 0 {
			p.WriteString(word)
		}
		p.bracketed(x, brackets(x))
	}
}

func (p *printer) bracketed(x Search, brackets bool) {
	if !brackets {
		p.search(x)
		return
	}
	p.WriteByte('(')
	p.search(x)
	p.WriteByte(')')
}

// compared writes the leaves that have another sign than a colon.
func (p *printer) compared(s Search) {
	switch s := s.(type) {
	case *SearchCompare:
		p.path(s.Field)
		p.WriteString(" " + string(s.Op) + " ")
		p.value(s.Value, true)
	case *SearchRange:
		p.in(s.Field)
		p.WriteByte("[("[bit(s.LowOpen)])
		p.value(s.Low, true)
		p.WriteByte(' ')
		p.value(s.High, true)
		p.WriteByte("])"[bit(s.HighOpen)])
	case *SearchNetwork:
		p.in(s.Field)
		if s.Network.Quoted {
			p.searchQuoted(s.Network.Text)
			return
		}
		p.WriteString(s.Network.Text)
	case *SearchList:
		p.in(s.Field)
		p.WriteString("$" + s.List.Text)
	}
}

func (p *printer) in(field *Path) {
	p.path(field)
	p.WriteString(" in ")
}

// bit is 1 for true, as an index.
func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// field writes the path with its colon.
func (p *printer) field(path *Path, exact bool) {
	p.path(path)
	p.WriteByte(':')
	if exact {
		p.WriteByte('=')
	}
}

// path writes the path of a field, as the filter writes it.
func (p *printer) path(path *Path) {
	for i, n := range path.Names {
		if i > 0 {
			p.WriteByte('.')
		}
		if n.Quoted {
			p.searchQuoted(n.Text)
		} else {
			p.WriteString(n.Text)
		}
	}
}

// searchQuoted writes a text of the filter in quotes.
func (p *printer) searchQuoted(text string) {
	p.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`)
}

// value writes a value; free says that it stands behind a colon or a
// comparison, where colons and keywords are text.
func (p *printer) value(v *Value, free bool) {
	switch {
	case v.Phrase:
		p.WriteByte('#')
		p.searchQuoted(v.Text)
	case v.Quoted || v.Glob == nil && needsQuotes(v.Text, free):
		p.searchQuoted(v.Text)
	case !free && v.Text == "!=":
		p.WriteString(v.Text) // a word of its own
	case v.Glob == nil:
		p.escaped(v.Text, free, "")
	default:
		for i, g := range v.Glob {
			if g.Wild != 0 {
				p.WriteRune(g.Wild)
				continue
			}
			next := ""
			if i+1 < len(v.Glob) {
				next = string(v.Glob[i+1].Wild)
			}
			p.escaped(g.Text, free, next)
		}
	}
}

// needsQuotes reports whether no backslash makes a word of the text.
func needsQuotes(text string, free bool) bool {
	return text == "" || !free && searchKeyword(text, false) != "" || strings.ContainsFunc(text, func(r rune) bool {
		return !wordRune(r) && !escapable(r)
	})
}

// escaped writes a word with backslashes before what would mean something;
// next is what the caller writes behind it.
func (p *printer) escaped(text string, free bool, next string) {
	for i, r := range text {
		rest := text[i:] + next
		switch {
		case r == ':' && free && colons(rest) > 0:
		case r == '\\':
			if len(rest) > 1 && escapeLength(rest) == 1 {
				break // text, and stays so
			}
			p.WriteByte('\\')
		case !wordRune(r) || strings.ContainsRune("*?[]", r):
			p.WriteByte('\\')
		}
		p.WriteString(text[i : i+utf8.RuneLen(r)])
	}
}
