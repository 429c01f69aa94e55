// The entries for text: queries and searches. Conditions have condition.go.

package query

import (
	"tocsin/diag"
)

// Parse reads "filter | stage | stage". An empty text is every record. The error
// is a *diag.List without a name, whose spans are bytes of src; it holds every
// mistake that could be told apart, ten at most.
func Parse(src string) (*Query, error) {
	tokens, f := tokenize(src, modeQuery)
	if f != nil {
		return nil, list(src, f)
	}
	q, f := parseTokens(tokens)
	if f != nil {
		return nil, mend(src, tokens, modeQuery, f)
	}
	return q, nil
}

// ParseSearch reads a text in the language of the filter alone, as `match` of an
// exception. An empty text is an error. For the error see Parse.
func ParseSearch(src string) (Search, error) {
	tokens, f := tokenize(src, modeSearch)
	if f != nil {
		return nil, list(src, f)
	}
	q, f := parseTokens(tokens)
	switch {
	case f != nil:
		return nil, mend(src, tokens, modeSearch, f)
	case q.Filter == nil:
		return nil, list(src, faultAt(0, len(src), "no condition", "write field:value; * is every record"))
	}
	return q.Filter, nil
}

// list reports faults that have their words already.
func list(src string, faults ...*fault) *diag.List {
	l := &diag.List{Source: src}
	for _, f := range faults {
		l.Add(check, f.span, f.message, f.hint)
	}
	return l
}
