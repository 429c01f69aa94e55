package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/store"
)

// This file shows the sources: what each delivered last, how late, and how long
// it may be silent.

func (p *project) statusSources(ctx context.Context) error {
	if len(p.config.sources) == 0 {
		return nil
	}
	states, err := p.store.Logs.Sources(ctx)
	if err != nil {
		return err
	}
	for _, c := range p.config.sources {
		i := slices.IndexFunc(states, func(s store.SourceState) bool { return s.Name == c.Name })
		said := "nothing yet"
		var state store.SourceState
		if i >= 0 {
			state = states[i]
			said = fmt.Sprintf("%s, the last at %s", count(state.Objects, "object"), state.Last.Format(time.RFC3339))
			if state.Lagged > 0 {
				said += fmt.Sprintf(", %s behind its clock", max(state.Lag.Round(time.Second), 0))
			}
		}
		fmt.Fprintf(p.env.stdout, "source %s: %s%s\n", diag.Line(c.Name), said, silenceSays(c.Silence, state))
		failing, err := p.store.Logs.Mark(ctx, agent.FailingMark(c.Name))
		if err != nil {
			return err
		}
		if since, why, ok := strings.Cut(failing, " "); ok {
			p.degraded = true
			fmt.Fprintf(p.env.stdout, "  fails since %s: %s\n", since, diag.Line(why))
		}
	}
	return nil
}

// silenceSays says how long a source may be silent; where nothing is set, what
// would fit.
func silenceSays(s agent.Silence, state store.SourceState) string {
	switch {
	case s.Each != "":
		return fmt.Sprintf(", silent_after: %s for each %s", alertrules.FormatDuration(s.After), s.Each)
	case s.After > 0:
		return fmt.Sprintf(", silent_after: %s", alertrules.FormatDuration(s.After))
	}
	fits := suggestSilence(state)
	if fits == 0 {
		return ""
	}
	return fmt.Sprintf("; silent_after: %s would fit (its longest pause was %s)", alertrules.FormatDuration(fits), state.Pause.Round(time.Second))
}

// enoughPauses is how many pauses a suggestion needs.
const enoughPauses = 10

// suggestSilence is twice the longest pause that was seen of a source, as people
// write lengths of time; 0 when too little was seen.
func suggestSilence(s store.SourceState) time.Duration {
	if s.Pauses < enoughPauses {
		return 0
	}
	const day = 24 * time.Hour
	for _, d := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, day, 2 * day, 4 * day, 7 * day, 14 * day} {
		if 2*s.Pause <= d {
			return d
		}
	}
	return 0
}
