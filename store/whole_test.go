package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tocsin/ingest"
	"tocsin/query"
)

// oddIdentities are callers as CloudTrail writes them, and as it does not.
var oddIdentities = []string{
	`{"type":"AssumedRole","principalId":"AROA1:me","arn":"arn:x","accountId":"1","accessKeyId":"ASIA7","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA1","arn":"arn:r","accountId":"1","userName":"rolename"},"attributes":{"creationDate":"2026-11-19T10:00:00Z","mfaAuthenticated":"true"}}}`,
	`{"type":"IAMUser","userName":"x y,z","arn":"arn:aws:iam::1:user/x"}`,
	"{\"arn\":\"a\\u0062\",\n \"userName\" : \"ü\", \"principalId\":null}",
	"{\"arn\":\"\x7f\x7f\",\"userName\":\"u\"}",
	"{\"type\":\"\x7f\",\"userName\":\"\x7f\x7f\x7f\x7f\"}",
	`{"arn":"a","arn":"b","sessionContext":[{"sessionIssuer":{"arn":"in a list"}}]}`,
	`{"arn":"","userName":"'; DROP TABLE x --","sessionContext":{"sourceIdentity":"rolename","webIdFederationData":{"federatedProvider":"p"}}}`,
	`{"principalId":"A:b:c","sessionContext":{"sessionIssuer":{"principalId":"A"}}}`,
	`"no object"`, `["arn"]`, `{}`, `null`,
}

// loadIdentities loads a record for each of them.
func loadIdentities(t *testing.T, l *Logs) {
	t.Helper()
	if sum := loadOdd(t, l, "odd.json"); int(sum.Records) != len(oddIdentities) {
		t.Fatalf("%+v", sum)
	}
}

// loadOdd loads an object of that name with such records.
func loadOdd(t *testing.T, l *Logs, name string) Summary {
	t.Helper()
	var records []string
	for i, identity := range oddIdentities {
		records = append(records, fmt.Sprintf(`{"eventVersion":"1","userIdentity":%s,"eventTime":"2026-11-20T00:00:%02dZ","eventName":"x","eventSource":"y","requestID":"%s","eventID":"0a0a0000-0000-4000-8000-0000000000%02d"}`,
			identity, i, []string{"0A0a0000-0000-4000-8000-000000000001", "0a0a0000-0000-4000-8000-000000000002", "R"}[i%3], i))
	}
	doc := `{"Records":[` + strings.Join(records, ",") + `]}`
	sum, err := l.Append(t.Context(), []ingest.Object{{Name: name, Version: "1", Size: int64(len(doc)), Open: ingest.Bytes([]byte(doc))}},
		AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow})
	ok(t, err)
	return sum
}

// asWritten sees that the columns hold what the records held, to the byte.
func asWritten(t *testing.T, l *Logs) {
	t.Helper()
	rows, err := l.in.db.Query("SELECT coalesce(user_identity, 'null'), request_id FROM whole_cloudtrail WHERE position < ? ORDER BY position", len(oddIdentities))
	ok(t, err)
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var identity, request string
		ok(t, rows.Scan(&identity, &request))
		if identity != oddIdentities[n] || !strings.HasSuffix("0A0a0000-0000-4000-8000-000000000001 0a0a0000-0000-4000-8000-000000000002 R"[:[]int{36, 73, 75}[n%3]], request) {
			t.Errorf("%q and %q, not %q", identity, request, oddIdentities[n])
		}
	}
	ok(t, rows.Err())
	if n != len(oddIdentities) {
		t.Errorf("%d records", n)
	}
}

// What is kept in parts is read as it was written.
func TestWholes(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	loadIdentities(t, l)
	asWritten(t, l)
}

// A table of before is made anew with its records.
func TestWholesOfBefore(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	loadIdentities(t, l) // as they are kept now
	for _, s := range []string{
		"CREATE TABLE o AS SELECT * EXCLUDE (identity_shape, request_text, request_uuid), identity_shape AS user_identity, coalesce(request_text, request_uuid::VARCHAR) AS request_id FROM log_cloudtrail",
		"UPDATE o SET user_identity = nullif((['" + strings.Join(doubled(oddIdentities), "', '") + "'])[position + 1], 'null')",
		"DROP TABLE log_cloudtrail", "DROP VIEW whole_cloudtrail", "ALTER TABLE o RENAME TO log_cloudtrail",
	} {
		if _, err := l.in.db.Exec(s); err != nil {
			t.Fatal(s, err)
		}
	}
	ok(t, l.Declare(t.Context(), builtin("findings"))) // another one
	l.tables.done = nil                                // as after a start
	ok(t, l.Declare(t.Context(), builtin("cloudtrail")))
	asWritten(t, l)
	if sum := loadOdd(t, l, "again.json"); sum.Duplicates != int64(len(oddIdentities)) || sum.Conflicts != 0 || sum.Records != 0 {
		t.Errorf("the same again: %+v", sum)
	}
	doc := `{"Records":[{"eventVersion":"1","userIdentity":` + oddIdentities[0] + `,"eventTime":"2026-11-20T00:10:00Z","eventName":"x","eventSource":"y","eventID":"0a0a0000-0000-4000-8000-0000000000ff"}]}`
	sum, err := l.Append(t.Context(), []ingest.Object{{Name: "new.json", Version: "1", Size: int64(len(doc)), Open: ingest.Bytes([]byte(doc))}},
		AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow})
	ok(t, err)
	if n := count(t, l, "SELECT count(*) FROM whole_cloudtrail WHERE user_identity = '"+oddIdentities[0]+"'"); n != 2 || sum.Records != 1 {
		t.Errorf("%d records with it, %+v", n, sum)
	}
}

func doubled(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = strings.ReplaceAll(s, "'", "''")
	}
	return out
}

// A query finds the same with shapes and without them.
func TestShapesFindTheSame(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	loadIdentities(t, l)
	with := Schema(ingest.Builtin()).(query.Fixed)
	without := make(query.Fixed, len(with))
	for i, ls := range with {
		plain := *ls
		plain.Fields = slices.Clone(ls.Fields)
		for j := range plain.Fields {
			plain.Fields[j].Shape = nil
		}
		without[i] = &plain
	}
	found := 0
	for _, text := range []string{
		"me", "AROA1", "ASIA7", "arn", "rolename", "x y,z", "arn:aws:iam::1:user", "ab", "ü", "b", "in a list", "A", "c", "p", "true", "1", "AssumedRole", "sessionContext", "object",
		"?", "??", "???", "????", "?*", "*", "*?", "a*", "*a", "*o*", "AROA1?*", "\x7f", "\x7f\x7f", "\x7f*", "?\x7f", "\x7f\x7f\x7f?",
		`#"AROA1:me"`, `#"x y,z"`, "#\"\x7f\"", "#\"\x7f\x7f\"", `#","`, `#"a"`, `#"'; DROP"`, `#"AROA1"`,
		"not me", "not ??", "not \x7f", "not rolename and not x",
		"userIdentity:me", "userIdentity:*", "userIdentity:*rolename*", "userIdentity.sessionContext:*", "userIdentity.sessionContext.sessionIssuer:*", "userIdentity.sessionContext.sessionIssuer.type:Role",
		"userIdentity.sessionContext.sessionIssuer.principalId:AROA1", "userIdentity.sessionContext.sessionIssuer.principalId:A*", "userIdentity.sessionContext.sessionIssuer.accountId:1",
		"userIdentity.sessionContext.sessionIssuer.arn:arn", `userIdentity.sessionContext.sessionIssuer.arn:"in a list"`, "userIdentity.sessionContext.sourceIdentity:rolename",
		"userIdentity.sessionContext.webIdFederationData.federatedProvider:p", "userIdentity.sessionContext.webIdFederationData:*", "userIdentity.principalId.x:*", "userIdentity.nothing:*",
		"not userIdentity.sessionContext.sourceIdentity:*", "requestID:R", "requestID:0a0a*", "requestID:0A0A0000-0000-4000-8000-000000000001",
	} {
		for _, sql := range []string{
			"| SELECT position, userIdentity, userIdentity.sessionContext, userIdentity.sessionContext.attributes.creationDate, userIdentity.sessionContext.sessionIssuer.principalId, userIdentity.sessionContext.webIdFederationData, requestID ORDER BY position",
			"| SELECT userIdentity.sessionContext.attributes AS a, userIdentity.sessionContext.sourceIdentity AS s, count(*) AS n GROUP BY a, s ORDER BY a, s",
		} {
			sql = strings.Replace(sql, "position", "@time", 2)
			x, y := answerOf(t, l, with, text+sql), answerOf(t, l, without, text+sql)
			if x != y {
				t.Errorf("%q%s\n%s\nwithout\n%s", text, sql, x, y)
			}
			if strings.Contains(x, "AROA1") {
				found++
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d found the role", found)
	}
	for text, shaped := range map[string]bool{"me": true, "?": false, "userIdentity.sessionContext.sourceIdentity:x": true, "userIdentity.sessionContext:x": false} {
		q, err := query.Parse(text)
		ok(t, err)
		p, err := q.Plan(with, query.Options{Logstore: "cloudtrail"})
		ok(t, err)
		if sql := p.SQL(query.DuckDB(), query.Window{}).Text; strings.Contains(sql, "identity_shape") != shaped {
			t.Errorf("%s: %s", text, sql)
		}
		if sql := p.SQL(query.Trino(), query.Window{}).Text; strings.Contains(sql, "identity_shape") {
			t.Errorf("%s on Trino: %s", text, sql)
		}
	}
}

// answerOf is the answer to a query, or why there is none.
func answerOf(t *testing.T, l *Logs, schema query.Schema, text string) string {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		return err.Error()
	}
	p, err := q.Plan(schema, query.Options{Logstore: "cloudtrail", MaxRows: 1000})
	if err != nil {
		return err.Error()
	}
	r, err := l.Query(context.Background(), p, query.Window{})
	ok(t, err)
	var b strings.Builder
	for _, row := range r.Rows {
		fmt.Fprintln(&b, row...)
	}
	return b.String()
}
