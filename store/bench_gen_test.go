package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// trail writes synthetic CloudTrail files as AWS delivers them: gzip, one file
// for each account, region and five minutes, about 1,400 bytes a record, one
// file in 500 delivered twice under another name.
type trail struct {
	rnd   *rand.Rand
	file  int // records of each file; 0: 80 to 250
	buf   bytes.Buffer
	names []string
	zipf  *rand.Zipf
}

func newTrail(seed uint64) *trail {
	t := &trail{rnd: rand.New(rand.NewPCG(seed, 7))}
	for _, service := range []string{"ec2", "s3", "iam", "sts", "kms", "rds", "lambda", "logs", "sns", "sqs", "dynamodb", "ecs"} {
		for _, verb := range []string{"Describe", "List", "Get", "Create", "Delete", "Put", "Update", "Attach", "Detach", "Start"} {
			for _, thing := range []string{"Instances", "Objects", "Policies"} {
				t.names = append(t.names, service+":"+verb+thing)
			}
		}
	}
	t.zipf = rand.NewZipf(t.rnd, 1.2, 3, uint64(len(t.names)-1))
	return t
}

const benchStart = "2026-11-10T00:00:00Z"

// write creates about n records below dir and returns the files in the order of
// time, and how many records they hold, with those of repeated files.
func (t *trail) write(tb testing.TB, dir string, n int) (files []string, records int) {
	tb.Helper()
	start, err := time.Parse(time.RFC3339, benchStart)
	if err != nil {
		tb.Fatal(err)
	}
	for distinct := 0; distinct < n; {
		i := len(files)
		account, region := i%5, i/5%4
		k := t.file
		if k == 0 {
			k = 80 + t.rnd.IntN(171)
		}
		k = min(k, n-distinct)
		t.buf.Reset()
		z, err := gzip.NewWriterLevel(&t.buf, 4)
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprint(z, `{"Records":[`)
		for j := range k {
			if j > 0 {
				fmt.Fprint(z, ",")
			}
			t.record(z, account, region, start.Add(time.Duration(t.rnd.IntN(300))*time.Second))
		}
		fmt.Fprint(z, "]}")
		if err := z.Close(); err != nil {
			tb.Fatal(err)
		}
		if i%20 == 19 {
			start = start.Add(5 * time.Minute)
		}
		distinct += k
		for copies := 0; copies < 1 || copies < 2 && i%500 == 250; copies++ {
			name := filepath.Join(dir, fmt.Sprintf("%06d_%d_CloudTrail.json.gz", i, copies))
			if err := os.WriteFile(name, t.buf.Bytes(), 0o600); err != nil {
				tb.Fatal(err)
			}
			files, records = append(files, name), records+k
		}
	}
	return files, records
}

func (t *trail) uuid() string {
	a, b := t.rnd.Uint64(), t.rnd.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a), uint16(a>>32), uint16(a>>48)&0xfff, uint16(b)&0xfff, b>>16)
}

func (t *trail) record(w *gzip.Writer, account, region int, at time.Time) {
	name := t.names[t.zipf.Uint64()]
	var service, action string
	for i := range name {
		if name[i] == ':' {
			service, action = name[:i], name[i+1:]
		}
	}
	user, r := t.rnd.IntN(400), t.rnd.IntN(100)
	acc := fmt.Sprintf("%012d", 111122223333+account)
	fmt.Fprintf(w, `{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE%06d:session-%d","arn":"arn:aws:sts::%s:assumed-role/app-role-%d/session-%d","accountId":"%s","accessKeyId":"ASIA%012d","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE%06d","arn":"arn:aws:iam::%s:role/app-role-%d","accountId":"%s","userName":"app-role-%d"},"attributes":{"creationDate":"%s","mfaAuthenticated":"%t"}}},`,
		user, user, acc, user, user, acc, t.rnd.IntN(1e6)*1000003, user, acc, user, acc, user, at.Truncate(time.Hour).Format(time.RFC3339), r%3 == 0)
	fmt.Fprintf(w, `"eventTime":"%s","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"%s","sourceIPAddress":"198.51.%d.%d","userAgent":"aws-sdk-go-v2/1.%d os/linux lang/go#1.26 md/GOOS#linux api/%s#1.%d",`,
		at.Format(time.RFC3339), service, action, []string{"us-east-1", "eu-central-1", "ap-northeast-1", "us-west-2"}[region], user%256, r, user%30, service, user%90)
	if r < 6 {
		fmt.Fprintf(w, `"errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::%s:assumed-role/app-role-%d/session-%d is not authorized to perform: %s:%s",`, acc, user, user, service, action)
	}
	switch r % 4 {
	case 0:
		fmt.Fprintf(w, `"requestParameters":{"bucketName":"data-bucket-%d","Host":"data-bucket-%d.s3.amazonaws.com","key":"tables/year=2026/part-%05d.parquet","list-type":"2"},"responseElements":null,`, user%40, user%40, t.rnd.IntN(1e5))
	case 1:
		fmt.Fprintf(w, `"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-%017x"}]},"filterSet":{"items":[{"name":"tag:env","valueSet":{"items":[{"value":"prod"}]}}]}},"responseElements":null,`, t.rnd.Uint64()>>1)
	case 2:
		fmt.Fprintf(w, `"requestParameters":{"roleArn":"arn:aws:iam::%s:role/app-role-%d","roleSessionName":"session-%d","durationSeconds":3600},"responseElements":{"credentials":{"accessKeyId":"ASIA%012d","expiration":"Nov 10, 2026, 1:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROAEXAMPLE%06d:session-%d","arn":"arn:aws:sts::%s:assumed-role/app-role-%d/session-%d"}},`,
			acc, user, user, t.rnd.IntN(1e9), user, user, acc, user, user)
	default:
		fmt.Fprint(w, `"requestParameters":null,"responseElements":null,`)
	}
	if r%5 == 0 {
		fmt.Fprintf(w, `"resources":[{"ARN":"arn:aws:s3:::data-bucket-%d","accountId":"%s","type":"AWS::S3::Bucket"}],"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","bytesTransferredOut":%d},`, user%40, acc, t.rnd.IntN(1e6))
	}
	fmt.Fprintf(w, `"requestID":"%s","eventID":"%s","readOnly":%t,"eventType":"AwsApiCall","managementEvent":%t,"recipientAccountId":"%s","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s.amazonaws.com"}}`,
		t.uuid(), t.uuid(), r%2 == 0, r%5 != 0, acc, service)
}
