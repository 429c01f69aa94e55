// The last good templates over a restart.

package templates

import (
	"maps"
	"slices"
	"testing/fstest"
)

// A LastGood is a template that is used, as it is remembered over a restart.
type LastGood struct {
	Name  string
	Files map[string]string // the texts of NAME.html and of what belongs to it, by name
}

// LastGood returns the templates of files that are used, by name.
func (s *Set) LastGood() []LastGood {
	var list []LastGood
	for _, name := range slices.Sorted(maps.Keys(s.pages)) {
		if p := s.pages[name]; p != s.builtin[name] {
			list = append(list, LastGood{name, maps.Clone(p.texts)})
		}
	}
	return list
}

// Broken reports whether a file cannot be used, so that KeepFrom has something to
// keep.
func (s *Set) Broken() bool { return len(s.failed) > 0 }

// Lasting reads what was used before, for KeepFrom. A text that cannot be read any
// more is left out.
func Lasting(list []LastGood) *Set {
	s := &Set{pages: map[string]*page{}}
	for _, one := range list {
		files := fstest.MapFS{}
		for name, text := range one.Files {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if p, err := loadPage(files, overlay{files, Builtin()}, one.Name+".html"); err == nil {
			s.pages[one.Name] = p
		}
	}
	return s
}
