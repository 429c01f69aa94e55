// When a text that is being typed is a whole statement.

package shell

import (
	"slices"
	"strings"
	"unicode"

	"tocsin/query"
)

// finished reports whether Enter runs the text: a dot command always; a query
// when it parses, when a semicolon or an empty line ends it, or when what is wrong
// in it is not that something is missing at its end.
func finished(text string) bool {
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "" || strings.HasPrefix(trimmed, "."):
		return true
	case strings.HasSuffix(strings.TrimRight(text, " \t"), "\n"):
		return true
	}
	if len(trimmed) <= maxParsed {
		if _, err := query.Parse(trimmed); err == nil {
			return true
		}
	}
	end := scan(trimmed)
	return !end.open() && (strings.HasSuffix(trimmed, ";") || !end.wants())
}

// maxParsed is up to how many bytes a text is parsed at the end of each of its
// lines; of a longer one, where that would take long, its end alone counts.
const maxParsed = 4 << 10

// goesOn reports whether a line of a script goes on with the whole statement before
// it: it begins with white space, with a pipe, or with a word that begins none.
func goesOn(text, line string) bool {
	if line == "" || strings.HasPrefix(text, ".") || strings.HasSuffix(text, "\n") || strings.HasSuffix(strings.TrimSpace(text), ";") {
		return false
	}
	if strings.ContainsRune(" \t|", rune(line[0])) {
		return true
	}
	word := strings.ToLower(line[:wordLength(line)])
	return word == "and" || word == "or" || scan(text).sql && slices.Contains(clauseWords, word)
}

// clauseWords are the words of SQL with which a line may go on.
var clauseWords = strings.Fields(`from where group having order limit offset union intersect except join inner left right full cross on`)

// tidy returns the statement of a text: without white space around it and without
// the semicolons that people end statements with.
func tidy(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if strings.HasPrefix(text, ".") || !strings.HasSuffix(text, ";") || scan(text).quoted {
		return text
	}
	return strings.TrimRightFunc(text, func(r rune) bool { return r == ';' || unicode.IsSpace(r) })
}

// An ending is what the end of a text is inside of, and its last token.
type ending struct {
	quoted bool   // in a quoted text or a comment
	depth  int    // of open brackets
	last   string // a word, or one sign; "" where there is none
	sql    bool   // behind the first pipe
}

// open reports whether a quote or a bracket is open.
func (e ending) open() bool { return e.quoted || e.depth > 0 }

// wants reports whether the last token is one that something has to follow.
func (e ending) wants() bool {
	switch strings.ToLower(e.last) {
	case "and", "or", "not", "in":
		return true
	case "|", ":", "=", "<", ">":
		return true
	}
	if !e.sql {
		return false
	}
	return e.last != "" && (strings.Contains(",+-/%*.", e.last) || slices.Contains(openWords, strings.ToLower(e.last)))
}

// openWords are the words of SQL that do not end a query.
var openWords = strings.Fields(`select distinct all as from where group by having order limit offset is between like escape
	case when then else join inner left right full outer cross natural on using union intersect except with over filter partition rows range values`)

// scan reads a text up to its end.
func scan(text string) ending {
	var e ending
	for i := 0; i < len(text); {
		rest := text[i:]
		n := 1
		switch c := rest[0]; {
		case c == '"' || c == '\'' && e.sql:
			n, e.quoted = quotedLength(rest, !e.sql)
			e.last = "text"
		case e.sql && strings.HasPrefix(rest, "--"):
			n = lengthTo(rest, "\n")
		case e.sql && strings.HasPrefix(rest, "/*"):
			n = lengthTo(rest, "*/")
			e.quoted = !strings.HasSuffix(rest[:n], "*/")
		case e.sql && strings.HasPrefix(rest, "||"):
			n, e.last = 2, "+"
		case c == '\\' && !e.sql && len(rest) > 1:
			n, e.last = 2, "text"
		case unicode.IsSpace(rune(c)):
		case letter(c):
			n = wordLength(rest)
			e.last = rest[:n]
		default:
			e.sign(rest[:1])
		}
		i += n
	}
	return e
}

func (e *ending) sign(s string) {
	e.last = s
	switch s {
	case "(", "[":
		e.depth++
	case ")", "]":
		e.depth = max(0, e.depth-1)
	case "|":
		e.sql = true
	}
}

// quotedLength returns how much of rest the quoted text at its start takes, and
// whether it is never closed. A backslash escapes where escapes is set, else a
// doubled quote does not end it.
func quotedLength(rest string, escapes bool) (n int, open bool) {
	for n = 1; n < len(rest); n++ {
		switch {
		case escapes && rest[n] == '\\':
			n++
		case rest[n] != rest[0]:
		case !escapes && n+1 < len(rest) && rest[n+1] == rest[0]:
			n++
		default:
			return n + 1, false
		}
	}
	return len(rest), true
}

func lengthTo(rest, end string) int {
	if i := strings.Index(rest[1:], end); i >= 0 {
		return 1 + i + len(end)
	}
	return len(rest)
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '@' || c == '$' || c >= 0x80
}

func wordLength(rest string) int {
	n := 0
	for n < len(rest) && letter(rest[n]) {
		n++
	}
	return n
}
