// What a message lacks, made from what it has: the document around a fragment,
// the text part, styles in the elements.

package templates

import (
	"regexp"
	"slices"
	"strings"

	"github.com/inbucket/html2text"
	"github.com/vanng822/go-premailer/premailer"
	"golang.org/x/net/html"
)

// wrap makes a document of a fragment.
func wrap(body string) string {
	if htmlTag.MatchString(body) {
		return body
	}
	return "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n" + body + "\n</body></html>\n"
}

var htmlTag = regexp.MustCompile(`(?i)<html[\s>]`)

// textFromHTML derives the text part. Isolates survive as characters.
func textFromHTML(doc string) (out string) {
	defer func() {
		if recover() != nil { // a document that the library cannot read
			out = strippedText(doc)
		}
	}()
	doc = strings.NewReplacer("<bdi>", string(isolate), "</bdi>", string(isolateEnd)).Replace(doc)
	text, err := html2text.FromString(doc, html2text.Options{PrettyTables: len(doc) < 64<<10 && !nestedTables(doc), PrettyTablesOptions: tableOptions()})
	if err != nil || len(text) > maxOutput {
		text = strippedText(doc)
	}
	return strings.TrimSpace(text) + "\n"
}

// tableOptions keeps headings and lines as they are.
func tableOptions() *html2text.PrettyTablesOptions {
	o := html2text.NewPrettyTablesOptions()
	o.AutoFormatHeader, o.AutoWrapText, o.ColWidth = false, false, 2000
	return o
}

var tableTag = regexp.MustCompile(`(?i)</?table`)

// nestedTables reports whether a table lies in a table, as for layout: drawn,
// these would be boxes in boxes.
func nestedTables(doc string) bool {
	depth := 0
	for _, m := range tableTag.FindAllStringIndex(doc, -1) {
		if doc[m[0]+1] == '/' {
			depth = max(0, depth-1)
		} else if depth++; depth > 1 {
			return true
		}
	}
	return false
}

// strippedText is the text of a document that is too deep for a tree.
func strippedText(doc string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(doc))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.Write(z.Text())
		case html.StartTagToken:
			if name, _ := z.TagName(); len(name) > 0 && name[0] != 'b' {
				b.WriteByte('\n')
			}
		}
		if b.Len() > maxOutput {
			return b.String()
		}
	}
}

var styleElement = regexp.MustCompile(`(?is)<style[^>]*>(.*?)</style>`)

// needsInlining reports whether a style element holds a rule outside of @media.
func needsInlining(src string) bool {
	for _, m := range styleElement.FindAllStringSubmatch(src, -1) {
		if strings.Contains(withoutMedia(m[1]), "{") {
			return true
		}
	}
	return false
}

// withoutMedia drops the @media blocks of a style sheet.
func withoutMedia(css string) string {
	for {
		i := strings.Index(css, "@media")
		if i < 0 {
			return css
		}
		depth, end := 0, len(css)
		for j := i; j < len(css); j++ {
			if css[j] == '{' {
				depth++
			} else if css[j] == '}' {
				if depth--; depth == 0 {
					end = j + 1
					break
				}
			}
		}
		css = css[:i] + css[end:]
	}
}

// Bounds of inlining: each rule is looked for in each element, a selector of
// several parts in the element's ancestors too, and what it says is copied.
const (
	maxInlineWork  = 4_000_000
	maxInlineBytes = 32 << 20
)

// simpleSelector is one part of a selector, without functions.
var simpleSelector = regexp.MustCompile(`^[\w.#*-]+(:(hover|link|visited|active|focus|first-child|last-child))?$`)

// inlineCost estimates the work of a style sheet on one element; ok is false for
// selectors that are not simple.
func inlineCost(css string) (cost int, ok bool) {
	for _, rule := range strings.Split(withoutMedia(css), "}") {
		selectors, _, found := strings.Cut(rule, "{")
		if !found {
			continue
		}
		for _, s := range strings.Split(selectors, ",") {
			n := selectorCost(s)
			if n == 0 {
				return 0, false
			}
			cost += n
		}
	}
	return cost, true
}

// selectorCost estimates the work of one selector on one element; 0: it is not
// simple.
func selectorCost(selector string) int {
	parts := strings.Fields(strings.ReplaceAll(selector, ">", " "))
	notSimple := func(p string) bool { return !simpleSelector.MatchString(p) }
	if len(parts) == 0 || len(parts) > 3 || slices.ContainsFunc(parts, notSimple) {
		return 0
	}
	return [3]int{1, 50, 2500}[len(parts)-1]
}

// inlineStyles brings the rules of style elements into the elements, as Outlook
// and some web mailers need. A document that it cannot do is returned as it is.
func inlineStyles(doc string) (out string) {
	defer func() {
		if recover() != nil { // a style sheet that the library cannot read
			out = doc
		}
	}()
	elements := strings.Count(doc, "<")
	for _, m := range styleElement.FindAllStringSubmatch(doc, -1) {
		cost, ok := inlineCost(m[1])
		if !ok || cost*elements > maxInlineWork || len(m[1])*elements > maxInlineBytes {
			return doc
		}
	}
	p, err := premailer.NewPremailerFromString(doc, premailer.NewOptions())
	if err != nil {
		return doc
	}
	if inlined, err := p.Transform(); err == nil && len(inlined) <= 2*maxOutput {
		return inlined
	}
	return doc
}
