package alertrules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// What is remembered of a rule is bounded, whatever keys an attacker chooses (G43):
// how many keys have a state of their own, and how long a key is.

// MaxStates is the default bound on the values of one rule that have a state of
// their own: an alert, or a count that may become one.
const MaxStates = 100_000

const (
	maxKey   = 512    // bytes of a key as it is; a longer one is its beginning and a hash
	maxLabel = 1024   // bytes of a value of alert_per as a label
	maxSeen  = 50_000 // rows of earlier answers that are not told again, while answers are partial
)

// beyond is the key of the alert that stands for all values which hit and have no
// room. Other keys name a column.
func (r *Rule) beyond() string { return r.ID + "{*}" }

// pool puts the groups that hit and have no room into one.
func (r *Rule) pool(o observation, groups []*group, room func(key string) bool) []*group {
	rest := &group{key: r.beyond(), labels: r.Labels}
	groups = slices.DeleteFunc(groups, func(g *group) bool {
		if hit, known := r.judge(o, g); !hit || !known || room(g.key) {
			return false // what does not hit takes no room
		}
		rest.all, rest.beyond = rest.all+g.all, rest.beyond+1
		rest.rows = append(rest.rows, g.rows...)
		return true
	})
	if rest.beyond > 0 {
		slices.Sort(rest.rows)
		groups = append(groups, rest)
	}
	return groups
}

// room returns what tells of one key after another whether it may have a state of its
// own: it has one, or there is room for it. Missing data are bounded apart, and the
// alert of what is beyond takes no room.
func (r *run) room() func(key string) bool {
	left := -1
	counts := func(key string) bool { return !isNoData(key) && key != r.rule.beyond() }
	return func(key string) bool {
		if r.live[key] != nil || r.state.Pending[key] != nil {
			return true
		}
		if left < 0 {
			left = r.rule.states
			for k := range r.state.Pending {
				if counts(k) {
					left--
				}
			}
			for k := range r.live {
				if counts(k) && r.state.Pending[k] == nil {
					left--
				}
			}
			left = max(left, 0)
		}
		if left == 0 {
			return false
		}
		left--
		return true
	}
}

// full tells the operator, once, that values have no room.
func (r *run) full(at time.Time, g *group) {
	r.notice = append(r.notice, Notice{
		Key: fullKey(r.rule.ID), Since: at,
		Text: fmt.Sprintf("rule %s has more than %d values that fire or are counted: %d that hit at %s are one alert, which does not tell them apart; count more coarsely, or raise limits.states", r.rule.ID, r.rule.states, g.beyond, at.UTC().Format(time.RFC3339)),
	})
}

// roomy tells the operator that the alert of the values without room is over.
func (r *run) roomy(at time.Time) {
	r.notice = append(r.notice, Notice{Key: fullKey(r.rule.ID), Since: at, Over: true, Text: fmt.Sprintf("rule %s: every value that fires has an alert of its own again", r.rule.ID)})
}

func fullKey(rule string) string { return "rule/full/" + rule }

// cut is a text of at most so many bytes, with a mark where it was longer.
func cut(s string, most int, mark string) string {
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + mark
}

// short is a canonical key as it is kept: a long one is its beginning and a hash of
// all of it. No canonical key has the mark between them outside of quotes.
func short(key string) string {
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return cut(key, 128, "…#"+hex.EncodeToString(sum[:]))
}

// seenBefore are rows that were told, and rows of earlier answers, the latest first.
func seenBefore(now, earlier []string) []string {
	there := among(now)
	for _, key := range earlier {
		if len(now) >= maxSeen {
			break
		}
		if !there(key) {
			now = append(now, key)
		}
	}
	return now
}
