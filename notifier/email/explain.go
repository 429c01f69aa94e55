package email

// This file is `tocsin mail-test ADDRESS`: one real mail, each step of the
// dialogue in words.

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"

	"tocsin/diag"
	"tocsin/notifier"
)

// Explain sends one test mail to the address to and writes to w, step by step,
// what was done, what the server said (cleaned and cut), and, where it went
// wrong, what that means and what to do about it. It shows no secret. The error
// is nil when the server took the mail; it says in one line where it ended
// otherwise. Bad settings and a recipient that mail.allow does not list are told
// before anything is sent.
func Explain(ctx context.Context, cfg Config, to string, w io.Writer) error {
	out := &report{w: w, cfg: cfg}
	if password, err := cfg.password(); err == nil {
		out.secrets = secretForms(cfg.User, password)
	}
	if err := cfg.Check(); err != nil {
		return err
	}
	if err := notifier.CheckAddress(to, cfg.Allow); err != nil {
		return err
	}
	for _, warning := range cfg.Warnings() {
		out.line("settings", "warning", warning)
	}
	c := newClient(cfg, out.step)
	defer func() { _ = c.Close() }() // whatever becomes of QUIT (G40)
	b, err := testMail(c.dialer.cfg, to)
	if err != nil {
		return err
	}
	e := notifier.Envelope{From: cfg.From, To: to, Bytes: b}
	o := c.Send(ctx, e, func() error { return nil })
	out.conclude(o, to)
	if out.err != nil {
		return out.err
	}
	if o.Kind != notifier.Sent {
		return fmt.Errorf("the test mail was not delivered: %s at %s: %s", o.Kind, o.Stage, o.Answer)
	}
	return nil
}

// testMail builds what is sent.
func testMail(cfg Config, to string) ([]byte, error) {
	now := cfg.Now()
	id := sha256.Sum256([]byte(to + now.String()))
	return Build(notifier.Letter{
		ID: fmt.Sprintf("test-%x", id[:8]), From: cfg.From, FromName: "tocsin", To: to, Date: now,
		Subject: "tocsin mail-test: this address gets mail",
		Text:    "This is a test, sent by hand with `tocsin mail-test`. Nothing has happened.\n\nIf you can read this, alerts reach you. テスト: 日本語も読めますか。\n",
		HTML:    "<p>This is a test, sent by hand with <code>tocsin mail-test</code>. Nothing has happened.</p>\n<p>If you can read this, alerts reach you. テスト: 日本語も読めますか。</p>\n",
	})
}

// A report writes the steps and keeps the first error of its writer.
type report struct {
	w       io.Writer
	cfg     Config
	secrets []string
	err     error
}

func (r *report) line(stage, verdict, text string) {
	if _, err := fmt.Fprintf(r.w, "%-9s %-8s %s\n", stage, verdict, text); err != nil && r.err == nil {
		r.err = err
	}
}

// step writes what happened, and what was said.
func (r *report) step(s step) {
	verdict, text := "ok", answerText(s.note, r.secrets)
	if s.err != nil {
		verdict, text = "FAILED", answerText(s.err.Error(), r.secrets)
	}
	if said := answerText(s.said, r.secrets); said != "" {
		if s.err != nil && strings.Contains(text, said) || text == "" || isReply(s.err) {
			text = "the server said: " + said
		} else {
			text += "; the server said: " + said
		}
	}
	r.line(s.stage, verdict, text)
}

// conclude says what it came to, and what to do.
func (r *report) conclude(o notifier.Outcome, to string) {
	if o.Kind == notifier.Sent {
		r.line("result", "sent", fmt.Sprintf("the server has taken the mail for %s; if it does not arrive, look at that server's log and at the folder for spam", to))
		return
	}
	a := advise(o, r.cfg)
	r.line("result", o.Kind.String(), kindMeans[o.Kind])
	r.line("", "means", a.means)
	r.line("", "do", a.do)
}

var kindMeans = map[notifier.OutcomeKind]string{
	notifier.Retry:    "not delivered; a real alert would be tried again, with growing pauses of at most 5 minutes",
	notifier.Failed:   "not delivered; a real alert for this recipient would be parked, and the operator told",
	notifier.Operator: "not delivered, for a reason that meets every recipient; the channel would pause and the operator be told",
	notifier.Unknown:  "the message went out but no answer came: it may or may not have been taken; a real alert would be sent again, byte for byte",
}

type advice struct{ means, do string }

// advise finds the words for an outcome: the first entry that fits.
func advise(o notifier.Outcome, cfg Config) advice {
	for _, a := range advices {
		if a.stage != "" && a.stage != o.Stage || a.codes != "" && (o.Code == 0 || !strings.Contains(a.codes, fmt.Sprint(o.Code))) ||
			a.contains != "" && !strings.Contains(o.Answer, a.contains) || a.kind != "" && a.kind != o.Kind.String() {
			continue
		}
		fill := strings.NewReplacer("SERVER", diag.Line(cfg.Server), "USER", diag.Line(cfg.User), "FILE", diag.Line(cfg.PasswordFile), "FROM", diag.Line(cfg.From))
		return advice{fill.Replace(a.means), fill.Replace(a.do)}
	}
	return advice{"the dialogue ended in a way that is not listed", "ask whoever runs SERVER, and show them these lines"}
}

// advices is read from the top; an empty field fits everything.
var advices = []struct {
	stage, kind, codes, contains string
	means, do                    string
}{
	{"settings", "", "", "", "the settings under mail: cannot be used", "correct them; tocsin check names the line"},
	{"resolve", "", "", "", "the name in mail.server has no address, or the name servers cannot be reached", "compare the name in SERVER; try `getent hosts` with it"},
	{"connect", "", "", "refused", "nothing listens at that port", "compare the port: 587 for STARTTLS, 465 for smtps://, 25 between servers"},
	{"connect", "", "", "", "no connection came about: a firewall, a wrong address, or the server is down", "try from this machine: `nc -vz HOST PORT`; many clouds block port 25, use 587"},
	{"TLS", "", "", "certificate", "the certificate of the server is not trusted, or is for another name", "use the name in the certificate, or put its authority into a file and name it in the settings"},
	{"TLS", "", "", "", "the port does not speak TLS from the first byte", "write smtp:// for a port with STARTTLS (587), smtps:// for 465"},
	{"banner", "operator", "", "", "the server does not want us, or it is no mail server", "compare host and port in SERVER; ask whether this machine's address may send"},
	{"banner", "", "", "no answer", "the port is open but nothing is said: a server that wants TLS at once, or one that is overloaded", "write smtps:// for port 465; else try again later"},
	{"banner", "", "", "", "the server is busy, or ended the line", "try again later"},
	{"EHLO", "", "", "", "the server does not accept the name that we give, or the line broke", "ask whoever runs SERVER which names it accepts"},
	{"STARTTLS", "", "", "does not offer", "a password is set, so TLS is demanded, and the server does not offer it; or somebody on the way removes the offer", "use a port with TLS; if the server had it before, ask who is on the way"},
	{"STARTTLS", "", "", "plain text after", "somebody between here and the server writes into the line", "do not send from this network until it is found out"},
	{"STARTTLS", "operator", "", "", "the certificate of the server is not trusted, is for another name, or TLS does not come about", "use the name in the certificate, or put its authority into a file and name it in the settings"},
	{"STARTTLS", "", "", "", "TLS is not available at the moment", "try again later"},
	{"AUTH", "", "535", "", "the server does not accept the user USER with the password in FILE", "compare both; some providers want a password made for programs"},
	{"AUTH", "retry", "", "", "the server cannot check passwords at the moment", "try again later"},
	{"AUTH", "", "", "", "no way of logging in is known to both sides, or the server does not follow it", "ask whoever runs SERVER; known here: SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN"},
	{"", "", "530 534 535 538", "", "the server wants us to log in first", "set mail.user and mail.password_file"},
	{"MAIL", "failed", "", "", "the message is too big for this server", "ask for a larger limit; alerts are much smaller than most"},
	{"MAIL", "operator", "", "", "the server does not let us send as FROM", "compare mail.from with what the account USER may send as"},
	{"MAIL", "", "", "", "the server does not take the sender at the moment", "try again later"},
	{"RCPT", "failed", "", "5.7.", "the server does not relay for us, or its policy refuses this recipient", "log in (mail.user), or ask for this machine to be allowed to relay"},
	{"RCPT", "failed", "", "", "the server says that there is no such recipient", "compare the address"},
	{"RCPT", "", "", "", "the server does not take this recipient at the moment (greylisting says so at the first attempt)", "wait some minutes and try again"},
	{"DATA", "failed", "", "", "the server refuses the message before it has seen it", "read the server's words; ask whoever runs it"},
	{"DATA", "", "", "", "the line broke or the server is out of step before the end of the message; nothing was delivered", "try again"},
	{"answer", "failed", "", "", "the server has seen the message and refuses it (content, size or policy)", "read the server's words; a filter for spam may have to know this sender"},
	{"answer", "unknown", "", "", "the line broke between the message and its answer", "look whether it arrived before trying again"},
	{"answer", "", "", "", "the server could not take the message at the moment", "try again later"},
}

// isReply reports whether err is a refusal by the server, whose words say all.
func isReply(err error) bool {
	var reply *textproto.Error
	return errors.As(err, &reply)
}
