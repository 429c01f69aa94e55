package email

// This file is a mail server that plays a list of steps, for the tests.

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate makes a key pair for 127.0.0.1 and returns it with the path of
// the certificate as a file of authorities.
func certificate(t testing.TB) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mx.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ca
}

// A player plays its steps to every connection.
type player struct {
	steps    [][]any
	cert     tls.Certificate
	maxSleep time.Duration // longer sleeps are cut to this
	drip     time.Duration // between two bytes, whatever the step says

	conn  net.Conn
	in    *bufio.Reader
	plain bytes.Buffer // what came before TLS
	got   bytes.Buffer // the last message
	done  chan struct{}
}

// start listens on loopback, plays to one connection, and returns the address.
func (p *player) start(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.done = make(chan struct{})
	t.Cleanup(func() { l.Close(); <-p.done })
	go func() {
		defer close(p.done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		p.conn, p.in = c, bufio.NewReader(c)
		for _, s := range p.steps {
			if !p.play(s) {
				break
			}
		}
		p.conn.Close()
	}()
	return l.Addr().String()
}

func latin1(s any) []byte {
	var b []byte
	for _, r := range s.(string) {
		b = append(b, byte(r))
	}
	return b
}

// play does one step and reports whether the next one may follow.
func (p *player) play(s []any) bool {
	switch s[0] {
	case "send":
		_, err := p.conn.Write(latin1(s[1]))
		return err == nil
	case "repeat":
		return p.repeat(latin1(s[1]), int(s[2].(float64)))
	case "drip":
		for _, c := range latin1(s[1]) {
			if _, err := p.conn.Write([]byte{c}); err != nil {
				return false
			}
			time.Sleep(p.drip)
		}
		return true
	case "sleep":
		time.Sleep(min(p.maxSleep, time.Duration(s[1].(float64))*time.Millisecond))
		return true
	case "wait":
		return p.wait(s[1].(string))
	case "data":
		return p.data()
	case "tls":
		c := tls.Server(p.conn, &tls.Config{Certificates: []tls.Certificate{p.cert}})
		err := c.Handshake()
		p.conn, p.in = c, bufio.NewReader(c)
		return err == nil
	case "scram":
		return p.scram(int(s[1].(float64)))
	case "reset":
		p.conn.(*net.TCPConn).SetLinger(0)
		return false
	case "close":
		return false
	}
	panic(fmt.Sprintf("unknown step %v", s))
}

func (p *player) repeat(b []byte, count int) bool {
	piece := bytes.Repeat(b, max(1, min(count, 65536/len(b))))
	for n := count * len(b); n > 0; n -= len(piece) {
		if _, err := p.conn.Write(piece[:min(n, len(piece))]); err != nil {
			return false
		}
	}
	return true
}

func (p *player) line() (string, bool) {
	l, err := p.in.ReadString('\n')
	if _, secure := p.conn.(*tls.Conn); !secure {
		p.plain.WriteString(l)
	}
	return l, err == nil
}

func (p *player) wait(prefix string) bool {
	for {
		l, ok := p.line()
		if !ok || strings.HasPrefix(strings.ToUpper(l), prefix) {
			return ok
		}
	}
}

func (p *player) data() bool {
	p.got.Reset()
	for {
		l, ok := p.line()
		if !ok || l == ".\r\n" {
			return ok
		}
		p.got.WriteString(strings.TrimPrefix(l, "."))
	}
}

// scram answers the client's first message: its nonce with a tail, a salt, and
// the count of iterations.
func (p *player) scram(count int) bool {
	l, ok := p.line()
	first, err := base64.StdEncoding.DecodeString(strings.TrimSpace(l))
	_, nonce, found := strings.Cut(string(first), "r=")
	if !ok || err != nil || !found {
		return false
	}
	answer := fmt.Sprintf("r=%stail,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString([]byte("salt")), count)
	_, err = fmt.Fprintf(p.conn, "334 %s\r\n", base64.StdEncoding.EncodeToString([]byte(answer)))
	return err == nil
}
