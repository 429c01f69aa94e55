// The history of what was typed: over sessions, in a file of the user.

package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxHistory is how many texts are kept; the file is cut to them when it has
// twice as many.
const maxHistory = 5000

// A typed is one text of the history, a line of JSON in the file.
type typed struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// A history is the texts that were typed, in this session and before. Several
// sessions may share the file. It is what the line editor calls a source.
type history struct {
	file    string // "" keeps nothing
	now     func() time.Time
	entries []typed
	err     error // the first failure to keep a text
}

// openHistory reads the history of a file, which need not exist. Lines that are
// none are left out.
func openHistory(file string, now func() time.Time) (*history, error) {
	h := &history{file: file, now: now}
	if file == "" {
		return h, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		h.file = ""
		return h, fmt.Errorf("read the history: %w (TOCSIN_HISTORY names another file)", err)
	}
	for line := range bytes.Lines(text) {
		var e typed
		if json.Unmarshal(line, &e) == nil && e.Text != "" {
			h.entries = append(h.entries, e)
		}
	}
	if len(h.entries) > 2*maxHistory {
		h.entries = h.entries[len(h.entries)-maxHistory:]
		return h, h.rewrite()
	}
	return h, nil
}

// rewrite replaces the file by what is remembered.
func (h *history) rewrite() error {
	var b bytes.Buffer
	for _, e := range h.entries {
		if err := json.NewEncoder(&b).Encode(e); err != nil {
			return err
		}
	}
	if err := WriteFile(h.file, b.Bytes()); err != nil {
		return fmt.Errorf("shorten the history: %w", err)
	}
	return nil
}

// Write keeps a text: not one that begins with a space, nor the last one again.
func (h *history) Write(text string) (int, error) {
	block := strings.TrimRight(text, " \t\n")
	if block == "" || strings.HasPrefix(block, " ") || len(h.entries) > 0 && h.entries[len(h.entries)-1].Text == block {
		return len(h.entries), nil
	}
	e := typed{h.now().UTC().Truncate(time.Second), block}
	h.entries = append(h.entries, e)
	if h.file != "" && h.err == nil {
		h.err = h.append(e)
	}
	return len(h.entries), nil
}

func (h *history) append(e typed) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// GetLine returns the text of a position, from 0.
func (h *history) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.entries) {
		return "", fmt.Errorf("the history has no entry %d", i)
	}
	return h.entries[i].Text, nil
}

// Len is the number of texts.
func (h *history) Len() int { return len(h.entries) }

// Dump returns all texts.
func (h *history) Dump() any { return h.entries }

// newest returns the last n texts, in order.
func (h *history) newest(n int) []typed {
	return h.entries[max(0, len(h.entries)-n):]
}
