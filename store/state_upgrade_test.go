package store

import (
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"tocsin/alertrules"
)

// A state file of the first schema is brought up to date: its alerts, which have
// no head, are listed, and can be taken on.
func TestFirstStateIsBroughtUpToDate(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	first, err := fs.ReadFile(stateSchema, "schema/state/0001_first.sql")
	ok(t, err)
	in, err := openInstance(ctx, instanceOptions{
		Name: "state", Dir: dir, Memory: stateMemory(HostMemory()), Threads: stateThreads, Spill: 1 << 30, Now: now,
		Schema: fstest.MapFS{"0001_first.sql": {Data: first}},
	})
	ok(t, err)
	a := &alertrules.Alert{ID: "A-0001", Rule: "r", Mode: alertrules.State, MaxSeverity: alertrules.High, Began: now, Rows: []alertrules.Row{{Key: "k"}}}
	old := &tx{ctx: ctx}
	_, err = in.db.ExecContext(ctx, "INSERT INTO alerts VALUES ('A-0001', 'r', false, true, false, ?, NULL, ?)", now, old.doc(a))
	ok(t, err)
	ok(t, in.close(ctx))
	s, err := openState(ctx, Options{Dir: dir, Spill: 1 << 30, Now: now})
	ok(t, err)
	defer func() { ok(t, s.close(ctx)) }()
	list, err := s.FindAlerts(ctx, AlertFilter{Severity: alertrules.High, Firing: true})
	ok(t, err)
	if len(list) != 1 || list[0].ID != "A-0001" || list[0].Rows != nil {
		t.Fatalf("alerts %+v", list)
	}
	ok(t, s.Acknowledge(ctx, list, &alertrules.Ack{By: "ami", At: now.Add(time.Minute)}, Operation{At: now, Kind: "ack", By: "ami"}))
	b, err := s.Alert(ctx, "A-0001")
	ok(t, err)
	if !b.Acked() || len(b.Rows) != 1 {
		t.Errorf("the alert is %+v", b)
	}
}
