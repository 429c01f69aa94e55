package email

// This file authenticates. The mechanisms are go-mail's; the exchange is ours,
// so that a refusal ends it at once and a challenge is looked at before any
// work is done for it.

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// maxIterations bounds the work that a server can ask for with SCRAM (G39).
const maxIterations = 600_000

// errAuth marks an exchange that cannot succeed with these settings and this
// server, without a reply code that says so.
var errAuth = errors.New("the exchange of AUTH went wrong")

// mechanism returns the best known way that the server offers.
func mechanism(offered []string, host, user, password string) (string, smtp.Auth) {
	for _, m := range []string{"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"} {
		if !slices.Contains(offered, m) {
			continue
		}
		switch m {
		case "SCRAM-SHA-256":
			return m, smtp.ScramSHA256Auth(user, password)
		case "SCRAM-SHA-1":
			return m, smtp.ScramSHA1Auth(user, password)
		case "CRAM-MD5":
			return m, smtp.CRAMMD5Auth(user, password)
		case "PLAIN":
			return m, smtp.PlainAuth("", user, password, host, false)
		case "LOGIN":
			return m, smtp.LoginAuth(user, password, host, false)
		}
	}
	return "", nil
}

// authenticate logs in, once: a second try with another mechanism could lock
// the account. It is called only on a line under TLS.
func (d dialer) authenticate(s *session, host, password string) error {
	if s.tls == nil {
		return d.fail("AUTH", nil, errNoTLS)
	}
	offered := s.mechs
	if d.only != "" {
		offered = []string{d.only}
	}
	mech, auth := mechanism(offered, host, d.cfg.User, password)
	if auth == nil {
		return d.fail("AUTH", nil, fmt.Errorf("%w (it offers: %s)", errNoMech, strings.Join(s.mechs, " ")))
	}
	s.guard.within(d.cfg.Timeouts.Answer)
	if err := exchange(s, auth, host); err != nil {
		return d.fail("AUTH", s.guard, err)
	}
	d.tell(step{stage: "AUTH", said: s.guard.said(), note: fmt.Sprintf("as %s, by %s", d.cfg.User, mech)})
	return nil
}

func exchange(s *session, auth smtp.Auth, host string) error {
	mech, response, err := auth.Start(&smtp.ServerInfo{Name: host, TLS: true, Auth: s.mechs})
	if err != nil {
		return fmt.Errorf("%w: %w", errAuth, err)
	}
	line := strings.TrimSpace("AUTH " + mech + " " + base64.StdEncoding.EncodeToString(response))
	for range 10 {
		code, text, err := s.ask(0, line)
		if err != nil {
			return err
		}
		if code == 235 {
			return nil
		}
		if code != 334 {
			return &textproto.Error{Code: code, Msg: text}
		}
		if line, err = respond(auth, text); err != nil {
			return fmt.Errorf("%w: %w", errAuth, err)
		}
	}
	return fmt.Errorf("%w: the server goes on asking", errAuth)
}

// respond answers one challenge.
func respond(auth smtp.Auth, text string) (string, error) {
	challenge, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("the challenge is not base64")
	}
	if err := checkIterations(challenge); err != nil {
		return "", err
	}
	response, err := auth.Next(challenge, true)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(response), nil
}

// checkIterations refuses the first message of a SCRAM server that asks for
// more rounds of hashing than is sensible.
func checkIterations(challenge []byte) error {
	if !strings.HasPrefix(string(challenge), "r=") {
		return nil
	}
	for part := range strings.SplitSeq(string(challenge), ",") {
		count, ok := strings.CutPrefix(part, "i=")
		if !ok {
			continue
		}
		if n, err := strconv.Atoi(count); err != nil || n < 1 || n > maxIterations {
			return fmt.Errorf("the server asks for more than %d rounds of SCRAM, or for none", maxIterations)
		}
	}
	return nil
}
