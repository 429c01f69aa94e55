package main

import (
	"encoding/base64"
	"errors"
	"io"
	"iter"
	"maps"
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
	text, err = plainPart(m.Body, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"))
	return subject, text, err
}

// errNoText says that a message has no plain text part.
var errNoText = errors.New("the message has no plain text part")

// plainPart finds the first text/plain part of a body.
func plainPart(body io.Reader, contentType, encoding string) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(kind, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return "", errNoText
			}
			if err != nil {
				return "", err
			}
			text, err := plainPart(part, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"))
			if !errors.Is(err, errNoText) {
				return text, err
			}
		}
	}
	if kind != "text/plain" {
		return "", errNoText
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	return strings.ReplaceAll(string(b), "\r\n", "\n"), err
}

// mapKeys iterates over the keys of a map.
func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
