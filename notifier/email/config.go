package email

// This file holds what the channel is told: mail: of tocsin.yaml, and bounds.

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"tocsin/diag"
	"tocsin/notifier"
)

// Config is mail: of tocsin.yaml. Server and From are required.
type Config struct {
	Server       string   // "smtp://host:587" (STARTTLS where it is offered, demanded with a user) or "smtps://host:465"; the port may be left out
	User         string   // "" sends without AUTH; else PasswordFile is required
	PasswordFile string   // read again at each connection; a line end at its end is not part of the password
	From         string   // one address
	Allow        []string // domains that may be written to; empty: all
	CAFile       string   // further certificate authorities (PEM), beside the system's; may be empty
	HELO         string   // name given in EHLO; default: the host's full name, else its address
	Timeouts     Timeouts
	Now          func() time.Time // for the age of connections and the date of a test mail; nil: time.Now
}

// Timeouts bound the stages of a dialogue; zero is the default in brackets.
// They run from the command to the end of its answer, however slowly its bytes
// drip.
type Timeouts struct {
	Connect  time.Duration // resolving and connecting (30s); the TLS handshake has as much again
	Answer   time.Duration // banner, every command, every block of the message (2m)
	Dot      time.Duration // the answer after the final dot (10m)
	Dialogue time.Duration // all of it for one message, but for the answer after the dot (10m)
	Quiet    time.Duration // how long the line must be silent before the final dot goes out (10ms)
}

func (t Timeouts) filled() Timeouts {
	set := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	set(&t.Connect, 30*time.Second)
	set(&t.Answer, 2*time.Minute)
	set(&t.Dot, 10*time.Minute)
	set(&t.Dialogue, 10*time.Minute)
	set(&t.Quiet, 10*time.Millisecond)
	return t
}

// endpoint is a parsed Server.
type endpoint struct {
	host, port string
	implicit   bool // TLS from the first byte
}

func (e endpoint) String() string { return net.JoinHostPort(e.host, e.port) }

// Check returns what is wrong with the settings, without any network. It
// repeats no secret, also where one was written into the server's address (G38).
func (c Config) Check() error {
	if _, err := c.endpoint(); err != nil {
		return err
	}
	if err := notifier.CheckAddress(c.From, nil); err != nil {
		return fmt.Errorf("mail.from: %w", err)
	}
	if (c.User == "") != (c.PasswordFile == "") {
		return errors.New("mail.user and mail.password_file go together: one of them is missing")
	}
	return nil
}

func (c Config) endpoint() (endpoint, error) {
	bad := func(what string) (endpoint, error) {
		return endpoint{}, fmt.Errorf("mail.server %s; write it as smtp://HOST:587 or smtps://HOST:465", what)
	}
	u, err := url.Parse(c.Server)
	if err != nil {
		return bad("is no address") // the parser's error would repeat it
	}
	if u.User != nil || strings.Contains(c.Server, "@") {
		return bad("holds a user or a password; they belong in mail.user and mail.password_file")
	}
	if u.Scheme != "smtp" && u.Scheme != "smtps" {
		return bad("does not begin with smtp:// or smtps://")
	}
	if u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return bad("is more or less than a host and a port")
	}
	e := endpoint{host: u.Hostname(), port: u.Port(), implicit: u.Scheme == "smtps"}
	if e.port == "" {
		e.port = "587"
		if e.implicit {
			e.port = "465"
		}
	}
	return e, nil
}

// password reads the password file. Its error names the file, never what is in it.
func (c Config) password() (string, error) {
	if c.PasswordFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("mail.password_file: %w", err)
	}
	p := strings.TrimRight(string(b), "\r\n")
	if p == "" || strings.ContainsAny(p, "\x00\r\n") {
		return "", fmt.Errorf("mail.password_file: %s does not hold one line with the password", diag.Line(c.PasswordFile))
	}
	return p, nil
}

// Warnings returns what the operator should know about the settings although
// they work: a password file that others can read (G38).
func (c Config) Warnings() []string {
	info, err := os.Stat(c.PasswordFile)
	if c.PasswordFile == "" || err != nil || info.Mode().Perm()&0o077 == 0 || info.Mode()&fs.ModeNamedPipe != 0 {
		return nil
	}
	return []string{fmt.Sprintf("mail.password_file: %s can be read by others than its owner (mode %04o); chmod 600 it",
		diag.Line(c.PasswordFile), info.Mode().Perm())}
}

// roots returns the certificate authorities to trust; nil means the system's.
func (c Config) roots() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	b, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("mail.ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("mail.ca_file: %s holds no certificate", diag.Line(c.CAFile))
	}
	return pool, nil
}

// helloName returns what to say in EHLO on a connection from local.
func (c Config) helloName(local net.Addr) string {
	if c.HELO != "" {
		return c.HELO
	}
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") && notifier.CheckAddress("x@"+name, nil) == nil {
		return name
	}
	host, _, err := net.SplitHostPort(local.String())
	if err != nil {
		return "localhost"
	}
	if ip := net.ParseIP(host); ip == nil {
		return "localhost"
	} else if ip.To4() == nil {
		return "[IPv6:" + host + "]"
	}
	return "[" + host + "]"
}
