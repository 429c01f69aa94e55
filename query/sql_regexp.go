// What a regular expression may do, as far as engines do it in different ways.

package query

import "regexp/syntax"

// mayMiss reports whether a group of a pattern may take no part in a match;
// optional: what is looked at may be left out.
func mayMiss(re *syntax.Regexp, group int, optional bool) bool {
	if re.Op == syntax.OpCapture && re.Cap == group {
		return optional
	}
	switch re.Op {
	case syntax.OpStar, syntax.OpQuest, syntax.OpAlternate:
		optional = true
	case syntax.OpRepeat:
		optional = optional || re.Min == 0
	}
	for _, s := range re.Sub {
		if mayMiss(s, group, optional) {
			return true
		}
	}
	return false
}

// maybeEmpty reports whether a pattern may match the empty text somewhere.
func maybeEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpNoMatch:
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return maybeEmpty(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || maybeEmpty(re.Sub[0])
	case syntax.OpConcat:
		for _, s := range re.Sub {
			if !maybeEmpty(s) {
				return false
			}
		}
	case syntax.OpAlternate:
		for _, s := range re.Sub {
			if maybeEmpty(s) {
				return true
			}
		}
		return false
	}
	return true
}

// alwaysEmpty reports whether a pattern matches nothing but the empty text.
func alwaysEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	}
	for _, s := range re.Sub {
		if !alwaysEmpty(s) {
			return false
		}
	}
	return true
}
