// Files of a user that are written: whole or not at all.

package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile writes a file of a user, or replaces it, whole or not at all: who reads
// it meanwhile sees the one or the other. A new one can be read by its owner alone;
// one that exists keeps its mode, and a link stays a link.
func WriteFile(name string, text []byte) (err error) {
	mode := fs.FileMode(0o600)
	switch info, err := os.Stat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		mode = info.Mode().Perm()
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".tocsin-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// newFile writes a file that must not exist yet.
func newFile(name string, text []byte) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return err
		}
		return wrong("%s exists already: remove it, or name another file", visible(name))
	}
	if err := WriteFile(name, text); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
