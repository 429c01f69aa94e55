// The first of two checks of where a value may stand (G31): x/net's tokenizer
// over the flat text, in which each output is a mark and branches stand in
// sequence. That is sound because html/template demands that branches end in
// one context. It is a list of what is allowed: a mark that is found nowhere is
// refused.

package templates

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// valueAttributes are the attributes that may hold a value, beside data-… and aria-….
var valueAttributes = words("title alt id class width height lang dir colspan rowspan align valign bgcolor color size border cellpadding cellspacing abbr scope headers start value name role summary label datetime")

// forbiddenElements load, run or send something, or change how the rest is read.
var forbiddenElements = words("script iframe frame frameset object embed applet form input button select option base link noscript noframes noembed plaintext xmp template svg math portal audio video source track canvas dialog marquee listing")

// forbiddenAttributes load or send something.
var forbiddenAttributes = words("srcdoc srcset background poster action formaction ping manifest lowsrc dynsrc data codebase classid usemap longdesc http-equiv autofocus")

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

var mark = regexp.MustCompile("\ue000([0-9]+)\ue001")

// placer is one run of the first check.
type placer struct {
	c     *compiler
	flat  string
	found []bool // by statement
	raw   string // the element whose content is read as it stands: style, title, textarea
}

// checkPlaces is the first check over the whole text.
func (c *compiler) checkPlaces() {
	flat := c.flat.String()
	c.checkBareSigns(flat)
	p := &placer{c: c, flat: flat, found: make([]bool, len(c.p.stmts))}
	p.scan(flat, func(offset int) place { return find(c.flatAt, offset) })
	for _, m := range mark.FindAllStringSubmatch(flat, -1) {
		id, _ := strconv.Atoi(m[1]) // digits, see mark
		if !p.found[id] {
			panic(&failure{at: c.p.stmts[id].at, check: checkPlace, msg: "a value may not stand here: in a comment, or in a tag that is not closed", hint: ""})
		}
	}
}

// checkBareSigns refuses what would cost html/template quadratic time.
func (c *compiler) checkBareSigns(flat string) {
	bare := 0
	for i := range len(flat) {
		if flat[i] != '<' {
			continue
		}
		if i+1 < len(flat) && (isLetter(flat[i+1]) || flat[i+1] == '/' || flat[i+1] == '!') {
			continue
		}
		if bare++; bare > 200 {
			panic(&failure{at: find(c.flatAt, i), msg: "more than 200 < that begin no tag", hint: "write &lt;"})
		}
	}
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// scan reads text token by token; at tells where an offset comes from.
func (p *placer) scan(text string, at func(int) place) {
	z := html.NewTokenizer(strings.NewReader(text))
	z.SetMaxBuf(4 * maxSource)
	for offset := 0; ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		raw := string(z.Raw())
		p.token(z, kind, raw, at(offset))
		offset += len(raw)
	}
}

func (p *placer) token(z *html.Tokenizer, kind html.TokenType, raw string, at place) {
	switch kind {
	case html.TextToken:
		if p.raw == "style" {
			p.refuseMarks(raw, "in a style")
			checkStyle(raw, at)
			return
		}
		p.allowMarks(raw)
	case html.StartTagToken, html.SelfClosingTagToken:
		p.startTag(z, raw, at)
	case html.EndTagToken:
		p.refuseMarks(raw, "in a tag")
		p.raw = ""
	case html.CommentToken:
		p.refuseMarks(raw, "in a comment")
	case html.DoctypeToken:
		p.refuseMarks(raw, "in a doctype")
	}
}

// allowMarks notes the marks of text. Behind a < or </ a value would be a name.
func (p *placer) allowMarks(raw string) {
	for _, m := range mark.FindAllStringSubmatchIndex(raw, -1) {
		before := raw[:m[0]]
		if strings.HasSuffix(before, "<") || strings.HasSuffix(before, "</") || strings.HasSuffix(before, "<!") {
			p.refuse(raw[m[2]:m[3]], "as the name of a tag")
		}
		p.allow(raw[m[2]:m[3]])
	}
}

func (p *placer) id(number string) int {
	id, err := strconv.Atoi(number)
	if err != nil || id >= len(p.found) {
		return 0
	}
	return id
}

func (p *placer) allow(number string) { p.found[p.id(number)] = true }

func (p *placer) refuse(number, where string) {
	panic(&failure{
		at: p.c.p.stmts[p.id(number)].at, check: checkPlace, msg: "a value may not stand " + where,
		hint: "values may stand in text and in quoted attributes such as title; in href only as link(…)",
	})
}

func (p *placer) refuseMarks(raw, where string) {
	if m := mark.FindStringSubmatch(raw); m != nil {
		p.refuse(m[1], where)
	}
}

// startTag checks the name of a tag and each of its attributes.
func (p *placer) startTag(z *html.Tokenizer, raw string, at place) {
	name, more := z.TagName()
	tag := string(name)
	p.refuseMarks(tag, "in the name of a tag")
	if forbiddenElements[tag] || strings.Contains(tag, ":") {
		panic(&failure{at: at, check: checkPlace, msg: "a mail may not hold <" + cutText(tag, 20) + ">"})
	}
	quotes := quotedMarks(raw)
	for more {
		var key, val []byte
		key, val, more = z.TagAttr()
		p.attribute(tag, string(key), string(val), attributeContext{at: at, quoted: quotes})
	}
	if tag == "style" || tag == "title" || tag == "textarea" {
		p.raw = tag
	}
}

// attributeContext is what else is known of an attribute's tag.
type attributeContext struct {
	at     place
	quoted map[string]bool // the marks between quotes
}

func (p *placer) attribute(tag, key, val string, in attributeContext) {
	p.refuseMarks(key, "in the name of an attribute")
	if err := literalAttribute(tag, key, val); err != "" {
		panic(&failure{at: in.at, check: checkPlace, msg: "a mail may not " + err})
	}
	for _, m := range mark.FindAllStringSubmatch(val, -1) {
		switch {
		case !in.quoted[m[1]]:
			p.refuse(m[1], "in an attribute without quotes")
		case key == "href":
			if val != m[0] || !p.c.p.stmts[p.id(m[1])].isLink {
				p.refuse(m[1], "in a part of an address; the whole value must be link(…)")
			}
		case !valueAttributes[key] && !strings.HasPrefix(key, "data-") && !strings.HasPrefix(key, "aria-"):
			p.refuse(m[1], "in the attribute "+cutText(key, 20))
		}
		p.allow(m[1])
	}
}

// literalAttribute says what is wrong with an attribute that the author typed.
func literalAttribute(tag, key, val string) string {
	switch {
	case strings.HasPrefix(key, "on"):
		return "hold the event handler " + cutText(key, 20)
	case forbiddenAttributes[key] && !(tag == "meta" && key == "data"):
		return "hold the attribute " + key
	case key == "style":
		return styleFault(val)
	case key == "href" || key == "src" || key == "cite" || strings.HasSuffix(key, ":href"):
		return addressFault(key, val)
	}
	return ""
}

// addressFault allows http(s), mailto and places in the mail for links, and only
// parts of the mail itself for pictures.
func addressFault(key, val string) string {
	val = strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, strings.ToLower(val))
	if key == "src" {
		if strings.HasPrefix(val, "cid:") || strings.HasPrefix(val, "data:image/") && !strings.Contains(val, "svg") {
			return ""
		}
		return "load a remote " + key
	}
	for _, ok := range []string{"https://", "http://", "mailto:", "cid:", "#", "\ue000"} {
		if strings.HasPrefix(val, ok) {
			return ""
		}
	}
	return "hold an address that is not http(s), mailto or cid"
}

var remoteStyle = regexp.MustCompile(`(?i)@import|@font-face|url\s*\(|expression\s*\(|javascript:|behaviou?r\s*:|-moz-binding|image-set\s*\(|\\`)

// styleFault refuses what a style could load, and backslashes, which could hide it.
func styleFault(css string) string {
	if m := remoteStyle.FindString(css); m != "" {
		return fmt.Sprintf("hold %s in a style", m)
	}
	return ""
}

func checkStyle(css string, at place) {
	if err := styleFault(css); err != "" {
		panic(&failure{at: at, check: checkPlace, msg: "a mail may not " + err})
	}
}

// quotedMarks returns the marks of a raw start tag that stand between quotes.
func quotedMarks(raw string) map[string]bool {
	found := map[string]bool{}
	quote := byte(0)
	afterEqual := false
	for i := 0; i < len(raw); i++ {
		b := raw[i]
		switch {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case (b == '"' || b == '\'') && afterEqual:
			quote = b
		}
		if quote != 0 && strings.HasPrefix(raw[i:], "\ue000") {
			if m := mark.FindStringSubmatch(raw[i:]); m != nil {
				found[m[1]] = true
			}
		}
		if !isSpace(b) {
			afterEqual = b == '=' && quote == 0
		}
	}
	return found
}

// checkOutlook checks the content of a comment for Outlook, which is read as HTML there.
func checkOutlook(comment string, at place) {
	inner := comment
	if i := strings.IndexByte(inner, '>'); i >= 0 {
		inner = inner[i+1:]
	}
	if inner == "<!-->" { // <!--[if !mso]><!--> opens what Outlook shall not see
		return
	}
	inner = strings.TrimSuffix(strings.TrimSuffix(inner, "-->"), "<![endif]")
	if strings.Contains(inner, "<!") {
		panic(&failure{at: at, check: checkPlace, msg: "a mail may not hold a comment inside of a comment for Outlook"})
	}
	p := &placer{c: &compiler{p: &program{}}, flat: inner}
	p.scan(outlookNames.ReplaceAllString(inner, "$1"), func(int) place { return at })
}

// outlookNames are the elements of Office, whose names hold a colon.
var outlookNames = regexp.MustCompile(`(</?)(?:v|o|w):`)
