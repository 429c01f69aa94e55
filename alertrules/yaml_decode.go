package alertrules

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"tocsin/diag"
)

// From nodes of YAML to Go values, strictly.

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[Text]()
	nodeType     = reflect.TypeFor[*Node]()
)

// decode reads n into v; mistakes go to the document and leave v as it was.
func (d *Document) decode(n *Node, v reflect.Value) {
	if n == nil {
		return
	}
	if c, ok := v.Addr().Interface().(NodeDecoder); ok {
		c.DecodeNode(d, n)
		return
	}
	switch {
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(n))
		return
	case v.Type() == textType:
		d.decodeText(n, v)
		return
	case v.Type() == durationType:
		if length, ok := d.Duration(n); ok {
			v.SetInt(int64(length))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.decode(n, p.Elem())
		v.Set(p)
	case reflect.Struct:
		d.decodeStruct(n, v)
	case reflect.Slice:
		d.decodeSlice(n, v)
	case reflect.Map:
		d.decodeMap(n, v)
	default:
		d.decodeScalar(n, v)
	}
}

func (d *Document) decodeText(n *Node, v reflect.Value) {
	if d.isScalar(n, "a text") {
		v.Set(reflect.ValueOf(Text{n.Text, n}))
	}
}

// isScalar reports whether n is one value; where not it says what is expected.
func (d *Document) isScalar(n *Node, want string) bool {
	if n.Kind == ScalarNode || n.Kind == NullNode && n.Text != "" {
		return true
	}
	d.Problem("yaml/type", n, want+" is expected here, not "+n.what(), "")
	return false
}

func (d *Document) decodeStruct(n *Node, v reflect.Value) {
	if n.Kind != MapNode {
		d.Problem("yaml/type", n, "keys are expected here, not "+n.what(), "known keys: "+strings.Join(keysOf(v.Type()), ", "))
		return
	}
	known := keysOf(v.Type())
	for _, p := range n.Pairs {
		i := fieldOf(v.Type(), p.Key.Text)
		if i < 0 {
			d.unknownKey(p.Key, known, v.Addr().Interface())
			continue
		}
		d.decode(p.Value, v.Field(i))
	}
}

// A KeyHinter is a struct that knows where keys belong which people write into
// it by mistake; an empty hint means that it does not know the key either.
type KeyHinter interface{ KeyHint(key string) string }

func (d *Document) unknownKey(key *Node, known []string, into any) {
	hint := "known keys: " + strings.Join(known, ", ")
	if h, ok := into.(KeyHinter); ok && h.KeyHint(key.Text) != "" {
		hint = h.KeyHint(key.Text)
	} else if s := diag.Suggest(key.Text, known); s != "" {
		hint = "did you mean " + quote(s) + "?"
	}
	d.Problem("yaml/unknown-key", key, "unknown key "+quote(key.Text), hint)
}

func (d *Document) decodeSlice(n *Node, v reflect.Value) {
	if n.Kind != ListNode {
		d.Problem("yaml/type", n, "a list is expected here, not "+n.what(), "")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items))
	for i, item := range n.Items {
		d.decode(item, out.Index(i))
	}
	v.Set(out)
}

func (d *Document) decodeMap(n *Node, v reflect.Value) {
	if n.Kind != MapNode {
		d.Problem("yaml/type", n, "names with values are expected here, not "+n.what(), "")
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Pairs))
	for _, p := range n.Pairs {
		value := reflect.New(v.Type().Elem()).Elem()
		d.decode(p.Value, value)
		out.SetMapIndex(reflect.ValueOf(p.Key.Text).Convert(v.Type().Key()), value)
	}
	v.Set(out)
}

func (d *Document) decodeScalar(n *Node, v reflect.Value) {
	want := map[reflect.Kind]string{reflect.String: "a text", reflect.Bool: "true or false", reflect.Float64: "a number"}[v.Kind()]
	if want == "" {
		want = "a whole number"
	}
	if !d.isScalar(n, want) {
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Text)
	case reflect.Bool:
		if n.Text != "true" && n.Text != "false" {
			d.Problem("yaml/type", n, "true or false is expected here, not "+quote(n.Text), "write true or false")
			return
		}
		v.SetBool(n.Text == "true")
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(n.Text, 64)
		v.SetFloat(f)
	case reflect.Int, reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(n.Text, 10, 64)
		v.SetInt(i)
	default:
		err = fmt.Errorf("a value of type %s", v.Type())
	}
	if err != nil {
		d.Problem("yaml/type", n, want+" is expected here, not "+quote(n.Text), "")
	}
}

// Duration reads a length of time that is not negative.
func (d *Document) Duration(n *Node) (time.Duration, bool) {
	const hint = "write it as 30s, 15m, 4h, 7d or 2w"
	if !d.isScalar(n, "a length of time") {
		return 0, false
	}
	length, err := ParseDuration(n.Text)
	switch {
	case err != nil:
		d.Problem("yaml/duration", n, quote(n.Text)+" is no length of time", hint)
	case length < 0:
		d.Problem("yaml/duration", n, "a length of time is not negative", hint)
	default:
		return length, true
	}
	return 0, false
}

// ParseDuration reads "90s", "1h30m", "7d", "2w": time.ParseDuration with days
// of 24 hours and weeks before the rest.
func ParseDuration(s string) (time.Duration, error) {
	rest, sign := strings.TrimPrefix(s, "-"), time.Duration(1)
	if rest != s {
		sign = -1
	}
	var sum time.Duration
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, after, found := strings.Cut(rest, unit.name)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is no length of time", s)
		}
		sum, rest = sum+time.Duration(n)*unit.of, after
	}
	if rest == "" && sum > 0 {
		return sign * sum, nil
	}
	if strings.HasPrefix(rest, "+") || strings.HasPrefix(rest, "-") {
		return 0, fmt.Errorf("%q is no length of time", s)
	}
	tail, err := time.ParseDuration(rest)
	if err != nil {
		return 0, fmt.Errorf("%q is no length of time", s)
	}
	return sign * (sum + tail), nil
}

// keysOf are the keys of a struct, in the order of its fields.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			keys = append(keys, name)
		}
	}
	return keys
}

func fieldOf(t reflect.Type, key string) int {
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name == key && name != "-" && name != "" {
			return i
		}
	}
	return -1
}

// quote shows a word of a user's in a message, cut so that no message grows
// with its input.
func quote(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return strconv.Quote(s)
}

func itoa(n int) string { return strconv.Itoa(n) }
