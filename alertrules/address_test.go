package alertrules

import (
	"strings"
	"testing"
)

func TestCheckAddress(t *testing.T) {
	for _, c := range []struct {
		addr  string
		allow string
		want  string // part of the error; "" for none
	}{
		{"ami@example.com", "", ""},
		{"ami+alerts@example.com", "", ""},
		{"root@localhost", "", ""},
		{"ami@example.com", "example.org example.com", ""},
		{"ami@EXAMPLE.com", "example.com", ""},
		{"ami@xn--r8jz45g.jp", "", ""},
		{"ami@sub.example.com", "example.com", "not in a domain that mail.allow lists"},
		{"ami@example.com.evil.example.net", "example.com", "not in a domain"},
		{"ami@evil.example.net@example.com", "example.com", "may not stand before"},
		{"ami", "", "no @"},
		{"", "", "no @"},
		{"@example.com", "", "1 to 64"},
		{"ami@", "", "1 to 253"},
		{"Ami <ami@example.com>", "", "may not stand"},
		{"ami@example.com, ben@example.com", "", "may not stand"},
		{"ami@example.com\r\nBcc: x@example.net", "", `\u`},
		{"ami\x00@example.com", "", `\u0000`},
		{"a\u202eb@example.com", "", `\u202e`},
		{`"a b"@example.com`, "", "may not stand"},
		{"a..b@example.com", "", "dot"},
		{"ami@[192.0.2.1]", "", "host name"},
		{"ami@-example.com", "", "host name"},
		{"ami@example..com", "", "host name"},
		{"ami@例え.jp", "", "write it as xn--r8jz45g.jp"},
		{"亜美@example.com", "", "may not stand"},
		{strings.Repeat("a", 65) + "@example.com", "", "1 to 64"},
	} {
		err := CheckAddress(c.addr, strings.Fields(c.allow))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.addr, err)
		case c.want != "" && err == nil:
			t.Errorf("%q was accepted", c.addr)
		case c.want != "" && !strings.Contains(err.Error(), c.want) && c.want != `\u`:
			t.Errorf("%q: %v does not say %q", c.addr, err, c.want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n\x00\u202e") {
			t.Errorf("%q: the error is not clean: %q", c.addr, err)
		}
	}
}
