// Compiling: a source, and what it includes, becomes a program that Go's
// templates run.

package templates

import (
	"cmp"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"regexp"
	"sort"
	"strings"
	texttemplate "text/template"

	"tocsin/diag"
)

// output is what a program's text is for.
type output int

const (
	outHTML  output = iota // contextual escaping
	outText                // text part, subject: values cleaned and isolated
	outValue               // annotation: values cleaned, not isolated
)

// source is one file of a program.
type source struct{ name, text string }

// program is a compiled template. It is never changed after compile, so that
// any number of goroutines may render it.
type program struct {
	files []source
	out   output
	stmts []stmt
	slots int
	html  *htmltemplate.Template // outHTML
	text  *texttemplate.Template // the others
}

// stmt is one tag: what Go's template calls by its number.
type stmt struct {
	eval   expr
	at     place
	loop   *loopSpec
	isLink bool     // link() or an address of the schema: may stand in href
	stands standing // outHTML: where html/template found it
	raw    string   // an Outlook comment, printed as it stands
}

// expr computes one expression.
type expr func(*state) any

// loopSpec is a {% for %}.
type loopSpec struct {
	list    expr
	cond    expr // of "for … if", or nil
	vars    []int
	counter int   // slot of the loop's *counter
	clear   []int // slots that are set in the body
}

// compiler turns one source, and what it includes, into a program.
type compiler struct {
	p      *program
	fsys   fs.FS // for include; nil: none
	open   []string
	size   int
	file   int
	lists  []*diag.List // one for each file
	roots  map[string]*schema
	gen    strings.Builder // Go's template
	flat   strings.Builder // literals with a mark for each output
	genAt  []segment
	flatAt []segment
	blocks []*block
	scope  *scope
	loops  int
	fields bool // ${field} of SLS
	toks   []token
	i      int
	depth  int
}

// segment says which place the text from offset on comes from.
type segment struct {
	offset int
	at     place
	text   bool // at moves along with the offset; else it is that of a tag
}

// unit is what compile reads.
type unit struct {
	name, text string
	out        output
	fsys       fs.FS
	offset     int                // text begins here in whole, for positions
	whole      string             // the file that text is a part of; "" if it is text
	roots      map[string]*schema // nil: those of this package
}

// compile compiles a source and checks where its values stand. The error is a
// *diag.List (errors.Join of several when included files are wrong too).
func compile(u unit) (*program, error) {
	c := &compiler{p: &program{out: u.out}, fsys: u.fsys, roots: u.roots, scope: newScope(nil)}
	if c.roots == nil {
		c.roots = roots()
	}
	whole := u.whole
	if whole == "" {
		whole = u.text
	}
	c.addFile(u.name, whole)
	c.open = []string{u.name}
	c.size = len(u.text)
	c.fields = u.out == outValue && !strings.Contains(u.text, "{{")
	c.guard(func() { c.body(u.text, u.offset) })
	if err := c.err(); err != nil {
		return nil, err
	}
	c.guard(c.finish)
	if err := c.err(); err != nil {
		return nil, err
	}
	return c.p, nil
}

// addFile makes name the file that positions refer to.
func (c *compiler) addFile(name, text string) {
	c.file = len(c.p.files)
	c.p.files = append(c.p.files, source{name: name, text: text})
	c.lists = append(c.lists, &diag.List{Name: name, Source: text})
}

// err returns what was found so far.
func (c *compiler) err() error {
	var errs []error
	for _, l := range c.lists {
		if e := l.Err(); e != nil {
			errs = append(errs, e)
		}
	}
	return joinErrors(errs)
}

// guard runs f and records the failure that it panics with. It returns false
// when compiling cannot go on.
func (c *compiler) guard(f func()) (ok bool) {
	file := c.file
	defer func() {
		switch r := recover().(type) {
		case nil:
			ok = true
		case *failure:
			if r.at.file < 0 {
				r.at.file = file
			}
			l := c.lists[r.at.file]
			if len(l.Problems) < 20 {
				l.Add(cmp.Or(r.check, checkSyntax), r.at.span, r.msg, r.hint)
			}
			ok = !r.fatal
		default:
			panic(r)
		}
	}()
	f()
	return
}

// body compiles the text of a file or of a part of it that begins at offset.
func (c *compiler) body(text string, offset int) {
	if c.size > maxSource {
		fail(diag.Span{}, fmt.Sprintf("the template is larger than %d KB", maxSource>>10), "")
	}
	var pieces []piece
	base := len(c.blocks)
	func() {
		defer shift(offset)
		pieces = lex(text)
	}()
	for _, pc := range pieces {
		pc.span.Start += offset
		pc.span.End += offset
		if pc.kind == pText {
			c.literal(pc.text, pc.span.Start)
			continue
		}
		for i := range pc.toks {
			pc.toks[i].span.Start += offset
			pc.toks[i].span.End += offset
		}
		if !c.guard(func() { c.tag(pc, base) }) {
			return
		}
	}
	if len(c.blocks) > base {
		b := c.blocks[len(c.blocks)-1]
		fail(b.span, "{% "+b.kind+" %} is never closed", "close it with {% end"+b.kind+" %}")
	}
}

// shift moves the place of a failure that passes through.
func shift(offset int) {
	if r := recover(); r != nil {
		if f, ok := r.(*failure); ok {
			f.at.span.Start += offset
			f.at.span.End += offset
		}
		panic(r)
	}
}

// outlook finds the comments that Outlook reads: html/template would drop them.
var outlook = regexp.MustCompile(`(?s)<!--\[if.*?-->|<!--<!\[endif\]-->|<!\[endif\]-->`)

// literal adds text of the author's that begins at offset in the file.
func (c *compiler) literal(text string, offset int) {
	if c.p.out == outHTML {
		for {
			m := outlook.FindStringIndex(text)
			if m == nil {
				break
			}
			c.text(text[:m[0]], offset)
			comment := text[m[0]:m[1]]
			at := place{c.file, diag.Span{Start: offset + m[0], End: offset + m[1]}}
			checkOutlook(comment, at)
			c.genCall("m", c.add(stmt{raw: comment, at: at}), at)
			text, offset = text[m[1]:], offset+m[1]
		}
	}
	if c.fields {
		c.fieldText(text, offset)
		return
	}
	c.text(text, offset)
}

func (c *compiler) text(text string, offset int) {
	if text == "" {
		return
	}
	at := place{c.file, diag.Span{Start: offset, End: offset + len(text)}}
	c.genAt = append(c.genAt, segment{c.gen.Len(), at, true})
	c.flatAt = append(c.flatAt, segment{c.flat.Len(), at, true})
	c.gen.WriteString(text)
	c.flat.WriteString(text)
}

// add adds a statement and returns its number.
func (c *compiler) add(s stmt) int {
	c.p.stmts = append(c.p.stmts, s)
	return len(c.p.stmts) - 1
}

// Delimiters of the generated template: no source holds NUL, so text of an
// author can never be an action.
const (
	leftDelim  = "\x00<"
	rightDelim = ">\x00"
)

// genCall generates the call of a statement: {{e $ 17}}.
func (c *compiler) genCall(f string, id int, at place) {
	c.genAt = append(c.genAt, segment{c.gen.Len(), at, false})
	fmt.Fprintf(&c.gen, "%s%s $ %d%s", leftDelim, f, id, rightDelim)
}

func (c *compiler) genWord(w string) { c.gen.WriteString(leftDelim + w + rightDelim) }

// print generates the output of an expression.
func (c *compiler) print(n node, at place) {
	id := c.add(stmt{eval: n.eval, at: at, isLink: n.isLink || n.sch != nil && n.sch.kind == kAddress})
	c.genCall("e", id, at)
	c.flatAt = append(c.flatAt, segment{c.flat.Len(), at, false})
	fmt.Fprintf(&c.flat, "\ue000%d\ue001", id)
}

// find returns the place that the text at offset comes from.
func find(segments []segment, offset int) place {
	i := sort.Search(len(segments), func(i int) bool { return segments[i].offset > offset }) - 1
	if i < 0 {
		return place{}
	}
	s := segments[i]
	if d := offset - s.offset; s.text && s.at.span.Start+d < s.at.span.End {
		s.at.span = diag.Span{Start: s.at.span.Start + d, End: s.at.span.Start + d + 1}
	}
	return s.at
}
