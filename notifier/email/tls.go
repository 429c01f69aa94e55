package email

// This file puts TLS on a connection: STARTTLS, the handshake, and what a
// certificate is worth.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// startTLS asks for TLS, and after the handshake begins anew: what the server
// said before is forgotten.
func (d dialer) startTLS(ctx context.Context, s *session, conn net.Conn, end endpoint) error {
	s.guard.within(d.cfg.Timeouts.Answer)
	if _, _, err := s.ask(220, "STARTTLS"); err != nil {
		if timeout(err) && s.guard.cause() == nil {
			err = errSilentTLS
		}
		return d.fail("STARTTLS", s.guard, err)
	}
	said := s.guard.said()
	if rest, _ := s.guard.in.Peek(s.guard.in.Buffered()); len(rest) > 0 {
		return d.fail("STARTTLS", s.guard, afterStartTLS(rest))
	}
	s.unwatch()
	secure, err := d.handshake(ctx, s, conn, end)
	if err != nil {
		return d.fail("STARTTLS", s.guard, err)
	}
	d.tell(step{stage: "STARTTLS", said: said, note: describeTLS(s.tls)})
	// go-mail's client wants a banner, which does not come again after
	// STARTTLS: it is read from our own line.
	g := newGuard(secure, d.cfg.Timeouts.Dialogue)
	g.pending, g.asked = []byte("220 ready\r\n"), false
	s.take(ctx, g)
	if s.client, err = smtp.NewClient(g, end.host); err != nil {
		return d.fail("STARTTLS", g, err)
	}
	return d.hello(s)
}

// afterStartTLS judges what came in plain text where a handshake should: an
// answer of SMTP was put there by somebody, anything else is no TLS at all.
func afterStartTLS(rest []byte) error {
	if len(rest) >= 4 && strings.Trim(string(rest[:3]), "0123456789") == "" && (rest[3] == '-' || rest[3] == ' ') {
		return errInjected
	}
	return errors.New("no TLS handshake follows the answer to STARTTLS")
}

// handshake puts TLS on conn. The certificate is checked whenever there is a
// password or the address says smtps. Where TLS is a courtesy (no password, and
// plain text would do) an unknown certificate is better than none at all.
func (d dialer) handshake(ctx context.Context, s *session, conn net.Conn, end endpoint) (net.Conn, error) {
	c := tls.Client(conn, &tls.Config{
		ServerName: end.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: d.cfg.User == "" && !end.implicit,
	})
	ctx, stop := context.WithTimeout(ctx, d.cfg.Timeouts.Connect)
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(d.cfg.Timeouts.Connect)); err != nil {
		return nil, err
	}
	if err := c.HandshakeContext(ctx); err != nil {
		var header tls.RecordHeaderError
		if errors.As(err, &header) {
			return nil, afterStartTLS(header.RecordHeader[:])
		}
		return nil, err
	}
	state := c.ConnectionState()
	s.tls = &state
	return c, nil
}

// describeTLS says in words what the handshake came to.
func describeTLS(state *tls.ConnectionState) string {
	note := tls.VersionName(state.Version)
	if len(state.PeerCertificates) == 0 {
		return note
	}
	c := state.PeerCertificates[0]
	note += fmt.Sprintf(", certificate of %s, issued by %s, valid until %s", name(c.Subject.CommonName, c.DNSNames),
		name(c.Issuer.CommonName, c.Issuer.Organization), c.NotAfter.UTC().Format("2006-01-02"))
	if len(state.VerifiedChains) == 0 {
		note += " (not checked, because there is no password to protect)"
	}
	return note
}

func name(common string, others []string) string {
	if common != "" {
		return common
	}
	return strings.Join(others, ", ")
}

// untrusted reports whether err says that a certificate was not accepted, or
// that the server ended the handshake with an alert: no retry changes that.
func untrusted(err error) bool {
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var alert tls.AlertError
	return errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &alert)
}
