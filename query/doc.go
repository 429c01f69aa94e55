// Package query turns "filter | SQL" into a plan, and a plan into SQL of one
// dialect. It does no I/O: whoever holds an engine runs the statement.
//
// The way of a text through the package:
//
//	text ─ lexer ─► tokens ─ grammar, search, expr ─► Query ─ planner ─► Plan ─ dialect ─► statement and parameters
//
// The first half, up to the tree, is in ast*.go (the tree), lex*.go (the
// tokens and the guards against hostile text), grammar.go (statement and
// clauses, by participle), search.go (the filter), expr.go and primary.go
// (expressions, by precedence climbing), condition.go (`when` of triggers and
// severities), print*.go (the tree as text again) and errors*.go (what was
// expected, in words, with a caret). Parse(q.String()) gives q again, but for
// the positions.
//
// The second half is in schema.go and types.go (what is known of records),
// plan*.go (names and types resolved: plan_build.go, stages: plan_select.go,
// expressions: plan_expr*.go and plan_call*.go, the filter: plan_search*.go),
// sql*.go (plans as SQL: what all dialects have in common), and duckdb*.go and
// trino*.go (how each writes the rest, and the functions of ours that it needs,
// in Go and in SQL). eval*.go evaluates conditions without any engine.
//
// For people at a keyboard there are format*.go (the layout that tocsin fmt
// writes, with the comments that comments.go finds), complete*.go (what may
// stand at the cursor) and highlight.go (colours). They work on the tokens, and
// find out what fits by trying it, so that what the grammar gains is theirs too;
// lex_partial.go reads the tokens of texts that are half-typed.
package query
