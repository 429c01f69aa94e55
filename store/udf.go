// Functions that the logs instance has beside DuckDB's own.
package store

import (
	"context"
	"database/sql"
)

// registerFunctions makes the functions known to all connections of an
// instance, before it is locked down.
func registerFunctions(ctx context.Context, conn *sql.Conn) error {
	return registerBatch(ctx, conn)
}
