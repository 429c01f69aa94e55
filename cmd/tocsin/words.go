package main

import (
	"fmt"
	"strconv"
	"strings"

	"tocsin/diag"
)

// This file holds the small turns of phrase that verbs share.

// note writes one line for a person to standard error.
func note(e *env, format string, args ...any) error {
	_, err := fmt.Fprintf(e.stderr, format+"\n", args...)
	return err
}

// cleanLines is text that is not ours, fit for a terminal, with its lines.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = diag.Isolate(diag.Clean(l))
	}
	return strings.Join(lines, "\n")
}

// sentences is a text of several lines as one: each ends with a full stop.
func sentences(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines[:len(lines)-1] {
		if l = strings.TrimSpace(l); l != "" && !strings.ContainsAny(l[len(l)-1:], ".:;,!?") {
			l += "."
		}
		lines[i] = l
	}
	return diag.Line(strings.Join(lines, "\n"))
}

// count prints a number with its noun.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// didYouMean is the way out when a name is not one of the known ones.
func didYouMean(name string, known []string) string {
	if len(known) == 0 {
		return "there are none"
	}
	return diag.DidYouMean(name, known, "known are "+strings.Join(known, ", "))
}

// grouped prints a number with its thousands apart, as 3,210.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// named is a list of names with a word before it, in lines of at most 80
// characters.
func named(what string, names []string) string {
	line, all := what, ""
	for i, n := range names {
		if i < len(names)-1 {
			n += ","
		} else {
			n += "."
		}
		if len(line)+1+len(n) > 80 {
			all += line + "\n"
			line = n
			continue
		}
		line += " " + n
	}
	return all + line
}
