package ingest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Objects of a disk: the files that a user names, and those of folders.

// Skipped is a file that is not loaded, and why. That is no fault.
type Skipped struct{ Name, Reason string }

// Files lists what PATH arguments name: files, and all files below folders, in
// the order of the arguments and of their names. A file that was named twice is
// listed once. Folders that are hidden, and what is no regular file, are
// skipped. A path that does not exist is an error; the others are listed all
// the same. A link that is named is followed, and one to a file; one to a folder below a
// folder is skipped, so that nothing is listed for ever.
//
// A scanner writes one run in several formats under one stem: of these in one
// folder only the first that is not empty counts, in the order OCSF, CSV, native
// JSON, ASFF. A CSV and a JSON file of one stem are one run only when both are
// Prowler's.
func Files(paths []string) ([]Object, []Skipped, error) { return FilesFrom("", paths) }

// FilesFrom is Files for paths that begin, where they are relative, in the folder base;
// "" is the working directory. Names are as the arguments have them.
func FilesFrom(base string, paths []string) ([]Object, []Skipped, error) {
	l := lister{base: base, seen: map[string]bool{}}
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
	base    string
	objects []Object
	skipped []Skipped
	seen    map[string]bool
}

// at is where a path leads.
func (l *lister) at(path string) string {
	if l.base == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.base, path)
}

// called has an error say the path as it was given.
func called(path string, err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		e.Path = path
	}
	return err
}

func (l *lister) add(path string) error {
	at := l.at(path)
	info, err := os.Stat(at)
	if err != nil {
		return called(path, err)
	}
	if !info.IsDir() {
		l.file(filepath.Clean(path), info, true)
		return nil
	}
	from := strings.TrimSuffix(at, string(filepath.Separator)) + string(filepath.Separator) // follows a link
	return filepath.WalkDir(from, func(p string, e fs.DirEntry, err error) error {
		root := p == from
		if root {
			p = path
		} else if at != path {
			p = filepath.Join(path, strings.TrimPrefix(p, at))
		}
		if err != nil {
			return called(p, err)
		}
		hidden := len(e.Name()) > 1 && e.Name()[0] == '.' && e.Name() != ".."
		if hidden && !root {
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
	info, err := os.Stat(l.at(path)) // follows a link to a file
	if err != nil {
		l.skipped = append(l.skipped, Skipped{path, called(path, err).Error()})
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
		o := FileObject(path, info, named)
		o.Open = func() (io.ReadCloser, error) {
			f, err := os.Open(l.at(path))
			if err != nil {
				return nil, called(path, err)
			}
			return f, nil
		}
		l.objects = append(l.objects, o)
	}
}

// FileObject makes an Object of a file; named: the user named it.
func FileObject(path string, info fs.FileInfo, named bool) Object {
	return Object{
		Name: path, Version: fileVersion(info.Size(), info.ModTime()), Modified: info.ModTime(), Size: info.Size(), Named: named,
		Open: func() (io.ReadCloser, error) { return os.Open(path) },
	}
}

func fileVersion(size int64, modified time.Time) string {
	return fmt.Sprintf("%d-%d", size, modified.UnixNano())
}

// runFormats are the endings of one run's files, the longest first, as they
// are tried; the first two say by themselves what they are.
var runFormats = [...]string{".ocsf.json", ".asff.json", ".csv", ".json"}

// runOrder are the places in runFormats in the order in which they count.
var runOrder = [...]int{0, 2, 3, 1}

// runOf splits a path into folder and stem, and the place of its ending in
// runFormats, or -1.
func runOf(path string) (stem string, ending int) {
	p := strings.TrimSuffix(path, ".gz")
	for i, ending := range runFormats {
		if s, ok := strings.CutSuffix(p, ending); ok {
			return s, i
		}
	}
	return path, -1
}

// A run is what one run of a scanner left: for each ending the object, or -1.
type run [len(runFormats)]int

// oneOfEachRun leaves out the files that say again what another file of the same
// run says.
func oneOfEachRun(all []Object) (kept []Object, skipped []Skipped) {
	runs := map[string]*run{}
	for i, o := range all {
		stem, ending := runOf(o.Name)
		if ending < 0 {
			continue
		}
		if runs[stem] == nil {
			runs[stem] = &run{-1, -1, -1, -1}
		}
		if runs[stem][ending] < 0 {
			runs[stem][ending] = i
		}
	}
	best := map[string]int{}
	for stem, r := range runs {
		best[stem] = r.counts(all)
	}
	for i, o := range all {
		stem, ending := runOf(o.Name)
		if k := best[stem]; ending >= 0 && k >= 0 && k != i {
			skipped = append(skipped, Skipped{o.Name, "the same run as " + filepath.Base(all[k].Name)})
			continue
		}
		kept = append(kept, o)
	}
	return kept, skipped
}

// counts is the object of the run that counts, or -1 where they are no run.
func (r *run) counts(all []Object) int {
	named := r[0] >= 0 || r[1] >= 0
	if !named && (r[2] < 0 || r[3] < 0 || !ofProwler(all[r[2]]) || !ofProwler(all[r[3]])) {
		return -1
	}
	for _, ending := range runOrder {
		if i := r[ending]; i >= 0 && all[i].Size != 0 { // Prowler 4.6.2 may leave its OCSF file empty
			return i
		}
	}
	return -1
}

// ofProwler says whether Prowler wrote an object in its own formats, by its
// beginning. What cannot be read is not known to be.
func ofProwler(o Object) bool {
	raw, err := o.Open()
	if err != nil {
		return false
	}
	head := beginning(raw)
	f, _, _, err := recognise(head, Options{}, DefaultColumns())
	return raw.Close() == nil && err == nil && f.Name == prowlerTopic
}

// beginning is the unpacked beginning of an object, as far as it can be read.
func beginning(raw io.Reader) []byte {
	body, err := unpack(raw, Limits{}.withDefaults(), true)
	if err != nil {
		return nil
	}
	defer body.release()
	head := make([]byte, 16<<10)
	n, _ := io.ReadFull(body, head) // what there is says it, or does not
	return head[:n]
}
