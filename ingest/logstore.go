package ingest

import "time"

// What a logstore is: its columns, and the fields that users address.

// Kind is the type of a physical column.
type Kind int

// The kinds.
const (
	Text    Kind = iota // UTF-8
	Stamp               // microseconds since 1970 in UTC, Cell.N
	Boolean             // Cell.N is 0 or 1
	Integer             // 64 bits, Cell.N
	Double              // IEEE 754, Cell.F
	UUID                // Cell.B holds the 16 bytes, big endian
)

// A Column is one physical column of a logstore's table. Column names are ours,
// lower-case ASCII, so that keys which differ in case never collide.
type Column struct {
	Name string
	Kind Kind
	Zstd bool // long text that is declared with zstd compression
	// Derived is set for what the store fills in while it loads, from what it
	// has: no part of a record's content.
	Derived bool
}

// Match says how a search leaf is held against a field.
type Match int

// The ways to match.
const (
	Keyword Match = iota // the whole value
	Tokens               // whole tokens of the value
)

// FieldType is the type of a field as users see it.
type FieldType int

// The types of fields.
const (
	TextField FieldType = iota
	IntegerField
	DoubleField
	BooleanField
	TimeField  // a timestamp
	EpochField // a timestamp column that users see as integer epoch seconds
	JSONField  // an object or array, shown as JSON text
)

// A Field is one name that users may write, and where its value lies.
type Field struct {
	Name   string   // "eventName", "userIdentity.arn", "@actor", "__time__"
	Column string   // the physical column
	Path   []string // where the value lies inside of a JSON text column; nil: the column itself
	Type   FieldType
	Match  Match
	Open   bool   // an open object: every path below it is legal
	Caller bool   // chosen by whoever made the call (G12)
	Doc    string // one line for completion and docs
}

// A Logstore is a kind of records: its table and its fields. The columns that
// every table has (SystemColumns) come first and are filled by the store and
// the decoder together.
type Logstore struct {
	Name     string
	Columns  []Column // without the system columns
	Wholes   []Whole  // columns beside these, for fields
	Fields   []Field  // with those of the system columns
	Lateness time.Duration
	// Snapshot is set for what no record comes into: the store keeps it
	// (findings_now). Computed are columns that it works out when it is read.
	Snapshot bool
	Computed []Column

	timeField string // of a declared logstore: where a record's time lies
}

// SystemColumns are the first columns of every table, in this order. The store
// fills seq, ingest_time and object; a decoder fills the others through
// Record's own fields.
func SystemColumns() []Column {
	return []Column{
		{Name: "seq", Kind: Integer},
		{Name: "time", Kind: Stamp},
		{Name: "ingest_time", Kind: Stamp},
		{Name: "id", Kind: UUID},
		{Name: "object", Kind: Integer},
		{Name: "position", Kind: Integer},
		{Name: "topic", Kind: Text},
		{Name: "source", Kind: Text},
		{Name: "tenant", Kind: Text},
		{Name: "flags", Kind: Text},
	}
}
