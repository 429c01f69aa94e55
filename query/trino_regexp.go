// Regular expressions for Trino: what RE2's syntax means, in the syntax of the
// library that Trino uses by default (Joni). Classes, flags and anchors, which
// the two read in different ways, are written out.

package query

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
)

// joni writes a pattern that Go's parser knows for Joni.
func joni(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return pattern // the planner has refused it
	}
	var b strings.Builder
	writeJoni(&b, re)
	return b.String()
}

func writeJoni(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			writeRune(b, r, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpCapture:
		b.WriteByte('(')
		writeJoni(b, re.Sub[0])
		b.WriteByte(')')
	case syntax.OpConcat:
		for _, s := range re.Sub {
			regexpGroup(b, s)
		}
	case syntax.OpAlternate:
		for i, s := range re.Sub {
			if i > 0 {
				b.WriteByte('|')
			}
			regexpGroup(b, s)
		}
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		regexpGroup(b, re.Sub[0])
		b.WriteString(quantifier(re))
	default:
		b.WriteString(simpleJoni(re))
	}
}

// regexpGroup writes a part so that what follows holds for the whole of it.
func regexpGroup(b *strings.Builder, re *syntax.Regexp) {
	b.WriteString("(?:")
	writeJoni(b, re)
	b.WriteByte(')')
}

func quantifier(re *syntax.Regexp) string {
	q := ""
	switch re.Op {
	case syntax.OpStar:
		q = "*"
	case syntax.OpPlus:
		q = "+"
	case syntax.OpQuest:
		q = "?"
	case syntax.OpRepeat:
		switch {
		case re.Max == re.Min:
			q = fmt.Sprintf("{%d}", re.Min)
		case re.Max < 0:
			q = fmt.Sprintf("{%d,}", re.Min)
		default:
			q = fmt.Sprintf("{%d,%d}", re.Min, re.Max)
		}
	}
	if re.Flags&syntax.NonGreedy != 0 {
		q += "?"
	}
	return q
}

// simpleJoni is an operator without parts.
func simpleJoni(re *syntax.Regexp) string {
	const letter = "[0-9A-Za-z_]"
	switch re.Op {
	case syntax.OpEmptyMatch:
		return ""
	case syntax.OpCharClass:
		return class(re.Rune)
	case syntax.OpAnyCharNotNL:
		return `[^\n]`
	case syntax.OpAnyChar:
		return `[\x{0}-\x{10FFFF}]`
	case syntax.OpBeginLine:
		return `(?<=\A|\n)`
	case syntax.OpEndLine:
		return `(?=\z|\n)`
	case syntax.OpBeginText:
		return `\A`
	case syntax.OpEndText:
		return `\z`
	case syntax.OpWordBoundary:
		return "(?:(?<=" + letter + ")(?!" + letter + ")|(?<!" + letter + ")(?=" + letter + "))"
	case syntax.OpNoWordBoundary:
		return "(?:(?<=" + letter + ")(?=" + letter + ")|(?<!" + letter + ")(?!" + letter + "))"
	}
	return `(?!)` // syntax.OpNoMatch
}

// class writes a class of ranges.
func class(ranges []rune) string {
	if len(ranges) == 0 {
		return `(?!)`
	}
	var b strings.Builder
	b.WriteByte('[')
	for i := 0; i+1 < len(ranges); i += 2 {
		b.WriteString(hexRune(ranges[i]))
		if ranges[i] < ranges[i+1] {
			b.WriteString("-" + hexRune(ranges[i+1]))
		}
	}
	b.WriteByte(']')
	return b.String()
}

// writeRune writes a letter, with those that differ in case only when fold.
func writeRune(b *strings.Builder, r rune, fold bool) {
	if next := unicode.SimpleFold(r); fold && next != r {
		orbit := []rune{r, r}
		for ; next != r; next = unicode.SimpleFold(next) {
			orbit = append(orbit, next, next)
		}
		b.WriteString(class(orbit))
		return
	}
	if r < 0x80 && !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == ' ') {
		b.WriteString(hexRune(r))
		return
	}
	b.WriteRune(r)
}

func hexRune(r rune) string { return fmt.Sprintf(`\x{%X}`, r) }
