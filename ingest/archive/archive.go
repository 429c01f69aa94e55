package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"tocsin/ingest"
)

// An Archive keeps objects in a target. It is safe for concurrent use.
type Archive struct {
	Target Target
	Zone   *time.Location // of the days; nil: UTC
	Spool  string         // a directory for copies under way; it exists, and is private
	Max    int64          // bytes of an object; what is larger is not kept. 0: no bound
}

// A Kept is an object that is in the archive.
type Kept struct {
	Key    string
	Bytes  int64
	Before bool // it was there before
	// Object is the one that was given, read from a copy on the local disk.
	Object ingest.Object
	copy   string
}

// ErrTooLarge is the error of an object beyond Max.
var ErrTooLarge = errors.New("the object is larger than limits.object and not archived")

// An OpenError says that an object could not be read, so that there is nothing to
// keep. All other errors of Keep are the archive's.
type OpenError struct{ Err error }

// Error is that of reading.
func (e *OpenError) Error() string { return e.Err.Error() }

// Unwrap is what reading said.
func (e *OpenError) Unwrap() error { return e.Err }

// Keep puts the bytes of an object of a source into the archive, as they came. The
// day is that of its source's clock, or now's where it has none. The caller calls
// Release when the object was read.
func (a *Archive) Keep(ctx context.Context, from Origin, o ingest.Object, now time.Time) (k Kept, err error) {
	f, err := os.CreateTemp(a.Spool, "object-*")
	if err != nil {
		return k, fmt.Errorf("archive: %w", err)
	}
	k.copy = f.Name()
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, k.Release())
		}
	}()
	hash, head := sha256.New(), &beginning{}
	if k.Bytes, err = a.copy(ctx, io.MultiWriter(f, hash, head), o); err != nil {
		return k, err
	}
	at := o.Modified
	if at.IsZero() {
		at = now
	}
	k.Key = from.key(a.day(at), hex.EncodeToString(hash.Sum(nil)), head.ending())
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return k, fmt.Errorf("archive: %w", err)
	}
	if k.Before, err = a.Target.Put(ctx, k.Key, f); err != nil { // the hash in the key says that what is there is the same
		return k, err
	}
	spooled := k.copy
	k.Object = o
	k.Object.Open = func() (io.ReadCloser, error) { return os.Open(spooled) }
	return k, nil
}

// Release removes the copy on the local disk.
func (k *Kept) Release() error {
	if k.copy == "" {
		return nil
	}
	err := os.Remove(k.copy)
	k.copy = ""
	return err
}

// copy reads an object into w.
func (a *Archive) copy(ctx context.Context, w io.Writer, o ingest.Object) (int64, error) {
	src, err := o.Open()
	if err != nil {
		return 0, &OpenError{err}
	}
	source := &readErrors{r: reader{ctx, src}}
	bounded := io.Reader(source)
	if a.Max > 0 {
		bounded = io.LimitReader(source, a.Max+1)
	}
	n, err := io.Copy(w, bounded)
	closed := src.Close()
	switch {
	case source.err != nil:
		return n, &OpenError{errors.Join(source.err, closed)}
	case err != nil:
		return n, fmt.Errorf("archive: %w", err)
	case a.Max > 0 && n > a.Max:
		return n, ErrTooLarge
	case closed != nil:
		return n, &OpenError{closed}
	}
	return n, nil
}

// readErrors remembers how reading failed, to tell it from a failure to write.
type readErrors struct {
	r   io.Reader
	err error
}

func (r *readErrors) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// beginning keeps the first bytes of what is written.
type beginning struct{ b []byte }

func (w *beginning) Write(p []byte) (int, error) {
	w.b = append(w.b, p[:min(len(p), 2-len(w.b))]...)
	return len(p), nil
}

// ending is that of a name: only what the bytes themselves say.
func (w *beginning) ending() string {
	if bytes.Equal(w.b, []byte{0x1f, 0x8b}) {
		return ".gz"
	}
	return ""
}

// day is the folder of a moment.
func (a *Archive) day(t time.Time) string {
	zone := a.Zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("2006/01/02")
}

// An Origin is what the configuration says of where an object comes from.
type Origin struct {
	Source string // name of the source; "" for what is archived by hand
	Tenant string
}

// key is tenant, day, and a name that no other content has.
func (o Origin) key(day, hash, ending string) string {
	return path.Join(plain(o.Tenant, "default"), day, plain(o.Source, "file")+"-"+hash+ending)
}

// plain is a name as a folder may be called; a name that is none, such as "..",
// is written with its characters replaced.
func plain(name, otherwise string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, name)
	if strings.Trim(clean, ".") == "" {
		clean = strings.Repeat("_", len(clean))
	}
	if clean == "" {
		return otherwise
	}
	return clean[:min(len(clean), 100)]
}

// NewSpool makes a directory for copies under way, empty: what a process left that
// was killed is in the archive, or comes again.
func NewSpool(dir string) (string, error) {
	spool := filepath.Join(dir, "archive-tmp")
	if err := errors.Join(os.RemoveAll(spool), os.Mkdir(spool, 0o700)); err != nil {
		return "", fmt.Errorf("copies of objects under way: %w", err)
	}
	return spool, nil
}
