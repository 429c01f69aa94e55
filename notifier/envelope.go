package notifier

// This file is the seam between the notifier, which decides and keeps the
// outbox, and the channels, which deliver: a Letter becomes bytes once, an
// Envelope carries them, a Channel makes one attempt, an Outcome says what came
// of it.

import (
	"context"
	"strings"
	"time"
)

// A Letter is what is to be said to one recipient, before it is bytes. Its
// texts are finished (rendered and cleaned for their output by templates);
// headers are made safe once more where the bytes are built.
type Letter struct {
	ID          string // local part of the Message-ID: letters, digits, '.', '_', '-'; the same for all attempts (P22)
	From        string // one address, as configured
	FromName    string // display name of the sender; may be empty
	To          string // one address that CheckAddress accepts
	Subject     string
	Text        string // the plain text part
	HTML        string // the HTML part; "" for a mail of text alone
	Date        time.Time
	InReplyTo   string            // Message-ID (without angle brackets) of the mail this one answers: the thread; may be empty
	References  []string          // Message-IDs of the thread, oldest first
	List        string            // what a reader files it under: the rule's id; becomes List-Id; may be empty
	Tags        map[string]string // further headers "X-Tocsin-NAME: value", such as Rule, Alert, State, Severity; names of ours only
	Attachments []Attachment
}

// MessageID returns the Message-ID of l without angle brackets: its ID at the
// domain of the sender.
func (l Letter) MessageID() string {
	return l.ID + "@" + l.From[strings.LastIndexByte(l.From, '@')+1:]
}

// An Attachment is a file that goes with a Letter.
type Attachment struct {
	Name string // ASCII, a name of ours ("rows.csv")
	Type string // media type with its parameters ("text/csv; charset=utf-8")
	Data []byte
}

// An Envelope is one row of the outbox: one message for one recipient, as the
// bytes that are sent, unchanged, at every attempt.
type Envelope struct {
	ID     int64  // the row's id; never used again
	From   string // address that gets what comes back (MAIL FROM)
	To     string // address (RCPT TO)
	Bytes  []byte // the whole message with CRLF line ends
	Tries  int    // attempts made so far
	Marked bool   // a mark before DATA was committed: only these bytes may be sent, never rewritten ones (D26)
}

// OutcomeKind says what an attempt means for the row, the channel and the clocks.
type OutcomeKind int

// The kinds. The zero value is Retry, so that a forgotten kind loses nothing.
const (
	Retry    OutcomeKind = iota // temporary; nothing counts as delivered; again after a backoff
	Sent                        // the server took it: the repeat clock starts
	Failed                      // this recipient, for good: parked, no clock, the operator is told (D27)
	Operator                    // about us (banner, TLS, AUTH, sender, settings): the channel pauses, no row changes, one alarm
	Unknown                     // the bytes went out and no answer came: may have been delivered; the same bytes again
)

// String returns the kind as it is stored and shown: retry, sent, failed,
// operator or unknown.
func (k OutcomeKind) String() string {
	return [...]string{"retry", "sent", "failed", "operator", "unknown"}[k]
}

// An Outcome is what came of one attempt.
type Outcome struct {
	Kind   OutcomeKind
	Code   int    // the reply code that decided, or 0 when there was none
	Status string // the enhanced status code of the reply ("5.7.1"), or ""
	Stage  string // where it was decided: settings, resolve, connect, banner, EHLO, STARTTLS, AUTH, MAIL, RCPT, mark, DATA, answer; a channel may have others
	Answer string // the server's answer, or the error, on one line, cleaned, without secrets, and cut; fit to be shown
	// Server says that the attempt ended before anything about this recipient
	// was asked, so that the next row would meet the same: whoever delivers
	// leaves the other rows for the next round instead of holding each up by
	// another time-out.
	Server bool
	// Undo holds the ids of envelopes whose Failed is taken back: refusals of
	// policy (5.7.x) in a row turned out to be about us. Their rows return to
	// the queue as if they had not been tried.
	Undo []int64
}

// A Channel delivers envelopes. It makes one attempt each time it is asked and
// never decides to try again, nor when. Send and Close are called by one
// goroutine at a time.
type Channel interface {
	// Send makes one attempt to deliver e. It calls mark at most once, when
	// all that can be refused beforehand has been accepted and right before
	// the bytes go out; mark has committed when it returns nil. When mark
	// returns an error, nothing goes out and the outcome is Retry. A channel
	// may keep a connection open for the next envelope. When ctx ends, Send
	// returns soon: Retry, or Unknown if the bytes are out.
	Send(ctx context.Context, e Envelope, mark func() error) Outcome
	// Close ends what is kept open between two envelopes. It is called after
	// each round; Send may follow and opens anew. What becomes of it changes
	// nothing about what was delivered (G40).
	Close() error
}
