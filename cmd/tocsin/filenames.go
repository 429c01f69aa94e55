package main

import (
	"path/filepath"
	"strings"
)

// By which name a file is known: one, however its path is written.

// fileNames gives the name of the file that a path leads to: its path from the
// folder that the data directory lies in, where it is below that, else the whole
// path. It looks up once where it is, for folders of many files.
func (p *project) fileNames() func(path string) string {
	here, err := p.env.here()
	if err != nil {
		return filepath.Clean // paths can be told apart by their spelling alone
	}
	whole := func(path string) string {
		if filepath.IsAbs(path) {
			return filepath.Clean(path)
		}
		return filepath.Join(here, path)
	}
	home := whole(p.home)
	return func(path string) string {
		path = whole(path)
		below, err := filepath.Rel(home, path)
		if err != nil || below == ".." || strings.HasPrefix(below, ".."+string(filepath.Separator)) {
			return path
		}
		return below
	}
}

// filePath is the path of the file of that name.
func (p *project) filePath(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.home, name)
}
