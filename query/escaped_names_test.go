package query

import "testing"

// A name of a field may have any sign, in quotes or behind backslashes: both mean the
// same; before a letter a backslash is no escape, in a name a mistake and in a value
// text.
func TestEscapedNames(t *testing.T) {
	for escaped, quoted := range map[string]string{
		`requestParameters.a\:b:x`:    `requestParameters."a:b":x`,
		`requestParameters.a\ b:y`:    `requestParameters."a b":y`,
		`requestParameters.q\"r:z`:    `requestParameters."q\"r":z`,
		`requestParameters.a\.b:w`:    `requestParameters."a.b":w`,
		`requestParameters.p\\q:v`:    `requestParameters."p\\q":v`,
		`requestParameters.\(s\).t:u`: `requestParameters."(s)".t:u`,
		`eventName:Stop\Logging`:      `eventName:"Stop\Logging"`,
	} {
		a, err := ParseSearch(escaped)
		if err != nil {
			t.Errorf("%s: %v", escaped, err)
			continue
		}
		b, err := ParseSearch(quoted)
		if err != nil {
			t.Errorf("%s: %v", quoted, err)
			continue
		}
		if got, want := pathsOf(a), pathsOf(b); got != want {
			t.Errorf("%s is %q, %s is %q", escaped, got, quoted, want)
		}
	}
	if _, err := ParseSearch(`event\Name:x`); err == nil {
		t.Error("a backslash before a letter of a name is taken")
	}
}

// pathsOf are the steps of all names of fields, and the values.
func pathsOf(s Search) (text string) {
	Walk(s, func(n Node) bool {
		switch n := n.(type) {
		case *Path:
			for _, step := range n.Names {
				text += step.Text + "\x00"
			}
		case *SearchMatch:
			text += "=" + n.Value.Text
		}
		return true
	})
	return text
}
