// The first mistake of a text, on its way from where it was found through
// participle to where words are found for it.

package query

import (
	"fmt"

	"github.com/alecthomas/participle/v2/lexer"

	"tocsin/diag"
)

// check is the name under which faults of the syntax are reported.
const check = "query/syntax"

// A fault is the first mistake that a pass found. It goes through participle
// untouched, because it has the methods of a participle.Error. Without a message
// it means that the token at its place did not fit; explain finds the words.
type fault struct {
	span    diag.Span
	message string
	hint    string
	last    bool // what is said about the rest of the text would only follow from this
}

func faultAt(start, end int, message, hint string) *fault {
	return &fault{span: diag.Span{Start: start, End: end}, message: message, hint: hint}
}

// faultOn is the fault of one token.
func faultOn(t *lexer.Token, message, hint string) *fault {
	return &fault{span: span(*t), message: message, hint: hint}
}

// misfit is the fault of a token that nothing fits.
func misfit(t *lexer.Token) *fault { return &fault{span: span(*t)} }

// Error implements error.
func (f *fault) Error() string { return f.message }

// Message implements participle.Error.
func (f *fault) Message() string { return f.message }

// Position implements participle.Error.
func (f *fault) Position() lexer.Position { return lexer.Position{Offset: f.span.Start} }

// codePoint writes r as U+200B.
func codePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }
