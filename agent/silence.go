package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// This file says which sources are silent: a pure decision, and the look around
// that feeds it.

// A Silence is how long a source may deliver nothing. The zero value: for ever.
type Silence struct {
	After time.Duration
	// Each is "", or the field of whose values in the source each is waited for:
	// @account, @region.
	Each string
}

// A Voice is a source, or one account or region in it, and when something of it
// was stored last.
type Voice struct {
	Part string // "" is the source
	Last time.Time
}

// heard is what the decision looks at of one source.
type heard struct {
	name    string
	silence Silence
	behind  bool      // it holds more than was taken in: nobody knows yet who is silent
	asked   time.Time // when it was asked first
	voices  []Voice
}

// silencePrefix begins the keys of the causes that a silence is.
const silencePrefix = "source/silent/"

// key holds the field of a part: what was told of a region is not about an account
// of that name.
func (h *heard) key(part string) string {
	if part == "" {
		return silencePrefix + h.name
	}
	return silencePrefix + h.name + "/" + h.silence.Each + "/" + part
}

// last is when something of the source was stored last, or when it was asked first;
// zero: neither.
func (h *heard) last() time.Time {
	for _, v := range h.voices {
		if v.Part == "" {
			return v.Last
		}
	}
	return h.asked
}

// longGone is how long an account or region is waited for: one that was closed
// does not stay wrong for ever.
func (s Silence) longGone() time.Duration { return max(30*24*time.Hour, 10*s.After) }

// silent returns the causes that begin and those that are over at now; open are
// those that are known. A source that never delivered anything is
// silent since it was asked first; one that never was asked is not, and one that
// holds more than was taken in stays as it is known. When a whole source is silent,
// its accounts are not told one by one.
func silent(sources []heard, open []alertrules.Notice, now time.Time) []alertrules.Notice {
	quiet := map[string]alertrules.Notice{}
	var begun []string
	note := func(h *heard, part string, last time.Time, tell bool) {
		key := h.key(part)
		quiet[key] = alertrules.Notice{Key: key, Since: last, Text: h.says(part, last)}
		if tell {
			begun = append(begun, key)
		}
	}
	for i := range sources {
		h := &sources[i]
		if h.behind {
			for _, c := range open { // what is known of it stays
				if c.Key == h.key("") || strings.HasPrefix(c.Key, h.key("")+"/") {
					quiet[c.Key] = alertrules.Notice{}
				}
			}
			continue
		}
		last := h.last()
		whole := !last.IsZero() && now.Sub(last) > h.silence.After
		if whole {
			note(h, "", last, true)
		}
		for _, v := range h.voices {
			ago := now.Sub(v.Last)
			if v.Part != "" && ago > h.silence.After && ago <= h.silence.longGone() {
				note(h, v.Part, v.Last, !whole)
			}
		}
	}
	var notices []alertrules.Notice
	for _, key := range begun {
		if !knows(open, key) {
			notices = append(notices, quiet[key])
		}
	}
	for _, c := range open {
		if _, still := quiet[c.Key]; !still && strings.HasPrefix(c.Key, silencePrefix) {
			notices = append(notices, over(sources, c, now))
		}
	}
	return notices
}

// knows reports whether the operator knows of a cause.
func knows(open []alertrules.Notice, key string) bool {
	return slices.ContainsFunc(open, func(c alertrules.Notice) bool { return c.Key == key })
}

// minute is how a time is written in what the operator reads.
const minute = "2006-01-02 15:04 MST"

// says is what the operator reads of a silence. A part is text of a log; whoever
// shows it cleans it.
func (h *heard) says(part string, last time.Time) string {
	return fmt.Sprintf("%s is silent since %s (silent_after: %s)", silentPart(h.key(part)), last.UTC().Format(minute), alertrules.FormatDuration(h.silence.After))
}

// silentPart names what a key is about, which need not be configured any more.
func silentPart(key string) string {
	name, of, parted := strings.Cut(strings.TrimPrefix(key, silencePrefix), "/@")
	if !parted {
		return "source " + name
	}
	field, part, _ := strings.Cut(of, "/")
	return "source " + name + ": " + field + " " + part
}

// lastOf is when the part of the source spoke last that a key is about; zero: nobody
// knows. The key of another source, or of parts that are not waited for, is not ours.
func (h *heard) lastOf(key string) (last time.Time, ours bool) {
	if key == h.key("") {
		return h.last(), true
	}
	for _, v := range h.voices {
		if v.Part != "" && key == h.key(v.Part) {
			return v.Last, true
		}
	}
	return last, h.silence.Each != "" && strings.HasPrefix(key, h.key("")+"/"+h.silence.Each+"/")
}

// over is the end of a silence that was told: it spoke, may be silent for longer, or
// is not waited for any more.
func over(sources []heard, cause alertrules.Notice, now time.Time) alertrules.Notice {
	n := alertrules.Notice{Key: cause.Key, Since: now, Over: true, Text: silentPart(cause.Key) + " is no longer waited for"}
	for i := range sources {
		h := &sources[i]
		last, ours := h.lastOf(cause.Key)
		whole := cause.Key == h.key("")
		switch {
		case !ours, whole && last.IsZero():
		case !whole && now.Sub(last) > h.silence.longGone():
			if last.Before(cause.Since) {
				last = cause.Since
			}
			n.Text += ": nothing came of it since " + last.UTC().Format(minute)
		case last.After(cause.Since):
			n.Since, n.Text = last, silentPart(cause.Key)+" delivers again"
		default:
			n.Text = fmt.Sprintf("%s may be silent for longer now (silent_after: %s)", silentPart(cause.Key), alertrules.FormatDuration(h.silence.After))
		}
	}
	return n
}

// silence looks which sources are silent, and tells the operator. It reports
// whether there is something to tell.
func (a *Agent) silence(ctx context.Context, now time.Time) (told bool, err error) {
	var sources []heard
	for _, f := range a.feeds {
		s := f.source
		if s.Silence.After == 0 {
			continue
		}
		h := heard{name: s.Name, silence: s.Silence, behind: !f.empty.Load()}
		value, err := a.o.Marks.Mark(ctx, f.mark())
		if err != nil {
			return false, err
		}
		if value != "" {
			if h.asked, err = time.Parse(time.RFC3339, value); err != nil {
				return false, fmt.Errorf("source %s: when it was asked first: %w", s.Name, err)
			}
		}
		if h.voices, err = a.o.Heard(ctx, s.Name, s.Silence.Each, now.Add(-s.Silence.longGone())); err != nil {
			return false, err
		}
		sources = append(sources, h)
	}
	open, err := a.o.Causes(ctx)
	if err != nil {
		return false, err
	}
	return a.tell(ctx, silent(sources, open, now), now)
}

// tell commits what the operator has to know.
func (a *Agent) tell(ctx context.Context, notices []alertrules.Notice, now time.Time) (told bool, err error) {
	if len(notices) == 0 {
		return false, nil
	}
	for _, n := range notices {
		a.o.Log.Warn("operator", "text", n.Text)
	}
	if err := a.o.Engine.States.CommitRound(ctx, &alertrules.Round{At: now, Notices: notices}); err != nil {
		return false, fmt.Errorf("tell the operator: %w", err)
	}
	return true, nil
}
