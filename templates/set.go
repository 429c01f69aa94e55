// The templates of a directory beside the built-in ones, and the fallback when
// one fails.

package templates

import (
	"embed"
	"errors"
	"html"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"tocsin/diag"
)

//go:embed builtin
var builtinFiles embed.FS

// Builtin returns the files of the built-in templates, for `tocsin init --templates`.
func Builtin() fs.FS {
	sub, err := fs.Sub(builtinFiles, "builtin")
	if err != nil { // the name is constant
		panic(err)
	}
	return sub
}

// Set is the templates of one directory together with the built-in ones. It may
// be used by any number of goroutines.
type Set struct {
	pages   map[string]*page
	builtin map[string]*page // also those that a file overrides
	failed  map[string]error // why a template cannot be used
}

var templateName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Load reads NAME.html with its optional NAME.txt from the root of fsys and adds
// the built-in templates that no file overrides; a nil fsys gives those alone.
// A broken file does not take another with it: the Set holds the good ones and
// is never nil. The error is a *diag.List, or several joined by errors.Join.
// A file that another includes is a part of it and no template of its own.
func Load(fsys fs.FS) (*Set, error) {
	s := &Set{}
	var errs []error
	s.builtin, s.failed, errs = loadDir(Builtin(), Builtin())
	s.pages = maps.Clone(s.builtin)
	if fsys != nil {
		own, failed, ownErrs := loadDir(fsys, overlay{fsys, Builtin()})
		maps.Copy(s.pages, own)
		maps.Copy(s.failed, failed)
		errs = append(errs, ownErrs...)
	}
	return s, joinErrors(errs)
}

// overlay looks into the first directory, then into the second: an author's
// template may include a part of the built-in ones.
type overlay [2]fs.FS

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	f, err := o[0].Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o[1].Open(name)
	}
	return f, err
}

// loadDir reads all templates of a directory; include looks into parts. Failed
// says why a template that rules may name cannot be used.
func loadDir(fsys, parts fs.FS) (pages map[string]*page, failed map[string]error, errs []error) {
	pages, failed = map[string]*page{}, map[string]error{}
	files, err := fs.Glob(fsys, "*.html")
	if err != nil {
		return pages, failed, []error{err}
	}
	broken, included := map[string]error{}, map[string]bool{}
	for _, file := range files {
		p, err := loadPage(fsys, parts, file)
		for _, part := range p.parts() {
			included[part] = true
		}
		if err != nil {
			broken[file] = err
			continue
		}
		pages[strings.TrimSuffix(file, path.Ext(file))] = p
	}
	for _, file := range slices.Sorted(maps.Keys(broken)) {
		if included[file] {
			continue
		}
		errs = append(errs, broken[file])
		if name := strings.TrimSuffix(file, path.Ext(file)); templateName.MatchString(name) {
			failed[name] = broken[file]
		}
	}
	for file := range included {
		delete(pages, strings.TrimSuffix(file, path.Ext(file)))
	}
	return pages, failed, errs
}

// loadPage reads one template and its text part. The page is returned also with
// an error, for what it includes.
func loadPage(fsys, parts fs.FS, file string) (*page, error) {
	name := strings.TrimSuffix(file, path.Ext(file))
	if !templateName.MatchString(name) {
		return &page{}, problemOf(file, "the name of a template has lower-case letters, digits, . _ - and at most 64 of them", "")
	}
	src, err := readSource(fsys, file)
	if err != nil {
		return &page{}, err
	}
	in := pageSource{fsys: parts, html: source{file, src}}
	if txt := name + ".txt"; exists(fsys, txt) {
		in.text.name = txt
		if in.text.text, err = readSource(fsys, txt); err != nil {
			return &page{}, err
		}
	}
	p, err := compilePage(in)
	p.texts = map[string]string{file: src}
	if in.text.name != "" {
		p.texts[in.text.name] = in.text.text
	}
	for _, prog := range []*program{p.html, p.text} {
		if prog != nil {
			for _, f := range prog.files[1:] {
				p.texts[f.name] = f.text
			}
		}
	}
	return p, err
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

// readSource reads a file of at most 64 KB; its size is asked first.
func readSource(fsys fs.FS, file string) (string, error) {
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return "", problemOf(file, "the file cannot be read: "+err.Error(), "")
	}
	if info.Size() > maxSource+4096 {
		return "", problemOf(file, "the template is larger than 64 KB", "")
	}
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return "", problemOf(file, "the file cannot be read: "+err.Error(), "")
	}
	return strings.TrimPrefix(string(b), "\ufeff"), nil
}

// problemOf makes an error about a whole file.
func problemOf(file, msg, hint string) error {
	l := &diag.List{Name: file}
	l.Add(checkSyntax, diag.Span{}, msg, hint)
	return l
}

// KeepFrom returns the set in which a template of before stands where the file of s
// is broken. before may be nil.
func (s *Set) KeepFrom(before *Set) *Set {
	if before == nil || len(s.failed) == 0 {
		return s
	}
	out := &Set{pages: maps.Clone(s.pages), builtin: s.builtin, failed: maps.Clone(s.failed)}
	for name := range s.failed {
		if last := before.pages[name]; last != nil && last != before.builtin[name] {
			out.pages[name] = last
			delete(out.failed, name)
		}
	}
	return out
}

// Names returns the names of all templates that a rule may use, sorted: also of
// those whose file is broken, so that the rule lives on and its mail, the
// built-in one, shows the mistake.
func (s *Set) Names() []string {
	all := slices.Collect(maps.Keys(s.pages))
	for name := range s.failed {
		if s.pages[name] == nil {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Has reports whether name is a template that can be rendered.
func (s *Set) Has(name string) bool { return s.pages[name] != nil }

// Render renders the template of this name. The error is a *diag.List with the
// place; the caller then falls back on RenderFallback, so that the alert still
// goes out. A name that the set does not hold is an error too.
func (s *Set) Render(name string, d Data, o Options) (Message, error) {
	p := s.pages[name]
	if err := s.failed[name]; p == nil && err != nil {
		return Message{}, err
	}
	if p == nil {
		return Message{}, problemOf("", "there is no template "+quoteShort(name), diag.DidYouMean(name, s.Names(), ""))
	}
	return p.render(d, o)
}

// RenderFallback renders the built-in template "default", also where a file
// overrides it, with a note that says why the author's template could not be
// used. Where values are too large even for that, they are cut, and a note says
// so. It does not fail: data that the built-in template cannot show at all give
// a message of the rule's name, the id and the reasons.
func (s *Set) RenderFallback(cause error, d Data, o Options) Message {
	notes := []string{"The template could not be used, this is the built-in one. " + reason(cause)}
	p := s.builtin["default"]
	if p == nil {
		return bare(d, notes[0])
	}
	m, err := p.render(withNotes(d, notes), o)
	if err == nil {
		return m
	}
	notes = append(notes, "Rows and values are cut here: "+reason(err))
	if m, err = p.render(withNotes(shortened(d).(Data), notes), o); err == nil {
		return m
	}
	return bare(d, notes[0], reason(err))
}

// withNotes returns a copy of d whose mail has more notes.
func withNotes(d Data, more []string) Data {
	mail := map[string]any{}
	if m, ok := d["mail"].(map[string]any); ok {
		mail = maps.Clone(m)
	}
	notes, _ := mail["notes"].([]any)
	notes = slices.Clone(notes)
	for _, n := range more {
		notes = append(notes, n)
	}
	mail["notes"] = notes
	d = maps.Clone(d)
	if d == nil {
		d = Data{}
	}
	d["mail"] = mail
	return d
}

// What is left of data that are too large for a message.
const (
	shortText = 100 // characters
	shortList = 10  // elements
)

// shortened returns a copy of v with short texts and short lists.
func shortened(v any) any {
	switch x := v.(type) {
	case string:
		return shortenedText(x)
	case Authored:
		return Authored(shortenedText(string(x)))
	case []any:
		out := make([]any, min(len(x), shortList))
		for i := range out {
			out[i] = shortened(x[i])
		}
		return out
	case map[string]any:
		return shortenedMap(x)
	case Data:
		return Data(shortenedMap(x))
	}
	return v
}

func shortenedMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[shortenedText(k)] = shortened(v)
	}
	return out
}

func shortenedText(s string) string {
	if len(s) > 4*shortText { // no more bytes than characters can have
		s = strings.ToValidUTF8(s[:4*shortText], "") + "…"
	}
	return cutText(s, shortText)
}

// bare is the last resort: a message made without any template.
func bare(d Data, notes ...string) Message {
	st := newState(&program{out: outText, files: []source{{}}}, d, Options{})
	name := diag.Line(cutText(st.text(plainPart(d, "alert", "alert_name")), 200))
	lines := append([]string{Defang(name), diag.Line(cutText(st.text(plainPart(d, "mail", "id")), 40)), ""}, notes...)
	text := strings.Join(lines, "\n")
	return Message{Subject: Defang(name), Text: text + "\n", HTML: wrap("<pre>" + html.EscapeString(text) + "</pre>")}
}

// plainPart returns d[root][name] when it is text, else "".
func plainPart(d Data, root, name string) any {
	m, _ := d[root].(map[string]any)
	s, _ := m[name].(string)
	return s
}

// reason shows an error in one line.
func reason(err error) string {
	if err == nil {
		return "The cause is unknown."
	}
	var l *diag.List
	if errors.As(err, &l) {
		return cutText(diag.Line(l.Error()), 300)
	}
	return cutText(diag.Line(err.Error()), 300)
}
