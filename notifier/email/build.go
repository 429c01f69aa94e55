package email

// This file turns a Letter into the bytes of a message. The bytes are kept in
// the outbox and sent unchanged, so nothing here is random and nothing reads a
// clock: the same letter gives the same bytes.

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message"

	"tocsin/notifier"
)

const (
	maxSubject = 120 // characters (G04)
	maxTag     = 200 // characters of an X-Tocsin header
)

var (
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$`)
	refPattern  = regexp.MustCompile(`^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$`)
	tagPattern  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,40}$`)
	namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	listPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
)

// Build returns the message of l with CRLF line ends: text and HTML as
// multipart/alternative (text alone when there is no HTML), attachments around
// them as multipart/mixed. Header values are one line each; what they must not
// carry is shown as \u0000 (diag.Clean), and the subject is cut at 120
// characters. An id, address, tag or attachment name that a header cannot carry
// is an error: it would come from our own side.
func Build(l notifier.Letter) ([]byte, error) {
	if err := checkLetter(l); err != nil {
		return nil, fmt.Errorf("build the mail %q: %w", l.ID, err)
	}
	b := builder{letter: l, seed: fingerprint(l)}
	var out bytes.Buffer
	if err := b.message(&out); err != nil {
		return nil, fmt.Errorf("build the mail %q: %w", l.ID, err)
	}
	return out.Bytes(), nil
}

func checkLetter(l notifier.Letter) error {
	if !idPattern.MatchString(l.ID) {
		return fmt.Errorf("the id is not made of letters, digits, dots, dashes")
	}
	if l.Date.IsZero() {
		return fmt.Errorf("it has no date")
	}
	for _, addr := range []string{l.From, l.To} {
		if err := notifier.CheckAddress(addr, nil); err != nil {
			return err
		}
	}
	for _, r := range append(slices.Clone(l.References), l.InReplyTo) {
		if r != "" && !refPattern.MatchString(r) {
			return fmt.Errorf("the reference %q is no Message-ID", r)
		}
	}
	for k := range l.Tags {
		if !tagPattern.MatchString(k) {
			return fmt.Errorf("%q cannot be part of a header's name", k)
		}
	}
	if l.List != "" && !listPattern.MatchString(l.List) {
		return fmt.Errorf("the list %q is no rule id", l.List)
	}
	for _, a := range l.Attachments {
		kind, _, err := mime.ParseMediaType(a.Type)
		if err != nil || !strings.Contains(kind, "/") || !namePattern.MatchString(a.Name) {
			return fmt.Errorf("the attachment %q has no usable name or type", a.Name)
		}
	}
	return nil
}

// fingerprint is a hash of everything that l says. Boundaries are derived from
// it, so no text in l can hold its own.
func fingerprint(l notifier.Letter) string {
	l.Date = l.Date.Round(0) // no monotonic clock
	j, err := json.Marshal(l)
	if err != nil { // a year beyond 9999
		j = []byte(l.ID + l.Subject + l.Text + l.HTML)
	}
	sum := sha256.Sum256(j)
	return hex.EncodeToString(sum[:12])
}

type builder struct {
	letter notifier.Letter
	seed   string
}

func (b builder) message(out *bytes.Buffer) error {
	h := b.header()
	if len(b.letter.Attachments) == 0 {
		return b.body(h, func(h message.Header) (*message.Writer, error) { return message.CreateWriter(out, h) })
	}
	h.SetContentType("multipart/mixed", map[string]string{"boundary": "=_m" + b.seed})
	w, err := message.CreateWriter(out, h)
	if err != nil {
		return err
	}
	if err := b.body(message.Header{}, w.CreatePart); err != nil {
		return err
	}
	for _, a := range b.letter.Attachments {
		if err := attach(w, a); err != nil {
			return err
		}
	}
	return w.Close()
}

// header returns the header of the whole message. The last field added comes
// first.
func (b builder) header() message.Header {
	var h message.Header
	l := b.letter
	add := func(k, v string) { h.AddRaw([]byte(fold(k, v))) }
	add("MIME-Version", "1.0")
	for _, k := range slices.Backward(slices.Sorted(maps.Keys(l.Tags))) {
		add("X-Tocsin-"+k, headerText(l.Tags[k], maxTag))
	}
	add("X-Auto-Response-Suppress", "All")
	add("Auto-Submitted", "auto-generated")
	if l.List != "" {
		add("List-Id", "<"+l.List+".tocsin."+l.From[strings.LastIndexByte(l.From, '@')+1:]+">")
	}
	if len(l.References) > 0 {
		add("References", "<"+strings.Join(l.References, "> <")+">")
	}
	if l.InReplyTo != "" {
		add("In-Reply-To", "<"+l.InReplyTo+">")
	}
	add("Message-Id", "<"+l.MessageID()+">")
	add("Subject", headerText(l.Subject, maxSubject))
	add("To", "<"+l.To+">")
	add("From", (&netmail.Address{Name: oneLine(l.FromName, maxSubject), Address: l.From}).String())
	add("Date", l.Date.Format(time.RFC1123Z))
	return h
}

// fold returns a header field with line ends before words that would pass 76
// characters.
func fold(key, value string) string {
	var b strings.Builder
	b.WriteString(key + ":")
	n := b.Len()
	for word := range strings.SplitSeq(value, " ") {
		if word != "" && n+1+len(word) > 76 && n > 1 {
			b.WriteString("\r\n")
			n = 0
		}
		b.WriteString(" " + word)
		n += 1 + len(word)
	}
	b.WriteString("\r\n")
	return b.String()
}

// body writes the text, or text and HTML as alternatives, into the entity that
// create makes of h.
func (b builder) body(h message.Header, create func(message.Header) (*message.Writer, error)) error {
	if b.letter.HTML == "" {
		return write(h, create, "text/plain", b.letter.Text)
	}
	h.SetContentType("multipart/alternative", map[string]string{"boundary": "=_a" + b.seed})
	w, err := create(h)
	if err != nil {
		return err
	}
	if err := write(message.Header{}, w.CreatePart, "text/plain", b.letter.Text); err != nil {
		return err
	}
	if err := write(message.Header{}, w.CreatePart, "text/html", b.letter.HTML); err != nil {
		return err
	}
	return w.Close()
}

// write writes one text part.
func write(h message.Header, create func(message.Header) (*message.Writer, error), mediaType, text string) error {
	text = bodyText(text)
	h.SetContentType(mediaType, map[string]string{"charset": "utf-8"})
	h.Set("Content-Transfer-Encoding", transferEncoding(text))
	w, err := create(h)
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.Close()
}

// transferEncoding picks the shorter encoding: quoted-printable takes three
// bytes for each byte beyond ASCII, base64 four for each three.
func transferEncoding(text string) string {
	n := 0
	for i := range len(text) {
		if text[i] >= 0x80 {
			n++
		}
	}
	if n > len(text)/6 {
		return "base64"
	}
	return "quoted-printable"
}

func attach(w *message.Writer, a notifier.Attachment) error {
	var h message.Header
	h.Set("Content-Transfer-Encoding", "base64")
	h.SetContentDisposition("attachment", map[string]string{"filename": a.Name})
	mediaType, params, err := mime.ParseMediaType(a.Type)
	if err != nil {
		return err
	}
	params["name"] = a.Name
	h.SetContentType(mediaType, params)
	p, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	if _, err := p.Write(a.Data); err != nil {
		return err
	}
	return p.Close()
}

// headerText returns the value of an unstructured header: one line of at most
// limit characters, encoded where it is not plain ASCII. Text that looks like
// an encoded word is encoded as well, so that a reader shows it as it was
// logged instead of decoding it.
func headerText(s string, limit int) string {
	s = oneLine(s, limit)
	if !strings.Contains(s, "=?") {
		return mime.QEncoding.Encode("utf-8", s)
	}
	var words []string
	for s != "" {
		n := min(45, len(s))
		for n < len(s) && s[n]&0xc0 == 0x80 {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}
