// Package store keeps the logs, and the state of the rules, in two DuckDB files;
// it is the only package that knows DuckDB.
//
// A data directory has logs.duckdb and state.duckdb, each opened in an instance
// of its own (instance.go), and a lock file, because DuckDB allows one process.
// Users' SQL runs in the logs instance, which is locked down (lockdown.go): no
// files, no extensions, no settings, one read-only transaction for each query.
//
// Logs takes whole objects in, each in one transaction with its row in the
// ledger (append.go), numbers records in commit order, and answers plans of
// package query (query.go). The clock is never read below Open: callers say
// when it is.
package store
