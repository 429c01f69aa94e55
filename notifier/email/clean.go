package email

// This file cleans what goes into headers and bodies, and what servers answer.
// Templates have cleaned their output already; this is the second lock.

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"tocsin/diag"
)

const (
	openIsolate  = "\u2068"
	closeIsolate = "\u2069"
)

// oneLine returns s on one line of at most limit characters, with an ellipsis
// where it was cut. The isolates that our own cleaning puts around text from
// right to left stay when they are balanced; everything else that a reader
// cannot see is shown as \u202e.
func oneLine(s string, limit int) string {
	var b strings.Builder
	open := 0
	for s != "" {
		i := strings.IndexAny(s, openIsolate+closeIsolate)
		if i < 0 {
			b.WriteString(diag.Line(s))
			break
		}
		b.WriteString(diag.Line(s[:i]))
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case string(r) == openIsolate && open == 0 && strings.Contains(s[i+n:], closeIsolate):
			b.WriteString(openIsolate)
			open++
		case string(r) == closeIsolate && open > 0:
			b.WriteString(closeIsolate)
			open--
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[i+n:]
	}
	return cut(strings.TrimSpace(b.String()), limit)
}

// cut shortens s to limit characters, closes an isolate that is open there and
// marks the place with an ellipsis.
func cut(s string, limit int) string {
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	head := string(r[:limit-2])
	if strings.Count(head, openIsolate) > strings.Count(head, closeIsolate) {
		head += closeIsolate
	}
	return head + "…"
}

// bodyText makes a finished text fit for a part: CRLF line ends, valid UTF-8,
// and no control character but tab; those are shown as \u0000.
func bodyText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case r == '\n':
			b.WriteString("\r\n")
		case r < 0x20 && r != '\t', r >= 0x7f && r <= 0x9f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	if !strings.HasSuffix(b.String(), "\r\n") {
		b.WriteString("\r\n")
	}
	return b.String()
}

const maxAnswer = 300 // characters of a server's answer that are kept and shown

// answerText makes an answer, or an error that may quote one, fit to be shown:
// without the secrets of ours that a server may send back (G38), on one line,
// cleaned, cut, and isolated.
func answerText(s string, secrets []string) string {
	if len(s) > 8*maxAnswer {
		s = s[:8*maxAnswer]
	}
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, "…")
	}
	return diag.Isolate(cut(diag.Line(s), maxAnswer))
}

// secretForms are the forms in which a password travels, longest first: the
// answer to PLAIN, the answer to LOGIN, and as it is.
func secretForms(user, password string) []string {
	if password == "" {
		return nil
	}
	enc := base64.StdEncoding.EncodeToString
	return []string{
		enc([]byte("\x00" + user + "\x00" + password)),
		strings.TrimRight(enc([]byte(password)), "="),
		password,
	}
}
