package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/ingest"
)

// What DESIGN.md §5 guarantees holds for random histories on files: few in every
// run, as many as -rapid.checks says otherwise.
func TestGuarantees(t *testing.T) {
	checks(t, 4)
	other, err := ingest.Declared(alertrulestest.Other, ingest.Declaration{Format: "json", Time: "at", Fields: map[string]string{"region": "keyword", "n": "integer"}})
	must(err)
	g := &ground{dir: t.TempDir(), other: other}
	must(g.open())
	defer func() { must(g.store.Close(context.Background())) }()
	env := alertrules.Env{Schema: Schema(append(ingest.Builtin(), g.other)), Zone: time.UTC, Lateness: map[string]time.Duration{"cloudtrail": 15 * time.Minute}}
	rapid.Check(t, func(t *rapid.T) {
		if err := g.wipe(t.Context()); err != nil {
			t.Fatal(err)
		}
		alertrulestest.Play(t, g, env, time.Date(2026, 11, 23, 9, 2, 0, 0, time.UTC), alertrulestest.Size{Steps: 10, Down: []int{1, 2, 7}})
	})
}

// ground is a data directory on which one history after another is played.
type ground struct {
	*Logs
	*State
	dir      string
	other    *ingest.Logstore // the second one of histories; its field n is the number of an event
	store    *Store
	history  int
	batches  int
	restarts int
}

func (g *ground) open() (err error) {
	g.store, err = Open(context.Background(), Options{Dir: g.dir, Command: "test", Now: testNow, Memory: 512 << 20, Threads: 1})
	if err != nil {
		return err
	}
	g.Logs, g.State = g.store.Logs, g.store.State
	return g.Logs.Declare(context.Background(), append(ingest.Builtin(), g.other)...)
}

// wipe makes the directory as if nothing had been there, but for the counter.
func (g *ground) wipe(ctx context.Context) error {
	g.history++
	for in, tables := range map[*instance]string{
		g.Logs.in:  "log_cloudtrail log_other objects",
		g.State.in: "rule_states alerts news evaluations quiet_evaluations gaps changes causes notices",
	} {
		for _, table := range strings.Fields(tables) {
			if _, err := in.db.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
	}
	return nil
}

// eventID is that of an event of this history.
func (g *ground) eventID(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", g.history, n) }

// Arrive implements alertrulestest.Ground. Every third batch of cloudtrail comes twice,
// under another name and with the one before.
func (g *ground) Arrive(ctx context.Context, b alertrulestest.Batch) error {
	if b.Events[0].Other {
		return g.arriveOther(ctx, b)
	}
	var records []map[string]any
	for i, e := range b.Events {
		records = append(records, map[string]any{
			"eventVersion": "1.08", "eventTime": e.At.Format(time.RFC3339), "eventSource": "s3.amazonaws.com", "eventName": e.Name, "awsRegion": e.Region,
			"eventID": g.eventID(b.First + i), "eventType": "AwsApiCall", "recipientAccountId": "111111111111",
		})
	}
	text, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		return err
	}
	g.batches++
	o := AppendOptions{Logstore: builtin("cloudtrail"), Now: b.At, History: Live, Notify: b.Notify}
	if b.Past {
		o.History = Past
	}
	for n := range 1 + g.batches%3/2 {
		obj := ingest.Object{Name: fmt.Sprintf("b%d-%d.json", g.batches, n), Version: "1", Modified: b.At, Size: int64(len(text)), Open: ingest.Bytes(text)}
		sum, err := g.Append(ctx, []ingest.Object{obj}, o)
		if err != nil {
			return err
		}
		if want := int64(len(records)) * int64(1-n); sum.Records != want || len(sum.Failed) > 0 {
			return fmt.Errorf("%d records stored, not %d: %+v", sum.Records, want, sum)
		}
	}
	return nil
}

// arriveOther stores a batch of the other logstore.
func (g *ground) arriveOther(ctx context.Context, b alertrulestest.Batch) error {
	var text []byte
	for i, e := range b.Events {
		line, err := json.Marshal(map[string]any{"at": e.At.Format(time.RFC3339), "region": e.Region, "n": b.First + i})
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	g.batches++
	o := AppendOptions{Logstore: g.other, Now: b.At, History: Live, Notify: b.Notify}
	if b.Past {
		o.History = Past
	}
	obj := ingest.Object{Name: fmt.Sprintf("b%d.json", g.batches), Version: "1", Modified: b.At, Size: int64(len(text)), Open: ingest.Bytes(text)}
	sum, err := g.Append(ctx, []ingest.Object{obj}, o)
	if err == nil && (sum.Records != int64(len(b.Events)) || len(sum.Failed) > 0) {
		err = fmt.Errorf("%d records stored of %d: %+v", sum.Records, len(b.Events), sum)
	}
	return err
}

// Bind implements alertrulestest.Ground: the engine asks whatever a plan says.
func (g *ground) Bind(*alertrules.Set, time.Time) {}

// Restart implements alertrulestest.Ground; every fourth time the files are closed.
func (g *ground) Restart(ctx context.Context) error {
	if g.restarts++; g.restarts%4 != 0 {
		return nil
	}
	if err := g.store.Close(ctx); err != nil {
		return err
	}
	return g.open()
}

// Numbers implements alertrulestest.Ground.
func (g *ground) Numbers(ctx context.Context) (map[int]int64, error) {
	rows, err := g.Logs.in.db.QueryContext(ctx, "SELECT seq, right(id::VARCHAR, 12) FROM log_cloudtrail UNION ALL SELECT seq, printf('%x', f_n) FROM log_other")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	numbers := map[int]int64{}
	for rows.Next() {
		var seq int64
		var id string
		if err := rows.Scan(&seq, &id); err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(id, 16, 64)
		if err != nil {
			return nil, err
		}
		numbers[int(n)] = seq
	}
	return numbers, rows.Err()
}
