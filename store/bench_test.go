package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/query"
)

// TestMain lets a test run itself again as another process.
func TestMain(m *testing.M) {
	switch os.Getenv("TOCSIN_STORE_CHILD") {
	case "load":
		childLoad(os.Getenv("TOCSIN_STORE_FILES"), os.Getenv("TOCSIN_STORE_DATA"))
	case "baseline":
		childBaseline(os.Getenv("TOCSIN_STORE_FILES"), os.Getenv("TOCSIN_STORE_DATA"))
	default:
		os.Exit(m.Run())
	}
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// filesIn returns the files of a directory as objects, by name.
func filesIn(dir string) []ingest.Object {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	must(err)
	slices.Sort(names)
	objects := make([]ingest.Object, 0, len(names))
	for _, name := range names {
		objects = append(objects, fileObject(name))
	}
	return objects
}

func fileObject(name string) ingest.Object {
	info, err := os.Stat(name)
	must(err)
	return ingest.Object{
		Name: name, Version: fmt.Sprint(info.Size(), info.ModTime().UnixNano()), Modified: info.ModTime(), Size: info.Size(),
		Open: func() (io.ReadCloser, error) { return os.Open(name) },
	}
}

// builtin returns a logstore of package ingest.
func builtin(name string) *ingest.Logstore {
	for _, ls := range ingest.Builtin() {
		if ls.Name == name {
			return ls
		}
	}
	panic("no logstore " + name)
}

func childLoad(files, data string) {
	ctx := context.Background()
	s, err := Open(ctx, Options{Dir: data, Command: "bench", Now: time.Now(), Threads: LoadThreads})
	must(err)
	o := AppendOptions{Logstore: builtin("cloudtrail"), Now: time.Now()}
	if os.Getenv("TOCSIN_STORE_SLOW") != "" { // for TestKill: many transactions
		o.rows, o.records = 300, 500
		o.Progress = func(Progress) { time.Sleep(10 * time.Millisecond) }
	}
	sum, err := s.Logs.Append(ctx, filesIn(files), o)
	must(err)
	must(s.Close(ctx))
	fmt.Println(sum.Records, sum.Duplicates, sum.Broken+int64(len(sum.Failed)))
}

// childBaseline does the same in SQL: typed read_json, unnest, the same
// columns, each id once.
func childBaseline(files, data string) {
	db, err := sql.Open("duckdb", "")
	must(err)
	run := func(q string) {
		if _, err := db.Exec(q); err != nil {
			panic(q + ": " + err.Error())
		}
	}
	run("SET memory_limit = '4GB'")
	run("SET preserve_insertion_order = false")
	run("ATTACH " + quoteText(filepath.Join(data, "baseline.duckdb")) + " AS b (STORAGE_VERSION 'latest')")
	run("SET checkpoint_threshold = '1 TB'")
	run("USE b")
	run(baselineTable)
	objects := filesIn(files)
	for part := range slices.Chunk(objects, 1300) { // about 200,000 records a transaction
		names := make([]string, len(part))
		for i, o := range part {
			names[i] = quoteText(o.Name)
		}
		run(strings.Replace(baselineInsert, "FILES", strings.Join(names, ", "), 1))
	}
	run("CHECKPOINT b")
	var n int64
	must(db.QueryRow("SELECT count(*) FROM t").Scan(&n))
	must(db.Close())
	fmt.Println(n, 0, 0)
}

const baselineTable = `CREATE TABLE t (seq BIGINT, time TIMESTAMP, ingest_time TIMESTAMP, id UUID PRIMARY KEY, object BIGINT, position BIGINT,
	topic VARCHAR, source VARCHAR, tenant VARCHAR, flags VARCHAR,
	event_source VARCHAR, event_name VARCHAR, aws_region VARCHAR, source_ip VARCHAR, user_agent VARCHAR, error_code VARCHAR, error_message VARCHAR,
	request_id VARCHAR, event_type VARCHAR, event_category VARCHAR, recipient_account VARCHAR, event_version VARCHAR, shared_event_id VARCHAR,
	ui_type VARCHAR, ui_principal VARCHAR, ui_arn VARCHAR, ui_account VARCHAR, ui_access_key VARCHAR, ui_user VARCHAR, ui_invoked_by VARCHAR,
	issuer_arn VARCHAR, issuer_name VARCHAR, mfa VARCHAR, user_identity VARCHAR USING COMPRESSION zstd, request_parameters VARCHAR USING COMPRESSION zstd,
	response_elements VARCHAR USING COMPRESSION zstd, additional_event_data VARCHAR USING COMPRESSION zstd, resources VARCHAR USING COMPRESSION zstd,
	tls_details VARCHAR USING COMPRESSION zstd, read_only BOOLEAN, mgmt BOOLEAN, actor VARCHAR, resource VARCHAR, success BOOLEAN, extra VARCHAR USING COMPRESSION zstd)`

const baselineInsert = `INSERT OR IGNORE INTO t
	SELECT 0, r.eventTime, current_localtimestamp(), r.eventID, 0, 0, 'cloudtrail', NULL, NULL, NULL,
		r.eventSource, r.eventName, r.awsRegion, r.sourceIPAddress, r.userAgent, r.errorCode, r.errorMessage,
		r.requestID, r.eventType, r.eventCategory, r.recipientAccountId, r.eventVersion, r.sharedEventID,
		u.type, u.principalId, u.arn, u.accountId, u.accessKeyId, u.userName, u.invokedBy,
		u.sessionContext.sessionIssuer.arn, u.sessionContext.sessionIssuer.userName, u.sessionContext.attributes.mfaAuthenticated,
		to_json(u), r.requestParameters, r.responseElements, r.additionalEventData, r.resources, r.tlsDetails, r.readOnly, r.managementEvent,
		coalesce(u.arn, u.userName, u.invokedBy, u.principalId), coalesce(r.resources->>'$[0].ARN', r.requestParameters->>'bucketName'), r.errorCode IS NULL,
		CASE WHEN coalesce(r.apiVersion, r.vpcEndpointId) IS NOT NULL THEN json_object('apiVersion', r.apiVersion, 'vpcEndpointId', r.vpcEndpointId) END
	FROM (SELECT r, r.userIdentity AS u FROM (SELECT unnest(Records) AS r FROM read_json([FILES], columns = {Records: 'STRUCT(
		eventVersion VARCHAR, userIdentity STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, accessKeyId VARCHAR, userName VARCHAR, invokedBy VARCHAR,
			sessionContext STRUCT(sessionIssuer STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR), attributes STRUCT(creationDate VARCHAR, mfaAuthenticated VARCHAR))),
		eventTime TIMESTAMP, eventSource VARCHAR, eventName VARCHAR, awsRegion VARCHAR, sourceIPAddress VARCHAR, userAgent VARCHAR, errorCode VARCHAR, errorMessage VARCHAR,
		requestParameters JSON, responseElements JSON, additionalEventData JSON, resources JSON, requestID VARCHAR, eventID UUID, readOnly BOOLEAN, eventType VARCHAR,
		managementEvent BOOLEAN, recipientAccountId VARCHAR, eventCategory VARCHAR, sharedEventID VARCHAR, tlsDetails JSON, apiVersion VARCHAR, vpcEndpointId VARCHAR)[]'},
		maximum_object_size = 67108864)))`

// cost is what a child process took.
type cost struct {
	cpu, wall time.Duration
	rss       int64 // bytes
	bytes     int64 // of its files
	output    string
}

// runChild runs this test binary as another process and measures it.
func runChild(tb testing.TB, what, files string) cost {
	tb.Helper()
	data := filepath.Join(tb.TempDir(), what)
	must(os.MkdirAll(data, 0o700))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TOCSIN_STORE_CHILD="+what, "TOCSIN_STORE_FILES="+files, "TOCSIN_STORE_DATA="+data)
	cmd.Stderr = os.Stderr
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
	c := cost{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(start), output: strings.TrimSpace(string(out))}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.rss = u.Maxrss << 10
	}
	must(filepath.Walk(data, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			c.bytes += info.Size()
		}
		return err
	}))
	must(os.RemoveAll(data))
	return c
}

// BenchmarkLoad loads generated CloudTrail, and holds the CPU it takes against
// DuckDB's own typed read_json with the same columns and dedupe, and the size of
// its file against that of the packed files. It fails when the CPU is over 0.7 (0.65
// on a machine that has nothing else to do), the peak of the memory over 1 GiB, or
// the size over 0.75.
// TOCSIN_BENCH_RECORDS sets the number of records (default 1,000,000).
func BenchmarkLoad(b *testing.B) {
	n, dir := benchRecords(), b.TempDir()
	files, records := newTrail(1).write(b, dir, n)
	var packed int64
	for _, name := range files {
		info, err := os.Stat(name)
		must(err)
		packed += info.Size()
	}
	for b.Loop() {
		ours, base := runChild(b, "load", dir), runChild(b, "baseline", dir)
		if want := fmt.Sprint(n, records-n, 0); ours.output != want {
			b.Fatalf("loaded %q, want %q", ours.output, want)
		}
		if want := fmt.Sprint(n, 0, 0); base.output != want {
			b.Fatalf("the baseline loaded %q, want %q", base.output, want)
		}
		ratio := ours.cpu.Seconds() / base.cpu.Seconds()
		for name, c := range map[string]cost{"ours": ours, "read_json": base} {
			b.Logf("%-9s %d records: CPU %.1f s, wall %.1f s, peak %d MiB, %d bytes a record", name, n, c.cpu.Seconds(), c.wall.Seconds(), c.rss>>20, c.bytes/int64(n))
		}
		b.ReportMetric(ratio, "CPU/read_json")
		b.ReportMetric(float64(n)/ours.wall.Seconds(), "records/s")
		b.ReportMetric(float64(ours.rss>>20), "peak-MiB")
		size := float64(ours.bytes) / float64(packed)
		b.ReportMetric(size, "size/gzip")
		if n >= 1_000_000 && (ratio > 0.7 || ours.rss > 1<<30 || size > 0.75) {
			b.Errorf("CPU ratio %.2f, peak %d MiB, size %.2f of the packed files; want at most 0.7, 1024 MiB and 0.75", ratio, ours.rss>>20, size)
		}
	}
}

// BenchmarkQuery runs a filter with GROUP BY over 15 minutes of the generated
// records, and over all of them, through parser, planner and engine. It fails
// when the 15 minutes cost more than the whole.
func BenchmarkQuery(b *testing.B) {
	ctx, n, ls := context.Background(), benchRecords(), builtin("cloudtrail")
	logs := benchLogs(b, n)
	held, err := logs.Range(ctx, ls.Name)
	must(err)
	middle := held.Oldest.Add(held.Newest.Sub(held.Oldest) / 2).Truncate(15 * time.Minute)
	const text = "eventName:GetObjects | SELECT sourceIPAddress, count(*) AS n GROUP BY sourceIPAddress"
	run := func(w query.Window) time.Duration {
		start := time.Now()
		rowsOf(b, logs, ls.Name, text, w)
		return time.Since(start)
	}
	short := query.Window{From: middle, To: middle.Add(15 * time.Minute), UpToSeq: int64(n)}
	var quarter, all []time.Duration
	for b.Loop() {
		for range 21 {
			quarter, all = append(quarter, run(short)), append(all, run(query.Window{UpToSeq: int64(n)}))
		}
	}
	slices.Sort(quarter)
	slices.Sort(all)
	m, whole := quarter[len(quarter)/2], all[len(all)/2]
	b.ReportMetric(m.Seconds()*1000, "ms/15min")
	b.ReportMetric(whole.Seconds()*1000, "ms/all")
	if n >= 1_000_000 && m > whole {
		b.Errorf("15 minutes take %s, everything %s", m, whole)
	}
}

// benchRecords is TOCSIN_BENCH_RECORDS, default 1,000,000.
func benchRecords() int {
	s := os.Getenv("TOCSIN_BENCH_RECORDS")
	if s == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(s)
	must(err)
	return n
}
