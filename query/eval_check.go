// Conditions before they run: what they read, and whether they can work.

package query

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tocsin/diag"
)

// Names are the columns that the condition reads, each once, in the order of
// the text; $0.host is host. A text in double quotes is among them, since only
// the columns tell whether it is a name.
func (c *Condition) Names() []string {
	var out []string
	seen := map[string]bool{}
	Walk(c, func(n Node) bool {
		if ref, ok := n.(*ColumnRef); ok && !seen[conditionName(ref)] {
			seen[conditionName(ref)] = true
			out = append(out, conditionName(ref))
		}
		return true
	})
	return out
}

// Check finds, before any row is seen, what cannot work over a result with
// these columns: unknown names, functions that conditions do not have, patterns
// that are broken, and a condition that is no truth value. __count__ is always
// known. The error is a *diag.List without name and source.
func (c *Condition) Check(cols []Column) error {
	d := &conditionCheck{cols: cols, faults: &diag.List{}}
	Walk(c.X, func(n Node) bool {
		if x, ok := n.(Expr); ok {
			d.node(x)
		}
		return true
	})
	if !d.truth(c.X) {
		d.faults.Add("query/type", c.X.Span(), "this is no condition", "compare it: cnt > 0")
	}
	if len(d.faults.Problems) > maxPlanFaults {
		d.faults.Problems = d.faults.Problems[:maxPlanFaults]
	}
	return d.faults.Err()
}

type conditionCheck struct {
	cols   []Column
	faults *diag.List
}

// find looks a name up among the columns.
func (d *conditionCheck) find(ref *ColumnRef) (Column, bool) {
	name := conditionName(ref)
	for _, c := range d.cols {
		if c.Name == name || "@"+c.Name == name {
			return c, true
		}
	}
	return Column{Name: name, Type: Integer}, name == "__count__"
}

// text returns the text constant that x is, in either kind of quotes.
func (d *conditionCheck) text(x Expr) (string, bool) {
	switch x := x.(type) {
	case *Literal:
		return x.Text, x.Kind == StringLit
	case *ColumnRef:
		if _, column := d.find(x); !column {
			return quotedText(x)
		}
	}
	return "", false
}

// node reports what is wrong with x itself, whatever its parts are.
func (d *conditionCheck) node(x Expr) {
	switch x := x.(type) {
	case *ColumnRef:
		_, column := d.find(x)
		if _, text := quotedText(x); !column && !text {
			d.unknown(x)
		}
	case *Call:
		d.call(x)
	case *Binary:
		if text, ok := d.text(x.Y); ok && (x.Op == OpMatch || x.Op == OpNotMatch) {
			if _, err := regexp.Compile(text); err != nil {
				d.faults.Add("query/regexp", x.Y.Span(), "the regular expression cannot be used: "+cut(strings.TrimPrefix(err.Error(), "error parsing regexp: ")), "the syntax is RE2's; a backslash is doubled")
			}
		}
	case *Like:
		pattern, ok := d.text(x.Pattern)
		escape := ""
		if ok && x.Escape != nil {
			escape, ok = d.text(x.Escape)
		}
		if ok {
			_, ok = likeGlob(pattern, escape)
		}
		if !ok {
			d.faults.Add("query/pattern", x.Pattern.Span(), "the pattern of LIKE is a constant text", "with ESCAPE, the escape character stands before %, _ or itself")
		}
	case *In:
		if x.List != nil {
			d.faults.Add("query/unsupported", x.List.Span(), "a condition cannot use a named list", "use it in the query")
		}
	case *Literal:
		if _, ok := readNumber(x.Text); x.Kind == NumberLit && !ok {
			d.faults.Add("query/number", x.Span(), cut(x.Text)+" is too large for a number", "")
		}
	case *Unary, *Between, *IsNull, *Case:
	default:
		d.faults.Add("query/unsupported", x.Span(), "this expression cannot stand in a condition", "")
	}
}

func (d *conditionCheck) unknown(x *ColumnRef) {
	known := make([]string, len(d.cols))
	for i, c := range d.cols {
		known[i] = c.Name
	}
	name := conditionName(x)
	hint := didYouMean(name, known, "the query gives "+listed(known))
	d.faults.Add("query/unknown-column", x.Span(), "the result has no column "+cut(name), hint)
}

func (d *conditionCheck) call(x *Call) {
	most := map[string]int{"contains": 2, "starts_with": 2, "ends_with": 2, "strpos": 2, "if": 3, "concat": 100, "coalesce": 100}[x.Name]
	switch n := len(x.Args); {
	case !conditionFunction(x.Name):
		hint := didYouMean(x.Name, strings.Fields(conditionFunctions), "conditions have "+strings.ReplaceAll(conditionFunctions, " ", ", "))
		d.faults.Add("query/unknown-function", x.NameAt.Span(), "there is no function "+cut(x.Name)+" in conditions", hint)
	case x.Star || x.Distinct || x.Filter != nil || len(x.OrderBy) > 0 || n == 0 || n > max(1, most) || most == 2 && n != 2 || x.Name == "if" && n < 2:
		d.faults.Add("query/arguments", x.Span(), x.Name+" does not take these "+strconv.Itoa(n)+" arguments", "")
	}
}

// truth reports whether x may be true or false.
func (d *conditionCheck) truth(x Expr) bool {
	switch x := x.(type) {
	case *Literal:
		return x.Kind == BoolLit
	case *ColumnRef:
		c, ok := d.find(x)
		_, text := quotedText(x)
		return !ok && !text || ok && (c.Type == Boolean || c.Type == Unknown)
	case *Unary:
		return x.Op == OpNot && d.truth(x.X)
	case *Binary:
		switch x.Op {
		case OpAdd, OpSub, OpMul, OpDiv, OpMod, OpConcat:
			return false
		case OpAnd, OpOr:
			return !slices.ContainsFunc(x.Operands(), func(o Expr) bool { return !d.truth(o) })
		}
	case *Call:
		switch x.Name {
		case "lower", "upper", "trim", "length", "strpos", "concat", "abs", "round", "floor", "ceil":
			return false
		}
	}
	return true
}
