package main

import (
	"fmt"
	"strings"

	"tocsin/diag"
)

// usageNote writes one line for a person to standard error.
func usageNote(e *env, format string, args ...any) error {
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
