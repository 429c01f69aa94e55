// The life of a finding, pure: what one more observation makes of it
// (DESIGN.md §3).

package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// The values of @change.
const (
	changeOpened   = "opened"   // fails now; did not, or was not known
	changeResolved = "resolved" // failed, and passes now
	changeChanged  = "changed"  // fails still, with another severity or muting
	changeSame     = "same"     // none of these, or older than what is known
)

// A verdict is what an observation says of its check. What says neither that it
// fails nor that it passes (MANUAL, UNKNOWN while a scanner is still checking)
// leaves the verdict before it in force.
type verdict int

const (
	passes verdict = iota
	undecided
	fails
)

// observation is one record of a finding, as far as its life depends on it.
// Times are microseconds.
type observation struct {
	seq              int64
	at               int64 // when it was observed
	claimed          int64 // its own time, which may lie in the future
	first            int64 // first seen, as the scanner says; noTime: it does not
	id               [16]byte
	status, severity string
	muted            bool
}

// noTime stands for a time that is not there.
const noTime = int64(-1) << 63

func (o *observation) verdict() verdict {
	switch {
	case o.status == "FAIL", o.status == "WARN" && o.muted: // WARN is how a muted failure of Prowler is written in ASFF
		return fails
	case o.status == "PASS":
		return passes
	}
	return undecided
}

// compare orders observations: the later one counts, of two at one time the
// worse one, whatever the order in which they arrive. Real files have several
// records of one finding and time.
func (o *observation) compare(p *observation) int {
	muted := func(o *observation) int {
		if o.muted {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(o.at, p.at), cmp.Compare(o.claimed, p.claimed), cmp.Compare(o.verdict(), p.verdict()), cmp.Compare(muted(o), muted(p)),
		cmp.Compare(severityRank(o.severity), severityRank(p.severity)), bytes.Compare(o.id[:], p.id[:]))
}

func severityRank(s string) int {
	return slices.Index([]string{"informational", "low", "medium", "high", "critical"}, s)
}

// standing is a finding as it stands. The zero value is one that is not known.
type standing struct {
	observation // the one that it stands on

	known     bool
	since     int64 // seq from which this version stands
	firstSeen int64
	fails     bool   // by the last observation that is decided
	level     string // severity and muting when it last failed
	mutedThen bool
	failedAt  int64 // when it last failed; noTime: never
	before    int64 // when it last failed before it was opened again; noTime: never
	change    string
	changedAt int64 // noTime: nothing has changed yet
}

// observe takes one observation in, in the order of arrival, and says what is
// news of it. An older one than what is known is none: it can only move the
// begin.
func (s standing) observe(o observation) (next standing, change string) {
	if !s.known {
		s = standing{firstSeen: o.at, failedAt: noTime, before: noTime, changedAt: noTime, change: changeSame}
	}
	first := min(s.firstSeen, o.at)
	if o.first != noTime {
		first = min(first, o.first)
	}
	if s.known && o.compare(&s.observation) <= 0 {
		if first < s.firstSeen {
			s.firstSeen, s.since = first, o.seq
		}
		return s, changeSame
	}
	change = s.news(&o)
	if change != changeSame {
		s.change, s.changedAt = change, o.at
	}
	if change == changeOpened {
		s.before = s.failedAt
	}
	switch o.verdict() {
	case fails:
		s.fails, s.level, s.mutedThen, s.failedAt = true, o.severity, o.muted, o.at
	case passes:
		s.fails = false
	}
	s.observation, s.known, s.firstSeen, s.since = o, true, first, o.seq
	return s, change
}

// news compares an observation with what stands.
func (s *standing) news(o *observation) string {
	switch v := o.verdict(); {
	case v == fails && !s.fails:
		return changeOpened
	case v == passes && s.fails:
		return changeResolved
	case v == fails && (o.severity != s.level || o.muted != s.mutedThen):
		return changeChanged
	}
	return changeSame
}

// identity is what a finding is known by.
type identity struct {
	topic, tenant, account, uid string
	check, resource, region     string // where it has no id
	id                          [16]byte
}

// key is the identity of a finding: its scanner, account and id, without its
// severity, which is not stable. Without an id it is check, resource and region;
// without these too each record is a finding of its own.
func (f *identity) key() (key [16]byte) {
	parts := []string{f.scanner(), f.tenant, f.account, f.uid}
	switch {
	case f.uid != "":
	case f.check != "" && f.resource != "":
		parts = append(parts, f.check, f.resource, f.region)
	default:
		parts = append(parts, string(f.id[:]))
	}
	h := sha256.New()
	for _, p := range parts {
		h.Write(strconv.AppendInt(nil, int64(len(p)), 10)) // a hash.Hash never returns an error
		h.Write([]byte{0})
		h.Write([]byte(p))
	}
	copy(key[:], h.Sum(nil))
	return key
}

// number is a short name for a finding, the same whatever is stored.
func number(key [16]byte) int64 { return int64(binary.BigEndian.Uint64(key[:]) >> 1) }

// prowler is the scanner that looks at everything in a run, all of whose
// findings have the time of the run. Others update a finding when it changes, so
// none of theirs is missing from a scan.
const prowler = "prowler"

// scanner is what a finding is from: its topic. Prowler's own ids tell it also
// where another format carries them.
func (f *identity) scanner() string {
	if f.topic == "asff" && strings.HasPrefix(f.uid, "prowler-") {
		return prowler
	}
	return f.topic
}

// scan is a run of a scanner in an account.
type scan struct {
	scanner, account string
	second           int64
}

// scan returns the run that an observation is from; false where there are none.
func (f *identity) scan(at int64) (scan, bool) {
	const second = 1_000_000
	s := scan{f.scanner(), f.account, at / second}
	if at < 0 && at%second != 0 {
		s.second--
	}
	return s, s.scanner == prowler
}
