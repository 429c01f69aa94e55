package alertrules

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"time"
)

// What the engine tells: alerts, their rows, and news.

// Mode says what an alert's rows mean (DESIGN.md §5).
type Mode int

// The modes.
const (
	Event Mode = iota // every row is news, told exactly once
	State             // an alert begins, goes on, ends
)

// EndHow says why an alert is over (D10).
type EndHow string

// How an alert ends.
const (
	EndPassed    EndHow = "passed"    // rows are there, but do not meet the condition any more
	EndNoRows    EndHow = "no rows"   // nothing matches in the window any more
	EndEdited    EndHow = "edited"    // ended by an edit of the rule (D23)
	EndExcepted  EndHow = "excepted"  // left out by an exception, which an edit of the rule added (D10)
	EndRemoved   EndHow = "removed"   // the rule was removed (D24)
	EndDisabled  EndHow = "disabled"  // the rule was disabled (D24)
	EndStaging   EndHow = "staging"   // from now on recorded, not mailed (D24)
	EndQuiet     EndHow = "quiet"     // an event episode with nothing told for repeat_interval (D06)
	EndWithdrawn EndHow = "withdrawn" // a late record reversed the verdict (D20)
	EndData      EndHow = "data"      // of a no-data alert: there are data again
	EndBeyond    EndHow = "room"      // of the alert of values beyond the bound: those that hit have alerts of their own now
	EndTold      EndHow = "told"      // of what filling a gap found: from then on another alert tells of it (Alert.Then)
	EndCut       EndHow = "cut"       // of what filling a gap found: it is looked at no further
	EndForgotten EndHow = "forgotten" // the value did not report for so long that it is not expected any more
)

// An Alert is one episode: of a state alert from its begin to its end, of an
// event rule from its first news until nothing was told for repeat_interval.
// It is stored as a document; every field is plain data.
type Alert struct {
	ID     string // "A-7F3K", unique for ever
	Rule   string // rule id
	Key    string // identity: rule id and alert_per values in canonical form
	Mode   Mode
	Labels map[string]string // the rule's labels and the alert_per values

	Severity    Severity // of the last evaluation
	MaxSeverity Severity // the worst of the episode

	Since   time.Time // the moment of the first observation that led to it ("for" and "after" included)
	Began   time.Time // the moment at which it began to fire
	LastHit time.Time // the last moment at which the condition held
	Ended   time.Time // zero while it fires
	How     EndHow    // set with Ended

	Again     bool      // an earlier episode of the same key exists
	PrevEnded time.Time // when that one ended; zero if there is none

	Columns []Column  // of Rows
	Rows    []Row     // State: the rows of the last evaluation that hit, bounded by MaxRows
	RowsAll int       // how many rows there were, also beyond Rows
	Gone    []GoneRow `json:",omitempty"` // State, over a snapshot: rows of the episode that are there no more, the last ones
	Partial string    // which bound cut the rows; empty: complete
	At      time.Time // moment of the last evaluation
	From    time.Time // its window in event time; zero for `new`
	To      time.Time
	FromSeq int64 // its range of __seq__: (FromSeq, ToSeq]
	ToSeq   int64

	// Beyond is, of the alert that stands for values which have no room for an alert of
	// their own (MaxStates), how many hit at LastHit. Rows are theirs, and its Labels are
	// the rule's alone. Its end is always told.
	Beyond int `json:",omitempty"`

	// NoData says that the alert tells of missing data. LastData is then when there
	// were some last, zero when never; of another alert it is set while there are
	// none to check it by, to its last moment with data.
	NoData   bool      `json:",omitempty"`
	LastData time.Time `json:",omitzero"`

	Beside []Beside `json:",omitempty"` // of the last evaluation that hit

	Annotations map[string]string // rendered at the last evaluation that hit
	Authored    []string          // names of annotations that are their author's text alone, without a value of a record
	Runbook     string
	NewsN       int64    // Event: N of the last News
	Staging     bool     // recorded, never mailed
	Late        bool     `json:",omitempty"` // found by filling a gap: it was over before anybody looked
	History     bool     `json:",omitempty"` // of Late: the gap was one of history; mailed only with Notify
	Notify      bool     `json:",omitempty"`
	Gap         string   `json:",omitempty"` // of Late: the reason of the gap
	Then        string   `json:",omitempty"` // of EndTold: the alert of the same key that fired at Ended
	Past        SeqRange `json:",omitzero"`  // of History: the numbers of the gap
	// Filled is, of Late, when the gap was filled: the other times are those of its moments.
	Filled time.Time `json:",omitzero"`
	// CaughtUp is set when it began at a moment that was evaluated late, because
	// nothing ran: to the last moment before.
	CaughtUp time.Time `json:",omitzero"`
	Addition bool      `json:",omitempty"` // of a whole window: it began by records that came after its evaluation
	Expired  string    `json:",omitempty"` // the last day of an exception that ran out when it began
	Edited   time.Time // set when the last change of severity or the end came from an edit of the rule

	// ClosesAt belongs to the notifier: when an event episode is over, which is
	// repeat_interval after the last accepted mail; zero while something is
	// untold. News at or after it opens a new episode (D06).
	ClosesAt time.Time

	// Ack belongs to the operator: somebody has taken the alert on. CommitRound
	// keeps the stored value of an alert that exists; nil: nobody has.
	Ack *Ack `json:",omitempty"`
}

// An Ack says that somebody has taken an alert on: it is not repeated any more.
type Ack struct {
	By       string
	At       time.Time
	Note     string   `json:",omitempty"`
	Severity Severity // the worst of the episode at that time: what is worse was not taken on
}

// Acked reports whether the alert was taken on as severe as it is now.
func (a *Alert) Acked() bool { return a.Ack != nil && a.MaxSeverity <= a.Ack.Severity }

// told is the key of what the alert tells of: that of a live alert.
func (a *Alert) told() string {
	key, _, _ := strings.Cut(a.Key, lateKey)
	return key
}

// at reports whether the alert tells of a moment: whether it fired then, also where its
// rule was evaluated and then taken away. What late records added to whole windows tells
// of these since the first one; where it was over when it began, of that one alone.
func (a *Alert) at(moment time.Time) bool {
	off := a.How == EndRemoved || a.How == EndDisabled || a.How == EndStaging
	since := a.Began
	if a.Addition {
		since = a.Since
	}
	if a.Addition && a.Ended.Equal(a.Began) {
		return moment.Equal(since)
	}
	return !moment.Before(since) && (a.Firing() || moment.Before(a.Ended) || off && moment.Equal(a.Ended))
}

// Firing reports whether the alert goes on.
func (a *Alert) Firing() bool { return a.Ended.IsZero() }

// A Column is a column of an alert's rows.
type Column struct {
	Name  string
	Type  string // text, integer, double, boolean, time, json
	Field string `json:",omitempty"` // as in query.Column: @actor, where Name is actor
}

// Heading is what a table for people calls the column: a field that every
// logstore has is called the same in all of them.
func (c Column) Heading() string { return cmp.Or(c.Field, c.Name) }

// A Row is one row of an alert.
type Row struct {
	Key      string    // identity inside of the alert: non-aggregate columns, or the record's number (D07)
	Seq      int64     // __seq__ when the row is a record, in a snapshot the number of the finding; else 0
	Cells    []any     // in the order of the columns: nil, bool, int64, float64, string; times as RFC 3339 text
	Since    time.Time // State: the moment at which the row was first in this alert
	Severity Severity  // the first severity branch that holds for the row
	Standing *Standing `json:",omitempty"` // of a finding that may be out of date
}

// UnmarshalJSON reads a stored row. Whole numbers come back as int64, with all
// their digits, others as float64.
func (r *Row) UnmarshalJSON(b []byte) error {
	type plain Row // without this method
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode((*plain)(r)); err != nil {
		return err
	}
	for i, c := range r.Cells {
		n, isNumber := c.(json.Number)
		if !isNumber {
			continue
		}
		if whole, err := n.Int64(); err == nil {
			r.Cells[i] = whole
			continue
		}
		f, err := n.Float64()
		if err != nil {
			return err
		}
		r.Cells[i] = f
	}
	return nil
}

// News is what one evaluation adds to an event alert: rows of one severity, or
// the whole answer of a query with an aggregate. It is told once to each
// recipient.
type News struct {
	Alert    string // id of the alert
	N        int64  // grows within the alert, from 1
	At       time.Time
	FromSeq  int64 // (FromSeq, ToSeq]
	ToSeq    int64
	Severity Severity
	Columns  []Column
	Rows     []Row
	Partial  string
	History  bool      // from history objects: recorded, mailed only with Notify
	Notify   bool      `json:",omitempty"` // of History: somebody asked for a mail
	CaughtUp time.Time `json:",omitzero"`  // as of an alert
	Whole    bool      // the answer of an aggregate: listed with its range, never summed (D11)
}
