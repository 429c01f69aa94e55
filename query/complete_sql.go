// Completion in SQL. What fits is found by trying it, and what a name means by
// putting a hole in its place and looking where in the tree it went: so there
// is no second table of the grammar to keep.

package query

import (
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// completeSQL offers what may stand behind the first pipe.
func (c *completer) completeSQL() {
	from := len(c.tokens) - 1
	for c.tokens[from].Type != tokPipe {
		from--
	}
	e := &explainer{src: c.src, mode: modeQuery, read: readerOf(modeQuery), budget: maxProbes / 3}
	stage := e.mended(c.tokens[from:])
	if c.quote == '\'' {
		if p := e.placed(stage, lexer.Token{Type: tokString, Value: "'" + hole + "'"}); p.against != nil {
			c.compared(stage, p.against)
		}
		return
	}
	place := e.placed(stage, lexer.Token{Type: tokIdent, Value: hole})
	if place.against != nil {
		c.compared(stage, place.against)
	}
	switch {
	case place.kind == placeLogstore:
		c.logstores(stage)
	case place.kind == placeType:
		c.types()
	case place.kind == placeColumn || usingBefore(stage):
		c.columns(stage)
	}
	if c.quote != 0 || strings.Contains(c.typed, ".") {
		return
	}
	if place.kind == placeColumn {
		c.functions(clauseOf(stage, len(stage)))
	}
	if e.probe(stage, lexer.Token{Type: tokList, Value: "$x"}) {
		c.lists()
	}
	c.keywords(e, stage)
	if c.typed == "" && place.kind != placeColumn {
		c.sqlSigns(e, stage)
	}
}

// mended are the tokens of a stage, with names in place of what is wrong before
// their end.
func (e *explainer) mended(stage []lexer.Token) []lexer.Token {
	for range maxFaults {
		tokens := ended(stage)
		f := e.read(tokens)
		if f == nil {
			return stage
		}
		i := tokenAt(tokens, f.span.Start)
		if tokens[i].EOF() {
			return stage
		}
		stage = repair(tokens, i, e.read)
		stage = stage[:len(stage)-1]
		for i, t := range stage {
			if t.Value == hole {
				stage[i].Value = "zzz"
			}
		}
	}
	return stage
}

// ended are tokens with an end.
func ended(tokens []lexer.Token) []lexer.Token {
	end := 0
	if n := len(tokens); n > 0 {
		end = span(tokens[n-1]).End
	}
	return append(slices.Clone(tokens), lexer.Token{Type: lexer.EOF, Pos: lexer.Position{Offset: end + 1}})
}

// A place is where in the tree a hole went.
type place struct {
	kind    placeKind
	against []Name // the field that the hole is compared with; nil: none
}

type placeKind int

const (
	placeNowhere  placeKind = iota // no name fits, or only a new one
	placeColumn                    // of a value
	placeLogstore                  // of a source of rows
	placeType
)

// placed puts a hole behind the tokens, closes what is open, and looks where in
// the tree the hole is.
func (e *explainer) placed(stage []lexer.Token, plug lexer.Token) place {
	if n := len(stage); n > 0 {
		plug.Pos.Offset = span(stage[n-1]).End
	}
	tokens, ok := e.closed(append(slices.Clone(stage), plug))
	if !ok {
		return place{}
	}
	q, f := parseTokens(ended(tokens))
	if f != nil {
		return place{}
	}
	var at place
	Walk(q, func(n Node) bool {
		switch n := n.(type) {
		case *ColumnRef:
			if hasHole(n.Names) {
				at.kind = placeColumn
			}
		case *Path:
			if hasHole(n.Names) {
				at.kind = placeLogstore
			}
		case *TypeName:
			if n.Name == hole {
				at.kind = placeType
			}
		case Expr:
			if names := comparedWith(n); names != nil {
				at.against = names
			}
		}
		return true
	})
	return at
}

func hasHole(names []Name) bool {
	return slices.ContainsFunc(names, func(n Name) bool { return n.Text == hole })
}

// comparedWith returns the field that an expression compares with the hole.
func comparedWith(n Expr) []Name {
	switch n := n.(type) {
	case *Binary:
		if n.Op == OpAnd || n.Op == OpOr {
			return nil
		}
		if isHole(n.X) {
			return fieldOf(n.Y)
		}
		return against(n.X, n.Y)
	case *In:
		return against(n.X, n.Items...)
	case *Like:
		return against(n.X, n.Pattern)
	case *Between:
		return against(n.X, n.Low, n.High)
	}
	return nil
}

// against returns the field x, if one of the others is the hole.
func against(x Expr, others ...Expr) []Name {
	if slices.ContainsFunc(others, isHole) {
		return fieldOf(x)
	}
	return nil
}

func isHole(x Expr) bool {
	switch x := x.(type) {
	case *ColumnRef:
		return hasHole(x.Names)
	case *Literal:
		return x.Text == hole
	}
	return false
}

func fieldOf(x Expr) []Name {
	if c, ok := x.(*ColumnRef); ok && !hasHole(c.Names) {
		return c.Names
	}
	return nil
}

// closing are tokens that may be missing at the end of a text, in the order in
// which they are tried; a hole stands for a name.
var closing = []lexer.Token{
	{Type: tokOp, Value: ")"},
	{Type: tokOp, Value: "]"},
	{Type: tokKeyword, Value: "END"},
	{Type: tokKeyword, Value: "THEN"},
	{Type: tokKeyword, Value: "WHEN"},
	{Type: tokKeyword, Value: "AS"},
	{Type: tokKeyword, Value: "ON"},
	{Type: tokKeyword, Value: "AND"},
	{Type: tokKeyword, Value: "BY"},
	{Type: tokKeyword, Value: "SELECT"},
	{Type: tokIdent, Value: "zzz"},
	{Type: tokNumber, Value: "1"},
	{Type: tokString, Value: "''"},
	{Type: tokOp, Value: "("},
}

// closed adds to the tokens what makes a whole stage of them.
func (e *explainer) closed(tokens []lexer.Token) ([]lexer.Token, bool) {
	for range 2*maxNesting + 20 {
		f := e.read(ended(tokens))
		e.budget -= len(tokens)
		if f == nil {
			return tokens, true
		}
		end := span(tokens[len(tokens)-1]).End
		if f.span.Start < end || e.budget < 0 {
			return nil, false
		}
		i := slices.IndexFunc(closing, func(t lexer.Token) bool { return e.probe(tokens, t) })
		if i < 0 {
			return nil, false
		}
		t := closing[i]
		t.Pos.Offset = end
		tokens = append(tokens, t)
	}
	return nil, false
}

// usingBefore reports whether the word is a column of USING ( … ).
func usingBefore(stage []lexer.Token) bool {
	n := len(stage)
	for n > 2 && (isOp(&stage[n-1], ",") || stage[n-1].Type == tokIdent) {
		n--
	}
	return n > 2 && isOp(&stage[n-1], "(") && isKeyword(&stage[n-2], "USING")
}

// keywords offers the reserved words that fit, and of the other words those
// that mean something where a name would not, or would not go on as they do.
func (c *completer) keywords(e *explainer, stage []lexer.Token) {
	words := slices.Clone(clauseKeys)
	for _, w := range slices.Sorted(maps.Keys(keywords)) {
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	for _, w := range words {
		if _, form := forms[lowerASCII(w)]; form || !c.begun(w) {
			continue
		}
		if t := (lexer.Token{Type: tokKeyword, Value: w}); e.probe(stage, t) {
			c.add(Candidate{Text: e.extended(stage, t), Kind: KeywordCandidate})
		}
	}
	name := e.followed(stage, lexer.Token{Type: tokIdent, Value: "zzz"})
	for _, w := range slices.Concat(softWords, strings.Fields(rareWords), slices.Sorted(maps.Keys(special)), intervalUnits[:]) {
		if _, form := forms[lowerASCII(w)]; form || !c.begun(w) {
			continue
		}
		t := lexer.Token{Type: tokIdent, Value: w}
		if word := e.followed(stage, t); word != nil && (name == nil || more(word, name)) {
			c.add(Candidate{Text: e.extended(stage, t), Kind: KeywordCandidate})
		}
	}
}

// rareWords are words of the grammar that no message names.
const rareWords = "GROUPS UNBOUNDED CURRENT ROW IGNORE UNNEST ORDINALITY AT"

// followers are tokens that go on behind words of the grammar; the first two
// are offered together with the word.
var followers = []lexer.Token{
	{Type: tokKeyword, Value: "BY"},
	{Type: tokKeyword, Value: "JOIN"},
	{Type: tokOp, Value: "("},
	{Type: tokOp, Value: "["},
	{Type: tokString, Value: "''"},
	{Type: tokIdent, Value: "NULLS"},
	{Type: tokIdent, Value: "TIME"},
	{Type: tokIdent, Value: "ROW"},
}

// extended is a word with the one that has to follow it: GROUP BY, LEFT JOIN.
func (e *explainer) extended(stage []lexer.Token, t lexer.Token) string {
	with := e.with(stage, t)
	if e.probe(with, lexer.Token{Type: tokIdent, Value: "zzz"}) || e.probe(with, lexer.Token{Type: tokOp, Value: "="}) {
		return t.Value
	}
	for _, f := range followers[:2] {
		if e.probe(with, f) {
			return t.Value + " " + f.Value
		}
	}
	return t.Value
}

// with are the tokens and one more.
func (e *explainer) with(stage []lexer.Token, t lexer.Token) []lexer.Token {
	if n := len(stage); n > 0 {
		t.Pos.Offset = span(stage[n-1]).End
	}
	return append(slices.Clone(stage), t)
}

// followed says which of the followers fit behind a token; nil if the token
// itself does not.
func (e *explainer) followed(stage []lexer.Token, t lexer.Token) []bool {
	if !e.probe(stage, t) {
		return nil
	}
	with := e.with(stage, t)
	fits := make([]bool, len(followers))
	for i, f := range followers {
		fits[i] = e.probe(with, f)
	}
	return fits
}

// more reports whether something fits behind a word that does not fit behind a
// name.
func more(word, name []bool) bool {
	for i := range word {
		if word[i] && !name[i] {
			return true
		}
	}
	return false
}

// sqlSigns offers the operators and signs that fit.
func (c *completer) sqlSigns(e *explainer, stage []lexer.Token) {
	for _, s := range strings.Fields("= <> < <= > >= || + - * / % -> , ( ) ]") {
		if e.probe(stage, lexer.Token{Type: tokOp, Value: s}) {
			c.add(Candidate{Text: s, Kind: OperatorCandidate})
		}
	}
	if len(stage) > 1 && e.read(ended(stage)) == nil {
		c.add(Candidate{Text: "|", Kind: OperatorCandidate, Doc: "a further stage, over the rows of this one"})
	}
}

// functions offers the functions that a clause may call.
func (c *completer) functions(clause string) {
	one := func(name string) {
		usage, doc, _ := Signature(name)
		head := usage
		if i := strings.IndexAny(usage, "(["); i >= 0 && !strings.HasSuffix(usage, "()") {
			head = usage[:i+1]
		}
		if c.begun(head) {
			c.add(Candidate{head, FunctionCandidate, usage, doc})
		}
	}
	for _, name := range Functions() {
		f, _ := functionNamed(name)
		if rows := f.agg || f.window; !rows || clause != "WHERE" && clause != "GROUP" {
			one(name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		one(name)
	}
}

// castTypes are the types that CAST knows, one for each meaning.
var castTypes = [...][2]string{
	{"VARCHAR", "text"},
	{"BIGINT", "a whole number"},
	{"DOUBLE", "a number with decimal places"},
	{"DECIMAL", "the same"},
	{"BOOLEAN", "true or false"},
	{"TIMESTAMP", "a time"},
	{"DATE", "a time at midnight"},
	{"JSON", "a value as JSON"},
	{"ARRAY(VARCHAR)", "an array of texts"},
}

func (c *completer) types() {
	for _, t := range castTypes {
		if c.begun(t[0]) {
			c.add(Candidate{t[0], TypeCandidate, "", t[1]})
		}
	}
}
