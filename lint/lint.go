// Package lint finds rules, templates and settings that are written correctly
// and yet will not do what their author wants: a rule that tells nobody, that
// always fires, that an intruder can talk past.
//
// What cannot work is an error of the parser (alertrules.Parse and its like)
// and has no check here. A check only warns. Each has a name, a file of its own
// and a page in docs/checks.
package lint

import (
	"cmp"
	"slices"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/templates"
)

// Facts are what checks look at. Everything but Set may be absent; a check
// whose facts are absent finds nothing.
type Facts struct {
	Set *alertrules.Set
	// Operator are the people whom problems of the agent itself are told to.
	// Configured says whether there is a tocsin.yaml that could name them.
	Operator   []string
	Configured bool
	// Reached reports whether some route or default recipient would get the
	// alerts of a rule that names nobody; nil: not known.
	Reached func(*alertrules.Rule) bool
	// Known reports whether a name is a person or a group; nil: not known.
	Known func(name string) bool
	// Caller reports whether the caller of an API chooses what a field holds
	// (G12); nil: not known.
	Caller func(logstore, field string) bool
	// Lateness is how late records of a logstore usually arrive.
	Lateness map[string]time.Duration
	// RepeatInterval is the configured one; 0: not known.
	RepeatInterval time.Duration
	Templates      *templates.Set
	Now            time.Time // the moment that templates are rendered at
	// Stored is what is known of stored records; nil: nothing. Fixtures are the records
	// of a rule's own tests, as text; nil: none are known.
	Stored   Stored
	Fixtures func(*alertrules.Rule) string
}

// A Check looks for one kind of mistake.
type Check struct {
	Name string // "rule/no-recipient", also the name of its page
	Rule func(*Reporter, *alertrules.Rule)
	All  func(*Reporter) // of what is no rule's
}

// Checks returns all checks, by name. Add one here, in a file of its own, and
// write its page.
func Checks() []Check {
	return []Check{
		{Name: "config/no-operator", All: noOperator},
		{Name: "query/never-seen", Rule: neverSeen},
		{Name: "query/no-filter", Rule: noFilter},
		{Name: notationCheck, Rule: otherNotation},
		{Name: sqlCheck, Rule: sqlInSearch},
		{Name: "rule/always-fires", Rule: alwaysFires},
		{Name: "rule/caller-chosen", Rule: callerChosen},
		{Name: "rule/never-fires", Rule: neverFires},
		{Name: "rule/no-recipient", Rule: noRecipient},
		{Name: "rule/repeat-below-every", Rule: repeatBelowEvery},
		{Name: "rule/severity-order", Rule: severityOrder},
		{Name: "rule/unwatched-time", Rule: unwatchedTime},
		{Name: "rule/window-shorter-than-lateness", Rule: windowShorter},
		{Name: "template/fails", Rule: templateFails},
	}
}

// A Reporter takes what checks find.
type Reporter struct {
	Facts
	check string
	files map[string]*alertrules.File
	lists map[string]*diag.List
}

// Run runs every check and returns what it found, one list for each file, by
// name, in the order of the text; the list without a name is about the
// configuration as a whole. Files without a finding have no list.
func Run(f Facts) []*diag.List {
	r := &Reporter{Facts: f, files: map[string]*alertrules.File{}, lists: map[string]*diag.List{}}
	for _, file := range f.Set.Files {
		r.files[file.Name] = file
	}
	for _, c := range Checks() {
		r.check = c.Name
		if c.All != nil {
			c.All(r)
			continue
		}
		for _, rule := range f.Set.Rules {
			c.Rule(r, rule)
		}
	}
	var out []*diag.List
	for _, l := range r.lists {
		slices.SortStableFunc(l.Problems, func(a, b diag.Problem) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *diag.List) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// warn reports at a key of a rule, or at the rule where it has no such key.
func (r *Reporter) warn(rule *alertrules.Rule, message, hint string, path ...string) {
	file := r.files[rule.File]
	p := diag.Problem{Level: diag.Warning, Check: r.check, Message: message, Hint: hint}
	if file == nil {
		r.add("", "", p)
		return
	}
	if n := file.Node(rule.ID, path...); n != nil {
		p.Span = n.Span
	}
	r.add(file.Name, file.List.Source, p)
}

// warnConfig reports what is no rule's.
func (r *Reporter) warnConfig(message, hint string) {
	r.add("", "", diag.Problem{Level: diag.Warning, Check: r.check, Message: message, Hint: hint})
}

func (r *Reporter) add(name, source string, p diag.Problem) {
	l := r.lists[name]
	if l == nil {
		l = &diag.List{Name: name, Source: source}
		r.lists[name] = l
	}
	l.Problems = append(l.Problems, p)
}
