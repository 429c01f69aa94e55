// Templates of one line: annotations, and ${field} of SLS.

package templates

import (
	"regexp"
	"strings"

	"tocsin/diag"
)

// Text is a one-line or plain-text template in the same language: an annotation.
type Text struct{ p *program }

// CompileText compiles an annotation or the like. `${field}` of SLS is
// understood where the text holds no `{{`: a field of the triggering row, a
// label, or a name of SLS such as alert_name. Errors are *diag.List; name stands
// in their positions.
func CompileText(name, src string) (*Text, error) {
	p, err := compile(unit{name: name, text: src, out: outValue})
	if err != nil {
		return nil, err
	}
	return &Text{p}, nil
}

// Render returns the text, its values cleaned (G02, G03) but not isolated, so
// that it may be a value of a further message. The error is a *diag.List.
func (t *Text) Render(d Data, o Options) (string, error) { return t.p.render(d, o) }

// Constant reports whether the text holds no value: what it renders is the
// author's alone and may be passed on as Authored.
func (t *Text) Constant() bool { return len(t.p.stmts) == 0 }

// fieldRef is ${field}; Terraform files write $${field}.
var fieldRef = regexp.MustCompile(`\$?\$\{([^{}\n]{1,200})\}`)

// fieldText adds literal text with its ${field} references.
func (c *compiler) fieldText(text string, offset int) {
	last := 0
	for _, m := range fieldRef.FindAllStringSubmatchIndex(text, -1) {
		c.text(text[last:m[0]], offset+last)
		at := place{c.file, diag.Span{Start: offset + m[0], End: offset + m[1]}}
		name := strings.TrimSpace(text[m[2]:m[3]])
		c.print(node{eval: func(st *state) any { return field(st.data["alert"], name) }}, at)
		last = m[1]
	}
	c.text(text[last:], offset+last)
}

// field finds what ${name} means.
func field(alert any, name string) any {
	results, _ := member(alert, "results").([]any)
	switch name {
	case "__count__", "__pass_count__":
		return member(alert, "fire_results_count")
	case "__0_count__", "__1_count__", "__2_count__":
		if i := int(name[2] - '0'); i < len(results) {
			return member(norm(results[i]), "raw_results_count")
		}
		return missing
	}
	if rows, ok := member(alert, "fire_results").([]any); ok && len(rows) > 0 {
		if v := member(norm(rows[0]), name); !isMissing(v) {
			return v
		}
	}
	for _, r := range results {
		if v := member(member(norm(r), "fire_result"), name); !isMissing(v) {
			return v
		}
	}
	if v := member(member(alert, "labels"), name); !isMissing(v) {
		return v
	}
	switch name {
	case "aliuid", "alert_instance_id", "alert_id", "alert_name", "project", "status", "severity", "alert_time", "fire_time":
		return member(alert, name)
	}
	return missing
}
