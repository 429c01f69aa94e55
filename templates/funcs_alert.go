// Functions that know about alerts: severity, status, lists, links.

package templates

import (
	"html"
	"net/url"
	"slices"
	"strings"
)

// severityWord is how a severity is shown.
type severityWord struct{ en, ja, colour string }

// severityOf finds the words of a severity, by name or by the number of SLS.
func severityOf(name string) (severityWord, bool) {
	switch strings.ToLower(name) {
	case "critical", "10":
		return severityWord{"Critical", "緊急", "#b42318"}, true
	case "high", "8":
		return severityWord{"High", "高", "#c4320a"}, true
	case "medium", "6":
		return severityWord{"Medium", "中", "#b54708"}, true
	case "low", "4":
		return severityWord{"Low", "低", "#175cd3"}, true
	case "report", "2":
		return severityWord{"Report", "参考", "#475467"}, true
	}
	return severityWord{}, false
}

// japanese reports whether the locale argument i, or else the recipient's
// language, is Japanese.
func (c *call) japanese(i int) bool {
	lang := c.st.opt.Language
	if c.has(i) && c.arg(i) != nil {
		lang = c.str(i, "")
	}
	return strings.HasPrefix(strings.ToLower(lang), "ja")
}

func fnSeverity(c *call) any {
	w, ok := severityOf(c.str(0, ""))
	if !ok {
		return c.str(0, "")
	}
	return coloured(w, c.japanese(1))
}

func fnStatus(c *call) any {
	switch c.str(0, "") {
	case "firing":
		return coloured(severityWord{"Firing", "発生中", "#b42318"}, c.japanese(1))
	case "resolved":
		return coloured(severityWord{"Resolved", "解消", "#067647"}, c.japanese(1))
	}
	return c.str(0, "")
}

func coloured(w severityWord, ja bool) *markup {
	text := w.en
	if ja {
		text = w.ja
	}
	return &markup{html: `<span class="t-` + strings.ToLower(w.en) + `" style="color:` + w.colour + `;font-weight:bold">` + text + `</span>`, text: text}
}

// fnToList prints a map or a list as <ul> in HTML, as lines with a dash in text.
func fnToList(c *call) any {
	var b, t strings.Builder
	b.WriteString("<ul>")
	line := func(s string) {
		c.st.alloc(8*len(s) + 16)
		b.WriteString("<li>" + c.st.p.htmlOf(s) + "</li>")
		t.WriteString("- " + c.st.p.textOf(s) + "\n")
		if b.Len()+t.Len() > maxOne {
			c.st.alloc(maxOne + 1)
		}
	}
	switch x := c.arg(0).(type) {
	case map[string]any:
		for _, k := range sortedKeys(x) {
			line(k + ": " + c.st.text(norm(x[k])))
		}
	case []any:
		for _, v := range x {
			line(c.st.text(norm(v)))
		}
	default:
		return c.str(0, "")
	}
	return &markup{html: b.String() + "</ul>", text: strings.TrimSuffix(t.String(), "\n")}
}

func fnBlockquote(c *call) any {
	s := c.str(0, "")
	c.st.alloc(8*len(s) + 40)
	return &markup{html: `<blockquote style="white-space:pre-wrap">` + c.st.p.htmlOf(s) + "</blockquote>", text: "> " + strings.ReplaceAll(c.st.p.textOf(s), "\n", "\n> ")}
}

// fnLink makes a link to one of Options.Links; any other address is plain text.
func fnLink(c *call) any {
	address := c.str(0, "")
	c.st.alloc(2*len(address) + 16)
	text := c.str(1, address)
	if !allowedLink(address, c.st.opt.Links) {
		return linkValue{text: text}
	}
	return linkValue{url: address, text: text}
}

// allowedLink reports whether an address is http(s), leads to one of hosts, and
// holds nothing that programs read differently.
func allowedLink(address string, hosts []string) bool {
	if len(address) > 2000 || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"'<>\^{}|`+"`", r) }) {
		return false
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Opaque != "" {
		return false
	}
	return slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, u.Host) })
}

// anchor is the markup of a link.
func anchor(address, text string) string {
	return `<a href="` + html.EscapeString(address) + `">` + text + `</a>`
}
