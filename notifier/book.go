package notifier

// This file is the seam between the notifier and whoever stores what it
// remembers. Alerts, news, beliefs and mails are documents: the store keeps
// them whole, as JSON, with the few fields beside them that its queries need.
//
// One goroutine at a time calls Commit and Record (the notifier serialises its
// transactions); CommitRound of alertrules (T1) runs beside them.

import (
	"context"
	"time"

	"tocsin/alertrules"
)

// A Book holds what there is to tell and what was told.
type Book interface {
	// Work says what there is to decide at now. It changes nothing.
	Work(ctx context.Context, now time.Time) (*Work, error)
	// Group returns what there is to tell of one group, which is a rule: its
	// alerts that are not settled (Decided.Settled), the news of them that is
	// not settled, by alert and N, and the beliefs of all its recipients.
	Group(ctx context.Context, rule string) (*Group, error)
	// Beliefs returns the beliefs of these keys; one that does not exist is
	// left out.
	Beliefs(ctx context.Context, keys []BeliefKey) ([]*Belief, error)
	// NextMailIDs reserves n ids of outbox rows that were never used before
	// and returns the first; the others follow it. Unused ones are lost.
	NextMailIDs(ctx context.Context, n int) (first int64, err error)
	// Commit is T2: everything of d, or nothing. The same d a second time
	// changes nothing.
	Commit(ctx context.Context, d *Decided) error
}

// Work is what waits for a decision.
type Work struct {
	// Changed are the rules with a round (T1) that brought alerts or news and
	// that no Commit has consumed yet.
	Changed []Change
	// Due are the beliefs with a Next that is not zero and not after now.
	Due []BeliefKey
	// Notices are those for the operator that no Commit has consumed, oldest first.
	Notices []Notice
	// Next is the earliest Belief.Next after now; zero: there is none.
	Next time.Time
}

// A Change names a rule and the last round that changed it. Round grows with
// every CommitRound; Commit forgets the change only if no later round came.
type Change struct {
	Rule  string
	Round int64
}

// A Notice is one of alertrules' or the notifier's own, with its number. A
// store keeps one cause (Key) open at a time: a notice of a cause that is open,
// and the end of one that is not, are dropped when they come in (D31).
type Notice struct {
	N int64
	alertrules.Notice
}

// A Group is what Book.Group returns.
type Group struct {
	Alerts  []*alertrules.Alert
	News    []*alertrules.News
	Beliefs []*Belief
}

// BeliefKey identifies a Belief: the group (a rule's id) and the recipient's
// address.
type BeliefKey struct{ Group, Recipient string }

// NewsKey identifies a piece of news: the alert's id and its N.
type NewsKey struct {
	Alert string
	N     int64
}

// Decided is what T2 commits.
type Decided struct {
	At      time.Time
	Changed []Change    // consumed
	Told    []int64     // numbers of notices, consumed
	Beliefs []*Belief   // stored whole, by Key
	Gone    []BeliefKey // deleted
	Mails   []*Mail     // new rows of the outbox
	// Replaced are rows that a later decision replaces (D26). None of them is
	// marked. They stay for history, in state Replaced, without their bytes.
	Replaced []int64
	// Settled are alerts of which nobody needs to be told any more; an alert
	// comes back when a later round stores it or news of it. An event episode that
	// is over is settled and fires still, until a round ends it (Alert.ClosesAt).
	Settled     []string
	SettledNews []NewsKey
	// Closes sets Alert.ClosesAt by alert id, the zero time too. It belongs to
	// the notifier: CommitRound keeps the stored value of an alert that exists.
	Closes map[string]time.Time
	// Notices are new ones of the notifier's own.
	Notices []alertrules.Notice
	Log     []Entry // history of decisions, for `why` and __notifications__
}

// An Entry is one decision as `why` shows it; also one that sends nothing.
type Entry struct {
	At        time.Time
	Group     string
	Recipient string
	Kind      Kind
	Reason    string // why it was sent, or what holds it
	Next      time.Time
	Mail      int64    // the row that came of it, or 0
	Alerts    []string // ids of the alerts that the mail tells of
	Answer    bool     `json:",omitempty"` // no decision, but what the server answered, or became of the row
}

// MailState is what became of a row of the outbox.
type MailState string

// The states. Only Waiting rows are attempted.
const (
	Waiting  MailState = "waiting"
	Accepted MailState = "sent"
	Parked   MailState = "parked"   // refused for good; `outbox retry` makes it Waiting (D27)
	Replaced MailState = "replaced" // by a later decision
	Dropped  MailState = "dropped"  // by the operator
)

// A Mail is one row of the outbox: one message for one recipient, with the
// bytes that every attempt sends.
type Mail struct {
	ID        int64
	Channel   string // name of the channel
	From      string // envelope sender
	Recipient string // address
	Groups    []string
	Kind      Kind
	Subject   string
	Alerts    []string  // ids
	Since     time.Time // the first decision about it; a row that replaces another keeps that one's
	Written   time.Time // when the bytes were made
	Quiet     []string  // calendars asked again before each attempt (D14)
	Pierces   bool      // decided during a quiet period: it waits for none, nor for older rows
	Bytes     []byte

	State  MailState
	Marked bool      // a mark before DATA was committed and no answer is known
	Tries  int       // attempts so far
	Tried  time.Time // the last of them; zero: none
	Next   time.Time // not before
	Ended  time.Time // when it was accepted, parked, replaced or dropped
	Code   int       // of the last answer
	Stage  string    // where the last attempt ended
	Answer string    // last answer, cleaned
}

// An Outbox holds the rows to deliver.
type Outbox interface {
	// Ready returns the waiting rows with Next not after now, with their
	// bytes, in the order of Since and ID, at most limit of them; and the
	// earliest Next of the waiting rows after now (zero: there is none).
	Ready(ctx context.Context, now time.Time, limit int) (rows []*Mail, next time.Time, err error)
	// Mails returns rows by their ids, with their bytes.
	Mails(ctx context.Context, ids []int64) ([]*Mail, error)
	// ParkedFor returns the ids of the parked rows for an address, in whatever case.
	ParkedFor(ctx context.Context, recipient string) ([]int64, error)
	// Record is T3: everything of d, or nothing. The rows exist; their bytes
	// are left alone.
	Record(ctx context.Context, d *Delivery) error
}

// A Delivery is what T3 commits: the mark before DATA, or what came of an
// attempt.
type Delivery struct {
	At      time.Time
	Mails   []*Mail   // stored but for their Bytes
	Beliefs []*Belief // stored whole
	Notices []alertrules.Notice
	Log     []Entry // what the server answered
}
