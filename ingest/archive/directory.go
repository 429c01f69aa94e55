package archive

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Where an archive lies.

// A Target keeps contents under keys: Directory, or a bucket (package s3). Keys are
// relative paths with slashes made of letters, digits, '.', '_', '-' and '='. It is
// safe for concurrent use.
type Target interface {
	// Put stores a content, which stands at its beginning, under a key. It is there
	// whole and for good when Put returns without an error. Where there is
	// something already, nothing changes and before is true. The content may be
	// read more than once.
	Put(ctx context.Context, key string, content io.ReadSeeker) (before bool, err error)
}

// errExists says that there is something under a key.
var errExists = errors.New("it is there already")

// directory is a Target on a local disk.
type directory struct{ root string }

// Directory returns the target of a directory, which is created when the first
// content is put. Files are readable by their owner alone.
func Directory(root string) Target { return directory{root} }

// Put implements Target: under another name, on the disk, then under its own.
func (d directory) Put(ctx context.Context, key string, content io.ReadSeeker) (before bool, err error) {
	switch err := d.put(ctx, key, content); {
	case errors.Is(err, errExists):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("archive %s in %s: %w", key, d.root, err)
	}
	return false, nil
}

func (d directory) put(ctx context.Context, key string, content io.Reader) (err error) {
	if err := os.MkdirAll(d.root, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(d.root) // no link leads out of it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	folder := path.Dir(key)
	if err := root.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if _, err := root.Lstat(key); err == nil {
		return errExists
	}
	temp := path.Join(folder, "."+rand.Text()+".tmp")
	defer func() {
		if gone := root.Remove(temp); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if err := writeFile(ctx, root, temp, content); err != nil {
		return err
	}
	switch err := root.Link(temp, key); { // unlike a rename, it does not replace
	case errors.Is(err, fs.ErrExist):
		return errExists
	case err != nil:
		return err
	}
	return syncFolder(root, folder)
}

// writeFile writes a new file and has it on the disk when it returns.
func writeFile(ctx context.Context, root *os.Root, name string, content io.Reader) (err error) {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, reader{ctx, content}); err != nil {
		return err
	}
	return f.Sync()
}

// syncFolder has the name of a new file on the disk.
func syncFolder(root *os.Root, folder string) error {
	f, err := root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// reader reads until its context ends.
type reader struct {
	ctx context.Context //nolint:containedctx // io.Reader has none
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
