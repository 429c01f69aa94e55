// The marker: which rules' queries are at work, in a file that outlives the process.

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"tocsin/alertrules"
)

// A Marker says in a file of the data directory which rules' queries are at work. It
// is not synced: it survives the process, and tells nothing of a machine that went
// down. Its methods are safe for concurrent use.
type Marker struct {
	mu    sync.Mutex
	file  *os.File
	wreck alertrules.Wreck // of the process, should it end now
	fault error            // why it could not be written last
}

// marked is the file: one value, behind which lies what is left of longer ones.
type marked struct {
	ID    string   `json:"id"`
	Rules []string `json:"rules"`
}

// OpenMarker opens the marker and returns what the process before left in it, which
// has no rules when that ended as it should. That stays until the first query
// begins, or Clear.
func (s *Store) OpenMarker(now time.Time) (*Marker, alertrules.Wreck, error) {
	path := filepath.Join(s.dir, "at-work")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, alertrules.Wreck{}, fmt.Errorf("open the marker: %w", err)
	}
	var found marked
	if err := json.NewDecoder(io.LimitReader(file, maxMarker)).Decode(&found); err != nil {
		found = marked{} // empty, or of a machine that went down
	}
	m := &Marker{file: file, wreck: alertrules.Wreck{ID: strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(now.UnixNano(), 36)}}
	slices.Sort(found.Rules)
	return m, alertrules.Wreck{ID: found.ID, Rules: slices.Compact(found.Rules)}, nil
}

// maxMarker bounds what is read of the file.
const maxMarker = 1 << 20

// Begin notes that a query of a rule begins; done, that it has ended.
func (m *Marker) Begin(rule string) (done func()) {
	m.change(func() { m.wreck.Rules = append(m.wreck.Rules, rule) })
	return func() {
		m.change(func() {
			if i := slices.Index(m.wreck.Rules, rule); i >= 0 { // Close may have been faster
				m.wreck.Rules = slices.Delete(m.wreck.Rules, i, i+1)
			}
		})
	}
}

// Clear forgets what the process before left.
func (m *Marker) Clear() error {
	m.change(func() {})
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fault
}

// Close notes that the process ends as it should. The error says also what could not
// be noted before, such as on a full disk: rules do not wait for it.
func (m *Marker) Close() error {
	m.change(func() { m.wreck.Rules = nil })
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.Join(m.fault, m.file.Close())
}

// change writes the file anew, with one system call, so that it is never torn.
func (m *Marker) change(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
	text, err := json.Marshal(marked(m.wreck))
	if err == nil {
		_, err = m.file.WriteAt(append(text, '\n'), 0)
	}
	if m.fault = err; err != nil {
		m.fault = fmt.Errorf("note which rules are at work: %w", err)
	}
}
