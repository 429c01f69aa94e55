// A stored record as it was logged: the native fields, without those that tocsin
// adds.

package shell

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/query"
)

// extraField is the field that holds the members of a record for which its
// logstore has no column; of findings, all of them.
const extraField = "extra"

// nativeFields are the fields of a logstore that hold a native member each, or a
// part of one: not those that are ours. Where extra is the whole record, it alone.
func nativeFields(l *query.Logstore) []query.Field {
	var native []query.Field
	for _, f := range l.Fields {
		switch {
		case f.Path != nil || strings.HasPrefix(f.Name, "@") || strings.HasPrefix(f.Name, "__"):
		case f.Name == extraField && f.Column != extraField:
			return []query.Field{f}
		default:
			native = append(native, f)
		}
	}
	return native
}

// wholeRecords asks for the native fields of records, behind their time, in the
// order of the records' numbers.
func wholeRecords(native []query.Field, seqs []int64) string {
	names := []string{"@time"}
	for i, f := range native {
		names = append(names, fmt.Sprintf("%q AS f%d", f.Name, i))
	}
	return seqSearch(seqs) + " | SELECT " + strings.Join(names, ", ") + " ORDER BY __seq__"
}

// A member is one key of a record with its value as JSON.
type member struct {
	key   string
	value json.RawMessage
}

// nativeRecord makes the record of a row that wholeRecords asked for. A part of
// an object stands in the object; it is a member itself where there is none.
func nativeRecord(native []query.Field, row []any) ([]member, error) {
	var record, parts []member
	for i, f := range native {
		v := row[i+1]
		if v == nil {
			continue
		}
		if f.Name == extraField {
			more, err := members(v)
			if err != nil {
				return nil, fmt.Errorf("read the record: %w", err)
			}
			record = append(slices.DeleteFunc(record, func(m member) bool { return has(more, m.key) }), more...)
			continue
		}
		value, err := jsonOf(f, v)
		if err != nil {
			return nil, fmt.Errorf("read %s of the record: %w", f.Name, err)
		}
		if strings.Contains(f.Name, ".") {
			parts = append(parts, member{f.Name, value})
		} else {
			record = append(record, member{f.Name, value})
		}
	}
	for _, p := range parts {
		if object, _, _ := strings.Cut(p.key, "."); !has(record, object) && !has(record, p.key) {
			record = append(record, p)
		}
	}
	return record, nil
}

func has(list []member, key string) bool {
	return slices.ContainsFunc(list, func(m member) bool { return m.key == key })
}

// members are the keys of an object in JSON, in their order.
func members(v any) ([]member, error) {
	text, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("a value of type %T", v)
	}
	dec := json.NewDecoder(strings.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("no object: %w", err)
	}
	var out []member
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: key.(string)} // keys of JSON are texts
		if err := dec.Decode(&m.value); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// jsonOf is the value of a field as it stood in the record.
func jsonOf(f query.Field, v any) (json.RawMessage, error) {
	switch v := v.(type) {
	case time.Time:
		return json.Marshal(v.UTC().Format(time.RFC3339Nano))
	case string:
		if f.Type == query.JSON && (strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[")) && json.Valid([]byte(v)) {
			return json.RawMessage(v), nil
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
