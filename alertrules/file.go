package alertrules

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"tocsin/diag"
	"tocsin/query"
)

// Rule files, and the set of all of them.

// An Env is what a rule file is read against. A nil list of names means that
// the names are not known, so that a rule may use any.
type Env struct {
	Schema    query.Schema
	Zone      *time.Location           // time_zone of tocsin.yaml; nil is UTC
	Lateness  map[string]time.Duration // by logstore, what is usual
	Lists     map[string][]string      // named lists, as query.Options has them
	Templates []string                 // names that notify.template may have
	People    []string
	Groups    []string
	Calendars []string
	AllowMail []string  // domains of recipients (mail.allow); empty: all
	Now       time.Time // for exceptions that have run out; zero: not looked at
	MaxRows   int       // bound on the rows of an evaluation; 0 is MaxRows
	MaxStates int       // bound on the values of a rule that have a state of their own; 0 is MaxStates
}

// MaxRows is the default bound on the rows of one evaluation.
const MaxRows = 10_000

func (e *Env) zone() *time.Location {
	if e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

func (e *Env) maxRows() int {
	if e.MaxRows > 0 {
		return e.MaxRows
	}
	return MaxRows
}

func (e *Env) maxStates() int {
	if e.MaxStates > 0 {
		return e.MaxStates
	}
	return MaxStates
}

// A File is one rule file.
type File struct {
	Name  string
	Text  []byte     // as it was read
	Rules []*Rule    // empty when the file has an error: a file is used whole or not at all
	List  *diag.List // all problems, also warnings; never nil

	ids []Text // of all rules, also of broken ones
	doc *Document
}

// A Set is the rule files that are read together.
type Set struct {
	Files []*File // by name
	Rules []*Rule // of the files without an error, and of Kept, by id
	Kept  []*File // what KeepFrom kept: as it was read before, by name
}

// Err joins the *diag.List of each file that has an error.
func (s *Set) Err() error {
	var errs []error
	for _, f := range s.Files {
		errs = append(errs, f.List.Err())
	}
	return errors.Join(errs...)
}

// Rule returns the rule of that id.
func (s *Set) Rule(id string) (*Rule, bool) {
	i, ok := slices.BinarySearchFunc(s.Rules, id, func(r *Rule, id string) int { return strings.Compare(r.ID, id) })
	if !ok {
		return nil, false
	}
	return s.Rules[i], true
}

// fileText is a rule file as it is decoded. Rules stay nodes, so that defaults
// can be put under them.
type fileText struct {
	Defaults *Node   `yaml:"defaults"`
	Rules    []*Node `yaml:"rules"`
}

// Parse reads one rule file. name stands in positions. The error is the file's
// List, with every problem at once; the File is never nil.
func Parse(name string, src []byte, env Env) (*File, error) {
	f := &File{Name: name, Text: src}
	doc, err := ParseYAML(name, src)
	f.doc, f.List = doc, doc.List
	if err != nil {
		return f, err
	}
	if doc.Root == nil {
		doc.Warn("rule/empty-file", nil, "the file holds no rules", "delete the file, or write rules: with a list of rules")
		return f, nil
	}
	if doc.Root.Kind == ListNode {
		doc.Problem("yaml/type", doc.Root, "a rule file begins with keys, not with a list", "put rules: above the list")
		return f, doc.List.Err()
	}
	f.read(env)
	f.duplicates()
	doc.Sort()
	if err := doc.List.Err(); err != nil {
		f.Rules = nil
		return f, err
	}
	return f, nil
}

func (f *File) read(env Env) {
	var text fileText
	f.doc.Decode(f.doc.Root, &text)
	if text.Rules == nil && len(f.doc.Root.Pairs) > 0 && f.doc.Root.Get("rules") == nil {
		f.doc.Problem("yaml/type", f.doc.Root, "the file has no key rules", "write rules: with a list of rules")
	}
	if text.Defaults != nil {
		f.checkDefaults(text.Defaults)
	}
	for _, n := range text.Rules {
		if n.Kind != MapNode {
			f.doc.Problem("yaml/type", n, "a rule is expected here, not "+n.what(), "write - id: NAME and the other keys below it")
			continue
		}
		c := &compiler{doc: f.doc, env: env, node: underlay(n, text.Defaults)}
		r := c.compile()
		f.ids = append(f.ids, c.text.ID)
		if r != nil {
			r.File = f.Name
			f.Rules = append(f.Rules, r)
		}
	}
}

// checkDefaults refuses what cannot be common to rules; the values are looked at
// with each rule.
func (f *File) checkDefaults(n *Node) {
	if n.Kind != MapNode {
		f.doc.Problem("yaml/type", n, "defaults are keys of rules, not "+n.what(), "")
		return
	}
	for _, p := range n.Pairs {
		if p.Key.Text == "id" || p.Key.Text == "tests" {
			f.doc.Problem("rule/defaults", p.Key, p.Key.Text+" cannot be a default", "write it in each rule")
		}
	}
}

// merged are the keys whose own keys are taken one by one from the defaults.
var merged = []string{"notify", "labels", "annotations"}

// underlay returns n with the keys of the defaults that n does not have.
func underlay(n, defaults *Node) *Node {
	if defaults == nil || defaults.Kind != MapNode {
		return n
	}
	out := *n
	out.Pairs = slices.Clone(n.Pairs)
	for _, d := range defaults.Pairs {
		i := slices.IndexFunc(out.Pairs, func(p Pair) bool { return p.Key.Text == d.Key.Text })
		switch {
		case i < 0 && d.Key.Text != "id" && d.Key.Text != "tests" && !excluded(n, d.Key.Text):
			out.Pairs = append(out.Pairs, d)
		case i >= 0 && slices.Contains(merged, d.Key.Text) && out.Pairs[i].Value.Kind == MapNode:
			out.Pairs[i].Value = underlay(out.Pairs[i].Value, d.Value)
		}
	}
	return &out
}

// excluded reports whether a rule says the same thing by another key, which
// then replaces the default.
func excluded(n *Node, key string) bool {
	other := map[string]string{"every": "cron", "cron": "every", "after": "for", "for": "after"}[key]
	return other != "" && n.Get(other) != nil
}

// duplicates reports ids that occur twice, also when they differ only in case.
func (f *File) duplicates() {
	seen := map[string]Text{}
	for _, id := range f.ids {
		if !id.Given() {
			continue
		}
		if first, ok := seen[strings.ToLower(id.Value)]; ok {
			line, _ := f.List.LineColumn(first.Node.Span.Start)
			f.doc.Problem("rule/duplicate-id", id.Node, "the id "+quote(id.Value)+" is taken", "line "+itoa(line)+" has "+quote(first.Value)+"; ids differ in more than case")
		}
		seen[strings.ToLower(id.Value)] = id
	}
}

// ParseSet reads files that belong together, by name. A broken file does not
// take another with it; an id that is in two files fails both.
func ParseSet(files map[string][]byte, env Env) *Set {
	s := &Set{}
	owners := map[string]*File{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, _ := Parse(name, files[name], env) // the error is in f.List
		s.Files = append(s.Files, f)
		for _, id := range f.ids {
			if !id.Given() {
				continue
			}
			if other, ok := owners[id.Value]; ok && other != f {
				f.taken(id.Value, other)
				other.taken(id.Value, f)
			}
			owners[id.Value] = f
		}
	}
	for _, f := range s.Files {
		if f.List.Err() != nil {
			f.Rules = nil
		}
		s.Rules = append(s.Rules, f.Rules...)
	}
	sortRules(s.Rules)
	return s
}

// taken reports in f that other holds a rule of the same id.
func (f *File) taken(id string, other *File) {
	for i := range f.ids {
		if f.ids[i].Value == id {
			f.doc.Problem("rule/duplicate-id", f.ids[i].Node, "the id "+quote(id)+" is in two files", "the other is "+other.Name+"; neither file is used until one of them has another id")
			return
		}
	}
}

// namePattern is what ids and names of templates and calendars look like (G35).
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

const nameHint = "use a-z, 0-9, dot, hyphen and underscore, at most 64, beginning with a letter or digit"

// ValidName reports whether s is a name as G35 demands it of rule ids and of
// names of templates, tables, lists, calendars and sources.
func ValidName(s string) bool { return namePattern.MatchString(s) }

// sortRules brings rules into the order of their ids.
func sortRules(list []*Rule) {
	slices.SortFunc(list, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
}
