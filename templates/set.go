package templates

import (
	"io/fs"
)

// Set is the templates of one directory together with the built-in ones.
type Set struct{ byName map[string]*page }

// page is one template: subject, body and text part.
type page struct{}

// Load reads NAME.html with its optional NAME.txt from the root of fsys and adds
// the built-in templates that no file overrides; a nil fsys gives those alone.
// A broken file does not take another with it: the Set holds the good ones and
// is never nil. The error is a *diag.List, or several joined by errors.Join.
func Load(fsys fs.FS) (*Set, error) { return &Set{}, nil }

// Names returns the names of all templates, sorted.
func (s *Set) Names() []string { return nil }

// Has reports whether name is a template that can be rendered.
func (s *Set) Has(name string) bool { return s.byName[name] != nil }

// Render renders the template of this name. The error is a *diag.List with the
// place; the caller then falls back on RenderFallback, so that the alert still
// goes out. A name that the set does not hold is an error too.
func (s *Set) Render(name string, d Data, o Options) (Message, error) { return Message{}, nil }

// RenderFallback renders the built-in template "default" with a note that says
// why the template of the author's could not be used.
func (s *Set) RenderFallback(cause error, d Data, o Options) (Message, error) { return Message{}, nil }

// Text is a one-line or plain-text template in the same language: an annotation.
type Text struct{}

// CompileText compiles an annotation or the like. `${field}` of SLS is
// understood where the text holds no `{{`: a field of the triggering row, a
// label, or a name of SLS such as alert_name. Errors are *diag.List; name stands
// in their positions.
func CompileText(name, src string) (*Text, error) { return &Text{}, nil }

// Render returns the text, its values cleaned (G02, G03) but not isolated, so
// that it may be a value of a further message.
func (t *Text) Render(d Data, o Options) (string, error) { return "", nil }

// Subject joins our fixed part (state, severity, rule name, id) and a rendered
// subject into one line of at most 120 characters. In the rendered part text
// that looks like one of our ids or states is broken up (G04); both are cleaned.
func Subject(fixed, rendered string) string { return "" }

// Footer is our last line of every mail, also of those of an author's template.
type Footer struct {
	ID     string   // A-7F3K
	Others []string // who else got it
}

// Append adds the last line to both parts of the message.
func (f Footer) Append(m *Message) {}

type missingValue struct{}

var missing = missingValue{}
