// Numbers for the functions that DuckDB calls.

package query

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// numberUDFs are the functions of numbers.
func numberUDFs() []DuckDBFunction {
	return []DuckDBFunction{
		{"tocsin_to_base", []Type{Integer, Integer}, Text, func(a []any) (any, error) {
			return strconv.FormatInt(a[0].(int64), int(a[1].(int64))), nil
		}},
		{"tocsin_from_base", []Type{Text, Integer}, Integer, func(a []any) (any, error) {
			if n, err := strconv.ParseInt(a[0].(string), int(a[1].(int64)), 64); err == nil {
				return n, nil
			}
			return nil, nil
		}},
		{"tocsin_shift", []Type{Text, Integer, Integer}, Integer, func(a []any) (any, error) {
			return shifted(a[0].(string), a[1].(int64), a[2].(int64)), nil
		}},
		{"tocsin_bit_count", []Type{Integer, Integer}, Integer, func(a []any) (any, error) {
			n, width := a[0].(int64), a[1].(int64)
			if least := int64(-1) << (width - 1); n < least || n > ^least {
				return nil, nil
			}
			return int64(bits.OnesCount64(uint64(n) << (64 - width))), nil
		}},
		{"tocsin_width_bucket", []Type{Double, Double, Double, Integer}, Integer, func(a []any) (any, error) {
			return widthBucket(a[0].(float64), a[1].(float64), a[2].(float64), a[3].(int64)), nil
		}},
	}
}

// shifted is n shifted by so many bits; what is shifted further than 63 bits is
// gone.
func shifted(op string, n, by int64) int64 {
	over := by < 0 || by > 63
	switch {
	case op == ">>" && over:
		return n >> 63
	case over:
		return 0
	case op == ">>":
		return n >> by
	case op == ">>>":
		return int64(uint64(n) >> by)
	}
	return n << by
}

// widthBucket is in which of n equal parts between two bounds x lies; 0 before
// the first, n+1 behind the last, NULL where there are no parts.
func widthBucket(x, low, high float64, n int64) any {
	if low == high || n < 1 || n > 1<<31-1 {
		return nil
	}
	lower, upper := min(low, high), max(low, high)
	bucket := int64(0)
	switch {
	case x < lower:
	case x >= upper:
		bucket = n + 1
	default:
		bucket = int64(float64(n)*(x-lower)/(upper-lower) + 1)
	}
	if low > high {
		bucket = n - bucket + 1
	}
	return bucket
}

// decimal makes a function (text, "digits,places", try) that rounds a number, a
// half away from zero; give makes the result of the rounded text.
func decimal(give func(text string) any) func([]any) (any, error) {
	return func(a []any) (any, error) {
		s := strings.TrimSpace(a[0].(string))
		digits, places, _ := strings.Cut(a[1].(string), ",")
		precision, _ := strconv.Atoi(digits)
		scale, _ := strconv.Atoi(places)
		text, ok := roundedDecimal(s, precision, scale)
		if ok {
			return give(text), nil
		}
		if a[2].(bool) {
			return nil, nil
		}
		return nil, fmt.Errorf("cast: %s is no decimal(%s) (try_cast gives NULL instead)", strconv.QuoteToASCII(cut(s)), a[1])
	}
}

// roundedDecimal rounds the number s to so many places, of at most so many
// digits.
func roundedDecimal(s string, precision, scale int) (string, bool) {
	f, ok := readNumber(s)
	if !ok || len(s) > 400 || math.Abs(f) >= math.Pow10(precision-scale) {
		return "", false
	}
	if _, exponent, has := strings.Cut(strings.ToLower(s), "e"); has {
		if n, err := strconv.Atoi(exponent); err != nil || n > 400 || n < -400 {
			s = "0" // finite and that far: nothing is left of it
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return "", false
	}
	text := r.FloatString(scale) // rounds halves away from zero
	if f, _ := readNumber(text); f == 0 {
		text = strings.TrimPrefix(text, "-")
	} else if math.Abs(f) >= math.Pow10(precision-scale) {
		return "", false
	}
	return text, true
}
