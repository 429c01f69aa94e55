//go:build integration

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"tocsin/ingest/awsapi/awstest"
)

// Sources against real servers: a queue of moto, buckets of versitygw and moto.

const region = "us-east-1"

func realConfig(endpoint, region string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider(awstest.Key, awstest.Secret, "")}
}

// bucket makes a bucket and returns what puts objects into it.
func bucket(t *testing.T, endpoint, region, name string) func(key, text string) {
	t.Helper()
	c := awss3.NewFromConfig(realConfig(endpoint, region), func(o *awss3.Options) { o.UsePathStyle = true })
	if _, err := c.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	return func(key, text string) {
		t.Helper()
		if _, err := c.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader(text)}); err != nil {
			t.Fatal(err)
		}
	}
}

// queueAt makes a queue whose messages are hidden for two seconds, and returns its
// address as an endpoint says it, and the number of its messages.
func queueAt(t *testing.T, moto, name, endpoint string) (address string, left func() int) {
	t.Helper()
	c := awssqs.NewFromConfig(realConfig(moto, region))
	q, err := c.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"VisibilityTimeout": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	names := []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}
	left = func() int {
		out, err := c.GetQueueAttributes(context.Background(), &awssqs.GetQueueAttributesInput{QueueUrl: q.QueueUrl, AttributeNames: names})
		if err != nil {
			t.Error(err)
			return 0
		}
		seen, err1 := strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"])
		hidden, err2 := strconv.Atoi(out.Attributes["ApproximateNumberOfMessagesNotVisible"])
		if err1 != nil || err2 != nil {
			t.Error(err1, err2)
		}
		return seen + hidden
	}
	return strings.Replace(*q.QueueUrl, moto, endpoint, 1), left
}

// 1,000 objects by events while the agent is killed ten times, through a proxy that
// throttles and breaks off.
func TestIntegrationKilledAtTheQueue(t *testing.T) {
	moto, buckets := awstest.Moto(t), awstest.Versity(t, region)
	random := rand.New(rand.NewPCG(3, 5))
	endpoint := awstest.Proxy(t, moto, buckets, func(operation string) *awstest.Fault { return injected(random, operation) })
	c := &cloud{endpoint: endpoint, put: bucket(t, buckets, region, "logs")}
	c.queue, c.left = queueAt(t, moto, "events", endpoint)
	client := awssqs.NewFromConfig(realConfig(moto, region))
	direct := strings.Replace(c.queue, endpoint, moto, 1)
	c.send = func(body string) {
		if _, err := client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &direct, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	c.killed(t, 1000, 10)
}

// What S3 tells of an object reaches us by every way: straight, through SNS, wrapped
// and raw, and through EventBridge.
func TestIntegrationEvents(t *testing.T) {
	moto := awstest.Moto(t)
	s3 := awss3.NewFromConfig(realConfig(moto, region), func(o *awss3.Options) { o.UsePathStyle = true })
	sns := awssns.NewFromConfig(realConfig(moto, region))
	arn := func(service, name string) string { return "arn:aws:" + service + ":us-east-1:123456789012:" + name }
	config, lefts := "private_addresses: [127.0.0.1]\nsources:\n", map[string]func() int{}
	for _, way := range []string{"straight", "wrapped", "raw", "bridged"} {
		queue, left := queueAt(t, moto, way, moto)
		lefts[way] = left
		config += fmt.Sprintf("  - {name: %s, queue: %q, buckets: [%[1]s-logs/in/], endpoint: %[3]q, role: \"arn:aws:iam::123456789012:role/tocsin\"}\n", way, queue, moto)
		put := bucket(t, moto, region, way+"-logs")
		var n s3types.NotificationConfiguration
		events := []s3types.Event{"s3:ObjectCreated:*"}
		switch way {
		case "straight":
			n.QueueConfigurations = []s3types.QueueConfiguration{{QueueArn: aws.String(arn("sqs", way)), Events: events}}
		case "bridged":
			n.EventBridgeConfiguration = &s3types.EventBridgeConfiguration{}
			bridge(t, moto, "PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"aws.s3\"],\"detail\":{\"bucket\":{\"name\":[\"bridged-logs\"]}}}"}`)
			bridge(t, moto, "PutTargets", `{"Rule":"r","Targets":[{"Id":"1","Arn":"`+arn("sqs", way)+`"}]}`)
		default:
			if _, err := sns.CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: &way}); err != nil {
				t.Fatal(err)
			}
			_, err := sns.Subscribe(t.Context(), &awssns.SubscribeInput{
				TopicArn: aws.String(arn("sns", way)), Protocol: aws.String("sqs"), Endpoint: aws.String(arn("sqs", way)),
				Attributes: map[string]string{"RawMessageDelivery": fmt.Sprint(way == "raw")},
			})
			if err != nil {
				t.Fatal(err)
			}
			n.TopicConfigurations = []s3types.TopicConfiguration{{TopicArn: aws.String(arn("sns", way)), Events: events}}
		}
		_, err := s3.PutBucketNotificationConfiguration(t.Context(), &awss3.PutBucketNotificationConfigurationInput{Bucket: aws.String(way + "-logs"), NotificationConfiguration: &n})
		if err != nil {
			t.Fatal(err)
		}
		put("in/a b+c%d/日本.json", trailObject(len(lefts)))
		put("out/x.json", trailObject(100))
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"tocsin.yaml": config})
	out, err := command(t, dir, "source", "test", "straight").CombinedOutput()
	if err != nil && !bytes.Contains(out, []byte("none of the configured buckets")) {
		t.Errorf("source test: %v\n%s", err, out)
	}
	if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil {
		t.Errorf("run --once: %v\n%s", err, out)
	}
	for way, left := range lefts {
		if n := left(); n != 0 {
			t.Errorf("%s: %d messages are left", way, n)
		}
	}
	if n := countRecords(t, dir); n != 4*recordsPerObject {
		t.Errorf("%d records", n)
	}
	out, err = command(t, dir, "deadletters", "list", "-o", "ndjson").Output()
	if err != nil || bytes.Count(out, []byte("in none of the configured buckets")) != 4 {
		t.Errorf("dead letters: %v\n%s", err, out)
	}
}

// bridge calls EventBridge, whose SDK the program does not need: moto goes by the
// scope of the signature.
func bridge(t *testing.T, moto, operation, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, moto, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+awstest.Key+"/20260101/us-east-1/events/aws4_request, SignedHeaders=host, Signature=0")
	r.Header.Set("X-Amz-Target", "AWSEvents."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s\n%s", operation, answer.Status, text)
	}
}

// What Alibaba's log service ships to OSS is read through its S3 protocol, day by
// day, with the keys that the shipper makes: checks of Security Center, and events
// of ActionTrail.
func TestIntegrationShippedToOSS(t *testing.T) {
	checks, err := os.ReadFile(shared(t, "findings", "samples", "alibaba_cspm.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	endpoint := awstest.Versity(t, "cn-shanghai")
	put := bucket(t, endpoint, "cn-shanghai", "sas-logs")
	events := actionTrail(t)
	now := time.Now().UTC()
	key := func(folder string, day time.Time, name string) string {
		return folder + "/" + day.Format("2006/01/02/15/04") + "_" + name
	}
	yesterday := now.Add(-24 * time.Hour)
	put(key("cspm", yesterday, "1719472214_0001.json"), string(checks))
	put(key("actiontrail", yesterday, "1719472214_0001.json"), events)
	put(key("actiontrail", now, "1719472214_0002.json.gz"), gzipped(t, events)) // the same once more
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"tocsin.yaml": fmt.Sprintf("private_addresses: [127.0.0.1]\nsources:\n"+
		"  - {name: oss, bucket: sas-logs/cspm/, endpoint: %q, region: cn-shanghai, logstore: findings}\n"+
		"  - {name: trail, bucket: sas-logs/actiontrail/, endpoint: %[1]q, region: cn-shanghai, logstore: audit}\n", endpoint)})
	for name, want := range map[string]string{"oss": "sas-cspm-log, for findings", "trail": "actiontrail, for audit: 25 records"} {
		if out, err := command(t, dir, "source", "test", name).CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	count := func(logstore, query string) int {
		t.Helper()
		out, err := command(t, dir, "query", "-l", logstore, "--all", "-o", "ndjson", query+" | SELECT count(*) AS n").CombinedOutput()
		var row struct{ N int }
		if err != nil || json.Unmarshal(out, &row) != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return row.N
	}
	if n, want := count("findings", "*"), bytes.Count(checks, []byte{'\n'}); n != want {
		t.Errorf("%d findings, want %d", n, want)
	}
	if n := count("audit", `__topic__: actiontrail_audit_event and event.eventId: *`); n != 25 {
		t.Errorf("%d events", n)
	}
	put(key("cspm", now, "1719472999_0002.json"), string(checks))
	out, err := command(t, dir, "run", "--once").CombinedOutput()
	if err != nil || strings.Contains(string(out), "took in") {
		t.Errorf("the same checks once more: %v\n%s", err, out)
	}
}

// actionTrail is 25 events of ActionTrail as SLS writes them.
func actionTrail(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := command(t, dir, "sample", "--format", "actiontrail", "--events", "25", "--plain", "--quiet", "made").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(dir, "made"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".jsonl") {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if n := strings.Count(all.String(), "\n"); err != nil || n != 25 {
		t.Fatalf("%d events: %v", n, err)
	}
	return all.String()
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// An archive in a real bucket, whose writes are conditional: what a source hands out,
// and forty files by two writers at a time.
func TestIntegrationArchiveInABucket(t *testing.T) {
	endpoint := awstest.Versity(t, region)
	bucket(t, endpoint, region, "kept")
	c := awss3.NewFromConfig(realConfig(endpoint, region), func(o *awss3.Options) { o.UsePathStyle = true })
	kept := func() int {
		out, err := c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("kept"), Prefix: aws.String("raw/")})
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Contents)
	}
	dir := archiveProject(t, endpoint)
	if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil || kept() != 2 {
		t.Errorf("%v, %d are kept\n%s", err, kept(), out)
	}
	archiveByTwo(t, dir, func() int { return kept() - 2 })
	key := "raw/x"
	put := &awss3.PutObjectInput{Bucket: aws.String("kept"), Key: &key, IfNoneMatch: aws.String("*")}
	if _, err := c.PutObject(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutObject(t.Context(), put); err == nil { // else the server cannot show it
		t.Error("this server writes over what is there")
	}
}
