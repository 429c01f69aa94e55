// The help of functions: complete, and of nothing that does not exist.

package query

import (
	"slices"
	"strings"
	"testing"
)

func TestSignature(t *testing.T) {
	names := Functions()
	for _, name := range names {
		usage, doc, ok := Signature(name)
		switch {
		case !ok || doc == "" || strings.HasSuffix(doc, ": "):
			t.Errorf("%s has no doc", name)
		case !strings.HasPrefix(usage, name+"("):
			t.Errorf("the usage of %s is %q", name, usage)
		case strings.ContainsAny(doc, "\n") || strings.HasSuffix(doc, "."):
			t.Errorf("the doc of %s is not one line without a full stop: %q", name, doc)
		}
	}
	for name := range functionDocs {
		if !slices.Contains(names, name) {
			t.Errorf("%s has a doc, and is no function", name)
		}
	}
	for name := range forms {
		if slices.Contains(names, name) {
			t.Errorf("%s is a form and a function", name)
		}
	}
	for name, want := range map[string]string{
		"SUBSTR": "substr(text, integer[, integer])", "pow": "pow(number, number)", "try_cast": "TRY_CAST(value AS type)", "now": "now()",
	} {
		if got, _, _ := Signature(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if _, doc, _ := Signature("pow"); !strings.HasPrefix(doc, "another name of power: ") {
		t.Errorf("the doc of pow is %q", doc)
	}
	if _, _, ok := Signature("read_csv"); ok {
		t.Error("a function that does not exist has a signature")
	}
}
