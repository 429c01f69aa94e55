package webhook

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"tocsin/ingest"
)

// One request: who sends it, what is in it, and the wait for its answer.

// ServeHTTP implements http.Handler.
func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status, why := s.refuse(r); status != 0 {
		s.answer(w, status, why)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.answer(w, http.StatusServiceUnavailable, "too many requests at once: send it again")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.o.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.answer(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a body has at most %d bytes", s.o.MaxBody))
		return
	case err != nil:
		s.answer(w, http.StatusBadRequest, "the body could not be read")
		return
	}
	if why := unlikeRecords(body); why != "" {
		s.answer(w, http.StatusBadRequest, why)
		return
	}
	status := s.store(r, body)
	if status == http.StatusOK {
		s.answer(w, status, "stored")
		return
	}
	s.answer(w, status, "not stored now: send it again")
}

// refuse says why a request is not read; 0: it is.
func (s *source) refuse(r *http.Request) (status int, why string) {
	ok, err := s.authentic(r.Header.Get(s.o.Header))
	switch {
	case err != nil:
		s.o.Log.Error("webhook", "source", s.o.Name, "error", err)
		return http.StatusServiceUnavailable, "the secret cannot be read here"
	case !ok:
		return http.StatusUnauthorized, "the secret is wrong or missing"
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "post one JSON object or list"
	}
	return 0, ""
}

// authentic compares a secret with ours, in a time that tells nothing of either.
func (s *source) authentic(given string) (bool, error) {
	secret, err := s.o.secret()
	if err != nil {
		return false, err
	}
	ours, theirs := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(ours[:], theirs[:]) == 1, nil
}

// secret reads the secret.
func (o *Options) secret() (string, error) {
	text, err := os.ReadFile(o.SecretFile)
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("the secret in %s is empty", o.SecretFile)
	}
	return secret, nil
}

// unlikeRecords says why a body can hold no records, or "".
func unlikeRecords(body []byte) string {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return "the body is empty"
	case trimmed[0] != '{' && trimmed[0] != '[':
		return "the body is no JSON object or list"
	case !json.Valid(body):
		return "the body is no JSON"
	}
	return ""
}

// store hands a body over and waits for what becomes of it.
func (s *source) store(r *http.Request, body []byte) (status int) {
	hash := sha256.Sum256(body)
	name := "webhook://" + s.o.Name + "/" + hex.EncodeToString(hash[:16]) // nothing of it is the sender's text
	q := &request{body: body, done: make(chan int, 1), object: ingest.Object{
		Name: name, Version: hex.EncodeToString(hash[16:]), Size: int64(len(body)), Named: true, Held: body, Open: ingest.Bytes(body),
	}}
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	select {
	case s.waiting <- q:
	default:
		return http.StatusServiceUnavailable // too many wait
	}
	select {
	case status := <-q.done:
		return status
	case <-timer.C: // it may be stored all the same: sent again, it is known
	case <-s.closed:
	case <-r.Context().Done():
	}
	return http.StatusServiceUnavailable
}

// answer writes the answer of a request.
func (s *source) answer(w http.ResponseWriter, status int, text string) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if _, err := io.WriteString(w, text+"\n"); err != nil {
		s.o.Log.Debug("webhook: the answer was not read", "source", s.o.Name, "error", err)
	}
}
