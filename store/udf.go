// Functions that the logs instance has beside DuckDB's own: those that the
// DuckDB dialect of package query calls, as plain Go functions.

package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/ingest"
	"tocsin/query"
)

// registerFunctions makes the functions known to all connections of an
// instance, before it is locked down.
func registerFunctions(ctx context.Context, conn *sql.Conn) error {
	functions := query.DuckDBFunctions()
	for _, ls := range ingest.Builtin() { // others have no wholes
		for i := range ls.Wholes {
			if len(ls.Wholes[i].Holes) > 0 {
				functions = append(functions, fillFunction(&ls.Wholes[i]))
			}
		}
	}
	for _, f := range functions {
		u, err := newUDF(f)
		if err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
		if err := duckdb.RegisterScalarUDF(conn, f.Name, u); err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
	}
	if err := registerHistory(conn); err != nil {
		return err
	}
	return registerBatch(ctx, conn)
}

// udf is a function of the dialect as DuckDB wants it.
type udf struct {
	f      query.DuckDBFunction
	params []duckdb.TypeInfo
	result duckdb.TypeInfo
}

func newUDF(f query.DuckDBFunction) (*udf, error) {
	u := &udf{f: f}
	for _, p := range f.Params {
		info, err := typeInfo(p)
		if err != nil {
			return nil, err
		}
		u.params = append(u.params, info)
	}
	var err error
	u.result, err = typeInfo(f.Result)
	return u, err
}

// typeInfo is DuckDB's type for a type of the language.
func typeInfo(t query.Type) (duckdb.TypeInfo, error) {
	if t.IsArray() {
		elem, err := typeInfo(t.Elem())
		if err != nil {
			return nil, err
		}
		return duckdb.NewListInfo(elem)
	}
	switch t {
	case query.Text:
		return duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	case query.Integer:
		return duckdb.NewTypeInfo(duckdb.TYPE_BIGINT)
	case query.Double:
		return duckdb.NewTypeInfo(duckdb.TYPE_DOUBLE)
	case query.Boolean:
		return duckdb.NewTypeInfo(duckdb.TYPE_BOOLEAN)
	}
	return nil, fmt.Errorf("no parameter can be %s", t)
}

// Config implements duckdb.ScalarFunc.
func (u *udf) Config() duckdb.ScalarFuncConfig {
	return duckdb.ScalarFuncConfig{InputTypeInfos: u.params, ResultTypeInfo: u.result}
}

// Executor implements duckdb.ScalarFunc.
func (u *udf) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{ChunkContextExecutor: u.chunk}
}

// chunk calls the function for the rows of a chunk that have no NULL. A panic
// would end the process, since DuckDB's frames lie between it and ours.
func (u *udf) chunk(_ context.Context, rows *duckdb.ChunkIteratorState) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: fault in the function: %v", u.f.Name, r)
		}
	}()
	args := make([]any, len(u.params))
	for row, err := range rows.Rows() {
		if err != nil {
			return err
		}
		for i := range args {
			args[i] = *row.GetValuePtr(i)
		}
		result, err := u.f.Call(args)
		if err != nil {
			return err
		}
		if list, ok := result.([]string); ok {
			result = anys(list)
		}
		if err := row.SetResult(result); err != nil {
			return err
		}
	}
	return nil
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
