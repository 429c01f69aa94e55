// Files that a session writes: readable by their owner alone, whole or not at all.

package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file, or replaces it.
func replaceFile(name string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".tocsin-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
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
	if err := replaceFile(name, text); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
