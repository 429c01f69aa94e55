package notifier

// This file hides the values of fields that a mail must not carry (G07), and
// those that a recipient is not to see.

import (
	"bytes"
	"encoding/json"
	"strings"

	"tocsin/alertrules"
)

// masked stands in place of a hidden value.
const masked = "(masked)"

// secretNames are parts of field names whose values are hidden from everybody.
var secretNames = []string{"password", "passwd", "secret", "token", "authorization", "cookie", "credential", "privatekey"}

// mask knows the names of fields that one recipient does not see.
type mask struct{ names []string }

func newMask(names []string) mask {
	m := mask{names: append([]string(nil), secretNames...)}
	for _, n := range names {
		m.names = append(m.names, plainName(n))
	}
	return m
}

// plainName is a name without case and separators, so that privateKey,
// private_key and private-key are one.
func plainName(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// hides reports whether the values of a field are hidden.
func (m mask) hides(name string) bool {
	p := plainName(name)
	for _, n := range m.names {
		if n != "" && strings.Contains(p, n) {
			return true
		}
	}
	return false
}

// value returns the value of a field as the recipient may see it. Inside of JSON
// text the fields are looked at too.
func (m mask) value(name string, v any) any {
	if v == nil {
		return nil
	}
	if m.hides(name) {
		return masked
	}
	if s, ok := v.(string); ok {
		return m.text(s)
	}
	return v
}

// text hides fields inside of JSON text; other text is returned unchanged.
func (m mask) text(s string) string {
	t := strings.TrimSpace(s)
	if !strings.HasPrefix(t, "{") && !strings.HasPrefix(t, "[") || !m.hides(s) {
		return s
	}
	d := json.NewDecoder(strings.NewReader(t))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return masked // it names such a field, and what is its value cannot be told
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(m.tree(v)) != nil {
		return masked
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// tree hides fields in a decoded value.
func (m mask) tree(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if m.hides(k) {
				v[k] = masked
			} else {
				v[k] = m.tree(e)
			}
		}
	case []any:
		for i, e := range v {
			v[i] = m.tree(e)
		}
	case string:
		return m.text(v)
	}
	return v
}

func (m mask) stringMap(in map[string]string) map[string]string {
	out := make(map[string]string, len(in))
	for k, v := range in {
		if m.hides(k) {
			v = masked
		}
		out[k] = v
	}
	return out
}

// was hides numbers of before when one of the columns is hidden.
func (m mask) was(columns []alertrules.Column, text string) string {
	for _, c := range columns {
		if text != "" && m.hides(c.Name) {
			return ""
		}
	}
	return text
}
