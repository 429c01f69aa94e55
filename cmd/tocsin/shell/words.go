// Small turns of phrase.

package shell

import (
	"fmt"
	"strings"

	"tocsin/diag"
)

// count prints a number with its noun.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// wrong is a mistake of the user without a place in a text.
func wrong(format string, args ...any) error {
	return &Wrong{fmt.Errorf(format, args...)}
}

// oneOf says what a word may be.
func oneOf(word string, known []string) string {
	return diag.DidYouMean(word, known, "it is one of "+strings.Join(known, ", "))
}
