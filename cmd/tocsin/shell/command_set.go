// The dot commands that set something.

package shell

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tocsin/alertrules"
)

func (s *session) quit(context.Context, string) error { return errQuit }

func (s *session) all(context.Context, string) error {
	s.Range = Range{}
	return nil
}

func (s *session) setLast(_ context.Context, args string) error {
	if args == "" {
		args = "24h"
	}
	back, err := alertrules.ParseDuration(args)
	if err != nil || back <= 0 {
		return wrong(".last %s: write it as .last 30m, .last 24h or .last 30d", visible(args))
	}
	s.Range = Range{Last: back}
	return nil
}

func (s *session) from(_ context.Context, args string) error {
	return s.between(args, ".from", Range.withFrom)
}

func (s *session) to(_ context.Context, args string) error {
	return s.between(args, ".to", Range.withTo)
}

func (r Range) withFrom(t time.Time) Range { return Range{From: t, To: r.To} }

func (r Range) withTo(t time.Time) Range { return Range{From: r.From, To: t} }

// between sets one end of the range.
func (s *session) between(args, name string, with func(Range, time.Time) Range) error {
	if args == "" {
		return wrong("%s MOMENT: write %s 2026-11-22, or %s 2026-11-22T09:00", name, name, name)
	}
	at, err := s.Project.Moment(args)
	if err != nil {
		return wrong("%s: %w", name, err)
	}
	r := with(s.Range, at)
	if !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		return wrong("%s: the range would end before it begins: %s", name, r.Words(s.Zone))
	}
	s.Range = r
	return nil
}

func (s *session) use(_ context.Context, args string) error {
	known := logstoreWords(s)
	if !slices.Contains(known, args) {
		return wrong("there is no logstore %s; %s", visible(args), oneOf(args, known))
	}
	s.Logstore = args
	return nil
}

func (s *session) output(_ context.Context, args string) error {
	if args == "" {
		fmt.Fprintln(s.Err, s.Format)
		return nil
	}
	if !slices.Contains(Formats(), args) {
		return wrong(".output %s: %s", visible(args), oneOf(args, Formats()))
	}
	s.Format = args
	return nil
}

func (s *session) pager(_ context.Context, args string) error {
	switch args {
	case "on", "off":
		s.paged = args == "on"
	case "":
		fmt.Fprintln(s.Err, map[bool]string{true: "on", false: "off"}[s.paged])
	default:
		return wrong(".pager %s: it is on or off", visible(args))
	}
	return nil
}

func (s *session) setRows(_ context.Context, args string) error {
	if args == "" {
		fmt.Fprintln(s.Err, s.Rows)
		return nil
	}
	n, err := strconv.Atoi(args)
	if err != nil || n < 1 || n > maxRows {
		return wrong(".rows %s: it is a number from 1 to %d", visible(args), maxRows)
	}
	s.Rows = n
	return nil
}

// maxRows bounds .rows.
const maxRows = 10_000_000

// setExpanded sets how wide rows are shown; without an argument it switches, as
// \x of psql does.
func (s *session) setExpanded(ctx context.Context, args string) error {
	switch args {
	case "":
		args = map[bool]string{true: "auto", false: "on"}[s.expand == "on"]
		fmt.Fprintln(s.Err, args)
	case "on", "off", "auto":
	default:
		return wrong(".x %s: it is on, off or auto", visible(args))
	}
	s.expand = args
	return nil
}
