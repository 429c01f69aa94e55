// The types of fields, expressions and results.

package query

// A Type is what a field, an expression or a column of a result holds. An array
// is the type of its elements with ArrayOf applied, at most three times; a map
// is MapOf its keys and values. Arrays of maps and maps of maps do not exist.
type Type int

// The types. In a Result the Go values are those that the comment names; NULL
// is nil in each of them.
const (
	Unknown      Type = iota // NULL, or what a mistake left behind; takes any place
	Text                     // string
	Integer                  // int64
	Double                   // float64
	Boolean                  // bool
	Time                     // time.Time in UTC; stored as TIMESTAMP without a zone, to the microsecond
	JSON                     // string: a text value as it is, anything else as JSON text
	EpochSeconds             // of fields only: the column is a TIMESTAMP, users see Integer seconds since 1970
	typeCount
)

// The bits of a Type above its base: how often ArrayOf was applied, whether it is
// a map, and the base of its keys. The base and the arrays are those of the
// values, then.
const (
	baseBits  Type = 1<<8 - 1
	arrayUnit Type = 1 << 8
	arrayBits Type = 3 << 8
	mapFlag   Type = 1 << 10
	keyShift       = 16
)

// ArrayOf returns the type of arrays whose elements are of type t ([]any).
func ArrayOf(t Type) Type { return t + arrayUnit }

// MapOf returns the type of maps (map[string]any, the keys as text): keys are of
// a type without arrays.
func MapOf(key, val Type) Type { return val | mapFlag | key<<keyShift }

// IsArray reports whether t is an array.
func (t Type) IsArray() bool { return t&arrayBits != 0 && !t.IsMap() }

// IsMap reports whether t is a map.
func (t Type) IsMap() bool { return t&mapFlag != 0 }

// Key returns the type of the keys of a map; of another type, Unknown.
func (t Type) Key() Type { return t >> keyShift }

// Elem returns the type of the elements of an array or of the values of a map;
// of another type, Unknown.
func (t Type) Elem() Type {
	switch {
	case t.IsMap():
		return t & (baseBits | arrayBits)
	case t.IsArray():
		return t - arrayUnit
	}
	return Unknown
}

// nestable reports whether arrays of t exist.
func (t Type) nestable() bool { return !t.IsMap() && t&arrayBits != arrayBits }

// single reports whether a value of t is one value, no array and no map.
func (t Type) single() bool { return t&(arrayBits|mapFlag) == 0 }

// String returns the name that messages use: "text", "integer", "array of text",
// "map of text to integer".
func (t Type) String() string {
	if t.IsMap() {
		return "map of " + t.Key().String() + " to " + t.Elem().String()
	}
	if t.IsArray() {
		return "array of " + t.Elem().String()
	}
	names := [typeCount]string{"unknown", "text", "integer", "double", "boolean", "time", "JSON", "integer"}
	if t < 0 || t >= typeCount {
		return "unknown"
	}
	return names[t]
}

// withArticle is the name with an article, of an array or a map.
func (t Type) withArticle() string {
	if t.IsArray() {
		return "an " + t.String()
	}
	return "a " + t.String()
}

// numeric reports whether arithmetic takes t as it is.
func (t Type) numeric() bool { return t == Integer || t == Double }

// textual reports whether a value of t is read as text without a cast.
func (t Type) textual() bool { return t == Text || t == JSON }
