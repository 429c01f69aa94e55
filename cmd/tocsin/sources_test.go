package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/ingest/awsapi/awstest"
)

// A cloud is a bucket "logs" whose objects are announced in a queue "events": in
// memory, or real servers behind a proxy.
type cloud struct {
	endpoint string // of both services
	queue    string // address
	put      func(key, text string)
	send     func(body string)
	left     func() int // messages that were not deleted
}

// memoryCloud is one in memory, which throttles and breaks off.
func memoryCloud(t *testing.T) (*cloud, *awstest.Server) {
	s := awstest.New(t)
	random := rand.New(rand.NewPCG(3, 5))
	s.Fault = func(operation, _ string) *awstest.Fault { return injected(random, operation) }
	c := &cloud{
		endpoint: s.URL, queue: s.AddQueue("events", 2*time.Second),
		put: func(key, text string) { s.Put("logs", key, text) }, send: func(body string) { s.Send("events", body) },
		left: func() int { return s.Left("events") },
	}
	return c, s
}

// injected is a fault of one call in ten.
func injected(random *rand.Rand, operation string) *awstest.Fault {
	switch n := random.IntN(100); {
	case n < 5 && (operation == "GetObject" || operation == "ReceiveMessage"):
		return &awstest.Fault{Cut: true}
	case n < 10 && operation == "GetObject":
		return &awstest.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}
	case n < 10 && operation == "DeleteMessageBatch":
		return &awstest.Fault{Status: http.StatusBadRequest, Code: "RequestThrottled"}
	case n < 15 && operation == "DeleteMessageBatch entry":
		return &awstest.Fault{Code: "InternalError"}
	}
	return nil
}

// cloudEnvironment gives credentials that no machine and no file of the user has, to
// the program in this process and in those of its tests.
func cloudEnvironment() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": awstest.Key, "AWS_SECRET_ACCESS_KEY": awstest.Secret, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_REGION": "us-east-1",
	}
}

// notice is the S3 notification of an object.
func notice(key string) string {
	return fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":%q,"s3":{"bucket":{"name":"logs"},"object":{"key":%q,"eTag":"%x"}}}]}`,
		time.Now().UTC().Format(time.RFC3339), strings.ReplaceAll(key, "/", "%2F"), key)
}

// trailObject is an object with records of its own.
func trailObject(n int) string {
	var b strings.Builder
	for i := range recordsPerObject {
		fmt.Fprintf(&b, `{"eventVersion":"1.08","eventTime":%q,"eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","requestID":"o-%d","eventID":"%08x-0000-4000-8000-%012x"}`+"\n",
			time.Now().UTC().Format(time.RFC3339), n, n, i)
	}
	return b.String()
}

const recordsPerObject = 10

// poison are objects that cannot be read: no log, broken gzip, JSON that is cut, and
// one that is not there; the value is what is in it.
var poison = map[string]string{
	"poison": "\x00\x01 no log\n", "packed.json.gz": "\x1f\x8b\x08\x00broken", "cut.json": `{"Records":[{"eventVersion":"1.08",`, "missing": "",
}

// killed announces objects while the agent takes them in and is killed. Some are
// announced three times, some hold what others hold, some cannot be read.
// At every kill what is not stored is still in the queue; at the end every record
// is stored once, what cannot be read is a dead letter and the operator was told once,
// and the queue is empty.
func (c *cloud) killed(t *testing.T, objects, kills int) {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"tocsin.yaml": fmt.Sprintf(
		"private_addresses: [127.0.0.1]\noperator: [ops@example.com]\nsources: [{name: trail, queue: %q, buckets: [logs], endpoint: %q, region: us-east-1, tries: 2}]\n", c.queue, c.endpoint)})
	for name, text := range poison {
		if name != "missing" {
			c.put(name, text)
		}
		c.send(notice(name))
	}
	sent := 0
	announce := func(upTo int) {
		for ; sent < upTo; sent++ {
			key := fmt.Sprintf("AWSLogs/%04d.json", sent)
			c.put(key, trailObject(sent-sent%10/9)) // each tenth holds what the one before holds
			c.send(notice(key))
			if sent%7 == 0 { // three times
				c.send(notice(key))
				c.send(notice(key))
			}
		}
	}
	random := rand.New(rand.NewPCG(7, 11))
	for n := range kills {
		announce(objects * (n + 1) / kills)
		c.runAndKill(t, dir, c.left()*(1+random.IntN(8))/10)
		if stored, left := countObjects(t, dir), c.left(); stored+left < sent {
			t.Errorf("after kill %d: %d objects were announced, %d are stored, %d messages are left", n, sent, stored, left)
		}
	}
	for try := 0; c.left() > 0; try++ {
		if try == 60 {
			t.Fatalf("%d messages are left", c.left())
		}
		if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil {
			t.Logf("run --once: %v\n%s", err, out)
		}
		time.Sleep(time.Second)
	}
	want := (objects - objects/10) * recordsPerObject
	if n := countRecords(t, dir); n != want {
		t.Errorf("%d records, want %d", n, want)
	}
	out, err := command(t, dir, "deadletters", "list", "-o", "ndjson").Output()
	if err != nil || bytes.Contains(out, []byte("s3://logs/AWSLogs")) || !bytes.Contains(out, []byte("NoSuchKey")) {
		t.Errorf("dead letters: %v\n%s", err, out)
	}
	for name := range poison {
		if !bytes.Contains(out, []byte("s3://logs/"+name)) {
			t.Errorf("%s is no dead letter:\n%s", name, out)
		}
	}
	if p := (&process{t: t, dir: dir}); p.mailed("ops@example.com", "source trail: what cannot be read was set aside") != 1 {
		t.Errorf("the operator has %q", p.mails())
	}
}

// runAndKill starts the agent, and kills it when it has deleted all but some
// messages, or at the latest after a while.
func (c *cloud) runAndKill(t *testing.T, dir string, but int) {
	t.Helper()
	cmd := command(t, dir, "run")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); c.left() > but && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatalf("it ended by itself: %v\n%s", err, stderr.String())
	}
	cmd.Wait()
}

// countObjects is how many of the announced objects the store has, by what is in
// them: those of ten that hold the same are two.
func countObjects(t *testing.T, dir string) int {
	n := countRecords(t, dir) / recordsPerObject
	return n + n/9 + 1
}

func countRecords(t *testing.T, dir string) int {
	t.Helper()
	out, err := command(t, dir, "query", "-l", "cloudtrail", "--all", "-o", "ndjson", "* | SELECT count(*) AS n").CombinedOutput()
	var row struct{ N int }
	if err != nil || json.Unmarshal(out, &row) != nil {
		t.Fatalf("count: %v\n%s", err, out)
	}
	return row.N
}

// TestP26AtLeastOnceIngestion: the agent is killed while it takes in what a queue
// announces, from a server that throttles and breaks off. `make integration` does it
// with real servers.
func TestP26AtLeastOnceIngestion(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills a process twice: takes ten seconds")
	}
	c, _ := memoryCloud(t)
	c.killed(t, 60, 2)
}

// tryOut runs a verb with a configuration of sources.
func tryOut(t *testing.T, sources string, args ...string) (out string, status int) {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"tocsin.yaml": "private_addresses: [127.0.0.1]\nsources:\n" + sources})
	cmd := command(t, dir, args...)
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// `source test` says what a source holds, gives it back, and names what it may
// not do.
func TestSourceTest(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	queue := s.AddQueue("events", 30*time.Second)
	audit := s.AddQueue("acme-audit", 30*time.Second)
	s.Put("logs", "AWSLogs/a.json", trailObject(1))
	s.Send("events", notice("AWSLogs/a.json"))
	s.Put("logs", "other/x.bin", "\x00")
	at := time.Now().Add(-time.Hour)
	s.Hub = []awstest.Finding{{Updated: at, JSON: fmt.Sprintf(`{"SchemaVersion":"2018-10-08","Id":"f","ProductArn":"arn:p","GeneratorId":"g","AwsAccountId":"1","UpdatedAt":%q,"CreatedAt":%[1]q,"Title":"t","Severity":{"Label":"HIGH"},"Resources":[{"Type":"x","Id":"r"}]}`, at.UTC().Format(time.RFC3339))}}
	sources := fmt.Sprintf(`  - {name: trail, queue: %q, buckets: [logs/AWSLogs/], endpoint: %q}
  - {name: foreign, queue: %[1]q, buckets: [others], endpoint: %[2]q}
  - {name: listed, bucket: logs/AWSLogs/, endpoint: %[2]q}
  - {name: odd, bucket: logs/other/, endpoint: %[2]q}
  - {name: hub, securityhub: true, endpoint: %[2]q}
  - {name: audit, queue: %[3]q, endpoint: %[2]q}
  - {name: in, stdin: true}
  - {name: hook, webhook: "127.0.0.1:0", secret_file: tocsin.yaml}
  - {name: mute, webhook: "127.0.0.1:0", secret_file: not-there}
`, queue, s.URL, audit)
	for _, c := range []struct {
		name   string
		denied string // operation
		status int
		want   []string
	}{
		{"trail", "", 0, []string{"handed out 1 object, given back", "s3://logs/AWSLogs/a.json", "cloudtrail, for cloudtrail: 10 records, the newest of 20", "trail: well"}},
		{"foreign", "", 1, []string{"cannot be loaded: the message names s3://logs/AWSLogs/a.json, which is in none of the configured buckets"}},
		{"listed", "", 0, []string{"10 records"}},
		{"odd", "", 1, []string{"cannot be loaded: no known format"}},
		{"hub", "", 0, []string{"asff, for findings: 1 record"}},
		{"audit", "", 0, []string{"holds nothing that could be read now"}},
		{"in", "", 2, []string{"cannot be tried without consuming it"}},
		{"hook", "", 0, []string{"hook: it would listen at 127.0.0.1:0, and its secret is there"}},
		{"mute", "", 3, []string{"read the secret: ", "not-there"}},
		{"trial", "", 2, []string{"did you mean trail?"}},
		{"trail", "GetObject", 3, []string{"the permission s3:GetObject on arn:aws:s3:::logs/AWSLogs/a.json is missing"}},
		{"trail", "ReceiveMessage", 3, []string{"the permission sqs:ReceiveMessage is missing"}},
		{"trail", "DeleteMessageBatch", 3, []string{"10 records", "the permission sqs:DeleteMessage is missing"}},
		{"trail", "ChangeMessageVisibilityBatch", 3, []string{"the permission sqs:ChangeMessageVisibility is missing"}},
		{"listed", "ListObjectsV2", 3, []string{"the permission s3:ListBucket on arn:aws:s3:::logs is missing"}},
		{"hub", "GetFindings", 3, []string{"the permission securityhub:GetFindings is missing"}},
	} {
		s.Mu.Lock()
		s.Fault = func(operation, _ string) *awstest.Fault {
			if operation == c.denied {
				return &awstest.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
			}
			return nil
		}
		s.Mu.Unlock()
		out, status := tryOut(t, sources, "source", "test", c.name)
		if status != c.status {
			t.Errorf("%s %s: exit status %d, not %d:\n%s", c.name, c.denied, status, c.status, out)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s %s: %q is not in\n%s", c.name, c.denied, want, out)
			}
		}
		if s.Left("events") != 1 {
			t.Fatalf("%s %s: it consumed a message", c.name, c.denied)
		}
		s.Show("events") // where giving back was denied
	}
}

// `load s3://…` takes in what lies there, once, as the source that has the bucket.
func TestLoadFromABucket(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	for n := range 30 {
		s.Put("logs", fmt.Sprintf("AWSLogs/1/CloudTrail/us-east-1/2026/11/%02d/x.json", n+1), trailObject(n))
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"tocsin.yaml": fmt.Sprintf("private_addresses: [127.0.0.1]\nsources: [{name: logs, bucket: logs/none, endpoint: %q}]\n", s.URL)})
	for _, want := range []string{"cloudtrail: 300 records stored from 30 objects", "30 objects loaded before"} {
		out, err := command(t, dir, "load", "s3://logs/AWSLogs/").CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v\n%s", err, out)
		}
	}
	gets := s.Count("GetObject")
	if gets != 30 {
		t.Errorf("%d objects were asked for", gets)
	}
	if out, err := command(t, dir, "load", "s3://no bucket/").CombinedOutput(); err == nil || !strings.Contains(string(out), "is no address in a bucket") {
		t.Errorf("%v\n%s", err, out)
	}
}

// What `load --again s3://…` says of objects that it loads as ever is said once, in
// the same order, in however many batches they come.
func TestLoadAgainFromABucket(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	b := bornAlike(t)
	b.plainSource(fmt.Sprintf("bucket: logs/none, endpoint: %q", s.URL))
	s.Put("logs", "a/first", trailOf("first")(0, ""))
	s.Put("logs", "z/last", trailOf("last")(0, ""))
	b.must(0, "load", "s3://logs/")
	s.Put("logs", "a/first", trailOf("first")(1, ""))
	s.Put("logs", "z/last", trailOf("last")(1, ""))
	for n := range 550 {
		s.Put("logs", fmt.Sprintf("n/%d", n), trailOf("new")(n, ""))
	}
	got := b.must(0, "load", "--again", "s3://logs/").err
	if want := "2 objects changed since the last load: what is new is stored as ever; load --again once more reads all of it anew\n" +
		"550 objects not loaded before by that name: loaded as ever\n" +
		"cloudtrail: 552 records stored from 552 objects"; !strings.HasPrefix(got, want) {
		t.Errorf("it says\n%s", got)
	}
}

// An object of a bucket that cannot be read now is set aside, since nobody asks for
// it again; the rest is loaded.
func TestLoadFromABucketDenied(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	s.Put("logs", "AWSLogs/a.json", trailObject(1))
	s.Put("logs", "AWSLogs/denied.json", trailObject(2))
	s.Fault = func(operation, key string) *awstest.Fault {
		if operation == "GetObject" && key == "AWSLogs/denied.json" {
			return &awstest.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
		}
		return nil
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"tocsin.yaml": fmt.Sprintf("private_addresses: [127.0.0.1]\nsources: [{name: logs, bucket: logs/none, endpoint: %q}]\n", s.URL)})
	cmd := command(t, dir, "load", "s3://logs/AWSLogs/")
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "10 records stored from 1 object") {
		t.Errorf("exit status %d\n%s", cmd.ProcessState.ExitCode(), out)
	}
	if out, err := command(t, dir, "deadletters", "list").CombinedOutput(); err != nil || !strings.Contains(string(out), "s3://logs/AWSLogs/denied.json") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A broken record of an object that has changed since is read from its own bytes,
// not from what has its number now.
func TestRetryOfAChangedObject(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	s.Put("logs", "AWSLogs/a.json", trailObject(1)+"{\"eventVersion\":tru}\n")
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"tocsin.yaml": fmt.Sprintf("private_addresses: [127.0.0.1]\nsources: [{name: logs, bucket: logs/AWSLogs/, endpoint: %q}]\n", s.URL)})
	if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.Put("logs", "AWSLogs/a.json", trailObject(1)+trailObject(2))
	cmd := command(t, dir, "deadletters", "retry", "--all")
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "0 records stored; 0 dead letters gone, 1 left") {
		t.Errorf("exit status %d\n%s", cmd.ProcessState.ExitCode(), out)
	}
}

// A dead letter of a bucket is read again as its source reads it: with its access,
// and only where it may. What lies elsewhere by now, and what a message named that
// may not, is not asked for.
func TestRetryFromABucket(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	queue := s.AddQueue("events", 30*time.Second)
	dir := t.TempDir()
	reading := func(place string) {
		writeFiles(t, dir, map[string]string{"tocsin.yaml": fmt.Sprintf("private_addresses: [127.0.0.1]\nsources: [{name: trail, queue: %q, buckets: [%s], endpoint: %q}]\n", queue, place, s.URL)})
	}
	retry := func(want ...string) {
		t.Helper()
		out, err := command(t, dir, "deadletters", "retry", "--all").CombinedOutput()
		for _, w := range want {
			if !strings.Contains(string(out), w) {
				t.Errorf("want %q: %v\n%s", w, err, out)
			}
		}
	}
	reading("logs/AWSLogs/")
	for _, key := range []string{"AWSLogs/a.json", "AWSLogs/b.json", "secret/c.json"} {
		s.Put("logs", key, "no log")
		s.Send("events", notice(key))
	}
	if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	gets := func() (all [3]int) {
		for i, key := range []string{"AWSLogs/a.json", "AWSLogs/b.json", "secret/c.json"} {
			all[i] = s.Count("GetObject " + key)
		}
		return all
	}
	if n := gets(); n != [3]int{1, 1, 0} {
		t.Errorf("the run asked for %v", n)
	}
	retry("0 records stored", "3 left", "stays: s3://logs/AWSLogs/a.json: no known format", "which is in none of the configured buckets")
	s.Put("logs", "AWSLogs/a.json", trailObject(1))
	reading("logs/AWSLogs/a")
	retry("10 records stored; 1 dead letter gone, 2 left", "stays: s3://logs/AWSLogs/b.json: its object cannot be opened: no source of tocsin.yaml reads it now")
	if n := gets(); n != [3]int{3, 2, 0} {
		t.Errorf("all asked for %v", n)
	}
	s.Put("logs", "AWSLogs/b.json", trailObject(2))
	reading("logs/AWSLogs/")
	retry("10 records stored; 1 dead letter gone, 1 left")
	s.Put("logs", "secret/c.json", trailObject(3)) // what was secret is not, by the operator's own word
	reading("logs")
	retry("10 records stored; 1 dead letter gone, 0 left")
	if n := countRecords(t, dir); n != 3*recordsPerObject {
		t.Errorf("%d records", n)
	}
}

// A message that names several objects of which some were not to be read keeps its
// dead letter until all of them are loaded.
func TestRetryOfSeveral(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	queue := s.AddQueue("events", 30*time.Second)
	dir := t.TempDir()
	run := func(want string, args ...string) {
		t.Helper()
		if out, err := command(t, dir, args...).CombinedOutput(); !strings.Contains(string(out), want) {
			t.Errorf("want %q: %v\n%s", want, err, out)
		}
	}
	var records []string
	for n, key := range []string{"a/1.json", "b/2.json"} {
		s.Put("logs", key, trailObject(n))
		etag := strings.Trim(s.Buckets["logs"][key].ETag(), `"`)
		records = append(records, fmt.Sprintf(`{"eventName":"ObjectCreated:Put","eventTime":%q,"s3":{"bucket":{"name":"logs"},"object":{"key":%q,"eTag":%q}}}`, time.Now().UTC().Format(time.RFC3339), key, etag))
	}
	s.Send("events", `{"Records":[`+strings.Join(records, ",")+`]}`)
	config := func(place string) map[string]string {
		return map[string]string{"tocsin.yaml": fmt.Sprintf("private_addresses: [127.0.0.1]\nsources: [{name: trail, queue: %q, buckets: [%s], endpoint: %q}]\n", queue, place, s.URL)}
	}
	writeFiles(t, dir, config("logs/a/"))
	run("took in 10 records", "run", "--once")
	writeFiles(t, dir, config("logs"))
	run("the message names 2 objects: load them one by one (tocsin load s3://logs/b/2.json) and retry", "deadletters", "retry", "--all")
	run("10 records stored from 1 object", "load", "s3://logs/b/2.json")
	run("1 dead letter gone, 0 left", "deadletters", "retry", "--all")
	if n := countRecords(t, dir); n != 2*recordsPerObject {
		t.Errorf("%d records", n)
	}
}

// A name that resolves to an address that is not listed is not called, by any verb.
func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	named := strings.NewReplacer("127.0.0.1", "localhost", "http:", "https:").Replace(s.URL)
	files := map[string]string{
		"tocsin.yaml": fmt.Sprintf("sources:\n  - {name: q, queue: %q, buckets: [logs], region: us-east-1, endpoint: %q}\n  - {name: hub, securityhub: true, endpoint: %[2]q}\n"+
			"archive: {bucket: kept, endpoint: %[2]q}\n", named+"/111122223333/q", named),
		"a.json": trailObject(1),
	}
	dir := t.TempDir()
	writeFiles(t, dir, files)
	for _, args := range [][]string{{"source", "test", "q"}, {"source", "test", "hub"}, {"load", "s3://logs/"}, {"archive", "a.json"}} {
		out, err := command(t, dir, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "1 is a loopback or private address, which private_addresses does not list") {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
	if len(s.Calls) != 0 {
		t.Errorf("it called %v", s.Calls)
	}
}

// Standard input is loaded like a file, packed or not, and a source that reads it
// takes it in as it comes.
func TestStandardInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := command(t, dir, "load", "-")
	cmd.Stdin = strings.NewReader(strings.Repeat(trailObject(1), 100) + trailObject(2))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "20 records stored from 1 object, 990 duplicates") {
		t.Errorf("%v\n%s", err, out)
	}
	dir = t.TempDir()
	writeFiles(t, dir, map[string]string{"tocsin.yaml": "sources: [{name: in, stdin: true}]\n"})
	cmd = command(t, dir, "run", "--once")
	cmd.Stdin = strings.NewReader(trailObject(1) + "no record\n")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "took in 10 records") {
		t.Errorf("%v\n%s", err, out)
	}
	if n := countRecords(t, dir); n != 10 {
		t.Errorf("%d records", n)
	}
	if _, err := os.Stat(filepath.Join(dir, "tocsin-data")); err != nil {
		t.Error(err)
	}
}
