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

// A Select is one stage behind a pipe, or a subquery: a SELECT, or several that
// set operations join, with the order and the limit of the whole.
type Select struct {
	Place
	With []*Named `parser:"( 'WITH':Keyword @@ ( ',' @@ )* )?"`
	Core
	Sets    []*SetPart `parser:"@@*"`
	OrderBy []*Order   `parser:"( 'ORDER':Keyword 'BY':Keyword @@ ( ',' @@ )* )?"`
	Limit   *Limit     `parser:"@@?"`
}

// A Core is a SELECT without order and limit, or a whole query in brackets. A
// stage without SELECT ("| GROUP BY check_item", "| LIMIT 10") has Explicit
// false and no Items.
type Core struct {
	Sub      *Select `parser:"(?= 'SELECT':Keyword | '(':Op | 'WHERE':Keyword | 'GROUP':Keyword | 'HAVING':Keyword | 'ORDER':Keyword | 'LIMIT':Keyword ) ( '(':Op @@ ')':Op"` // in brackets; then nothing else of Core is set
	Explicit bool    `parser:"| (?= 'SELECT':Keyword | 'WHERE':Keyword | 'GROUP':Keyword | 'HAVING':Keyword ) ( @'SELECT':Keyword"`                                           // SELECT was written
	Distinct bool    `parser:"  ( @'DISTINCT':Keyword | 'ALL':Keyword )?"`
	Items    []*Item `parser:"  @@ ( ',' @@ )*"`
	From     []*From `parser:"  ( 'FROM':Keyword @@ ( ',' @@ )* )? )?"` // none: the stage before, or log
	Where    Expr    `parser:"( 'WHERE':Keyword @@ )?"`
	GroupBy  []Expr  `parser:"( 'GROUP':Keyword 'BY':Keyword @@ ( ',' @@ )* )?"`
	Having   Expr    `parser:"( 'HAVING':Keyword @@ )? )?"`
}

// A SetPart is UNION, INTERSECT or EXCEPT and what follows it. INTERSECT binds
// more than the others, which go from left to right.
type SetPart struct {
	Place
	Op  SetOp `parser:"@( 'UNION':Keyword | 'INTERSECT':Keyword | 'EXCEPT':Keyword )"`
	All bool  `parser:"( @'ALL':Keyword | 'DISTINCT':Keyword )?"`
	Core
}

// SetOp is an operation between two sets of rows.
type SetOp string

// The set operations.
const (
	Union     SetOp = "UNION"
	Intersect SetOp = "INTERSECT"
	Except    SetOp = "EXCEPT"
)

// A Named is name AS (…), or name (a, b) AS (…), behind WITH.
type Named struct {
	Place
	Name    *Name   `parser:"@@"`
	Columns []*Name `parser:"( '(':Op @@ ( ',' @@ )* ')':Op )?"`
	Query   *Select `parser:"'AS':Keyword '(':Op @@ ')':Op"`
}

// An Item is one entry of a SELECT list: *, name.* or an expression.
type Item struct {
	At
	Star  bool
	Of    *Name // the name before .*
	X     Expr  // nil with Star
	Alias *Name // nil: none was written
}

// A From is one entry of FROM: a source, and what is joined to it.
type From struct {
	At
	Source *Source
	Joins  []*Join
}

// A Source is a logstore, a lookup table, the name of a WITH, a subquery or
// UNNEST(a, b).
type Source struct {
	At
	Sub        *Select
	Unnest     []Expr
	Ordinality bool    // UNNEST(…) WITH ORDINALITY
	Table      *Path   // more than one name is a qualified one
	Alias      *Name   // nil: none was written
	Columns    []*Name // AS alias (a, b)
}

// A Join is one more source of a From.
type Join struct {
	At
	Kind   JoinKind
	Source *Source
	On     Expr    // nil with CrossJoin and with Using
	Using  []*Name // USING (a, b)
}

// JoinKind says which rows a join keeps.
type JoinKind string

// The kinds of joins.
const (
	InnerJoin JoinKind = "JOIN"
	LeftJoin  JoinKind = "LEFT JOIN"
	RightJoin JoinKind = "RIGHT JOIN"
	FullJoin  JoinKind = "FULL JOIN"
	CrossJoin JoinKind = "CROSS JOIN"
)

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
