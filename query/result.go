// The answer to a query, as stores give it and everybody else reads it.

package query

import "fmt"

// A Column is one column of a result.
type Column struct {
	Name string
	// Field is the name in the language, of a column of * that shows a field of
	// the logstore under a shorter one: @actor, where Name is actor.
	Field string
	Type  Type
	Key   bool // not an aggregate: part of what a row is known by (D07)
}

// A Result is the answer to a query. Values are nil, bool, int64, float64,
// string, time.Time (UTC), []any or map[string]any, as Type says.
type Result struct {
	Columns []Column
	Rows    [][]any
	Seqs    []int64 // what each row is known by, when they are records (Plan.RowIdentity): __seq__, or of a snapshot its own number
	Partial string  // which bound was hit, in words; empty: the result is complete
}

// maxResultBytes bounds the values of one result; the rows beyond it are cut.
const maxResultBytes = 256 << 20

// A Collector puts a Result together from the rows that an engine gives, within
// its bounds. Ask Full before each row.
type Collector struct {
	result  Result
	maxRows int // 0: no bound
	size    int
}

// NewCollector returns a Collector of rows with the given columns; maxRows 0 is
// no bound.
func NewCollector(columns []Column, maxRows int) *Collector {
	return &Collector{result: Result{Columns: columns}, maxRows: maxRows}
}

// Full reports whether a bound is reached, so that one more row, which the
// engine has, is not taken. The Result then says so.
func (c *Collector) Full() bool {
	switch n := len(c.result.Rows); {
	case c.maxRows > 0 && n == c.maxRows:
		c.result.Partial = fmt.Sprintf("only the first %d rows", n)
	case c.size > maxResultBytes:
		c.result.Partial = fmt.Sprintf("only the first %d rows, which are %d MB", n, c.size>>20)
	default:
		return false
	}
	return true
}

// Add takes a row, which holds about size bytes.
func (c *Collector) Add(row []any, size int) {
	c.size += size
	c.result.Rows = append(c.result.Rows, row)
}

// AddRecord takes a row that is the record with the given __seq__.
func (c *Collector) AddRecord(seq int64, row []any, size int) {
	c.Add(row, size)
	c.result.Seqs = append(c.result.Seqs, seq)
}

// Result is the answer, as far as it was collected.
func (c *Collector) Result() *Result { return &c.result }
