// The answer to a query, as stores give it and everybody else reads it.

package query

// A Column is one column of a result.
type Column struct {
	Name string
	Type Type
	Key  bool // not an aggregate: part of what a row is known by (D07)
}

// A Result is the answer to a query. Values are nil, bool, int64, float64,
// string, time.Time (UTC), []any or map[string]any, as Type says.
type Result struct {
	Columns []Column
	Rows    [][]any
	Seqs    []int64 // __seq__ of each row, when the plan's rows are records (Plan.RowIdentity)
	Partial string  // which bound was hit, in words; empty: the result is complete
}
