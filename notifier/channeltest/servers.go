//go:build integration

package channeltest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Password is the one of both users of Servers: ops@example.com and
// imai@example.jp.
const Password = "s3cret"

// Servers starts a private Postfix (127.0.0.1:2587 STARTTLS and AUTH, 2465 TLS,
// 2525 plain) and Dovecot (2143 IMAP) by tools/mailtest.sh, and stops them with
// the test. It returns their folder, which has tls/crt.pem. It needs root, and
// one test at a time.
func Servers(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to start Postfix and Dovecot")
	}
	script, err := filepath.Abs("../../tools/mailtest.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "tocsin-mail-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // postfix and vmail have to enter it
		t.Fatal(err)
	}
	run := func(args ...string) {
		if out, err := exec.Command(script, args...).CombinedOutput(); err != nil {
			t.Fatalf("mailtest.sh %v: %v\n%s", args, err, out)
		}
	}
	run("install")
	t.Cleanup(func() { run("down", dir) })
	run("up", dir)
	return dir
}

// Inbox returns all messages of a user of Servers, waiting until there are n; any
// other number fails the test.
func Inbox(t *testing.T, user string, n int) [][]byte {
	t.Helper()
	c, err := imapclient.DialInsecure("127.0.0.1:2143", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(user, Password).Wait(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		box, err := c.Select("INBOX", nil).Wait()
		if err != nil {
			t.Fatal(err)
		}
		if int(box.NumMessages) >= n {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	section := &imap.FetchItemBodySection{}
	options := &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{section}}
	messages, err := c.Fetch(imap.SeqSet{imap.SeqRange{Start: 1, Stop: 0}}, options).Collect()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, m := range messages {
		all = append(all, m.FindBodySection(section))
	}
	if len(all) != n {
		t.Fatalf("%s has %d messages, want %d", user, len(all), n)
	}
	return all
}
