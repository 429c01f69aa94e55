// Patterns of regular expressions, and what is put in the place of matches.

package query

import (
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unnamed is a pattern that was checked, without the names of its groups, which
// the engines write in different ways.
func unnamed(pattern string) *constant {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || !slices.ContainsFunc(re.CapNames(), func(n string) bool { return n != "" }) {
		return textConst(pattern)
	}
	var strip func(*syntax.Regexp)
	strip = func(re *syntax.Regexp) {
		re.Name = ""
		for _, sub := range re.Sub {
			strip(sub)
		}
	}
	strip(re)
	return textConst(re.String())
}

// replacements are what regexp_replace, which was checked, puts in the place of
// matches, as RE2 and as Java read it.
func replacements(c *call) (re2, java *constant) {
	with := ""
	if len(c.args) > 2 {
		with, _ = constText(c.args[2])
	}
	pattern, _ := constText(c.args[1])
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return textConst(""), textConst("")
	}
	a, b, _ := replacement(with, re)
	return textConst(a), textConst(b)
}

// replacement turns one as of Presto, $1, ${name} and \ before what is
// meant as it stands, into that of RE2 and that of Java without names; the reason
// why it cannot comes back as a text.
func replacement(with string, re *syntax.Regexp) (re2, java, fault string) {
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
