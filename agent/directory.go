package agent

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"time"

	"github.com/fsnotify/fsnotify"

	"tocsin/ingest"
)

// This file is the source that is a directory: which of its files are to be
// taken in now, and when to look again.

// settle is how long a file must be unchanged before it is read, so that one
// that is still being written is not read in half.
const settle = 2 * time.Second

// patience is how long a log of so many bytes is waited for that never settles, until
// its whole lines are read all the same. As each time it is read from its beginning, a
// longer one is read less often.
func patience(size int64) time.Duration {
	return 15*time.Second + time.Duration(size>>22)*time.Second
}

// refusedPause is how long a growing log that could not be read is left to settle.
const refusedPause = time.Hour

// Directory returns the source that hands out the files below a directory as
// they come, each version once; of a log that never stops changing its whole lines
// (ingest.Growing) now and then. The files stay where they are; name gives the name
// of an object for the path of its file.
func Directory(dir string, name func(path string) string, log *slog.Logger) ingest.Source {
	return &directory{dir: dir, name: name, log: log}
}

// A directory remembers which files were taken in, so that a scan of a large
// one costs the ledger nothing.
type directory struct {
	dir   string
	name  func(path string) string
	log   *slog.Logger
	taken map[string]string // name of the object → version
	// changing holds, by the name of a file that has not settled, since when it is
	// waited for.
	changing map[string]time.Time
	wake     <-chan struct{} // nil: it is only polled
	stop     func()
}

// Receive implements ingest.Source.
func (d *directory) Receive(ctx context.Context, ask ingest.Ask) (ingest.Batch, error) {
	if d.stop == nil && ask.Wait > 0 {
		d.wake, d.stop = changes(d.dir, d.log)
	}
	began := time.Now()
	for {
		waited := time.Since(began)
		now := ask.Now.Add(waited)
		if ask.All {
			now = now.Add(settle)
		}
		objects, unsettled, err := d.ready(now)
		if left := ask.Wait - waited; len(objects) == 0 && err == nil && left > 0 {
			if unsettled {
				left = min(left, settle)
			}
			if !sleep(ctx, left, d.wake) || !sleep(ctx, settle/4, nil) { // a burst of changes is one
				return ingest.Batch{}, ctx.Err()
			}
			continue
		}
		if ask.Few {
			objects = objects[max(0, len(objects)-1):]
		}
		return ingest.Batch{Objects: objects, Settle: func(_ context.Context, o ingest.Outcome) error {
			if o.Committed {
				d.took(objects, o.Failed, now)
			}
			return nil
		}}, err
	}
}

// Close implements ingest.Source.
func (d *directory) Close() error {
	if d.stop != nil {
		d.stop()
	}
	return nil
}

// ready lists the files that are new or changed and have settled at now.
// unsettled reports whether some have not yet. An error is of a part of the
// folder; the rest is listed all the same.
func (d *directory) ready(now time.Time) (objects []ingest.Object, unsettled bool, err error) {
	all, _, err := ingest.Files([]string{d.dir})
	for i := range all {
		all[i].Name = d.name(all[i].Name)
	}
	d.forget(all)
	for _, o := range all {
		switch {
		case d.taken[o.Name] == o.Version:
			delete(d.changing, o.Name)
		case now.Sub(o.Modified) < settle && !o.Modified.After(now):
			unsettled = true
			part, ok, unread := d.growing(o, now)
			if ok {
				objects = append(objects, part)
			}
			err = errors.Join(err, unread)
		default:
			delete(d.changing, o.Name)
			objects = append(objects, o)
		}
	}
	return objects, unsettled, err
}

// growing returns what can be read of a file that has not settled, once it was waited
// for long enough.
func (d *directory) growing(o ingest.Object, now time.Time) (part ingest.Object, ok bool, err error) {
	since, known := d.changing[o.Name]
	if !known {
		since = now
		d.waitFrom(o.Name, now)
	}
	if now.Sub(since) < patience(o.Size) {
		return part, false, nil
	}
	if part, ok, err = ingest.Growing(o); !ok {
		d.waitFrom(o.Name, now)
	}
	if errors.Is(err, fs.ErrNotExist) { // it went meanwhile
		err = nil
	}
	return part, ok, err
}

func (d *directory) waitFrom(name string, since time.Time) {
	if d.changing == nil {
		d.changing = map[string]time.Time{}
	}
	d.changing[name] = since
}

// forget leaves out what is not there any more, so that a folder whose files
// come and go does not fill the memory.
func (d *directory) forget(all []ingest.Object) {
	there := make(map[string]bool, len(all))
	for _, o := range all {
		there[o.Name] = true
	}
	maps.DeleteFunc(d.taken, func(name, _ string) bool { return !there[name] })
	maps.DeleteFunc(d.changing, func(name string, _ time.Time) bool { return !there[name] })
}

// took notes that objects are stored, or were refused for good. What failed and comes
// again, since it is a part of a log that grows, does not count.
func (d *directory) took(objects []ingest.Object, failed map[string]error, now time.Time) {
	if d.taken == nil {
		d.taken = map[string]string{}
	}
	for _, o := range objects {
		why := failed[o.Name]
		_, changing := d.changing[o.Name]
		if why != nil && o.Retried(why) {
			d.waitFrom(o.Name, now.Add(refusedPause))
			continue
		}
		if changing {
			d.waitFrom(o.Name, now)
		}
		d.taken[o.Name] = o.Version
	}
}

// changes tells of changes below a directory. Where watching is not to be had
// (too many watches, a directory that does not exist yet) the poll remains.
func changes(dir string, log *slog.Logger) (<-chan struct{}, func()) {
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = w.Add(dir); err != nil {
			err = errors.Join(err, w.Close())
		}
	}
	if err != nil {
		log.Warn("not watched, only polled", "directory", dir, "error", err)
		return nil, func() {}
	}
	wake := make(chan struct{}, 1)
	go func() {
		for range w.Events {
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	}()
	go func() {
		for err := range w.Errors {
			log.Warn("watch", "directory", dir, "error", err)
		}
	}()
	return wake, func() {
		if err := w.Close(); err != nil {
			log.Warn("watch", "directory", dir, "error", err)
		}
	}
}
