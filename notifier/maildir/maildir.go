// Package maildir is the channel that writes mail into a maildir on this
// machine: the default when no mail server is configured, and what demos and
// tests read. All recipients' mails lie in one folder; their To header tells
// them apart.
package maildir

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"tocsin/diag"
	"tocsin/notifier"
)

// A Maildir is the channel of one folder.
type Maildir struct{ dir string }

// New returns the channel of dir and makes the folder with its parts tmp, new
// and cur (mode 0700) where they are missing.
func New(dir string) (*Maildir, error) {
	m := &Maildir{dir: dir}
	if err := m.make(); err != nil {
		return nil, fmt.Errorf("maildir: %w", err)
	}
	return m, nil
}

func (m *Maildir) make() error {
	for _, part := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(m.dir, part), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// Send implements notifier.Channel: the bytes go into tmp, are synced, and move
// to new. The name holds nothing but the envelope's id and a hash (G16), so
// names sort in the order of sending, and an envelope that is sent again
// replaces its own copy where no reader has moved it.
func (m *Maildir) Send(ctx context.Context, e notifier.Envelope, mark func() error) notifier.Outcome {
	if err := context.Cause(ctx); err != nil {
		return failed("open", err)
	}
	if err := m.make(); err != nil {
		return failed("open", err)
	}
	sum := sha256.Sum256(append([]byte(e.To+"\x00"), e.Bytes...))
	name := fmt.Sprintf("%012d.%x.tocsin", e.ID, sum[:12])
	tmp := filepath.Join(m.dir, "tmp", name)
	if err := writeSynced(tmp, e.Bytes); err != nil {
		return failed("write", errors.Join(err, discard(tmp)))
	}
	if err := mark(); err != nil {
		return failed("mark", errors.Join(err, discard(tmp)))
	}
	if err := os.Rename(tmp, filepath.Join(m.dir, "new", name)); err != nil {
		return failed("move", errors.Join(err, discard(tmp)))
	}
	if err := syncDir(filepath.Join(m.dir, "new")); err != nil {
		return notifier.Outcome{Kind: notifier.Unknown, Stage: "sync", Answer: diag.Line(err.Error())}
	}
	return notifier.Outcome{Kind: notifier.Sent, Stage: "answer", Answer: "written as " + filepath.Join("new", name)}
}

// Close implements notifier.Channel; nothing is kept open.
func (m *Maildir) Close() error { return nil }

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = bytes.NewReader(b).WriteTo(f)
	return errors.Join(err, f.Sync(), f.Close())
}

// discard removes what was written in vain.
func discard(tmp string) error {
	if err := os.Remove(tmp); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return err
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// failed is the outcome of an error on our own disk, which is never about one
// recipient: what time may cure is tried again, the rest is for the operator.
func failed(stage string, err error) notifier.Outcome {
	o := notifier.Outcome{Kind: notifier.Retry, Stage: stage, Answer: diag.Line(err.Error()), Server: true}
	lasting := errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR) ||
		errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ELOOP) || errors.Is(err, fs.ErrExist)
	if lasting && stage != "mark" {
		o.Kind = notifier.Operator
	}
	return o
}
