// The tree, continued: expressions of SQL and of conditions.

package query

// Expr is a node of a SQL expression or of a condition.
type Expr interface {
	Node
	expr()
}

// A Condition is an expression over the columns of a result: `when` of a
// trigger and of a severity. SLS's operators are read as their SQL ones (== is
// =, && is AND, || is OR, ! is NOT); =~ and !~ are kept. $0.host is a ColumnRef
// whose first name is $0. A text in double quotes is a ColumnRef with a quoted
// name: SLS means a text by it, SQL a name; whoever knows the columns decides.
type Condition struct {
	At
	X Expr
}

// Op is a unary or binary operator, as printed.
type Op string

// The operators. OpMatch and OpNotMatch occur in conditions only.
const (
	OpOr          Op = "OR"
	OpAnd         Op = "AND"
	OpNot         Op = "NOT"
	OpEq          Op = "="
	OpNe          Op = "<>"
	OpLt          Op = "<"
	OpLe          Op = "<="
	OpGt          Op = ">"
	OpGe          Op = ">="
	OpDistinct    Op = "IS DISTINCT FROM"
	OpNotDistinct Op = "IS NOT DISTINCT FROM"
	OpMatch       Op = "=~" // regular expression found in the text
	OpNotMatch    Op = "!~"
	OpConcat      Op = "||"
	OpAdd         Op = "+" // also unary
	OpSub         Op = "-" // also unary
	OpMul         Op = "*"
	OpDiv         Op = "/"
	OpMod         Op = "%"
)

// LiteralKind tells what a Literal is.
type LiteralKind int

// The kinds of Literal.
const (
	NumberLit    LiteralKind = iota // Text as written, 10, 1.5, 1e3; never signed, digits first
	StringLit                       // Text without quotes, doubled quotes undone
	BoolLit                         // Text is "true" or "false"
	NullLit                         // Text is ""
	DateLit                         // DATE '2026-01-31': Text without quotes, not checked
	TimestampLit                    // TIMESTAMP '…', the same
)

// A Literal is a constant.
type Literal struct {
	At
	Kind LiteralKind
	Text string
}

// An Interval is INTERVAL '2' DAY.
type Interval struct {
	At
	Text string // as written between the quotes, with its sign; not checked
	Unit string // SECOND, MINUTE, HOUR, DAY, WEEK, MONTH or YEAR
}

// A ColumnRef names a column or a field by its path.
type ColumnRef struct {
	At
	Names []Name // at least one; see Path
}

// A Unary is -X, +X or NOT X.
type Unary struct {
	At
	Op Op
	X  Expr
}

// A Binary is X op Y. A chain of one operator leans to the left; Operands
// gives it as a flat list.
type Binary struct {
	At
	Op   Op
	OpAt At // of the operator
	X, Y Expr
}

// Operands returns the operands of the longest chain of b's operator that ends
// in b: for a AND b AND c, read as (a AND b) AND c, the list a, b, c.
func (b *Binary) Operands() []Expr {
	n := 2
	for x, ok := b.X.(*Binary); ok && x.Op == b.Op; x, ok = x.X.(*Binary) {
		n++
	}
	list := make([]Expr, n)
	for e := Expr(b); n > 0; {
		n--
		if n == 0 {
			list[0] = e
			break
		}
		x := e.(*Binary)
		list[n], e = x.Y, x.X
	}
	return list
}

// A Between is X [NOT] BETWEEN Low AND High.
type Between struct {
	At
	X, Low, High Expr
	Not          bool
}

// An In is X [NOT] IN (a, b), X [NOT] IN $name or X [NOT] IN (SELECT …).
type In struct {
	At
	X     Expr
	Items []Expr  // empty with List and Sub
	List  *Name   // without the $
	Sub   *Select // its one column is looked through
	Not   bool
}

// A Like is X [NOT] LIKE Pattern [ESCAPE Escape].
type Like struct {
	At
	X, Pattern Expr
	Escape     Expr // may be nil
	Not        bool
}

// An IsNull is X IS [NOT] NULL.
type IsNull struct {
	At
	X   Expr
	Not bool
}

// A Case is CASE [Operand] WHEN … THEN … [ELSE Else] END.
type Case struct {
	At
	Operand Expr // nil without one
	Whens   []When
	Else    Expr // may be nil
}

// A When is one branch of a Case.
type When struct {
	At
	If, Then Expr
}

// A Cast is CAST(X AS Type) or TRY_CAST(X AS Type).
type Cast struct {
	At
	X    Expr
	Type *TypeName
	Try  bool
}

// A TypeName is the name of a type, in upper case, not checked: VARCHAR,
// DECIMAL(10, 2), ARRAY(BIGINT), TIMESTAMP WITH TIME ZONE.
type TypeName struct {
	At
	Name string
	Args []TypeArg
}

// A TypeArg is a number or a type.
type TypeArg struct {
	Number string // digits; "" with Type
	Type   *TypeName
}

// A Call is a function call; aggregates look like any other function.
type Call struct {
	At
	NameAt   At
	Name     string // lower case
	Star     bool   // count(*); Args is empty
	Distinct bool
	Args     []Expr
	OrderBy  []*Order // array_agg(x ORDER BY y)
	Filter   Expr     // FILTER (WHERE …); may be nil
	NoNulls  bool     // IGNORE NULLS
	Over     *Over    // OVER (…); nil: none
}

// An Over is the part in brackets behind OVER.
type Over struct {
	At
	Partition []Expr
	OrderBy   []*Order
	Frame     *Frame // nil: none was written
}

// A Frame bounds the rows of a window.
type Frame struct {
	At
	Unit     string // ROWS, RANGE or GROUPS
	From, To Bound  // To is the zero Bound when only one was written
}

// A Bound is one end of a frame: UNBOUNDED PRECEDING, 3 PRECEDING, CURRENT ROW,
// 3 FOLLOWING or UNBOUNDED FOLLOWING.
type Bound struct {
	Kind string // "UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"; "" none
	N    Expr   // of PRECEDING and FOLLOWING
}

// A Lambda is x -> Body, or (x, y) -> Body, as an argument of a function.
type Lambda struct {
	At
	Params []Name
	Body   Expr
}

// A Subquery is (SELECT …) in the place of one value.
type Subquery struct {
	At
	Query *Select
}

// An Exists is EXISTS (SELECT …).
type Exists struct {
	At
	Query *Select
}

// A Subscript is X[Index].
type Subscript struct {
	At
	X, Index Expr
}

// A Member is X.Name where X is no ColumnRef, such as a[1].b.
type Member struct {
	At
	X    Expr
	Name Name
}

// An Array is ARRAY[a, b].
type Array struct {
	At
	Items []Expr
}

// An AtZone is X AT TIME ZONE Zone.
type AtZone struct {
	At
	X, Zone Expr
}

func (*Literal) expr()   {}
func (*Interval) expr()  {}
func (*ColumnRef) expr() {}
func (*Unary) expr()     {}
func (*Binary) expr()    {}
func (*Between) expr()   {}
func (*In) expr()        {}
func (*Like) expr()      {}
func (*IsNull) expr()    {}
func (*Case) expr()      {}
func (*Cast) expr()      {}
func (*Call) expr()      {}
func (*Subscript) expr() {}
func (*Member) expr()    {}
func (*Array) expr()     {}
func (*AtZone) expr()    {}
func (*Lambda) expr()    {}
func (*Subquery) expr()  {}
func (*Exists) expr()    {}
