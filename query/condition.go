// Conditions: `when` of triggers and severities, read by the same lexer and the
// same expression parser as SQL, with SLS's operators besides.

package query

import "github.com/alecthomas/participle/v2/lexer"

// ParseCondition reads the condition of a trigger or a severity. The error is a
// *diag.List without a name, whose spans are bytes of src.
func ParseCondition(src string) (*Condition, error) {
	tokens, f := tokenize(src, modeCondition)
	if f != nil {
		return nil, list(src, f)
	}
	c, f := conditionOf(tokens)
	if f != nil {
		return nil, mend(src, tokens, modeCondition, f)
	}
	return c, nil
}

// conditionOf reads a condition from its tokens.
func conditionOf(tokens []lexer.Token) (*Condition, *fault) {
	p := &exprParser{lex: peeking(tokens), condition: true}
	start := p.lex.Peek().Pos.Offset
	x := p.expr(levelOr)
	if t := p.peek(); p.fault == nil && !t.EOF() {
		p.misfit(t)
	}
	if p.fault != nil {
		return nil, p.fault
	}
	return &Condition{p.at(start), x}, nil
}
