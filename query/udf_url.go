// Addresses of the web, read as Java's URI does, which is what Presto uses.

package query

import (
	"net/url"
	"regexp"
	"strings"
)

// urlUDFs are the functions of URLs.
func urlUDFs() []DuckDBFunction {
	return []DuckDBFunction{
		{"tocsin_url_decode", []Type{Text}, Text, func(a []any) (any, error) { return urlDecode(a[0].(string)), nil }},
		{"tocsin_url_encode", []Type{Text}, Text, func(a []any) (any, error) { return urlEncode(a[0].(string)), nil }},
		{"tocsin_url_part", []Type{Text, Text}, Text, func(a []any) (any, error) {
			u, ok := parseURI(a[0].(string))
			if !ok {
				return nil, nil
			}
			return u.part(a[1].(string)), nil
		}},
		{"tocsin_url_parameter", []Type{Text, Text}, Text, func(a []any) (any, error) {
			u, ok := parseURI(a[0].(string))
			if !ok {
				return nil, nil
			}
			return u.parameter(a[1].(string)), nil
		}},
	}
}

func urlDecode(s string) any {
	t, err := url.QueryUnescape(s)
	if err != nil {
		return nil
	}
	return validText(t)
}

// urlEncode leaves letters, digits and -_.* as they are; a space becomes a +.
func urlEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.*", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
		}
	}
	return b.String()
}

// A uri is one that was read; the parts are as they were written.
type uri struct{ scheme, host, port, path, query, fragment string }

// uriShape takes any text apart (RFC 2396, appendix B).
var uriShape = regexp.MustCompile(`^(?s:(?:([^:/?#]+):)?(//([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?)$`)

// parseURI reads a URI; false: it is none.
func parseURI(s string) (uri, bool) {
	m := uriShape.FindStringSubmatch(s)
	if m == nil || m[1] == "" && strings.HasPrefix(s, ":") {
		return uri{}, false
	}
	u := uri{scheme: m[1], path: m[4], query: m[5], fragment: m[6]}
	opaque := u.scheme != "" && m[2] == "" && !strings.HasPrefix(u.path, "/")
	switch {
	case u.scheme != "" && !schemeShape.MatchString(u.scheme), u.scheme != "" && s == u.scheme+":":
		return uri{}, false
	case !legal(u.path, opaque) || !legal(u.query, true) || !legal(u.fragment, true):
		return uri{}, false
	case m[2] == "//" && u.path == "":
		return uri{}, false
	case opaque:
		u.path, u.query = "", ""
		return u, true
	}
	return u, u.authority(m[3])
}

var schemeShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)

// hostShape is a name, an IPv4 address, or anything in brackets.
var hostShape = regexp.MustCompile(`^(?:[^@]*@)?((?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?|(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])|\[[^\]]*\])(?::([0-9]*))?$`)

// authority reads host and port; what is neither, but legal, has no host. It
// reports whether it is legal.
func (u *uri) authority(s string) bool {
	if i := strings.LastIndexByte(s, '@'); strings.HasPrefix(s[i+1:], "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || !addressIn(s[i+2:end]) {
			return false
		}
	} else if !legal(s, false) {
		return false
	}
	if m := hostShape.FindStringSubmatch(s); m != nil {
		u.host, u.port = m[1], m[2]
	}
	return true
}

// addressIn reports whether the inside of brackets is an IPv6 address.
func addressIn(s string) bool {
	a, _, _ := strings.Cut(s, "%")
	_, ok := parseNetwork(a + "/128")
	return ok && strings.Contains(a, ":")
}

// legal reports whether the characters of a part may stand there; brackets do in
// queries and fragments.
func legal(s string, brackets bool) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 0x80:
		case c == '[' || c == ']':
			if !brackets {
				return false
			}
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
		case strings.IndexByte("-_.!~*'();/?:@&=+$,", c) < 0:
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// part is one part with %XX undone; "" where there is none, NULL for the port.
func (u uri) part(name string) any {
	switch name {
	case "protocol":
		return u.scheme
	case "host":
		return u.host
	case "path":
		return percentDecoded(u.path)
	case "query":
		return percentDecoded(u.query)
	case "fragment":
		return percentDecoded(u.fragment)
	}
	if u.port == "" || len(u.port) > 9 {
		return nil
	}
	return u.port
}

func percentDecoded(s string) string {
	t, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return validText(t)
}

// parameter is the first value of a name in the query.
func (u uri) parameter(name string) any {
	if u.query == "" {
		return nil
	}
	for pair := range strings.SplitSeq(u.query, "&") {
		if k, v, _ := strings.Cut(pair, "="); k == name {
			return urlDecode(v)
		}
	}
	return nil
}
