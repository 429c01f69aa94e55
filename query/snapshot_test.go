package query

import (
	"strings"
	"testing"
	"time"
)

// A snapshot of versions is a table function of the number at which it is read,
// whatever the window is; its rows are known by a number of their own, which a
// bare record does not show.
func TestSnapshot(t *testing.T) {
	schema := Fixed{
		{Name: "log_now", Table: "log_at", NoWindow: true, Pinned: true, Identity: "number", Fields: []Field{
			{Name: "status", Column: "status", Type: Text}, {Name: "__id__", Column: "number", Type: Integer},
		}},
		{Name: "names", Table: "names", Lookup: true, Fields: []Field{{Name: "status", Column: "v0", Type: Text}}},
	}
	for _, x := range []struct {
		query, want string
		seq         int64
		args        int
	}{
		{"status:a", `SELECT r1."number" AS "seq", r1."status" AS c0, r1."time" AS c1`, 0, 2},
		{"* | SELECT status LIMIT 2", `ORDER BY r1."number"`, 7, 1},
		{"* | SELECT status | WHERE status = 'a'", `r1."number" AS "seq"`, 7, 2},
		{"* | SELECT count(*) AS n", `FROM "log_at"(CAST($1 AS BIGINT))) AS r1`, 7, 1},
		{"* | SELECT count(*) AS n FROM log JOIN names USING (status)", `FROM "log_at"(CAST($1 AS BIGINT))`, -1, 1},
	} {
		q, err := Parse(x.query)
		if err != nil {
			t.Fatal(err)
		}
		p, err := q.Plan(schema, Options{Logstore: "log_now"})
		if err != nil {
			t.Fatalf("%s: %v", x.query, err)
		}
		s := p.SQL(DuckDB(), Window{From: time.Unix(1, 0), UpToSeq: x.seq})
		if !strings.Contains(s.Text, x.want) || strings.Contains(s.Text, `"time" >=`) || strings.Contains(s.Text, `"seq" <=`) || len(s.Args) != x.args {
			t.Errorf("%s:\n%s\n%v, want %s and %d arguments", x.query, s.Text, s.Args, x.want, x.args)
		}
		if x.seq != 0 && s.Args[0] != x.seq {
			t.Errorf("%s is read at %v, want %d", x.query, s.Args[0], x.seq)
		}
	}
}
