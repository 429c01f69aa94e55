package ingest

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"
)

// Logstores of the configuration: from what a user declares to columns.

// A Declaration is a logstore of the configuration (logstores: in tocsin.yaml).
type Declaration struct {
	Format   string            // "json": one JSON object a line, lists, documents
	Time     string            // field that holds the time; "": the load time is taken
	Lateness time.Duration     // how late records may come
	Fields   map[string]string // name, which may be a path with dots → one of FieldTypeNames
}

// FieldTypeNames returns what a Declaration may call the type of a field.
// keyword is matched as a whole, text by its tokens, object is an open object
// or list.
func FieldTypeNames() []string {
	return []string{"keyword", "text", "integer", "double", "boolean", "time", "object"}
}

// extraName is the field and the column that hold all keys without a field.
const extraName = "extra"

// The columns of a declared logstore begin with these, which no record fills
// yet: who, what and where are only known of formats that say it.
var declaredFirst = [...]string{"actor", "action", "resource", "account", "region", "source_ip"}

// Declared makes a logstore from its declaration. The error says which key is
// wrong and what is possible; it is one sentence to stand behind a position.
func Declared(name string, d Declaration) (*Logstore, error) {
	if !validName(name) {
		return nil, fmt.Errorf("logstore %q: a name is [a-z0-9][a-z0-9._-]{0,63}", name)
	}
	for _, l := range Builtin() {
		if l.Name == name || name == "log" {
			return nil, fmt.Errorf("logstore %s: the name is taken", name)
		}
	}
	if d.Format != "json" {
		return nil, fmt.Errorf("logstore %s: format %q is not known (json)", name, d.Format)
	}
	l := &Logstore{Name: name, Lateness: d.Lateness, Fields: systemFields()}
	for _, c := range declaredFirst {
		l.Columns = append(l.Columns, Column{Name: c})
		l.Fields = append(l.Fields, Field{Name: "@" + c, Column: c, Doc: "empty in this logstore"})
	}
	l.Columns = append(l.Columns, Column{Name: "success", Kind: Boolean})
	l.Fields = append(l.Fields, Field{Name: "@success", Column: "success", Type: BooleanField, Doc: "empty in this logstore"})
	if err := l.declare(d); err != nil {
		return nil, fmt.Errorf("logstore %s: %w", name, err)
	}
	l.Columns = append(l.Columns, Column{Name: extraName, Zstd: true})
	l.Fields = append(l.Fields, Field{Name: extraName, Column: extraName, Type: JSONField, Open: true, Doc: "every other key of the record"})
	l.timeField = d.Time
	return l, nil
}

// declare adds the fields of the declaration, by name, so that the table does
// not depend on the order in which they are written.
func (l *Logstore) declare(d Declaration) error {
	if t := d.Time; t != "" && t != "__time__" && (d.Fields[t] == "" || d.Fields[t] == "time") {
		l.Fields = append(l.Fields, Field{Name: t, Column: "time", Type: TimeField, Doc: "the time of the record"})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Fields)) {
		if name == "" || name == extraName || strings.HasPrefix(name, "@") || strings.HasPrefix(name, "__") || len(name) > 200 {
			return fmt.Errorf("field %q: names that begin with @ or __, and extra, are ours", name)
		}
		if name == d.Time && d.Fields[name] == "time" {
			continue
		}
		c, f, err := declaredField(name, d.Fields[name])
		if err != nil {
			return err
		}
		l.Columns, l.Fields = append(l.Columns, c), append(l.Fields, f)
	}
	return nil
}

func declaredField(name, kind string) (Column, Field, error) {
	c, f := Column{Name: declaredColumn(name)}, Field{Name: name, Doc: "declared in the configuration"}
	switch kind {
	case "keyword":
	case "text":
		f.Match = Tokens
	case "integer":
		c.Kind, f.Type = Integer, IntegerField
	case "double":
		c.Kind, f.Type = Double, DoubleField
	case "boolean":
		c.Kind, f.Type = Boolean, BooleanField
	case "time":
		c.Kind, f.Type = Stamp, TimeField
	case "object":
		c.Zstd, f.Type, f.Open = true, JSONField, true
	default:
		return c, f, fmt.Errorf("field %s: type %q is not known (%s)", name, kind, strings.Join(FieldTypeNames(), ", "))
	}
	f.Column = c.Name
	return c, f, nil
}

// declaredColumn names the column of a field: readable, lower-case ASCII, and
// the same as long as the field has its name.
func declaredColumn(name string) string {
	plain := true
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		plain = false
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return '_'
	}, name)
	if plain && len(name) <= 40 {
		return "f_" + clean
	}
	h := fnv.New64a()
	h.Write([]byte(name)) // a hash.Hash never returns an error
	return fmt.Sprintf("f_%s_%012x", clean[:min(len(clean), 40)], h.Sum64()&(1<<48-1))
}

func validName(s string) bool {
	for i, r := range s {
		plain := r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || i > 0 && strings.ContainsRune("._-", r)
		if !plain {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
