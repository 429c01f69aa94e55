// Secrets in the data of a message, hidden before any template sees them.

package templates

import (
	"encoding/json"
	"regexp"
	"strings"
)

// masked is what stands in place of a secret.
const masked = "(masked)"

// secretWords are in the names of fields whose values are masked by default (G07).
const secretWords = `pass[_ -]?word|passwd|secret|token|authorization|cookie|credential|private[_ -]?key`

// secretName finds these names.
var secretName = regexp.MustCompile(`(?i)` + secretWords)

// secretText finds such fields in JSON text that cannot be read as a whole.
var secretText = regexp.MustCompile(`(?i)("[^"]*(?:` + secretWords + `)[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^,}\]\s]+)`)

// masker hides values by the names of their fields.
type masker struct{ more map[string]bool }

// Mask returns a copy of d in which the values of secret fields (names that hold
// password, secret, token, authorization, cookie, credential or private key) and
// of the fields that more names, case folded, are hidden: in rows, labels, cells
// under their column, and inside of JSON text. NewData has done it for the
// secret names; the notifier does it again for a recipient's own `mask`.
func (d Data) Mask(more ...string) Data {
	m := masker{more: map[string]bool{}}
	for _, n := range more {
		m.more[strings.ToLower(n)] = true
	}
	out := Data{}
	for k, v := range d {
		out[k] = m.value(v)
	}
	return out
}

// secret reports whether a field's value is hidden. Of a path the last part counts too.
func (m masker) secret(name string) bool {
	if secretName.MatchString(name) {
		return true
	}
	if len(m.more) == 0 {
		return false
	}
	name = strings.ToLower(name)
	return m.more[name] || m.more[name[strings.LastIndexByte(name, '.')+1:]]
}

func (m masker) value(v any) any {
	if n, ok := v.(json.Number); ok {
		return n // from text, and becomes text again
	}
	switch x := norm(v).(type) {
	case map[string]any:
		return m.object(x)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = m.value(x[i])
		}
		return out
	case string:
		return m.text(x)
	default:
		return x
	}
}

func (m masker) object(x map[string]any) map[string]any {
	out := make(map[string]any, len(x))
	for k, v := range x {
		if m.secret(k) {
			out[k] = hide(v)
			continue
		}
		out[k] = m.value(v)
	}
	if columns, ok := x["columns"].([]any); ok {
		if rows, ok := out["rows"].([]any); ok {
			m.cells(columns, rows)
		}
	}
	return out
}

// cells hides the cells of secret columns; rows are a copy already.
func (m masker) cells(columns, rows []any) {
	for i, c := range columns {
		name, _ := norm(c).(string)
		if !m.secret(name) {
			continue
		}
		for _, r := range rows {
			if cells, ok := member(r, "cells").([]any); ok && i < len(cells) {
				cells[i] = hide(cells[i])
			}
		}
	}
}

// hide keeps whether there is a value at all.
func hide(v any) any {
	switch v.(type) {
	case nil, bool, missingValue:
		return v
	}
	return masked
}

// text hides secret fields inside of JSON text; other text stays as it is.
func (m masker) text(s string) string {
	t := strings.TrimSpace(s)
	if t == "" || t[0] != '{' && t[0] != '[' || !m.mentions(t) {
		return s
	}
	var v any
	d := json.NewDecoder(strings.NewReader(t))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return secretText.ReplaceAllString(s, `$1"`+masked+`"`)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(m.value(v)) != nil {
		return secretText.ReplaceAllString(s, `$1"`+masked+`"`)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// mentions reports whether text may hold a name that is hidden.
func (m masker) mentions(s string) bool {
	if secretName.MatchString(s) {
		return true
	}
	lower := strings.ToLower(s)
	for n := range m.more {
		if strings.Contains(lower, n) {
			return true
		}
	}
	return false
}
