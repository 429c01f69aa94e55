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

func (h *heard) key(part string) string {
	if part == "" {
		return silencePrefix + h.name
	}
	return silencePrefix + h.name + "/" + part
}

// longGone is how long an account or region is waited for: one that was closed
// does not stay wrong for ever.
func (s Silence) longGone() time.Duration { return max(30*24*time.Hour, 10*s.After) }

// silent returns the causes that begin and those that are over at now; open are
// the keys of those that are known. A source that never delivered anything is
// silent since it was asked first; one that never was asked is not, and one that
// holds more than was taken in stays as it is known. When a whole source is silent,
// its accounts are not told one by one.
func silent(sources []heard, open []string, now time.Time) []alertrules.Notice {
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
			for _, key := range open { // what is known of it stays
				if key == h.key("") || strings.HasPrefix(key, h.key("")+"/") {
					quiet[key] = alertrules.Notice{}
				}
			}
			continue
		}
		last := h.asked
		for _, v := range h.voices {
			if v.Part == "" {
				last = v.Last
			}
		}
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
		if !slices.Contains(open, key) {
			notices = append(notices, quiet[key])
		}
	}
	for _, key := range open {
		if _, still := quiet[key]; !still && strings.HasPrefix(key, silencePrefix) {
			notices = append(notices, over(sources, key, now))
		}
	}
	return notices
}

// says is what the operator reads of a silence. A part is text of a log; whoever
// shows it cleans it.
func (h *heard) says(part string, last time.Time) string {
	return fmt.Sprintf("%s is silent since %s (silent_after: %s)", h.part(part), last.UTC().Format("2006-01-02 15:04 MST"), alertrules.FormatDuration(h.silence.After))
}

// part names a source, or a part of it.
func (h *heard) part(part string) string {
	if part == "" {
		return "source " + h.name
	}
	return "source " + h.name + ": " + strings.TrimPrefix(h.silence.Each, "@") + " " + part
}

// over is the end of a silence: it spoke, or is not waited for any more.
func over(sources []heard, key string, now time.Time) alertrules.Notice {
	name := strings.TrimPrefix(key, silencePrefix)
	n := alertrules.Notice{Key: key, Since: now, Over: true, Text: "source " + name + " is no longer waited for"}
	for i := range sources {
		h := &sources[i]
		if part, ok := strings.CutPrefix(key, h.key("")+"/"); ok && h.silence.Each != "" {
			n.Text = fmt.Sprintf("%s is no longer waited for: nothing came of it for %s", h.part(part), alertrules.FormatDuration(h.silence.longGone()))
		}
		for _, v := range append([]Voice{{}}, h.voices...) {
			if h.key(v.Part) == key && now.Sub(v.Last) <= h.silence.After {
				n.Since, n.Text = v.Last, "source "+name+" delivers again"
			}
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
