package main

import (
	"path/filepath"
	"strings"
)

// By which name a file is known: one, however its path is written.

// fileName is the name of the file that a path leads to: its path from the folder
// that the data directory lies in, where it is below that, else the whole path.
func (p *project) fileName(path string) string {
	home, err := filepath.Abs(p.home)
	whole, bad := filepath.Abs(path)
	if err != nil || bad != nil { // there is no working directory
		return path
	}
	below, err := filepath.Rel(home, whole)
	if err != nil || below == ".." || strings.HasPrefix(below, ".."+string(filepath.Separator)) {
		return whole
	}
	return below
}

// filePath is the path of the file of that name.
func (p *project) filePath(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.home, name)
}
