// How a value is printed where it stands: cleaned, isolated, without anything a
// reader could take for a link.

package templates

import (
	"html"
	htmltemplate "html/template"
	"regexp"
	"strings"

	"tocsin/diag"
)

// standing is where a value stands in HTML, as html/template found it.
type standing int

const (
	inText   standing = iota
	inRCDATA          // title, textarea
	inAttr
	inHref
)

// schemes and mentions find what mail and chat programs make links of (G03).
var (
	schemes = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*):(//|\\\\)`)
	mailtos = regexp.MustCompile(`(?i)\b(mailto|tel|sms|callto|skype|javascript|data|vbscript|xmpp|sip|sips|magnet|news):`)
	atSigns = regexp.MustCompile(`[@＠]([\pL\pN_.\[-])`)
)

// ourNames are the fields that begin with @; alone they are no mention.
var ourNames = map[string]bool{
	"@time": true, "@actor": true, "@action": true, "@resource": true, "@account": true, "@region": true, "@source_ip": true, "@success": true,
	"@check": true, "@status": true, "@severity": true, "@title": true, "@remediation": true, "@first_seen": true, "@last_seen": true,
	"@missed": true, "@controls": true, "@change": true,
}

// Defang writes addresses with a scheme, mail addresses and mentions so that no
// reader makes a link of them: https[:]//, ann[@]example.net. Doing it twice
// changes nothing.
func Defang(s string) string {
	if !strings.ContainsAny(s, ":@＠") || ourNames[s] {
		return s
	}
	if strings.Contains(s, ":") {
		s = schemes.ReplaceAllString(s, "$1[:]$2")
		s = mailtos.ReplaceAllString(s, "$1[:]")
	}
	// A sign behind a sign is found in the second pass only.
	for range 2 {
		s = atSigns.ReplaceAllStringFunc(s, func(m string) string {
			sign := "@"
			if strings.HasPrefix(m, "＠") {
				sign = "＠"
			}
			return "[" + sign + "]" + m[len(sign):]
		})
	}
	return s
}

// textOf cleans a value for text.
func (p *program) textOf(s string) string {
	s = Defang(diag.Clean(s))
	if p.out == outValue {
		return s
	}
	return diag.Isolate(s)
}

// htmlOf cleans and escapes a value for HTML.
func (p *program) htmlOf(s string) string {
	return isolateHTML(html.EscapeString(Defang(diag.Clean(s))), s)
}

func isolateHTML(escaped, s string) string {
	if diag.RightToLeft(s) {
		return "<bdi>" + escaped + "</bdi>"
	}
	return escaped
}

// show prints a value in text.
func (st *state) show(v any) string {
	switch x := v.(type) {
	case *markup:
		return x.text
	case Authored:
		st.alloc(len(x))
		if st.p.out == outValue {
			return diag.Clean(string(x))
		}
		return diag.Isolate(diag.Clean(string(x)))
	case linkValue:
		if x.url == "" {
			break
		}
		if x.text == x.url {
			return x.url
		}
		return st.p.textOf(x.text) + " (" + x.url + ")"
	}
	s := st.text(v)
	st.alloc(len(s) + len(s)/2)
	return st.p.textOf(s)
}

// showHTML prints a value for the place in which it stands. What it returns is
// escaped by html/template again, unless it is markup of ours in text.
func (st *state) showHTML(v any, stands standing) any {
	switch stands {
	case inHref:
		return st.showAddress(v)
	case inText:
		return st.showInText(v)
	}
	return st.show(v)
}

// showInText prints a value between tags.
func (st *state) showInText(v any) any {
	switch x := v.(type) {
	case *markup:
		return htmltemplate.HTML(x.html)
	case linkValue:
		if x.url != "" {
			return htmltemplate.HTML(st.linkHTML(x))
		}
	case Authored:
		return htmltemplate.HTML(st.authoredHTML(string(x)))
	}
	s := st.text(v)
	st.alloc(2 * len(s))
	if diag.RightToLeft(s) {
		return htmltemplate.HTML(st.p.htmlOf(s))
	}
	return Defang(diag.Clean(s))
}

// linkHTML prints a link: its text, or the address itself.
func (st *state) linkHTML(l linkValue) string {
	if l.text == l.url {
		return anchor(l.url, html.EscapeString(l.url))
	}
	return anchor(l.url, st.p.htmlOf(l.text))
}

// showAddress prints an address in href; "#" for what may not be one.
func (st *state) showAddress(v any) string {
	switch x := v.(type) {
	case linkValue:
		if x.url != "" {
			return x.url
		}
	case string:
		if (strings.HasPrefix(x, "https://") || strings.HasPrefix(x, "http://")) && diag.Line(x) == x {
			return x
		}
	}
	return "#"
}

var addressText = regexp.MustCompile(`https?://[^\s<>"']+`)

// authoredHTML prints what an author of rules wrote: addresses stay, and those
// to configured hosts become links.
func (st *state) authoredHTML(s string) string {
	st.alloc(8 * len(s))
	s = diag.Clean(s)
	var b strings.Builder
	last := 0
	for _, m := range addressText.FindAllStringIndex(s, -1) {
		a := strings.TrimRight(s[m[0]:m[1]], ".,;:!?)]")
		if !allowedLink(a, st.opt.Links) {
			continue
		}
		b.WriteString(html.EscapeString(s[last:m[0]]))
		b.WriteString(anchor(a, html.EscapeString(a)))
		last = m[0] + len(a)
	}
	b.WriteString(html.EscapeString(s[last:]))
	return isolateHTML(b.String(), s)
}
