// What a planner knows of the records: logstores, their fields, the system
// columns of every table.

package query

import "slices"

// A Match says how the search half compares a field with a word.
type Match int

// The ways of matching. The zero value is Keyword.
const (
	Keyword Match = iota // the whole value
	Tokens               // each word of the search is a token of the value (prose)
)

// A Field is one name that users may write.
type Field struct {
	Name   string   // as users write it: "eventName", "userIdentity.arn", "@actor", "__seq__"
	Column string   // physical column of the logstore's table
	Path   []string // where the value lies inside a JSON text column; nil: the column itself
	Type   Type     // of the value; EpochSeconds for integer seconds over a TIMESTAMP column
	Match  Match    // how the search half compares; of texts only
	UUID   bool     // the text of a UUID: hexadecimal digits and '-'; a word of other letters is not looked for in it
	Open   bool     // an open object or array: the column holds JSON text, and any path below is legal
	Shape  *Shape   // how the column is kept, when it is put together as it is read; nil: it is kept itself
	Doc    string   // one line for completion and help; may be empty
}

// A Shape is another column of the table, of the same JSON texts, in which holes
// stand for the texts that other columns hold. It is the cheaper one to read, and
// as good wherever no hole can be met. A hole is a text of one character alone,
// which no other text of it has. Only the embedded engine has it.
type Shape struct {
	Column string
	Char   string     // of holes
	Holes  [][]string // the paths at which holes may be
	Parts  []Field    // of texts: they hold together what is in the holes, in whole tokens
}

// A Logstore is one set of records: its table and the names in it. Every table
// has the system columns
//
//	seq          BIGINT      grows in commit order; users write __seq__
//	time         TIMESTAMP   of the event; users write @time, and __time__ as epoch seconds
//	ingest_time  TIMESTAMP   users write __ingest_time__ as epoch seconds
//	topic, source, tenant  VARCHAR   users write __topic__, __source__, __tenant__
//
// which need no entry in Fields: the planner knows them. An entry of the same
// name takes precedence.
type Logstore struct {
	Name   string  // as users write it in FROM
	Table  string  // physical name; a dialect quotes it
	Fields []Field // in the order in which SELECT * and bare records show them
	// NoWindow is set for a snapshot (findings_now): its rows are not bounded by
	// time, only by seq.
	NoWindow bool
	// Pinned is set for a snapshot of versions: its Table is a table function of
	// one argument, the __seq__ at which it is read.
	Pinned bool
	// Identity is the column that tells its rows apart, a whole number; "" is
	// seq. A snapshot has another one, since each version has a new seq.
	Identity string
	// Lookup is set for a lookup table: it has no system columns, and is read
	// whole.
	Lookup bool
	// History is set for what tocsin keeps of what it did. Its Table is a table
	// function without arguments, whose rows whoever runs the statement hands over:
	// those of the window's time. Its __seq__ is none of the records', so that no
	// window bounds it.
	History bool
}

// A Schema knows the logstores that queries may read.
type Schema interface {
	// Logstore returns the logstore of that exact name.
	Logstore(name string) (*Logstore, bool)
	// Logstores returns the names of all but the history, sorted.
	Logstores() []string
	// Histories returns the names of the history, sorted.
	Histories() []string
}

// A Fixed is a Schema of a given set, for tests and for checks without a store.
type Fixed []*Logstore

// Logstore implements Schema.
func (f Fixed) Logstore(name string) (*Logstore, bool) {
	for _, l := range f {
		if l.Name == name {
			return l, true
		}
	}
	return nil, false
}

// Logstores implements Schema.
func (f Fixed) Logstores() []string { return f.named(false) }

// Histories implements Schema.
func (f Fixed) Histories() []string { return f.named(true) }

func (f Fixed) named(history bool) []string {
	names := make([]string, 0, len(f))
	for _, l := range f {
		if l.History == history {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Names of the system columns of every table.
const (
	seqColumn    = "seq"
	timeColumn   = "time"
	ingestColumn = "ingest_time"
)

// systemFields are the names that every logstore has. The list is read only.
func systemFields() []Field { return systemFieldList[:] }

var systemFieldList = [...]Field{
	{Name: "@time", Column: timeColumn, Type: Time, Doc: "time of the event"},
	{Name: "__time__", Column: timeColumn, Type: EpochSeconds, Doc: "time of the event, epoch seconds"},
	{Name: "__ingest_time__", Column: ingestColumn, Type: EpochSeconds, Doc: "when the record was stored, epoch seconds"},
	{Name: "__seq__", Column: seqColumn, Type: Integer, Doc: "number of the record, in the order of storing"},
	{Name: "__topic__", Column: "topic", Type: Text, Doc: "kind of record"},
	{Name: "__source__", Column: "source", Type: Text, Doc: "where the record came from"},
	{Name: "__tenant__", Column: "tenant", Type: Text, Doc: "whose record it is"},
}
