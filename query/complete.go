// Completion: what may stand at the cursor of a text that may be half-typed.

package query

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

// A Seen knows what the stored records hold, for completion. Its answers are
// offers, not promises: they may be taken from a sample.
type Seen interface {
	// Paths returns the paths that records of the logstore have, those below
	// open objects too, as users write them.
	Paths(ctx context.Context, logstore string) ([]SeenPath, error)
	// Values returns values of a field that begin with prefix, compared without
	// case, the most frequent first, at most 50. The field is as users write it.
	Values(ctx context.Context, logstore, field, prefix string) ([]SeenValue, error)
}

// A SeenPath is a path that occurs in Records of Of records that were looked at.
type SeenPath struct {
	Path    string // as users write it: requestParameters.bucketName
	Type    string // "text", "integer", … or "text or object"
	Records int64
	Of      int64
}

// A SeenValue is a value that Count records hold.
type SeenValue struct {
	Value string
	Count int64
}

// A CandidateKind says what a candidate is, for its colour and its group.
type CandidateKind int

// The kinds.
const (
	KeywordCandidate CandidateKind = iota
	OperatorCandidate
	LogstoreCandidate
	FieldCandidate
	ColumnCandidate // of the stage before
	AliasCandidate  // of this SELECT
	ValueCandidate
	FunctionCandidate
	ListCandidate
	TypeCandidate
	candidateKinds
)

// String returns the kind as a heading, such as "fields" or "values".
func (k CandidateKind) String() string {
	names := [candidateKinds]string{"keywords", "operators", "logstores", "fields", "columns", "aliases", "values", "functions", "lists", "types"}
	if k < 0 || k >= candidateKinds {
		return "other"
	}
	return names[k]
}

// A Candidate is one text that may stand in the place of Completion.Span.
type Candidate struct {
	Text   string // what is inserted
	Kind   CandidateKind
	Detail string // type and frequency of a field, signature of a function, count of a value; may be empty
	Doc    string // one line; may be empty
}

// A Completion is what Complete found.
type Completion struct {
	Span       diag.Span // what is replaced: the word before the cursor, with a quote that closes it behind
	Candidates []Candidate
}

// Surroundings are what a text is completed in.
type Surroundings struct {
	Schema  Schema
	Options Options
	Seen    Seen // may be nil
}

const (
	maxCandidates = 500 // of one kind
	maxWord       = 300 // bytes of a word that is completed, and of a candidate
)

// Complete returns what may stand at the cursor, a byte of src. It never fails:
// where nothing fits, where the text has more than a thousand tokens, or where
// Seen gives an error, there are fewer candidates. What no query can hold, or
// what would change a terminal, is not offered.
func Complete(ctx context.Context, src string, cursor int, in Surroundings) Completion {
	cursor = min(max(cursor, 0), len(src))
	for n := 1; n < utf8.UTFMax && cursor > 0 && cursor < len(src) && !utf8.RuneStart(src[cursor]); n++ {
		cursor--
	}
	c := &completer{ctx: ctx, src: src, in: in, start: cursor, end: cursor, count: map[CandidateKind]int{}}
	if c.in.Schema == nil {
		c.in.Schema = Fixed{}
	}
	p := readPartial(src[:cursor], 0, false)
	if len(p.tokens) <= maxMended && !inComment(src[:cursor], p.comments) {
		c.read(p, cursor)
		switch {
		case c.glued(p), cursor-c.start > maxWord:
		case p.sql:
			c.completeSQL()
		default:
			c.completeFilter()
		}
	}
	return Completion{diag.Span{Start: c.start, End: c.end}, c.list}
}

// inComment reports whether the end of src lies in the last comment.
func inComment(src string, list []comment) bool {
	if len(list) == 0 {
		return false
	}
	c := list[len(list)-1]
	return c.open || c.line(src) && !strings.Contains(src[c.end:], "\n")
}

// A completer collects candidates.
type completer struct {
	ctx context.Context
	src string
	in  Surroundings

	tokens []lexer.Token // before the word
	start  int           // of the word
	end    int           // of what is replaced
	typed  string        // the word, without quotes
	quote  byte          // that the word begins with and that is not closed; 0: none

	list  []Candidate
	count map[CandidateKind]int
}

// read finds the word at the cursor and the tokens before it.
func (c *completer) read(p partial, cursor int) {
	c.tokens = p.tokens
	begun := c.src[:cursor]
	switch n := len(p.tokens) - 1; {
	case p.open >= 0:
		c.openWord(p)
	case endsIn(p.wrong, begun, "$"):
		c.start, c.typed = cursor-1, "$"
	case n >= 0 && span(p.tokens[n]).End == cursor:
		c.wordBefore(p.sql)
		if !p.sql && isOp(&p.tokens[n], ":") {
			c.colons()
		}
	}
	if c.quote != 0 && c.end < len(c.src) && c.src[c.end] == c.quote {
		c.end++
	}
}

// glued reports whether the word is no word: it goes on with a number, or with
// what is no token.
func (c *completer) glued(p partial) bool {
	last := c.last()
	return last.Type == tokNumber && span(last).End == c.start || len(p.wrong) > 0 && p.wrong[len(p.wrong)-1].End == c.start
}

// endsIn reports whether what is wrong at the end of src is text.
func endsIn(wrong []diag.Span, src, text string) bool {
	if len(wrong) == 0 {
		return false
	}
	last := wrong[len(wrong)-1]
	return last.End == len(src) && src[last.Start:] == text
}

// openWord is a word with a quote that is not closed.
func (c *completer) openWord(p partial) {
	c.start = p.open
	begun := c.src[p.open:c.end]
	switch {
	case !p.sql && begun[0] == '"':
		c.quote, c.typed = '"', unquoteSearch(begun+`"`)
	case !p.sql: // a path, or #"
		c.quote = '"'
		c.typed = strings.ReplaceAll(begun, `"`, "")
	default:
		c.quote = begun[0]
		c.typed = strings.ReplaceAll(begun[1:], begun[:1]+begun[:1], begun[:1])
		if c.quote == '"' {
			c.path(".")
		}
	}
}

// wordBefore takes the last token as the word, if it can be the beginning of
// one; in SQL, with the steps of the path before it.
func (c *completer) wordBefore(sql bool) {
	n := len(c.tokens) - 1
	t := c.tokens[n]
	text := c.src[t.Pos.Offset:c.end]
	switch {
	case t.Type == tokWord || t.Type == tokKeyword || t.Type == tokList || t.Type == tokIdent:
		c.tokens, c.start, c.typed = c.tokens[:n], t.Pos.Offset, text
	case !sql || !isOp(&t, ".") || n == 0 || c.tokens[n-1].Type != tokIdent && c.tokens[n-1].Type != tokQuoted:
		return
	}
	switch {
	case t.Type == tokWord:
		c.typed = strings.NewReplacer(`"`, "", `\`, "").Replace(text)
	case sql:
		c.path(".")
	}
}

// colons takes a value that ends in a colon, such as field:arn:aws: , as the
// word: nothing says yet that the last colon belongs to it.
func (c *completer) colons() {
	first := len(c.tokens) - 1
	for first > 0 && span(c.tokens[first-1]).End == c.tokens[first].Pos.Offset {
		first--
	}
	if run := len(c.tokens) - first; run >= 4 && isOp(&c.tokens[first+1], ":") {
		first += 2
	} else if run < 2 || first == 0 || !isOp(&c.tokens[first-1], ":") {
		return
	}
	c.start = c.tokens[first].Pos.Offset
	c.tokens, c.typed = c.tokens[:first], c.src[c.start:c.end]
}

// path moves the start of the word over the steps a."b". before it.
func (c *completer) path(dot string) {
	for n := len(c.tokens) - 1; n > 0 && isOp(&c.tokens[n], dot) && span(c.tokens[n]).End == c.start; n -= 2 {
		name := c.tokens[n-1]
		if name.Type != tokIdent && name.Type != tokQuoted || span(name).End != c.tokens[n].Pos.Offset {
			return
		}
		c.tokens, c.start = c.tokens[:n-1], name.Pos.Offset
		c.typed = nameOf(name).Text + dot + c.typed
	}
}

// begun reports whether a text goes on with what was typed, in any case.
func (c *completer) begun(text string) bool { return hasPrefixFold(text, c.typed) }

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// add offers a candidate, unless it was offered before or cannot be shown.
func (c *completer) add(k Candidate) {
	if k.Text == "" || len(k.Text) > maxWord || diag.Line(k.Text) != k.Text || c.count[k.Kind] >= maxCandidates {
		return
	}
	for _, other := range c.list {
		if other.Text == k.Text {
			return
		}
	}
	k.Detail, k.Doc = diag.Line(k.Detail), diag.Line(k.Doc)
	c.list = append(c.list, k)
	c.count[k.Kind]++
}

// last returns the token before the word; of no kind, if there is none.
func (c *completer) last() lexer.Token {
	if len(c.tokens) == 0 {
		return endToken
	}
	return c.tokens[len(c.tokens)-1]
}

// lists offers the named lists.
func (c *completer) lists() {
	for _, name := range slices.Sorted(maps.Keys(c.in.Options.Lists)) {
		if c.begun("$" + name) {
			c.add(Candidate{"$" + name, ListCandidate, counted(int64(len(c.in.Options.Lists[name])), "value"), ""})
		}
	}
}

// counted writes a number and what it is a number of, as 1,234 values.
func counted(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return grouped(n) + " " + noun
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
