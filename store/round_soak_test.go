//go:build soak

package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"tocsin/alertrules"
	"tocsin/ingest"
)

func TestSoakCopyConformance(t *testing.T) { copyConformance(t, 1) }

// A simulated day: 200 records a second, and 200 rules. TOCSIN_SOAK_HOURS shortens it.
const (
	soakRate  = 200
	soakRules = 200
	soakHours = 24
)

// soakRuleSet are rules over all kinds of windows. One in 20 fires all the time, the
// others never do.
func soakRuleSet(t *testing.T) *alertrules.Set {
	t.Helper()
	kinds := []string{
		`window: 15m, every: 5m, query: "eventName:NAME | SELECT sourceIPAddress, count(*) AS n GROUP BY sourceIPAddress HAVING n > 1000000"`,
		`window: 15m, every: 1m, query: "errorCode:*Denied and eventName:NAME | SELECT @actor, count(DISTINCT awsRegion) AS n GROUP BY @actor HAVING n > 1000"`,
		`every: 1m, query: "eventName:NeverNAMENUMBER"`,
		`window: whole 1h, every: 10m, query: "requestParameters.bucketName:data-bucket-NUMBER | SELECT count(*) AS n HAVING n > 1000000"`,
	}
	src := "defaults: {logstore: cloudtrail, severity: low}\nrules:\n"
	for i := range soakRules {
		kind, name := kinds[i%len(kinds)], []string{"DescribeInstances", "ListPolicies", "GetObjects", "CreateInstances", "DeletePolicies"}[i%5]
		if i%20 == 7 {
			kind = `mode: state, window: 15m, every: 5m, query: "eventName:NAME | SELECT awsRegion, count(*) AS n GROUP BY awsRegion", alert_per: [awsRegion]`
		}
		src += fmt.Sprintf("  - {id: r%03d, %s}\n", i, strings.NewReplacer("NAME", name, "NUMBER", strconv.Itoa(i)).Replace(kind))
	}
	set := alertrules.ParseSet(map[string][]byte{"rules.yaml": []byte(src)}, alertrules.Env{Schema: Schema(ingest.Builtin())})
	ok(t, set.Err())
	return set
}

// A soakReading is what the process and the files hold, after a collection and a
// checkpoint.
type soakReading struct {
	heap, rss, logs, state, wal   int64
	records, kept, quiet, schemas int64
}

func readSoak(t *testing.T, s *Store) (r soakReading) {
	t.Helper()
	ok(t, s.Logs.in.checkpoint(t.Context()))
	ok(t, s.State.in.checkpoint(t.Context()))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.heap = int64(m.HeapAlloc)
	statm, err := os.ReadFile("/proc/self/statm")
	ok(t, err)
	var size int64
	_, err = fmt.Sscan(string(statm), &size, &r.rss)
	ok(t, err)
	r.rss *= int64(os.Getpagesize())
	for into, name := range map[*int64]string{&r.logs: "logs.duckdb", &r.state: "state.duckdb"} {
		info, err := os.Stat(filepath.Join(s.Dir(), name))
		ok(t, err)
		*into = info.Size()
	}
	r.records = count(t, s.Logs, "SELECT count(*) FROM log_cloudtrail")
	ok(t, s.State.in.db.QueryRow("SELECT (SELECT count(*) FROM evaluations), (SELECT count(*) FROM quiet_evaluations)").Scan(&r.kept, &r.quiet))
	if in := s.Logs.windows.in; in != nil {
		ok(t, in.db.QueryRow("SELECT count(*) FROM duckdb_schemas() WHERE schema_name LIKE 'w%'").Scan(&r.schemas))
	}
	return r
}

func (r soakReading) String() string {
	return fmt.Sprintf("heap %d MiB, process %d MiB; %d records in %d MiB (%d bytes each); %d evaluations and %d counts in %d MiB",
		r.heap>>20, r.rss>>20, r.records, r.logs>>20, r.logs/max(1, r.records), r.kept, r.quiet, r.state>>20)
}

// TestSoakRounds lets rounds follow the records of a simulated day. From the first
// quarter on the memory does not grow; the file of the records grows by them, and
// that of the state by the evaluations that are worth to be kept.
func TestSoakRounds(t *testing.T) {
	hours := soakHours
	if h := os.Getenv("TOCSIN_SOAK_HOURS"); h != "" {
		var err error
		hours, err = strconv.Atoi(h)
		ok(t, err)
	}
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Command: "soak", Now: now, Threads: LoadThreads, Memory: 256 << 20})
	ok(t, err)
	defer func() { ok(t, s.Close(context.Background())) }()
	ok(t, s.Logs.Declare(t.Context(), builtin("cloudtrail")))
	set := soakRuleSet(t)
	engine := &alertrules.Engine{Query: s.Logs.Query, Share: s.Logs.Share, Logs: s.Logs, States: s.State}
	_, err = engine.Known(t.Context(), set, now)
	ok(t, err)
	trail, quarter := newTrail(1), time.Duration(hours)*time.Hour/4
	var early soakReading
	evaluated, begin := 0, time.Now()
	for at := time.Minute; at <= time.Duration(hours)*time.Hour; at += time.Minute {
		appendMinute(t, s.Logs, trail, now)
		now = now.Add(time.Minute)
		round, err := engine.Round(t.Context(), set.Rules, now)
		ok(t, err)
		for _, e := range round.Evaluations {
			if e.Error != "" {
				t.Errorf("%s at %s: %s", e.Rule, e.At, e.Error)
			}
		}
		evaluated += len(round.Evaluations)
		ok(t, s.Logs.Maintain(t.Context()))
		ok(t, s.State.Maintain(t.Context()))
		if at == quarter {
			early = readSoak(t, s)
		}
		if at%time.Hour == 0 || at == quarter {
			t.Logf("after %s in %s: %d evaluations, %d of them from a copy; %v", at, time.Since(begin).Round(time.Second), evaluated, s.Logs.windows.answered.Load(), readSoak(t, s))
		}
	}
	late := readSoak(t, s)
	if late.records != int64(hours)*3600*soakRate || s.Logs.windows.answered.Load() == 0 || s.Logs.windows.missed.Load() > 0 || late.schemas > 0 {
		t.Errorf("%v; %d answers from copies, %d that a copy did not have, %d copies left", late, s.Logs.windows.answered.Load(), s.Logs.windows.missed.Load(), late.schemas)
	}
	if late.heap > early.heap+64<<20 || late.rss > early.rss+256<<20 {
		t.Errorf("the memory grows: %v, then %v", early, late)
	}
	if each := early.logs / early.records; late.logs > late.records*each*5/4+64<<20 {
		t.Errorf("the file of the records grows by more than they are: %v, then %v", early, late)
	}
	if late.quiet > soakRules*int64(hours+1) || late.state > early.state+(late.kept-early.kept)*8<<10+16<<20 {
		t.Errorf("the file of the state grows by more than it keeps: %v, then %v", early, late)
	}
}

// appendMinute stores the records of a minute as one object.
func appendMinute(t *testing.T, l *Logs, trail *trail, from time.Time) {
	t.Helper()
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, 1)
	ok(t, err)
	separator := `{"Records":[`
	for i := range 60 * soakRate {
		fmt.Fprint(z, separator)
		separator = ","
		trail.record(z, i%5, i%4, from.Add(time.Duration(i)*time.Second/soakRate))
	}
	fmt.Fprint(z, "]}")
	ok(t, z.Close())
	object := ingest.Object{Name: from.Format("2006/01/02/1504") + ".json.gz", Version: "1", Size: int64(buf.Len()), Open: ingest.Bytes(buf.Bytes())}
	sum, err := l.Append(t.Context(), []ingest.Object{object}, AppendOptions{Logstore: builtin("cloudtrail"), Now: from.Add(time.Minute), History: Live})
	ok(t, err)
	if sum.Records != 60*soakRate {
		t.Fatalf("%+v", sum)
	}
}
