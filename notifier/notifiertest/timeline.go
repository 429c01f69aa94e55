package notifiertest

// This file is the form of a timeline, as testdata/timelines/*.yaml writes it.

import (
	"context"
	"time"

	"tocsin/notifier"
)

// A Timeline is one test of what recipients get, and when: moments in order,
// each with what the world looks like after the round of that moment and the
// mails that are expected. Mails at other moments are mistakes.
type Timeline struct {
	Name   string          `yaml:"name"`
	Why    string          `yaml:"why"`
	Config notifier.Config `yaml:"config"`
	Rules  []RuleSpec      `yaml:"rules"`
	Day    string          `yaml:"day"`  // of the first moment; "2026-11-23"
	Zone   string          `yaml:"zone"` // of the moments; "": UTC
	Steps  []Moment        `yaml:"steps"`
}

// A RuleSpec is what the notifier has to know of a rule, and how its alerts are
// made from a Moment.
type RuleSpec struct {
	ID       string            `yaml:"id"`
	Mode     string            `yaml:"mode"` // event or state
	Severity string            `yaml:"severity"`
	Columns  []string          `yaml:"columns"` // of the rows; default: row, and n where rows have numbers
	Whole    bool              `yaml:"whole"`   // news are answers of an aggregate
	Window   time.Duration     `yaml:"window"`
	To       []string          `yaml:"to"`
	Repeat   *time.Duration    `yaml:"repeat_interval"`
	Quiet    string            `yaml:"quiet"`
	Resolved *bool             `yaml:"resolved"`
	Labels   map[string]string `yaml:"labels"`
}

// A Moment is one row of the table.
type Moment struct {
	Day  string `yaml:"day"` // default: that of the moment before
	At   string `yaml:"at"`  // "10:05", "10:05:30"
	Note string `yaml:"note"`
	// Round is what the rules found, by rule id; a rule that is not named was
	// not evaluated.
	Round map[string]Found `yaml:"round"`
	// Every repeats the round from the moment before until this one, this often:
	// it stands for a long table. In the rows, "r{5}" is five rows with running
	// numbers and "odd:A" a row of every other round; the first repetition has
	// the number First (default 1).
	Every time.Duration `yaml:"every"`
	First int           `yaml:"first"`
	// Server says how the mail server answers from now on, by person; "all" for
	// everybody: ok, retry, failed, down, lost, operator.
	Server map[string]string `yaml:"server"`
	// To changes the recipients of rules before the round.
	To map[string][]string `yaml:"to"`
	// Ack has alerts taken on before the round.
	Ack []Acknowledgement `yaml:"ack"`
	// Retry and Drop name people of whom every mail that waits or was refused is
	// tried again, or dropped, before the round.
	Retry []string `yaml:"retry"`
	Drop  []string `yaml:"drop"`
	// Gone removes rules before the round.
	Gone []string `yaml:"gone"`
	// Crash is how many transactions are lost, one after the other, before the
	// work of this moment succeeds.
	Crash int `yaml:"crash"`
	// Within says that the mails come at any time after the moment before: for
	// what waits on a backoff.
	Within bool   `yaml:"within"`
	Holds  []Hold `yaml:"holds"`
	Mails  []Want `yaml:"mails"`
}

// Found is what one rule found in one round.
type Found struct {
	// Rows are the rows of a rule with one alert: "A 2", "+4 r" …
	Rows []string `yaml:"rows"`
	// Alerts are the rows by alert_per value, where a rule has several alerts. A
	// value that is not named is over.
	Alerts map[string][]string `yaml:"alerts"`
	// Severity of all alerts, or by alert.
	Severity   string            `yaml:"severity"`
	Severities map[string]string `yaml:"severities"`
	How        string            `yaml:"how"` // how those end that end now; default "no rows"
}

// An Acknowledgement is what somebody does to the alert of a rule, and of a value
// of alert_per.
type Acknowledgement struct {
	Rule  string `yaml:"rule"`
	Value string `yaml:"value"`
	By    string `yaml:"by"`
	Note  string `yaml:"note"`
	Undo  bool   `yaml:"undo"`
}

// A Hold is what a belief says about why nothing goes out.
type Hold struct {
	To     string `yaml:"to"`
	Rule   string `yaml:"rule"`
	Reason string `yaml:"reason"`
}

// A Want is one expected mail.
type Want struct {
	To      string   `yaml:"to"`
	Kind    string   `yaml:"kind"`
	Tells   []string `yaml:"tells"`   // one line for each alert, in order
	Subject string   `yaml:"subject"` // contained in it
	Says    []string `yaml:"says"`    // contained in the text
	Rows    int      `yaml:"rows"`    // of the attachment
	Same    bool     `yaml:"same"`    // byte for byte the same as one before
}

// An Engine evaluates what a Moment says and commits the round: Script, or the
// real engine over the records of a test.
type Engine interface {
	Round(ctx context.Context, at time.Time, m Moment) error
}
