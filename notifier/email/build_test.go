package email

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"pgregory.net/rapid"

	"tocsin/notifier"
)

func letter() notifier.Letter {
	return notifier.Letter{
		ID: "n-17.ab12", From: "tocsin@example.com", FromName: "tocsin 警報", To: "ami@example.com",
		Subject: "[firing] high: 【OSS】公開バケット – 3件", Text: "本文\n二行目\n.dot\n", HTML: "<p>本文 &amp; =3D</p>\n",
		Date:      time.Date(2026, 11, 25, 9, 0, 0, 0, time.FixedZone("JST", 9*3600)),
		InReplyTo: "n-16.ab12@example.com", References: []string{"n-15.ab12@example.com", "n-16.ab12@example.com"},
		List: "cspm-not-pass", Tags: map[string]string{"Rule": "cspm-not-pass", "Alert": "A-7F3K"},
		Attachments: []notifier.Attachment{{Name: "rows.csv", Type: "text/csv; charset=utf-8", Data: []byte("a,b\n東京,\"x\n\"\n")}},
	}
}

// read parses b and returns its header and the leaves by media type.
func read(t interface{ Fatalf(string, ...any) }, b []byte) (message.Header, map[string]string) {
	e, err := message.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("the message does not parse: %v\n%s", err, b)
	}
	leaves := map[string]string{}
	err = e.Walk(func(_ []int, e *message.Entity, err error) error {
		if err != nil {
			return err
		}
		kind, _, err := e.Header.ContentType()
		if err != nil || strings.HasPrefix(kind, "multipart/") {
			return err
		}
		body, err := io.ReadAll(e.Body)
		if _, twice := leaves[kind]; twice {
			t.Fatalf("two parts of type %s", kind)
		}
		leaves[kind] = string(body)
		return err
	})
	if err != nil {
		t.Fatalf("walk: %v", err)
	}
	return e.Header, leaves
}

// wellFormed holds for every message: CRLF only, short lines, ASCII only.
func wellFormed(t interface{ Errorf(string, ...any) }, b []byte) {
	rest := bytes.ReplaceAll(b, []byte("\r\n"), nil)
	if bytes.ContainsAny(rest, "\r\n\x00") {
		t.Errorf("bare CR, LF or NUL in %q", b)
	}
	for line := range bytes.SplitSeq(b, []byte("\r\n")) {
		if len(line) > 998 || len(line) > 78 && bytes.Contains(line, []byte("=?utf-8")) {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	for _, c := range b {
		if c > 0x7e || c < 0x20 && c != '\t' && c != '\r' && c != '\n' {
			t.Errorf("byte %#x", c)
			break
		}
	}
}

func TestBuild(t *testing.T) {
	l := letter()
	b, err := Build(l)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b)
	again, err := Build(letter())
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("the same letter gave other bytes (%v)", err)
	}
	h, leaves := read(t, b)
	for k, want := range map[string]string{
		"Subject": l.Subject, "From": `"tocsin 警報" <tocsin@example.com>`, "To": "<ami@example.com>", "Date": "Wed, 25 Nov 2026 09:00:00 +0900",
		"Message-Id": "<n-17.ab12@example.com>", "In-Reply-To": "<n-16.ab12@example.com>", "References": "<n-15.ab12@example.com> <n-16.ab12@example.com>",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "List-Id": "<cspm-not-pass.tocsin.example.com>",
		"X-Tocsin-Rule": "cspm-not-pass", "X-Tocsin-Alert": "A-7F3K", "Mime-Version": "1.0",
	} {
		got, err := h.Text(k)
		if k == "From" {
			want = strings.ReplaceAll(want, `"`, "")
		}
		if err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", k, got, err, want)
		}
	}
	want := map[string]string{"text/plain": strings.ReplaceAll(l.Text, "\n", "\r\n"), "text/html": strings.ReplaceAll(l.HTML, "\n", "\r\n"), "text/csv": string(l.Attachments[0].Data)}
	for k, w := range want {
		if leaves[k] != w {
			t.Errorf("%s: got %q, want %q", k, leaves[k], w)
		}
	}
}

func TestBuildWithoutHTML(t *testing.T) {
	b, err := Build(notifier.Letter{ID: "a", From: "t@example.com", To: "a@example.com", Date: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b)
	if _, leaves := read(t, b); len(leaves) != 1 || leaves["text/plain"] != "\r\n" {
		t.Errorf("got %q", leaves)
	}
}

func TestSubjects(t *testing.T) {
	decoder := mime.WordDecoder{}
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"two\r\nBcc: x@example.net", "two Bcc: x@example.net"},
		{"a\x00b\x1b[31m", `a\u0000b\u001b[31m`},
		{"a\u202eb\u2028c", `a\u202eb\u2028c`},
		{"=?utf-8?q?=E2=80=AEx?=", "=?utf-8?q?=E2=80=AEx?="},
		{"東京 =?x?=", "東京 =?x?="},
		{"🔔 通知", "🔔 通知"},
		{"x \u2068שלום\u2069 y", "x \u2068שלום\u2069 y"},
		{"x \u2069 y \u2068", `x \u2069 y \u2068`},
		{"a\xffb", `a\xffb`},
		{strings.Repeat("あ", 300), strings.Repeat("あ", 118) + "…"},
		{"\u2068" + strings.Repeat("ש", 300) + "\u2069", "\u2068" + strings.Repeat("ש", 117) + "\u2069…"},
		{strings.Repeat("a", 10_000), strings.Repeat("a", 118) + "…"},
		{"", ""},
	} {
		l := letter()
		l.Subject = c.in
		b, err := Build(l)
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b)
		h, _ := read(t, b)
		got, err := decoder.DecodeHeader(h.Get("Subject"))
		if err != nil || got != c.want {
			t.Errorf("%.40q: got %q (%v), want %q", c.in, got, err, c.want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*notifier.Letter){
		"id":         func(l *notifier.Letter) { l.ID = "a b" },
		"no id":      func(l *notifier.Letter) { l.ID = "" },
		"from":       func(l *notifier.Letter) { l.From = "x@example.com\r\nBcc: y@example.net" },
		"to":         func(l *notifier.Letter) { l.To = "x@example.com, y@example.com" },
		"date":       func(l *notifier.Letter) { l.Date = time.Time{} },
		"reference":  func(l *notifier.Letter) { l.References = []string{"a@b>\r\nX: y"} },
		"tag":        func(l *notifier.Letter) { l.Tags = map[string]string{"A: b\r\n": ""} },
		"list":       func(l *notifier.Letter) { l.List = "a>b" },
		"attachment": func(l *notifier.Letter) { l.Attachments[0].Name = `a";x="b` },
		"type":       func(l *notifier.Letter) { l.Attachments[0].Type = "text\r\n" },
	} {
		l := letter()
		spoil(&l)
		if b, err := Build(l); err == nil {
			t.Errorf("%s was accepted:\n%s", name, b)
		}
	}
}

// Whatever a log holds, the message has our headers and parts and no others.
func TestBuildIsInert(t *testing.T) {
	odd := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("\r\n\x00\t =?_-.:@<>\"\\שあ🔔\u2028\u202e\u2068\u2069"))))
	rapid.Check(t, func(t *rapid.T) {
		l := letter()
		l.Subject, l.Text, l.HTML = odd.Draw(t, "subject"), odd.Draw(t, "text"), odd.Draw(t, "html")+"x"
		l.Tags = map[string]string{"Rule": odd.Draw(t, "tag")}
		l.FromName = odd.Draw(t, "name")
		b, err := Build(l)
		if err != nil {
			t.Fatalf("%v", err)
		}
		wellFormed(t, b)
		h, leaves := read(t, b)
		if n := h.Len(); n != 13 || len(leaves) != 3 {
			t.Errorf("%d header fields, %d parts:\n%s", n, len(leaves), b)
		}
		if s, err := h.Text("Subject"); err != nil || utf8.RuneCountInString(s) > 120 || strings.ContainsAny(s, "\r\n\x00\u202e") {
			t.Errorf("subject %q, %v", s, err)
		}
	})
}
