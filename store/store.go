// Open and Close of a data directory.

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Options say how a data directory is opened. The zero value of each but Dir,
// Command and Now means the default.
type Options struct {
	Dir      string    // the data directory; created with mode 0700 when absent
	Existing bool      // it has to be there already, or it is a *MissingError
	Command  string    // who opens it, such as "tocsin run": told to those who find it locked
	Now      time.Time // when it is opened

	Memory  int64 // of the logs instance in bytes; default: a quarter of what the process may use, 256 MB to 4 GB
	Threads int   // of the logs instance; default: the number of processors. See LoadThreads
	Spill   int64 // bound on the temporary files of one instance in bytes; default 8 GB
}

// LoadThreads is the number of threads for a process that only loads. A load is
// written by one thread, and the other core decodes; further threads of the
// engine would wait for work by spinning, which costs a fifth of the load.
const LoadThreads = 1

// A Store is an open data directory. Close it.
type Store struct {
	Logs  *Logs
	State *State

	dir    string
	lock   *lock
	closed atomic.Bool
}

// Open takes the lock of a data directory and opens its files, which are
// created when absent. A directory that another process has is a *LockedError,
// a file of a newer program a *NewerError. It sets the umask of the process to
// 077, because DuckDB creates its write-ahead log and its temporary files itself.
func Open(ctx context.Context, o Options) (*Store, error) {
	syscall.Umask(0o077)
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if o.Existing && !holdsData(o.Dir) {
		return nil, &MissingError{Dir: o.Dir}
	}
	if err := privateDir(o.Dir); err != nil {
		return nil, err
	}
	if kind := networkFS(o.Dir); kind != "" {
		return nil, fmt.Errorf("%s lies on a network file system (%s), where locks and the order of writes cannot be relied upon: use a local disk", o.Dir, kind)
	}
	s := &Store{dir: o.Dir}
	if s.lock, err = lockDir(o.Dir, o.Command); err != nil {
		return nil, err
	}
	if s.Logs, err = openLogs(ctx, o); err != nil {
		return nil, errors.Join(err, s.lock.release())
	}
	if s.State, err = openState(ctx, o); err != nil {
		return nil, errors.Join(err, s.Logs.close(ctx), s.lock.release())
	}
	s.Logs.history = s.State.historyRows
	return s, nil
}

// A MissingError says that there is no data directory where one has to be.
type MissingError struct{ Dir string }

func (e *MissingError) Error() string { return "there is no data directory " + e.Dir }

// holdsData reports whether one of the files is there: after a copy that was
// interrupted it may be the only one.
func holdsData(dir string) bool {
	for _, name := range []string{"logs", "state"} {
		if _, err := os.Lstat(filepath.Join(dir, name+".duckdb")); !errors.Is(err, fs.ErrNotExist) {
			return true // what else is wrong is said when it is opened
		}
	}
	return false
}

// Close writes everything into the files, closes them and releases the lock.
// It does not wait for abandoned queries. A second Close does nothing.
func (s *Store) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	return errors.Join(s.State.close(ctx), s.Logs.close(ctx), s.lock.release())
}

// Dir is the absolute path of the data directory.
func (s *Store) Dir() string { return s.dir }

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("no data directory is named")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, err
	}
	o.Dir = dir
	if o.Memory == 0 {
		o.Memory = min(max(HostMemory()/4, 256<<20), 4<<30)
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Spill == 0 {
		o.Spill = 8 << 30
	}
	return o, nil
}

// privateDir creates the data directory, or takes the rights of others away
// from it (G41).
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("make %s private: %w", dir, err)
		}
	}
	return privateFiles(dir)
}

// privateFiles takes the rights of others away from what is ours in the data directory
// (G41). Links are left alone, and so is what is not ours.
func privateFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		mode := fs.FileMode(0o600)
		switch {
		case e.Type().IsRegular() && (name == "lock" || strings.HasPrefix(name, "logs.duckdb") || strings.HasPrefix(name, "state.duckdb")):
		case e.IsDir() && name == "mail":
			mode = 0o700
		default:
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
				return fmt.Errorf("make %s private: %w", name, err)
			}
		}
	}
	return nil
}
