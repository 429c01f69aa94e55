// The second of two checks of where a value may stand; the first is places.go.

package templates

import (
	"errors"
	htmltemplate "html/template"
	"io"
	"strconv"
	"strings"
	texttemplate "text/template"
	"text/template/parse"
)

// The second of two checks of where a value may stand: which escapers
// html/template chose. Their names are internal to Go; a test pins them. If they
// change, every template is refused and none is let through.
const escaperPrefix = "_html_template_"

// accepted maps the escapers of a value to where it stands.
var accepted = map[string]standing{
	"htmlescaper":                         inText,
	"rcdataescaper":                       inRCDATA,
	"attrescaper":                         inAttr,
	"urlfilter urlnormalizer attrescaper": inHref,
}

// finish makes Go's template and runs both checks.
func (c *compiler) finish() {
	if c.p.out != outHTML {
		t, err := texttemplate.New("text").Delims(leftDelim, rightDelim).Funcs(calls()).Parse(c.gen.String())
		if err != nil {
			c.unexpected(err)
		}
		c.p.text = t
		return
	}
	c.checkPlaces()
	c.escape()
}

// escape makes the template of html/template, lets it escape, and reads what it chose.
func (c *compiler) escape() {
	t, err := htmltemplate.New("html").Delims(leftDelim, rightDelim).Funcs(calls()).Parse(c.gen.String())
	if err != nil {
		c.unexpected(err)
	}
	// html/template escapes at the first Execute; that of a dry state ends there.
	err = t.Execute(io.Discard, &state{p: c.p, dry: true})
	var bad *htmltemplate.Error
	if errors.As(err, &bad) {
		c.badHTML(bad)
	}
	if err != nil && !errors.Is(err, errDry) {
		c.unexpected(err)
	}
	c.p.html = t
	c.readEscapers(t.Tree.Root)
}

// unexpected reports an error of Go's template that no check of ours foresaw.
func (c *compiler) unexpected(err error) {
	panic(&failure{msg: "the template cannot be used: " + cutText(err.Error(), 120)})
}

// badHTML explains an error of html/template's escaping in an author's words.
func (c *compiler) badHTML(bad *htmltemplate.Error) {
	f := &failure{msg: "the HTML cannot be read: " + cutText(bad.Description, 120)}
	switch bad.ErrorCode {
	case htmltemplate.ErrBranchEnd:
		f.msg, f.hint = "the branches of this {% if %} or {% for %} end in different places of the HTML", "close tags and quotes in the branch that opens them"
	case htmltemplate.ErrEndContext:
		f.msg, f.hint = "the HTML ends inside of a tag, a quoted value or a comment", ""
	}
	if bad.Node != nil {
		f.at = find(c.genAt, int(bad.Node.Position()))
	} else if bad.ErrorCode != htmltemplate.ErrEndContext {
		f.at = c.bisect(bad.ErrorCode)
	} else {
		f.at = find(c.flatAt, c.flat.Len())
	}
	panic(f)
}

// bisect finds the shortest prefix of the literal text that fails in this way.
func (c *compiler) bisect(code htmltemplate.ErrorCode) place {
	flat := c.flat.String()
	lo, hi := 0, len(flat)
	for lo < hi {
		mid := (lo + hi) / 2
		if failsAs(flat[:mid], code) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return find(c.flatAt, max(0, hi-1))
}

func failsAs(text string, code htmltemplate.ErrorCode) bool {
	t, err := htmltemplate.New("").Delims(leftDelim, rightDelim).Parse(text)
	if err != nil {
		return false
	}
	var bad *htmltemplate.Error
	return errors.As(t.Execute(io.Discard, nil), &bad) && bad.ErrorCode == code
}

// readEscapers walks the escaped tree and refuses every value whose escapers are
// not accepted.
func (c *compiler) readEscapers(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			c.readEscapers(child)
		}
	case *parse.IfNode:
		c.readEscapers(n.List)
		c.readEscapers(n.ElseList)
	case *parse.RangeNode:
		c.readEscapers(n.List)
		c.readEscapers(n.ElseList)
	case *parse.ActionNode:
		c.readAction(n)
	case *parse.TextNode:
	default:
		c.unexpected(errors.New("a node of an unknown kind: " + n.String()))
	}
}

func (c *compiler) readAction(n *parse.ActionNode) {
	cmds := n.Pipe.Cmds
	id := -1
	if len(cmds) > 0 && len(cmds[0].Args) == 3 {
		if i, err := strconv.Atoi(cmds[0].Args[2].String()); err == nil && i < len(c.p.stmts) {
			id = i
		}
	}
	if id < 0 {
		c.unexpected(errors.New("an action without number: " + n.String()))
	}
	var names []string
	for _, cmd := range cmds[1:] {
		names = append(names, strings.TrimPrefix(cmd.String(), escaperPrefix))
	}
	s := &c.p.stmts[id]
	stands, ok := accepted[strings.Join(names, " ")]
	if !ok || stands == inHref && !s.isLink || s.raw != "" && stands != inText {
		panic(&failure{at: s.at, check: checkPlace, msg: "a value may not stand here", hint: "values may stand in text and in quoted attributes such as title; in href only as link(…)"})
	}
	s.stands = stands
}
