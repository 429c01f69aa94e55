package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/ingest"
	"tocsin/query"
)

func lookup(t testing.TB, name, csv string, types map[string]string) *ingest.Lookup {
	t.Helper()
	l, errs := ingest.ParseLookup(name, []byte(csv), types)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return l
}

// lookupRows asks for the rows of a table as text.
func lookupRows(t *testing.T, l *Logs, tables []*ingest.Lookup, text string) string {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := q.Plan(Schema(ingest.Builtin(), tables...), query.Options{Logstore: "cloudtrail", MaxRows: 1000})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	r, err := l.Query(context.Background(), p, query.Window{From: testNow.Add(-time.Hour), To: testNow.Add(time.Hour), UpToSeq: 1})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var out []string
	for _, row := range r.Rows {
		out = append(out, fmt.Sprintf("%v", row))
	}
	return strings.Join(out, "\n")
}

func TestLookups(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s := openTest(t, dir)
	accounts := lookup(t, "accounts", "account,Owner,owner,limit,prod,until\n012345678901,Ann,\"x, y\",10,true,2026-01-31\n2,,,,,\n", map[string]string{"limit": "integer", "prod": "boolean", "until": "time"})
	zones := lookup(t, "a.b-c", "zone\nx\n", nil)
	if err := s.Logs.Declare(ctx, ingest.Builtin()...); err != nil {
		t.Fatal(err)
	}
	declare := func(s *Store, tables ...*ingest.Lookup) {
		t.Helper()
		if err := s.Logs.DeclareLookups(ctx, tables...); err != nil {
			t.Fatal(err)
		}
	}
	declare(s, accounts, zones)
	all := []*ingest.Lookup{accounts, zones}
	got := lookupRows(t, s.Logs, all, "* | SELECT * FROM accounts ORDER BY account")
	if diff := cmp.Diff("[012345678901 Ann x, y 10 true 2026-01-31 00:00:00 +0000 UTC]\n[2   <nil> <nil> <nil>]", got); diff != "" {
		t.Error(diff)
	}
	if got := lookupRows(t, s.Logs, all, `* | SELECT a.owner, z.zone FROM accounts a JOIN "a.b-c" z ON a."limit" = 10`); got != "[x, y x]" {
		t.Error(got)
	}
	if rows := physicalRows(t, s.Logs); rows != "a.b-c 1, accounts 2" {
		t.Error(rows)
	}

	before := tableOID(t, s.Logs, "lookup_a.b-c")
	accounts = lookup(t, "accounts", "account\n7\n", nil)
	declare(s, accounts, zones)
	if got := lookupRows(t, s.Logs, []*ingest.Lookup{accounts, zones}, "* | SELECT * FROM accounts"); got != "[7]" {
		t.Error(got)
	}
	if tableOID(t, s.Logs, "lookup_a.b-c") != before {
		t.Error("a table whose content is the same was written again")
	}
	declare(s, accounts)
	if rows := physicalRows(t, s.Logs); rows != "accounts 1" {
		t.Error(rows)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}

	s = openTest(t, dir)
	if err := s.Logs.Declare(ctx, ingest.Builtin()...); err != nil {
		t.Fatal(err)
	}
	before = tableOID(t, s.Logs, "lookup_accounts")
	declare(s, accounts)
	if tableOID(t, s.Logs, "lookup_accounts") != before || lookupRows(t, s.Logs, []*ingest.Lookup{accounts}, "* | SELECT * FROM accounts") != "[7]" {
		t.Error("the table does not survive")
	}
	declare(s)
	if rows := physicalRows(t, s.Logs); rows != "" {
		t.Error(rows)
	}
	q, err := query.Parse("* | SELECT * FROM accounts")
	if err != nil {
		t.Fatal(err)
	}
	p, err := q.Plan(Schema(ingest.Builtin(), accounts), query.Options{Logstore: "cloudtrail"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Logs.Query(ctx, p, query.Window{}); err == nil || !strings.Contains(err.Error(), "lookup table accounts: it has no table") {
		t.Error(err)
	}
}

// physicalRows counts the rows of the tables that there are.
func physicalRows(t *testing.T, l *Logs) string {
	t.Helper()
	rows, err := l.in.db.QueryContext(context.Background(),
		"SELECT t.table_name, t.estimated_size, l.row_count FROM duckdb_tables() t LEFT JOIN lookups l ON t.table_name = 'lookup_' || l.name WHERE starts_with(t.table_name, 'lookup_') ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		var has, noted int64
		if err := rows.Scan(&name, &has, &noted); err != nil {
			t.Fatal(err)
		}
		if has != noted {
			t.Errorf("%s has %d rows, %d are noted", name, has, noted)
		}
		out = append(out, fmt.Sprint(strings.TrimPrefix(name, "lookup_"), " ", has))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, ", ")
}

func tableOID(t *testing.T, l *Logs, table string) (oid int64) {
	t.Helper()
	if err := l.in.db.QueryRowContext(context.Background(), "SELECT table_oid FROM duckdb_tables() WHERE table_name = ?", table).Scan(&oid); err != nil {
		t.Fatal(err)
	}
	return oid
}

// TestLookupSchema: what queries see of a table.
func TestLookupSchema(t *testing.T) {
	accounts := lookup(t, "accounts", "account,Limit\n1,2\n", map[string]string{"Limit": "integer"})
	s := Schema(ingest.Builtin(), accounts)
	got, ok := s.Logstore("accounts")
	want := &query.Logstore{Name: "accounts", Table: "lookup_accounts", NoWindow: true, Lookup: true, Fields: []query.Field{
		{Name: "account", Column: "c0", Type: query.Text, Doc: "of the table accounts"},
		{Name: "Limit", Column: "c1", Type: query.Integer, Doc: "of the table accounts"},
	}}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Error(ok, diff)
	}
	if names := s.Logstores(); names[0] != "accounts" || len(names) != 1+len(ingest.Builtin()) {
		t.Error(names)
	}
}

// TestLookupIsWholeOrAsBefore: a table that cannot be written leaves all as it
// was.
func TestLookupIsWholeOrAsBefore(t *testing.T) {
	ctx, l := context.Background(), openTest(t, t.TempDir()).Logs
	one := lookup(t, "one", "a\n1\n", nil)
	if err := l.DeclareLookups(ctx, one); err != nil {
		t.Fatal(err)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if err := l.DeclareLookups(stopped, lookup(t, "one", "a\n2\n", nil), lookup(t, "two", "a\n1\n", nil)); err == nil {
		t.Error("no error")
	}
	broken := lookup(t, "zwei", "a\nx\n", nil)
	broken.Columns[0].Type = ingest.IntegerField // which x is none of
	if err := l.DeclareLookups(ctx, lookup(t, "one", "a\n2\n", nil), broken); err == nil || !strings.Contains(err.Error(), "zwei") {
		t.Error(err)
	}
	if err := l.DeclareLookups(ctx, one); err != nil {
		t.Fatal(err)
	}
	if rows := physicalRows(t, l); rows != "one 1" {
		t.Error(rows)
	}
}
