// The lock-down of an engine that runs users' SQL (G19, G20, G22), and its
// bounds. The planner's allow-list stops what these settings do not (SET
// VARIABLE, PRAGMA, USE, CALL); the two are tested apart.

package store

import (
	"context"
	"database/sql"
	"fmt"
)

// engineDSN are the options that must hold before the first statement: no
// extension is ever loaded, and no secret is looked for in the home directory.
const engineDSN = ":memory:?autoinstall_known_extensions=false&autoload_known_extensions=false" +
	"&allow_community_extensions=false&allow_persistent_secrets=false"

// settings returns the statements that bound an engine, in their order. The
// checkpoint threshold is out of reach: a checkpoint that DuckDB starts itself,
// at a COMMIT beside a reader near its memory limit, invalidates the file.
func settings(o instanceOptions, spill string) []string {
	return []string{
		"SET GLOBAL temp_directory = " + quoteText(spill),
		fmt.Sprintf("SET GLOBAL max_temp_directory_size = '%d bytes'", o.Spill),
		fmt.Sprintf("SET GLOBAL memory_limit = '%d bytes'", o.Memory),
		fmt.Sprintf("SET GLOBAL threads = %d", o.Threads),
		"SET GLOBAL TimeZone = 'UTC'",
		"SET GLOBAL integer_division = true", // 7 / 2 is 3, as in Presto and SLS
		"SET GLOBAL checkpoint_threshold = '1 TB'",
		"SET GLOBAL preserve_insertion_order = true", // records keep the order of their time
	}
}

// lockDown takes away files, network and settings for good.
func lockDown(ctx context.Context, conn *sql.Conn) error {
	for _, s := range []string{
		"SET GLOBAL enable_external_access = false",
		"SET GLOBAL lock_configuration = true",
	} {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}
