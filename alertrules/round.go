package alertrules

import (
	"context"
	"time"

	"tocsin/query"
)

// The seams of the engine: what it asks, what it remembers, what a round commits.

// QueryFunc runs a plan over a window. It returns the rows, with
// Result.Partial set when a bound was hit, or an error that changes no state. When
// its time was over the error holds a LimitError.
type QueryFunc func(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error)

// Logs is what the engine asks of the stored logs beside rows.
type Logs interface {
	// LastSeq returns S, the last committed __seq__, and the random id of the
	// logs file (DESIGN.md §8 "Generation").
	LastSeq(ctx context.Context) (s int64, generation string, err error)
	// SeqAt returns the last __seq__ that was committed before the moment t
	// (arrival time); 0 when there is none. For `start: "-24h"` (D34).
	SeqAt(ctx context.Context, t time.Time) (int64, error)
	// History returns the ranges of __seq__ within (after, upTo] that came in as
	// history (DESIGN.md §5), in their order, those that touch joined.
	History(ctx context.Context, after, upTo int64) ([]Past, error)
	// HistoryTimes returns when the records of a logstore happened that came in as
	// history within (after, upTo] of __seq__: one range for each object, those
	// that touch joined.
	HistoryTimes(ctx context.Context, logstore string, after, upTo int64) ([]PastTime, error)
	// OldestLive returns when the oldest of the objects happened, by its oldest
	// record, that did not come in as history and have records of a logstore within
	// a range of __seq__; zero when there are none.
	OldestLive(ctx context.Context, logstore string, in SeqRange) (time.Time, error)
	// HistoryHours returns the hours in which records of a logstore happened that
	// came in as history within a range of __seq__ and are still there: their
	// beginnings in UTC, in order.
	HistoryHours(ctx context.Context, logstore string, in SeqRange) ([]time.Time, error)
	// LateTimes returns when records of a logstore within a range of __seq__ happened
	// that happened before a time: their minutes, in order, each up to that time at
	// most; hours or days where there are very many.
	LateTimes(ctx context.Context, logstore string, in SeqRange, before time.Time) ([]TimeRange, error)
}

// States remembers rules between evaluations. Implemented by the store.
type States interface {
	// RuleStates returns what is known of every rule, by rule id.
	RuleStates(ctx context.Context) (map[string]*RuleState, error)
	// Alerts returns the alerts of rules that have not ended, oldest first: also event
	// episodes of which everything is told, which a round has yet to end
	// (Alert.ClosesAt). It is asked only of rules whose RuleState.Live is not 0. The caller
	// may change them.
	Alerts(ctx context.Context, rules ...string) ([]*Alert, error)
	// Episodes returns the alerts of a rule in state mode, also those that are over,
	// that fired at some time in a range, oldest first; their rows may be left out. It
	// is asked when gaps are filled.
	Episodes(ctx context.Context, rule string, in TimeRange) ([]*Alert, error)
	// GapsOf returns what of a rule was not evaluated. It is asked when records came
	// for whole windows of long ago.
	GapsOf(ctx context.Context, rule string) ([]Gap, error)
	// NextAlertIDs reserves n fresh alert ids.
	NextAlertIDs(ctx context.Context, n int) ([]string, error)
	// CommitRound is T1: everything of the round, or nothing.
	CommitRound(ctx context.Context, r *Round) error
}

// RuleState is what is remembered of one rule beside its alerts. It is stored
// as a document.
type RuleState struct {
	Rule       string
	Hash       string    // of the rule's text at the last evaluation
	Rest       string    `json:",omitempty"` // of that text without its exceptions
	Known      time.Time // when the rule was first made known
	Start      string    // the `start:` that the cursor was set by
	Cursor     int64     // of `new`: everything up to it was seen
	Generation string    // logs file that Cursor belongs to
	WholeTo    time.Time // of `whole`: windows that end up to here have a verdict
	Moment     time.Time // last moment of the schedule that was evaluated, or skipped
	Looked     time.Time `json:",omitzero"` // the last that was evaluated, where moments behind it were skipped
	Retry      []time.Time
	Pending    map[string]*Pending // by alert key: what is counted before and while an alert fires
	Outcome    Outcome
	Error      string    // of the last evaluation; empty when it went well
	ErrorSince time.Time // first of a row of errors
	// Bound is what the last evaluation that was cut says, when the last that went well
	// was; BoundSince is the first of a row of those: the operator was told then.
	Bound      string    `json:",omitempty"`
	BoundSince time.Time `json:",omitzero"`

	First int64 // of `new`: the rule has seen (First, Cursor]
	// Span is of `new` how many numbers its query is asked for at once, while some are
	// left for which its time was over; 0: all that there are.
	Span    int64     `json:",omitempty"`
	Earlier *SeqRange // of `new`: given by an earlier start, to be taken in once (D34)
	Edited  time.Time // when another Hash was first met; zero once it was evaluated (D23)
	Off     EndHow    // EndRemoved or EndDisabled while the rule is not evaluated (D24)
	Staging bool      // the stage of its alerts
	// Values are the values of alert_per that are expected to report, by their keys,
	// and under the rule's id any data; of rules with no_data. ValuesOf tells which
	// query gave them.
	Values   map[string]Value `json:",omitempty"`
	ValuesOf string           `json:",omitempty"`
	Danger   Danger           `json:",omitzero"`  // what is held against its query
	Took     time.Duration    `json:",omitempty"` // by the last evaluation, when that was long; else 0

	Live int // firing alerts and open event episodes after the last evaluation
	// Ends is when the last episode of a key ended, for "again" (D09); bounded.
	Ends map[string]time.Time
	// Seen is of event mode over a window of event time: the rows of the last
	// evaluation, which are not told again.
	Seen []string
	// WholeFrom is the beginning of the oldest window that can have a verdict.
	WholeFrom time.Time
	// EarlierWhole is the time before WholeFrom that an earlier start added, to be
	// taken in once (D34).
	EarlierWhole *TimeRange
	// EarlierPending is what is counted in EarlierWhole, while some of it is left.
	EarlierPending map[string]*Pending `json:",omitempty"`
	Verdicts       []Verdict           // of `whole`: the last ones, oldest first, which late records may reverse
}

// A SeqRange is (From, To] of __seq__.
type SeqRange struct{ From, To int64 }

// A TimeRange is [From, To) of event time.
type TimeRange struct{ From, To time.Time }

// A Verdict is what the evaluation of one whole window found (D20).
type Verdict struct {
	From, To time.Time
	At       time.Time // the moment that it was due at
	Seq      int64     // S of the evaluation
	Hits     []string  // keys that were hit, also those of no-data alerts
}

// Pending is what is counted for one alert key.
type Pending struct {
	Observations string      // the last n observations, oldest first: "H" hit, "M" miss
	FirstHit     time.Time   // oldest hit that still counts
	FirstMiss    time.Time   // first of the misses in a row while it fires (keep_firing_for)
	Hits         []time.Time // the moments of the hits in Observations
	Labels       map[string]string
}

// Outcome of an evaluation. They are distinct (DESIGN.md §5).
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Firing  Outcome = "firing"
	NoData  Outcome = "no data"
	Failed  Outcome = "error"
	Partial Outcome = "partial"
	Skipped Outcome = "skipped"
)

// An Evaluation is the record of one evaluation, for history.
type Evaluation struct {
	Rule    string
	At      time.Time // moment of the schedule
	Outcome Outcome
	Reason  string // why the trigger held or did not, in words
	Window  query.Window
	Rows    int
	Took    time.Duration
	Error   string
	Hash    string `json:",omitempty"` // Rule.Hash of the text that was evaluated
	// Filled is, where it filled a gap, when that was: At is the moment of the schedule.
	Filled time.Time `json:",omitzero"`
}

// A Notice is something that the operator has to know, told once for each
// cause and once when it is over (D31).
type Notice struct {
	Key   string // identity of the cause, such as "rule/failed/ID"
	Text  string
	Since time.Time
	Over  bool
	// Owners are told beside the operator: people, groups or addresses.
	Owners []string `json:",omitempty"`
	// Once says that it is news and no cause: there is no end of it, and nothing is
	// wrong. It is told once for each Key, however often it is given.
	Once bool `json:",omitempty"`
	// Wrong says of what is told once that something is wrong all the same: the cause
	// is a silent one.
	Wrong bool `json:",omitempty"`
	// Silent says that the cause begins, or is over, without anybody being told.
	Silent bool `json:",omitempty"`
}

// A Round is what T1 commits: the outcome of all rules that were evaluated
// together.
type Round struct {
	At          time.Time
	Rules       []*RuleState
	Alerts      []*Alert // begun, changed or ended; stored by ID
	News        []*News
	Evaluations []Evaluation
	Notices     []Notice
	Gaps        []Gap
	Filled      []Gap // taken out of what is known of gaps (TakeOut)
	Dropped     []Gap // forgotten (Without)
}
