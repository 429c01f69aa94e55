// What the author's markup can cost the libraries that derive text and styles.

package templates

import (
	"strings"
	"testing"
	"time"
)

// TestDerive: what the author's markup can cost the libraries behind the engine
// is bounded too. The time is far above what is measured.
func TestDerive(t *testing.T) {
	for name, unitOf := range map[string]string{
		"deep": "<b>", "paragraphs": "<p>x</p>", "closing": "</table>", "cells": "<td>x", "tables": "<table><tr><td>x", "links": "<a href='https://example.com/'>",
		"lists": "<ul><li>", "fonts": "<p><font><i><b>", "entities": "&amp;", "spaces": " \n", "table rows": "<tr><td>a<td>b", "forms": "</p></br>",
	} {
		t.Run(name, func(t *testing.T) {
			doc := strings.Repeat(unitOf, maxOutput/len(unitOf))
			start := time.Now()
			if out := textFromHTML(doc); len(out) > maxOutput+1 {
				t.Errorf("%d bytes", len(out))
			}
			html := "<style>td, p b, .x { color: red; padding: 1px } " + strings.Repeat("a{b:c}", 1000) + "</style>" + doc
			if out := inlineStyles(html); len(out) > 2*maxOutput && out != html {
				t.Errorf("%d bytes", len(out))
			}
			small := "<style>td, p b, .x { color: red; padding: 1px }</style>" + doc[:len(doc)/8]
			inlineStyles(small)
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %v", took)
			} else {
				t.Logf("took %v", took)
			}
		})
	}
	if out := inlineStyles(wrap("<style>td > b, * b { color: red }</style><table><tr><td><b>x</b></td></tr></table>")); !strings.Contains(out, `style="color:red"`) {
		t.Errorf("not inlined: %s", out)
	}
	for _, css := range []string{":not(:has(*)) { color: red }", "a b c d { color: red }"} {
		if doc := wrap("<style>" + css + "</style><b>x</b>"); inlineStyles(doc) != doc {
			t.Errorf("inlined %s", css)
		}
	}
}
