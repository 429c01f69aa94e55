// Backup: a pair of files that belong together.

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Backup writes logs.duckdb and state.duckdb, as they are now and belong together,
// into a directory, which is created with mode 0700. A directory with anything in it
// is an error: nothing is ever written over. The copy is whole or not there under
// its name. What is to be taken in waits for as long as the copy takes, and what is
// decided for as long as that of state.duckdb takes; questions go on.
func (s *Store) Backup(ctx context.Context, dir string) (files []string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if inside, err := filepath.Rel(s.dir, dir); err == nil && filepath.IsLocal(inside) {
		return nil, fmt.Errorf("%s lies in the data directory: a backup belongs elsewhere", dir)
	}
	if err := empty(dir); err != nil {
		return nil, err
	}
	s.Logs.writer.Lock() // never behind that of State
	defer s.Logs.writer.Unlock()
	s.State.writer.Lock()
	stateWaits := true
	release := func() {
		if stateWaits {
			s.State.writer.Unlock()
		}
		stateWaits = false
	}
	defer release()
	under := dir + ".partial"
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, fmt.Errorf("create the backup: %w", err)
	}
	switch err := os.Mkdir(under, 0o700); {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("create the backup: %w (a backup that was interrupted leaves it: delete it)", err)
	case err != nil:
		return nil, fmt.Errorf("create the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(under))
		}
	}()
	// The small file first: of the other nothing is written as long as its writer
	// waits, so that what the state knows is in it.
	for _, in := range []*instance{s.State.in, s.Logs.in} {
		if !in.roomy() {
			return nil, fmt.Errorf("%s cannot be written whole before it is copied: the disk is full", in.path)
		}
		if err := s.settle(ctx, in); err != nil {
			return nil, err
		}
		name := filepath.Base(in.path)
		if err := copyPrivate(ctx, filepath.Join(under, name), in.path); err != nil {
			return nil, fmt.Errorf("back up %s: %w", name, err)
		}
		release()
		files = append(files, filepath.Join(dir, name))
	}
	slices.Sort(files)
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return nil, fmt.Errorf("create the backup: %w", err)
	}
	if err := os.Rename(under, dir); err != nil {
		return nil, fmt.Errorf("create the backup: %w", err)
	}
	return files, nil
}

// settleTries is how often a checkpoint beside questions is tried.
const settleTries = 50

// settle writes all of the write-ahead log of an instance into its file. Questions that
// began before may keep a checkpoint from doing all of it: the last tries wait for those
// of users, and keep new ones waiting.
func (s *Store) settle(ctx context.Context, in *instance) error {
	for try := range settleTries {
		if err := s.checkpointed(ctx, in, try > settleTries/2); err != nil {
			return err
		}
		if in.walBytes() == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s has %d bytes in its write-ahead log although it was checkpointed", in.path, in.walBytes())
}

func (s *Store) checkpointed(ctx context.Context, in *instance, alone bool) error {
	if alone && in == s.Logs.in {
		s.Logs.gate.Lock()
		defer s.Logs.gate.Unlock()
	}
	return in.checkpoint(ctx)
}

// empty reports a path that is there and is no empty directory.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: a backup writes nothing over, name a new directory", dir)
	}
	return nil
}
