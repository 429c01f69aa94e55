// "Did you mean": the known name nearest to one that is not known.

package diag

import "strings"

// Suggest returns the known name nearest to name (optimal string alignment
// distance, case folded), or "" when none is near enough to be meant.
func Suggest(name string, known []string) string {
	best, bestDistance := "", max(1, len([]rune(name))/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k), bestDistance); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// DidYouMean is the hint at a name that is not known: "did you mean …?" with
// what Suggest returns, or otherwise when that is nothing.
func DidYouMean(name string, known []string, otherwise string) string {
	if s := Suggest(name, known); s != "" {
		return "did you mean " + s + "?"
	}
	return otherwise
}

// distance counts insertions, deletions, substitutions and transpositions of
// neighbours; it may stop early and return limit when the result reaches it.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if abs(len(x)-len(y)) >= limit || len(x) > 200 || len(y) > 200 {
		return limit
	}
	before, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(y)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
