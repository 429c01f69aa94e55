package ingest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Objects of a disk: the files that a user names, and those of folders.

// Skipped is a file that is not loaded, and why. That is no fault.
type Skipped struct{ Name, Reason string }

// Files lists what PATH arguments name: files, and all files below folders, in
// the order of the arguments and of their names. A file that was named twice is
// listed once. Folders that are hidden, and what is no regular file, are
// skipped. A path that does not exist is an error; the others are listed all
// the same.
//
// A scanner writes one run in several formats under one stem: of these in one
// folder only the first counts, in the order OCSF, CSV, native JSON, ASFF.
// Prowler's CSV and native JSON have no decoder, so they give way to ASFF.
func Files(paths []string) ([]Object, []Skipped, error) {
	l := lister{seen: map[string]bool{}}
	var errs []error
	for _, p := range paths {
		if err := l.add(p); err != nil {
			errs = append(errs, err)
		}
	}
	objects, skipped := oneOfEachRun(l.objects)
	return objects, append(l.skipped, skipped...), errors.Join(errs...)
}

type lister struct {
	objects []Object
	skipped []Skipped
	seen    map[string]bool
}

func (l *lister) add(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err // it names the path
	}
	if !info.IsDir() {
		l.file(filepath.Clean(path), info, true)
		return nil
	}
	return filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := len(e.Name()) > 1 && e.Name()[0] == '.' && e.Name() != ".."
		if hidden && p != path {
			l.skipped = append(l.skipped, Skipped{p, "it is hidden"})
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			return nil
		}
		l.found(p)
		return nil
	})
}

// found adds a file of a folder; a link to nowhere is skipped.
func (l *lister) found(path string) {
	info, err := os.Stat(path) // follows a link to a file
	if err != nil {
		l.skipped = append(l.skipped, Skipped{path, err.Error()})
		return
	}
	l.file(path, info, false)
}

func (l *lister) file(path string, info fs.FileInfo, named bool) {
	switch {
	case l.seen[path]:
	case !info.Mode().IsRegular():
		l.skipped = append(l.skipped, Skipped{path, "it is no regular file"})
	default:
		l.seen[path] = true
		l.objects = append(l.objects, FileObject(path, info, named))
	}
}

// FileObject makes an Object of a file; named: the user named it.
func FileObject(path string, info fs.FileInfo, named bool) Object {
	return Object{
		Name: path, Version: fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano()), Modified: info.ModTime(), Size: info.Size(), Named: named,
		Open: func() (io.ReadCloser, error) { return os.Open(path) },
	}
}

// runFormats are the endings of one run's files, in the order in which they count.
var runFormats = [...]string{".ocsf.json", ".asff.json", ".csv", ".json"}

// runOf splits a path into folder and stem, and the place of its ending in
// runFormats, or -1.
func runOf(path string) (stem string, rank int) {
	p := strings.TrimSuffix(path, ".gz")
	for i, ending := range runFormats {
		if s, ok := strings.CutSuffix(p, ending); ok {
			return s, i
		}
	}
	return path, -1
}

// oneOfEachRun leaves out the files that say again what a file of OCSF or ASFF
// beside them says.
func oneOfEachRun(all []Object) (kept []Object, skipped []Skipped) {
	best := map[string]int{}
	for i, o := range all {
		stem, rank := runOf(o.Name)
		if rank < 0 || rank > 1 {
			continue
		}
		if k, ok := best[stem]; ok {
			if _, other := runOf(all[k].Name); other <= rank {
				continue
			}
		}
		best[stem] = i
	}
	for i, o := range all {
		stem, rank := runOf(o.Name)
		if k, ok := best[stem]; ok && rank >= 0 && k != i {
			skipped = append(skipped, Skipped{o.Name, "the same run as " + filepath.Base(all[k].Name)})
			continue
		}
		kept = append(kept, o)
	}
	return kept, skipped
}
