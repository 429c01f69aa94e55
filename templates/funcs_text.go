// Functions over text; each counts what it makes before it makes it.

package templates

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"tocsin/diag"
)

// fnCase changes case; that may change the length, so half as much again is
// counted before.
func fnCase(change func(string) string) func(c *call) any {
	return func(c *call) any {
		s := c.str(0, "")
		c.st.alloc(len(s) + len(s)/2)
		return change(s)
	}
}

func fnCapitalize(c *call) any {
	s := c.str(0, "")
	c.st.alloc(len(s) + len(s)/2)
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + strings.ToLower(s[n:])
}

func fnTitle(c *call) any {
	s := c.str(0, "")
	c.st.alloc(len(s) + len(s)/2)
	inWord := false
	return strings.Map(func(r rune) rune {
		was := inWord
		inWord = unicode.IsLetter(r) || unicode.IsDigit(r)
		if inWord && !was {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, s)
}

func fnTrim(c *call) any {
	s := c.str(0, "")
	if c.has(1) {
		cut := c.str(1, "")
		c.st.spend(min(len(s)*max(1, len(cut)/8), 1<<30))
		return strings.Trim(s, cut)
	}
	return strings.TrimSpace(s)
}

func fnReplace(c *call) any {
	s, old, with := c.str(0, ""), c.str(1, ""), c.str(2, "")
	if old == "" {
		return s
	}
	c.st.spend(len(s) / 4)
	n := strings.Count(s, old)
	if len(with) > len(old) && n > maxOne/(len(with)-len(old)) {
		c.st.alloc(maxOne + 1)
	}
	c.st.alloc(len(s) + n*(len(with)-len(old)))
	return strings.ReplaceAll(s, old, with)
}

func fnWordcount(c *call) any {
	s := c.str(0, "")
	c.st.alloc(len(s))
	return int64(len(strings.Fields(s)))
}

func fnTruncate(c *call) any {
	s, n, end := c.str(0, ""), c.int(1, 255), c.str(2, "")
	c.st.spend(len(s) / 8)
	for i := range s {
		if n <= 0 {
			c.st.alloc(i + len(end))
			return s[:i] + end
		}
		n--
	}
	return s
}

func fnQuote(c *call) any {
	s := c.str(0, "")
	c.st.alloc(len(s) + len(s)/2 + 2)
	var b strings.Builder
	writeJSONString(&b, s)
	return c.made(b.String())
}

func fnIndent(c *call) any {
	s, n := c.str(0, ""), c.int(1, 4)
	if n < 0 || n > 200 {
		c.st.fail("indent takes 0 to 200 spaces")
	}
	lines := strings.Count(s, "\n")
	c.st.alloc(len(s) + lines*n)
	return strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", n))
}

func fnSplit(c *call) any {
	s, sep, limit := c.str(0, ""), c.str(1, ""), c.int(2, -1)
	c.st.spend(len(s) / 4)
	var parts []string
	switch sep {
	case "":
		c.st.alloc(8 * len(s))
		parts = strings.Fields(s)
	default:
		c.st.alloc(32 * (strings.Count(s, sep) + 1))
		parts = strings.SplitN(s, sep, max(limit, -2)+1)
		if limit < 0 {
			parts = strings.Split(s, sep)
		}
	}
	return textList(parts)
}

func fnMarkdown(c *call) any {
	s := c.str(0, "")
	c.st.alloc(2 * len(s))
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]()#+-.!|>~<", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fnEscapeHTML escapes in text; in HTML every value is escaped anyway, and twice
// would show &amp;lt;.
func fnEscapeHTML(c *call) any {
	s := c.str(0, "")
	if c.st.p.out == outHTML {
		return s
	}
	c.st.alloc(len(s) + 5*(strings.Count(s, "<")+strings.Count(s, ">")+strings.Count(s, "&")+strings.Count(s, "'")+strings.Count(s, `"`)))
	return html.EscapeString(s)
}

func fnToJSON(c *call) any {
	var b strings.Builder
	c.st.json(&b, c.arg(0), 0)
	return c.made(b.String())
}

// fnParseJSON reads at most 64 KB; text that is no JSON is missing.
func fnParseJSON(c *call) any {
	s := c.str(0, "")
	if len(s) > 64<<10 {
		c.st.fail("parse_json reads at most 64 KB")
	}
	depth, deepest := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth--
		}
	}
	if deepest > maxDepth {
		c.st.fail("parse_json reads at most 50 levels")
	}
	c.st.alloc(min(16*len(s), maxOne))
	var v any
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return missing
	}
	return fromJSON(v)
}

// fromJSON replaces json.Number by int64 or float64.
func fromJSON(v any) any {
	switch x := v.(type) {
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		if f, err := x.Float64(); err == nil {
			return f
		}
		return x.String()
	case []any:
		for i := range x {
			x[i] = fromJSON(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = fromJSON(x[k])
		}
	}
	return v
}

func fnBase64(c *call) any {
	s := c.str(0, "")
	c.st.alloc(len(s) + len(s)/2)
	return base64.StdEncoding.EncodeToString([]byte(s))
}

// fnUnbase64 decodes; text that is not base64 is missing.
func fnUnbase64(c *call) any {
	s := c.str(0, "")
	c.st.alloc(len(s))
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return missing
	}
	return string(b)
}

// fnMD5 names a value; it protects nothing.
func fnMD5(c *call) any {
	s := c.str(0, "")
	c.st.spend(len(s))
	sum := md5.Sum([]byte(s))
	const hex = "0123456789abcdef"
	out := make([]byte, 0, 32)
	for _, x := range sum {
		out = append(out, hex[x>>4], hex[x&15])
	}
	return string(out)
}

func fnURL(c *call) any {
	s := c.str(0, "")
	c.st.alloc(3 * len(s))
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

func fnUnURL(c *call) any {
	s := c.str(0, "")
	c.st.alloc(len(s))
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func fnOneline(c *call) any {
	s := c.str(0, "")
	c.st.alloc(len(s))
	return diag.Line(s)
}
