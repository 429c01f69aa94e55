// The types of fields, expressions and results.

package query

// A Type is what a field, an expression or a column of a result holds. An array
// is the type of its elements with ArrayOf applied; arrays do not nest.
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

const arrayFlag Type = 1 << 8

// ArrayOf returns the type of arrays whose elements are of type t ([]any).
func ArrayOf(t Type) Type { return t | arrayFlag }

// IsArray reports whether t is an array.
func (t Type) IsArray() bool { return t&arrayFlag != 0 }

// Elem returns the type of the elements of an array; of another type, Unknown.
func (t Type) Elem() Type {
	if !t.IsArray() {
		return Unknown
	}
	return t &^ arrayFlag
}

// String returns the name that messages use: "text", "integer", "array of text".
func (t Type) String() string {
	if t.IsArray() {
		return "array of " + t.Elem().String()
	}
	names := [typeCount]string{"unknown", "text", "integer", "double", "boolean", "time", "JSON", "integer"}
	if t < 0 || t >= typeCount {
		return "unknown"
	}
	return names[t]
}

// numeric reports whether arithmetic takes t as it is.
func (t Type) numeric() bool { return t == Integer || t == Double }

// textual reports whether a value of t is read as text without a cast.
func (t Type) textual() bool { return t == Text || t == JSON }
