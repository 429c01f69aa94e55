package alertrules

import (
	"slices"
	"strings"
)

// What runs while a rule file is broken: its last good rules.

// KeepFrom returns the set in which the rules of before run on where a file of s is
// broken: all or nothing for each file. A rule that a good file of s holds is taken
// from there. The rules of a file that is gone run on while a broken file holds
// their ids, or may hold them: an id is removed only when it is absent from all
// files. before may be nil.
func (s *Set) KeepFrom(before *Set) *Set {
	if before == nil {
		return s
	}
	ids, complete := s.ids()
	files := map[string]*File{}
	for _, f := range s.Files {
		files[f.Name] = f
	}
	out := &Set{Files: s.Files, Rules: slices.Clone(s.Rules)}
	for _, f := range before.good() {
		now, there := files[f.Name]
		if there && now.List.Err() == nil {
			continue
		}
		last := *f
		last.Rules = slices.DeleteFunc(slices.Clone(f.Rules), func(r *Rule) bool {
			_, taken := s.Rule(r.ID)
			return taken || !there && complete && !ids[r.ID]
		})
		if len(last.Rules) > 0 {
			out.Kept = append(out.Kept, &last)
			out.Rules = append(out.Rules, last.Rules...)
		}
	}
	sortRules(out.Rules)
	return out
}

// good are the files whose rules run.
func (s *Set) good() []*File {
	all := slices.Clone(s.Kept)
	for _, f := range s.Files {
		if f.List.Err() == nil {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *File) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// A LastGood is a file whose rules run, as it is remembered over a restart.
type LastGood struct {
	Name string
	Text string
	IDs  []string // of those rules of the text that run
}

// LastGood returns the files whose rules run, by name.
func (s *Set) LastGood() []LastGood {
	var list []LastGood
	for _, f := range s.good() {
		one := LastGood{Name: f.Name, Text: string(f.Text)}
		for _, r := range f.Rules {
			one.IDs = append(one.IDs, r.ID)
		}
		list = append(list, one)
	}
	return list
}

// Lasting reads what ran before, for KeepFrom. Whom and what a text names is not
// looked at: people may be gone since. A text that cannot be read any more is left
// out.
func Lasting(list []LastGood, env Env) *Set {
	env.Templates, env.People, env.Groups, env.Calendars, env.AllowMail = nil, nil, nil, nil, nil
	s := &Set{}
	for _, one := range list {
		f, err := Parse(one.Name, []byte(one.Text), env)
		if err != nil {
			continue
		}
		f.Rules = slices.DeleteFunc(f.Rules, func(r *Rule) bool { return !slices.Contains(one.IDs, r.ID) })
		s.Files = append(s.Files, f)
		s.Rules = append(s.Rules, f.Rules...)
	}
	sortRules(s.Rules)
	return s
}

// KeptRules returns the rules that run in place of those of a file that is broken.
func (s *Set) KeptRules(file string) []*Rule {
	for _, f := range s.Kept {
		if f.Name == file {
			return f.Rules
		}
	}
	return nil
}
