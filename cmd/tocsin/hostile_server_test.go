package main

import (
	"bufio"
	"net"
	"strings"
	"testing"
)

// TestHostileServer: what a mail server says goes into the outbox, onto the
// terminal and into the mail to the operator; it stays text of one line there
// (G01, G39). The dialogues themselves are tests of the package email.
func TestHostileServer(t *testing.T) {
	t.Parallel()
	const forged = "\x1b[31m<img src=x onerror=alert(1)> \u202e\u2028 {{ 7*7 }} \x9b2J\xff https://example.net/MKserver"
	for name, c := range map[string]struct {
		banner, rcpt string // before CR LF
		code         int
		says         string // run --once
	}{
		"banner of a megabyte": {strings.Repeat("220-"+strings.Repeat("x", 500)+"\r\n", 2000) + "220 mx", "250 ok", exitDone, "1 waiting"},
		"refused for good":     {"220 mx", "550 5.1.1 " + forged, exitFound, "refused for good: ops@example.com: 550 5.1.1 "},
		"refused for now":      {"220 mx", "450 4.2.0 " + forged, exitDone, "1 waiting"},
		"no SMTP":              {forged + "\r\n" + forged, "250 ok", exitDone, "2 waiting"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			server := answers(t, c.banner, c.rcpt)
			b.write("tocsin.yaml", "rules: [rules/]\nmail: {server: \"smtp://"+server+"\", from: tocsin@example.com}\noperator: [op@example.com]\nnotify: {to: [ops@example.com]}\n")
			b.write("rules/rules.yaml", "rules:\n- {id: one, logstore: cloudtrail, start: -24h, query: '*'}\n")
			b.write("in.jsonl", good(1))
			b.must(0, "load", b.path("in.jsonl"))
			once := b.call("run", "--once")
			if once.code != c.code || !strings.Contains(once.err, c.says) {
				t.Errorf("run --once: exit status %d, not %d with %q:\n%.2000s", once.code, c.code, c.says, once.err)
			}
			b.terminal = true
			status := b.call("status")
			for what, text := range map[string]string{"run --once": once.err, "status": withoutColour(status.out) + status.err} {
				if why := unclean(text); why != "" || len(text) > 8000 {
					t.Errorf("%s: %s in %d bytes: %.3000s", what, why, len(text), text)
				}
			}
			if strings.Contains(c.rcpt, "MKserver") && !strings.Contains(status.out, "MKserver") {
				t.Errorf("status does not show the answer: %s", status.out)
			}
			b.tellsOperator(t, c.rcpt)
		})
	}
}

// tellsOperator lets a mail to the operator out, into the maildir.
func (b *bench) tellsOperator(t *testing.T, rcpt string) {
	t.Helper()
	if !strings.HasPrefix(rcpt, "550") {
		return
	}
	b.write("tocsin.yaml", "rules: [rules/]\nmail: {from: tocsin@example.com}\noperator: [op@example.com]\nnotify: {to: [ops@example.com]}\n")
	b.now = b.now.Add(3600e9)
	b.call("run", "--once")
	mails := b.letters(t)
	told := false
	for _, l := range mails {
		for name, text := range map[string]string{"subject": l.subject, "text": l.text, "HTML": l.html} {
			if why := unclean(text); why != "" || strings.Contains(l.shape, "<StartTag img") {
				t.Errorf("mail to %s: %s has %s", l.to, name, why)
			}
			if name != "HTML" && clickable.MatchString(strings.ReplaceAll(text, "ops@example.com", "")) {
				t.Errorf("mail to %s: %s has a link: %s", l.to, name, text)
			}
		}
		told = told || l.to == "<op@example.com>" && strings.Contains(l.text, "5.1.1")
	}
	if !told {
		t.Errorf("the operator is not told of the refusal: %d mails", len(mails))
	}
}

// answers is a server with one answer to RCPT.
func answers(t *testing.T, banner, rcpt string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go talk(c, banner, rcpt)
		}
	}()
	return l.Addr().String()
}

func talk(c net.Conn, banner, rcpt string) {
	defer c.Close()
	say := func(line string) { c.Write([]byte(line + "\r\n")) } // a client that is gone is seen when reading
	say(banner)
	in := bufio.NewScanner(c)
	for in.Scan() {
		switch verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " "); verb {
		case "RCPT":
			say(rcpt)
		case "DATA":
			say("354 go on")
		case ".":
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
