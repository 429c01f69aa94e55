// One template of the directory: front matter, body and text part together.

package templates

import (
	"io/fs"
	"strings"

	"tocsin/diag"
)

// page is one template: subject, body and text part.
type page struct {
	subject *program // nil: none
	html    *program
	text    *program          // nil: derived from the HTML
	inline  bool              // the styles need to be brought into the elements
	texts   map[string]string // of its files, as they were read
}

// pageSource is what a page is compiled from.
type pageSource struct {
	fsys fs.FS
	html source
	text source // text.name is "" without a text part
	// roots replaces the schema in tests; nil is the one of this package.
	roots map[string]*schema
}

// compilePage compiles all parts, so that every part's errors are reported. The
// page is returned also with an error, for what it includes.
func compilePage(in pageSource) (*page, error) {
	p := &page{}
	front, err := readFront(in.html)
	if err != nil {
		return p, err
	}
	var errs []error
	compilePart := func(u unit) *program {
		u.roots = in.roots
		prog, err := compile(u)
		if err != nil {
			errs = append(errs, err)
		}
		return prog
	}
	if front.subject != "" {
		p.subject = compilePart(unit{name: in.html.name, text: front.subject, out: outText, offset: front.subjectAt, whole: in.html.text})
	}
	p.html = compilePart(unit{name: in.html.name, text: in.html.text[front.body:], out: outHTML, fsys: in.fsys, offset: front.body, whole: in.html.text})
	if in.text.name != "" {
		p.text = compilePart(unit{name: in.text.name, text: in.text.text, out: outText, fsys: in.fsys})
	}
	if p.html != nil {
		for _, f := range p.html.files {
			p.inline = p.inline || needsInlining(f.text)
		}
	}
	return p, joinErrors(errs)
}

// parts returns the files that the page includes.
func (p *page) parts() []string {
	var names []string
	for _, prog := range []*program{p.html, p.text} {
		if prog == nil {
			continue
		}
		for _, f := range prog.files[1:] {
			names = append(names, f.name)
		}
	}
	return names
}

// render renders all parts; what a part lacks is derived from the others.
func (p *page) render(d Data, o Options) (Message, error) {
	var m Message
	var err error
	if p.subject != nil {
		if m.Subject, err = p.subject.render(d, o); err != nil {
			return Message{}, err
		}
		m.Subject = cutText(lineKeepingIsolates(m.Subject), 1000)
	}
	body, err := p.html.render(d, o)
	if err != nil {
		return Message{}, err
	}
	if p.text != nil {
		if m.Text, err = p.text.render(d, o); err != nil {
			return Message{}, err
		}
	} else {
		m.Text = textFromHTML(body)
	}
	m.HTML = wrap(body)
	if p.inline {
		m.HTML = inlineStyles(m.HTML)
	}
	return m, nil
}

// front is the front matter of a template.
type front struct {
	subject   string
	subjectAt int // where its text begins in the file
	body      int // where the body begins
}

// readFront reads what stands between two lines "---". It is not a YAML parser:
// one line a key, its text plain or in quotes. Tags, anchors, lists, maps and
// blocks are refused, so that no parser has to be trusted with them (G33).
func readFront(f source) (front, error) {
	var fm front
	l := &diag.List{Name: f.name, Source: f.text}
	first, _, ok := strings.Cut(f.text, "\n")
	if strings.TrimRight(first, "\r ") != "---" || !ok {
		return fm, nil
	}
	at := len(first) + 1
	seen := map[string]bool{}
	for {
		if at >= len(f.text) {
			l.Add(checkSyntax, diag.Span{Start: 0, End: 3}, "the front matter is never closed", "close it with a line ---")
			return fm, l
		}
		line, _, _ := strings.Cut(f.text[at:], "\n")
		next := min(at+len(line)+1, len(f.text))
		if strings.TrimRight(line, "\r ") == "---" {
			fm.body = next
			return fm, l.Err()
		}
		fm.line(l, strings.TrimRight(line, "\r"), at, seen)
		at = next
	}
}

// line reads one line of the front matter that begins at offset at.
func (fm *front) line(l *diag.List, line string, at int, seen map[string]bool) {
	span := diag.Span{Start: at, End: at + len(line)}
	if t := strings.TrimSpace(line); t == "" || t[0] == '#' {
		return
	}
	key, value, ok := strings.Cut(line, ":")
	if !ok || strings.TrimSpace(key) != key {
		l.Add(checkSyntax, span, "the front matter has lines of the form key: text", "subject: \"{{ alert.alert_name }}\"")
		return
	}
	if key != "subject" && key != "description" {
		hint := diag.DidYouMean(key, []string{"subject", "description"}, "known are subject and description")
		l.Add(checkSyntax, span, "there is no key "+quoteShort(key)+" in the front matter", hint)
		return
	}
	if seen[key] {
		l.Add(checkSyntax, span, key+" is given twice", "")
		return
	}
	seen[key] = true
	valueAt := at + len(line) - len(strings.TrimLeft(value, " \t"))
	text, textAt, fault := scalarText(strings.TrimSpace(value), valueAt)
	if fault != "" {
		l.Add(checkSyntax, span, fault, "write the text in one line, in quotes")
		return
	}
	if key == "subject" { // a description is for who reads the file
		fm.subject, fm.subjectAt = text, textAt
	}
}

// scalarText reads plain or quoted text that begins at offset at in the file.
func scalarText(s string, at int) (text string, textAt int, fault string) {
	switch {
	case s == "":
		return "", at, ""
	case s[0] == '"':
		text, n := quoted(s)
		if n != len(s) {
			return "", at, "the text in quotes is not closed, or something follows it"
		}
		return text, at + 1, ""
	case s[0] == '\'':
		if len(s) < 2 || s[len(s)-1] != '\'' || strings.Contains(strings.ReplaceAll(s[1:len(s)-1], "''", ""), "'") {
			return "", at, "the text in quotes is not closed, or something follows it"
		}
		return strings.ReplaceAll(s[1:len(s)-1], "''", "'"), at + 1, ""
	case strings.ContainsRune("!&*|>[@`%", rune(s[0])) || s[0] == '{' && !strings.HasPrefix(s, "{{") && !strings.HasPrefix(s, "{%"):
		return "", at, "tags, anchors, lists, maps and blocks are not understood here"
	}
	return s, at, ""
}
