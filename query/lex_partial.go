// Tokens of a text that is being typed: whatever is in it, as many as there are.

package query

import (
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

// A partial is what was read of a text that may be half-typed.
type partial struct {
	tokens   []lexer.Token // without the one at the end
	comments []comment
	wrong    []diag.Span // what no token begins with
	open     int         // where a quoted text, or a word with one, begins that nothing closes; -1: nowhere
	sql      bool        // the text ends behind its first pipe
}

// readPartial reads src from an offset on, which lies in the SQL half or not.
func readPartial(src string, from int, sql bool) partial {
	s := &scanner{src: src, pos: from, sql: sql}
	if from == 0 {
		s.pos = len(src) - len(strings.TrimPrefix(src, "\uFEFF"))
	}
	p := partial{open: -1}
	for {
		list, at := blank(src, s.pos, s.sql)
		s.pos = at
		p.comments = append(p.comments, list...)
		if s.pos == len(src) {
			break
		}
		t := lexer.Token{Pos: lexer.Position{Offset: s.pos}}
		n, f := s.token(&t)
		if f == nil {
			s.pos += n
			s.prev = t
			p.tokens = append(p.tokens, t)
			if t.Type == tokPipe && !s.sql {
				s.sql = true
				p.comments = append(p.comments, s.session()...)
			}
			continue
		}
		at = max(f.span.Start, s.pos)
		if quote := src[at]; (quote == '"' || quote == '\'') && quotedEnd(src[at:], !s.sql) == 0 {
			p.open = s.pos
			break
		}
		_, n = utf8.DecodeRuneInString(src[at:])
		p.wrong = append(p.wrong, diag.Span{Start: s.pos, End: at + n})
		s.pos = at + n
	}
	p.sql = s.sql
	return p
}

// session skips what SLS sets before a SELECT; it means as much as a comment.
func (s *scanner) session() []comment {
	start := s.pos
	s.skipSession()
	if s.pos == start {
		return nil
	}
	text := s.src[start:s.pos]
	return []comment{{start: start + len(text) - len(strings.TrimLeft(text, " \t\n")), end: s.pos}}
}
