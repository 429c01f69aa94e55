// The last good templates over a restart.

package templates

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
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
		files := texts(one.Files)
		if p, err := loadPage(files, overlay{files, Builtin()}, one.Name+".html"); err == nil {
			s.pages[one.Name] = p
		}
	}
	return s
}

// texts are files in memory.
type texts map[string]string

// Open implements fs.FS.
func (t texts) Open(name string) (fs.File, error) {
	text, ok := t[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &textFile{strings.NewReader(text), name, int64(len(text))}, nil
}

// A textFile is an open one, and what is known of it.
type textFile struct {
	*strings.Reader
	name string
	size int64
}

// Stat implements fs.File.
func (f *textFile) Stat() (fs.FileInfo, error) { return textInfo{f.name, f.size}, nil }

// Close implements fs.File.
func (f *textFile) Close() error { return nil }

type textInfo struct {
	name string
	size int64
}

// Name implements fs.FileInfo.
func (i textInfo) Name() string { return i.name }

// Size implements fs.FileInfo.
func (i textInfo) Size() int64 { return i.size }

// Mode implements fs.FileInfo.
func (i textInfo) Mode() fs.FileMode { return 0o444 }

// ModTime implements fs.FileInfo.
func (i textInfo) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo.
func (i textInfo) IsDir() bool { return false }

// Sys implements fs.FileInfo.
func (i textInfo) Sys() any { return nil }
