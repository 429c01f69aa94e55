package agent

import (
	"fmt"
	"maps"
	"time"

	"tocsin/ingest"
)

// This file says which files of a source are to be taken in now.

// A Source is a directory whose files are taken in as they come.
type Source struct {
	Name     string
	Dir      string
	Logstore *ingest.Logstore // nil: by content
	Zone     *time.Location   // of times without an offset; nil: that of the configuration
}

// settle is how long a file must be unchanged before it is read, so that one
// that is still being written is not read in half.
const settle = 2 * time.Second

// A watch remembers which files of a source were handed over, so that a scan
// of a large directory costs the ledger nothing. It belongs to one goroutine.
type watch struct {
	source Source
	taken  map[string]string // name of the object → version
}

// ready lists the files that are new or changed and have settled at now. more
// reports whether some have not settled yet. An error is of a part of the folder;
// the rest is listed all the same.
func (w *watch) ready(now time.Time) (objects []ingest.Object, more bool, err error) {
	all, _, err := ingest.Files([]string{w.source.Dir})
	if err != nil {
		err = fmt.Errorf("source %s: %w", w.source.Name, err)
	}
	w.forget(all)
	for _, o := range all {
		switch {
		case w.taken[o.Name] == o.Version:
		case now.Sub(o.Modified) < settle && !o.Modified.After(now):
			more = true
		default:
			objects = append(objects, o)
		}
	}
	return objects, more, err
}

// forget leaves out what is not there any more, so that a folder whose files
// come and go does not fill the memory.
func (w *watch) forget(all []ingest.Object) {
	there := make(map[string]bool, len(all))
	for _, o := range all {
		there[o.Name] = true
	}
	maps.DeleteFunc(w.taken, func(name, _ string) bool { return !there[name] })
}

// took notes that objects are stored, or were refused for good.
func (w *watch) took(objects []ingest.Object) {
	if w.taken == nil {
		w.taken = map[string]string{}
	}
	for _, o := range objects {
		w.taken[o.Name] = o.Version
	}
}
