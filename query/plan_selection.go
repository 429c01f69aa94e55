// The nodes of a plan above expressions: reads, selections, tests of the search
// half.

package query

import "time"

// A relation is what FROM reads: *named, *joined or *unnested.
type relation interface{ relation() }

// A rowset gives rows: *tableRead, *selection or *combined.
type rowset interface{ rowset() }

// A named is a rowset under a name of ours, r1, r2 …, that no other relation of
// the statement has; id is the number.
type named struct {
	rows rowset
	id   int
}

// A joined is two relations side by side.
type joined struct {
	kind        JoinKind
	left, right relation
	on          value // nil with CrossJoin
}

// An unnested is the elements of arrays as rows, beside the rows of left: its
// columns are c0…, an ordinal is the last of them.
type unnested struct {
	left    relation
	args    []value
	ordinal bool
	outer   bool // rows of left without elements are kept
	id      int
}

func (*named) relation()    {}
func (*joined) relation()   {}
func (*unnested) relation() {}

// A tableRead is one reference to a logstore, bounded by the window and, when it is
// the rule's own, by the filter.
type tableRead struct {
	store  *Logstore
	filter pred          // nil: all records
	length time.Duration // of its own window, which ends where the statement's does; 0: that of the statement
}

// A combined is a set operation; left and right are *selection or *combined.
type combined struct {
	op          SetOp
	all         bool
	left, right rowset
}

// A selection is one SELECT. When grouped, having, items and order are over
// the columns g0… (groups) and a0… (aggs) of the relation number gid; else over
// what is read.
type selection struct {
	from  relation
	where value // nil: all

	grouped bool
	gid     int
	groups  []value
	aggs    []*aggregate
	having  value

	items    []value // the columns c0…
	distinct bool
	order    []sortKey
	ordered  int   // of order: keys that were written, or come from the stage before
	limit    int64 // -1: none
	offset   int64
	seq      *column // rows are records: the selection also gives this as the column seq; else nil
}

func (*tableRead) rowset() {}
func (*selection) rowset() {}
func (*combined) rowset()  {}

// A sortKey is one key of an order.
type sortKey struct {
	item       int   // index in items; -1: x
	x          value // with item -1
	desc       bool
	nullsFirst bool
}

// A pred is a two-valued condition of the search half: a leaf, predAnd, predOr
// or predNot. A dialect pushes NOT down to the leaves.
type pred interface{ pred() }

type (
	predAll struct{}
	predAnd struct{ xs []pred }
	predOr  struct{ xs []pred }
	predNot struct{ x pred }
)

// leafOp is what a leaf tests.
type leafOp int

const (
	leafExists  leafOp = iota // there is a value, and it is not null
	leafEqual                 // the whole value is one of texts
	leafGlob                  // the whole value matches parts
	leafWord                  // a token of the value is, or matches, parts
	leafPhrase                // texts[0] occurs in the value
	leafCompare               // cmp with num
	leafRange                 // between num and high
	leafNetwork               // an address of the network texts[0]
	leafListed                // the whole value is in list
)

// A leaf is one test of a field. A missing or null value fails it, so that its
// negation holds.
type leaf struct {
	column string
	kept   string // the shape of column, where it is as good; else ""
	t      Type
	prose  bool     // texts are matched by tokens
	path   []string // below a JSON text column; any element of an array may match
	deep   bool     // any value at any depth below path
	op     leafOp
	exact  bool // case-sensitive
	texts  []string
	parts  []Glob
	list   *listSpec
	cmp    Op
	num    any // int64, float64 or time.Time
	high   any
	lowOut bool // leafRange: num itself is outside
	hiOut  bool
}

func (predAll) pred()  {}
func (*predAnd) pred() {}
func (*predOr) pred()  {}
func (*predNot) pred() {}
func (*leaf) pred()    {}
