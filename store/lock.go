// The process lock of a data directory. DuckDB allows one process; the lock
// says who it is.

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A LockedError says that another process has the data directory.
type LockedError struct {
	Dir     string
	Command string // as the other process wrote it, such as "tocsin run"; may be empty
	PID     int    // 0 when it is not known
}

// Error says by whom.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is locked by another process", e.Dir)
	}
	return fmt.Sprintf("%s is locked by %q (pid %d)", e.Dir, e.Command, e.PID)
}

// lock is the held lock of a data directory. The kernel lets go of it when the
// process ends, however it ends.
type lock struct{ file *os.File }

// lockDir takes the lock at once or returns a *LockedError. The file stays when
// the lock is released: removing it would let two processes lock two files.
func lockDir(dir, command string) (*lock, error) {
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid, who := readLock(path)
		return nil, errors.Join(&LockedError{Dir: dir, Command: who, PID: pid}, file.Close())
	}
	if err == nil {
		err = writeLock(file, command)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return &lock{file: file}, nil
}

func writeLock(file *os.File, command string) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	line := strings.NewReplacer("\n", " ", "\r", " ").Replace(command)
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"+line+"\n"), 0)
	return err
}

// readLock returns what the holder wrote; it may not have written it yet.
func readLock(path string) (pid int, command string) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, ""
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	pid, err = strconv.Atoi(first)
	if err != nil {
		return 0, ""
	}
	command, _, _ = strings.Cut(rest, "\n")
	return pid, command
}

// release lets go of the lock.
func (l *lock) release() error { return l.file.Close() }
