package main

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// mailText returns the subject and the plain text part of a message, decoded.
func mailText(r io.Reader) (subject, text string, err error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return "", "", err
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return "", "", err
	}
	text, err = textPart(m.Body, m.Header, "text/plain")
	return subject, text, err
}

// errNoPart says that a message has no part of the kind that is looked for.
var errNoPart = errors.New("the message has no such part")

// A header is that of a message or of one of its parts.
type header interface{ Get(key string) string }

// textPart finds the first part of a media type, such as text/plain, and decodes
// it.
func textPart(body io.Reader, h header, want string) (string, error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(kind, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return "", errNoPart
			}
			if err != nil {
				return "", err
			}
			text, err := textPart(part, part.Header, want)
			if !errors.Is(err, errNoPart) {
				return text, err
			}
		}
	}
	if kind != want {
		return "", errNoPart
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	return strings.ReplaceAll(string(b), "\r\n", "\n"), err
}
