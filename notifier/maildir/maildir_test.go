package maildir

import (
	"bytes"
	"context"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tocsin/notifier"
	"tocsin/notifier/channeltest"
)

func open(t *testing.T) channeltest.Rig {
	dir := filepath.Join(t.TempDir(), "mail")
	m, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return channeltest.Rig{
		Channel: m,
		Received: func() []channeltest.Message {
			var all []channeltest.Message
			names, err := filepath.Glob(filepath.Join(dir, "new", "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names { // Glob sorts, and names sort by the envelope's id
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				m, err := mail.ReadMessage(bytes.NewReader(b))
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, channeltest.Message{To: strings.Trim(m.Header.Get("To"), "<>"), Bytes: b})
			}
			return all
		},
		Arrange: func(f channeltest.Fault) bool {
			if f != channeltest.AboutUs {
				return false
			}
			if err := os.RemoveAll(filepath.Join(dir, "tmp")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "tmp"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return true
		},
	}
}

func TestChannel(t *testing.T) { channeltest.Run(t, open) }

func TestNamesAndModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	m, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := notifier.Envelope{ID: 7, To: "../../etc/x@example.com", Bytes: []byte("Subject: ../../x\r\n\r\n")}
	for range 2 { // an envelope that is sent again is not there twice
		if o := m.Send(context.Background(), e, func() error { return nil }); o.Kind != notifier.Sent {
			t.Fatalf("got %v: %s", o.Kind, o.Answer)
		}
	}
	files := 0
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if info.IsDir() {
			if info.Mode().Perm() != 0o700 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return nil
		}
		files++
		if info.Mode().Perm() != 0o600 || !regexp.MustCompile(`/new/000000000007\.[0-9a-f]{24}\.tocsin$`).MatchString(path) {
			t.Errorf("%s with mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || files != 1 {
		t.Errorf("%d files, %v", files, err)
	}
}
