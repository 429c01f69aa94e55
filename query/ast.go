// The tree of a query as it was written. Statement and clauses carry the
// grammar in their tags (grammar.go builds the parser from them); filters and
// expressions are read by hand (search.go, expr.go). Nothing is resolved here:
// names are spelled as in the source, types are names. Later passes walk the
// tree and must refuse a node that they do not know.

package query

import (
	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

// A Node is any part of a parsed text that has a place in it.
type Node interface {
	// Span is the part of the source that the node was read from, in bytes
	// from the start of the text that was parsed.
	Span() diag.Span
}

// At is the place of a node that is read by hand.
type At diag.Span

// Span implements Node.
func (a At) Span() diag.Span { return diag.Span(a) }

// Place is the place of a node that the grammar reads; participle fills it. Of
// a position only the Offset is set.
type Place struct {
	Pos    lexer.Position // of its first token
	EndPos lexer.Position // behind its last token
}

// Span implements Node.
func (p Place) Span() diag.Span { return diag.Span{Start: p.Pos.Offset, End: p.EndPos.Offset} }

// A Query is "filter | stage | stage".
type Query struct {
	Place
	Filter Search    `parser:"@@?"`          // nil: all records
	Stages []*Select `parser:"( Pipe @@ )*"` // each reads the rows of the one before
}

// A Select is one stage behind a pipe, or a subquery in FROM. A stage without
// SELECT ("| GROUP BY check_item", "| LIMIT 10") has Explicit false and no Items.
type Select struct {
	Place
	Explicit bool     `parser:"(?= 'SELECT':Keyword | 'WHERE':Keyword | 'GROUP':Keyword | 'HAVING':Keyword | 'ORDER':Keyword | 'LIMIT':Keyword ) ( @'SELECT':Keyword"` // SELECT was written
	Distinct bool     `parser:"  ( @'DISTINCT':Keyword | 'ALL':Keyword )?"`
	Items    []*Item  `parser:"  @@ ( ',' @@ )*"`
	From     *Source  `parser:"  ( 'FROM':Keyword @@ )? )?"` // nil: the stage before, or log
	Where    Expr     `parser:"( 'WHERE':Keyword @@ )?"`
	GroupBy  []Expr   `parser:"( 'GROUP':Keyword 'BY':Keyword @@ ( ',' @@ )* )?"`
	Having   Expr     `parser:"( 'HAVING':Keyword @@ )?"`
	OrderBy  []*Order `parser:"( 'ORDER':Keyword 'BY':Keyword @@ ( ',' @@ )* )?"`
	Limit    *Limit   `parser:"@@?"`
}

// An Item is one entry of a SELECT list: * or an expression.
type Item struct {
	Place
	Star  bool  `parser:"( @'*'"`
	X     Expr  `parser:"| @@"`                      // nil with Star
	Alias *Name `parser:"  ( 'AS':Keyword? @@ )? )"` // nil: none was written
}

// A Source is what FROM names: a logstore or a subquery.
type Source struct {
	Place
	Sub   *Select `parser:"( '(' @@ ')'"`
	Table *Path   `parser:"| @@ )"` // nil with Sub; more than one name is a qualified one
	Alias *Name   `parser:"( 'AS':Keyword? @@ )?"`
}

// An Order is one entry of ORDER BY.
type Order struct {
	At
	X     Expr
	Desc  bool
	Nulls NullsOrder // "" unless written
}

// NullsOrder says where ORDER BY puts NULL: NullsFirst, NullsLast or "".
type NullsOrder string

// The values of NullsOrder besides "".
const (
	NullsFirst NullsOrder = "FIRST"
	NullsLast  NullsOrder = "LAST"
)

// A Limit is LIMIT n, LIMIT m, n or LIMIT n OFFSET m; all three give the same
// node. Both numbers are at least 0.
type Limit struct {
	At
	Count  int64
	Offset int64
}

// A Name is one identifier. Text is what it means: without quotes, with doubled
// quotes and escapes undone.
type Name struct {
	At
	Text   string
	Quoted bool // it was written in double quotes
}

// A Path is the name of a field or a logstore, as written: a.b.c has three
// Names, "a.b.c" has one that is Quoted, requestParameters."x-y".z has three.
// __tag__:k:v gives one name "__tag__:k".
type Path struct {
	At
	Names []Name
}

// Search is a node of the filter before the first pipe.
type Search interface {
	Node
	search()
}

// SearchAll is "*", every record.
type SearchAll struct{ At }

// SearchAnd is true when all of Xs are. "a b" and "a and b" are the same.
type SearchAnd struct {
	At
	Xs []Search // at least two
}

// SearchOr is true when one of Xs is.
type SearchOr struct {
	At
	Xs []Search // at least two
}

// SearchNot is true when X is false.
type SearchNot struct {
	At
	X Search
}

// SearchTerm is a text without a field: anywhere in the record, or, inside a
// SearchGroup, in the group's field.
type SearchTerm struct {
	At
	Value *Value
}

// SearchMatch is field:value.
type SearchMatch struct {
	At
	Field *Path
	Exact bool // written := , case-sensitive
	Value *Value
}

// SearchExists is field:*.
type SearchExists struct {
	At
	Field *Path
}

// SearchGroup is field:(a or b): X holds for the field. X consists of
// SearchAnd, SearchOr, SearchNot, SearchTerm and SearchAll (which means that
// the field exists), nothing else.
type SearchGroup struct {
	At
	Field *Path
	Exact bool // written := , case-sensitive
	X     Search
}

// SearchCompare is field op value.
type SearchCompare struct {
	At
	Field *Path
	Op    Op // OpEq, OpLt, OpLe, OpGt or OpGe
	Value *Value
}

// SearchRange is field in [low high), also written field:[low high).
type SearchRange struct {
	At
	Field    *Path
	Low      *Value
	High     *Value
	LowOpen  bool // written ( : low itself is outside
	HighOpen bool // written ) : high itself is outside
}

// SearchNetwork is field in 10.0.0.0/8, or in one address.
type SearchNetwork struct {
	At
	Field   *Path
	Network Name // as written; it holds a dot or a colon, nothing else was checked
}

// SearchList is field in $name.
type SearchList struct {
	At
	Field *Path
	List  Name // without the $
}

// A Value is what a field or a record is searched for.
type Value struct {
	At
	Text   string // without quotes and escapes; of a pattern it is for messages only
	Quoted bool   // written "…" or #"…"
	Phrase bool   // written #"…"
	Glob   []Glob // the pattern, when an unquoted * or ? is in it, else nil
}

// A Glob is one part of a pattern: a text, or a wildcard when Wild is set.
type Glob struct {
	Text string // never empty when Wild is 0
	Wild rune   // '*' any characters, '?' exactly one, 0 none
}

func (*SearchAll) search()     {}
func (*SearchAnd) search()     {}
func (*SearchOr) search()      {}
func (*SearchNot) search()     {}
func (*SearchTerm) search()    {}
func (*SearchMatch) search()   {}
func (*SearchExists) search()  {}
func (*SearchGroup) search()   {}
func (*SearchCompare) search() {}
func (*SearchRange) search()   {}
func (*SearchNetwork) search() {}
func (*SearchList) search()    {}
