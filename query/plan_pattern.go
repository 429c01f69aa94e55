// Patterns of regular expressions, and what is put in the place of matches.

package query

import (
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"
)

// minLength is the least number of characters that a pattern matches.
func minLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minLength(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * minLength(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n += minLength(sub)
		}
		return n
	case syntax.OpAlternate:
		n := minLength(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			n = min(n, minLength(sub))
		}
		return n
	}
	return 0 // places, and what may be left out
}

// mayMiss reports whether a group may have no part in a match, where RE2 says ""
// and Presto NULL; inside is whether re itself may be left out.
func mayMiss(re *syntax.Regexp, group int, inside bool) bool {
	switch re.Op {
	case syntax.OpCapture:
		if re.Cap == group {
			return inside
		}
	case syntax.OpStar, syntax.OpQuest, syntax.OpAlternate:
		inside = true
	case syntax.OpRepeat:
		inside = inside || re.Min == 0
	}
	for _, sub := range re.Sub {
		if mayMiss(sub, group, inside) {
			return true
		}
	}
	return false
}

// unnamed is a pattern that was checked, without the names of its groups, which
// the engines write in different ways.
func unnamed(pattern string) string {
	var b strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		rest := pattern[i:]
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			i++
			continue
		case rest[0] == '[':
			class = true
		case rest[0] == ']':
			class = false
		case !class && (strings.HasPrefix(rest, "(?P<") || strings.HasPrefix(rest, "(?<")):
			b.WriteByte('(')
			i += strings.IndexByte(rest, '>')
			continue
		}
		b.WriteByte(rest[0])
	}
	return b.String()
}

// rewrite turns a replacement as of Presto, $1, ${name} and \ before what is
// meant as it stands, into that of RE2 and that of Java without names; the reason
// why it cannot comes back as a text.
func rewrite(with string, re *syntax.Regexp) (re2, java, fault string) {
	names := re.CapNames()
	var a, b strings.Builder
	literal := func(s string) {
		a.WriteString(strings.ReplaceAll(s, `\`, `\\`))
		if s == `\` || s == "$" || s >= "0" && s <= "9" { // a digit must not join a group
			b.WriteByte('\\')
		}
		b.WriteString(s)
	}
	for i := 0; i < len(with); {
		_, n := utf8.DecodeRuneInString(with[i:])
		switch {
		case with[i] == '\\' && i+1 < len(with):
			_, n = utf8.DecodeRuneInString(with[i+1:])
			literal(with[i+1 : i+1+n])
			n++
		case with[i] == '\\':
			return "", "", `a \ at the end`
		case with[i] != '$':
			literal(with[i : i+n])
		default:
			group, size := groupRef(with[i+1:], names)
			if size == 0 {
				return "", "", "a $ without a group"
			}
			if group < 0 || group > min(9, re.MaxCap()) {
				return "", "", "there is no group " + cut(with[i+1:i+1+size]) + ", or it is beyond the ninth"
			}
			a.WriteString(`\` + strconv.Itoa(group))
			b.WriteString("$" + strconv.Itoa(group))
			n = 1 + size
		}
		i += n
	}
	return a.String(), b.String(), ""
}

// groupRef reads 1 or {name} behind a $ and returns the group, -1 for none of
// that name, and how long it is; 0: it is none.
func groupRef(s string, names []string) (group, size int) {
	if strings.HasPrefix(s, "{") {
		end := strings.IndexByte(s, '}')
		if end < 2 {
			return 0, 0
		}
		for i, n := range names {
			if n == s[1:end] {
				return i, end + 1
			}
		}
		return -1, end + 1
	}
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, 0
	}
	group, size = int(s[0]-'0'), 1
	for size < len(s) && s[size] >= '0' && s[size] <= '9' { // as long as there is such a group
		next := group*10 + int(s[size]-'0')
		if next >= len(names) {
			break
		}
		group, size = next, size+1
	}
	return group, size
}
