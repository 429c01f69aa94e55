// Package awstest is a small S3, SQS and Security Hub in memory, for tests: as
// strict as AWS where the tests need it (a handle that is no longer good, FIFO
// groups, filters), with faults on request. It checks no signatures.
package awstest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// A Fault is what happens to a call instead of, or to, its answer.
type Fault struct {
	Status int    // 0: the answer is given
	Code   string // of the error
	Cut    bool   // the answer breaks off in the middle
	// Answer is given instead, as it stands, with Encoding as its Content-Encoding;
	// nil: none.
	Answer   []byte
	Encoding string
}

// A Server is the services. Its fields are for one test at a time; lock Mu to look
// at them while calls are made.
type Server struct {
	*httptest.Server
	Mu      sync.Mutex
	Buckets map[string]map[string]Stored
	Queues  map[string]*Queue // by name
	Hub     []Finding
	Calls   []string // operation and what it was about, in order
	// Fault says what happens to a call; nil: nothing. It is called with Mu held.
	Fault func(operation, about string) *Fault
	Clock func() time.Time
}

// Stored is an object: bytes, or a file that may be larger than memory.
type Stored struct {
	Data     []byte
	File     string // path; "": Data is all
	Modified time.Time
}

// ETag is that of the content, with its quotes; of a file, that of its path.
func (s Stored) ETag() string {
	if s.File != "" {
		return `"` + sum([]byte(s.File)) + `"`
	}
	return `"` + sum(s.Data) + `"`
}

// size is the number of its bytes; of a file that is gone, 0.
func (s Stored) size() int64 {
	if s.File == "" {
		return int64(len(s.Data))
	}
	info, err := os.Stat(s.File)
	if err != nil {
		return 0
	}
	return info.Size()
}

// New starts the services.
func New(t testing.TB) *Server {
	s := &Server{Buckets: map[string]map[string]Stored{}, Queues: map[string]*Queue{}, Clock: time.Now}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// Config is for clients that retry at once.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s.URL), Credentials: credentials.NewStaticCredentialsProvider(Key, Secret, ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
			})
		},
	}
}

// Put stores an object.
func (s *Server) Put(bucket, key, text string) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.store(bucket, key, []byte(text))
}

// PutFile stores an object that is a file.
func (s *Server) PutFile(bucket, key, path string) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.store(bucket, key, nil)
	s.Buckets[bucket][key] = Stored{File: path, Modified: s.Clock().UTC()}
}

// store is Put, with Mu held.
func (s *Server) store(bucket, key string, data []byte) {
	if s.Buckets[bucket] == nil {
		s.Buckets[bucket] = map[string]Stored{}
	}
	s.Buckets[bucket][key] = Stored{Data: data, Modified: s.Clock().UTC()}
}

// Count is how often an operation was called.
func (s *Server) Count(operation string) (n int) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, c := range s.Calls {
		if c == operation || strings.HasPrefix(c, operation+" ") {
			n++
		}
	}
	return n
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	target := r.Header.Get("X-Amz-Target")
	switch {
	case strings.HasPrefix(target, "AmazonSQS."):
		s.sqs(w, r, strings.TrimPrefix(target, "AmazonSQS."), body)
	case r.Method == http.MethodPost && r.URL.Path == "/findings":
		s.findings(w, body)
	case r.Method == http.MethodPut:
		s.putObject(w, r, body)
	default:
		s.s3(w, r)
	}
}

// call notes a call and says what becomes of it; true: it is answered already.
func (s *Server) call(w http.ResponseWriter, operation, about string) (http.ResponseWriter, bool) {
	s.Mu.Lock()
	s.Calls = append(s.Calls, strings.TrimSpace(operation+" "+about))
	var f *Fault
	if s.Fault != nil {
		f = s.Fault(operation, about)
	}
	s.Mu.Unlock()
	switch {
	case f == nil:
		return w, false
	case f.Cut:
		return &cutter{ResponseWriter: w}, false
	case f.Answer != nil:
		if f.Encoding != "" {
			w.Header().Set("Content-Encoding", f.Encoding)
		}
		w.Write(f.Answer) //nolint:errcheck // its caller may be gone
		return w, true
	}
	if operation == "GetObject" || operation == "ListObjectsV2" || operation == "PutObject" {
		w.WriteHeader(f.Status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>injected</Message></Error>", f.Code)
		return w, true
	}
	fail(w, f.Status, f.Code, "injected")
	return w, true
}

// fail answers with an error of the JSON services.
func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":"com.amazonaws#%s","message":%q}`, code, message)
}

// cutter announces all of an answer and writes half of it.
type cutter struct{ http.ResponseWriter }

// Write implements http.ResponseWriter.
func (c *cutter) Write(p []byte) (int, error) {
	c.Header().Set("Content-Length", fmt.Sprint(len(p)))
	c.ResponseWriter.Write(p[:len(p)/2]) //nolint:errcheck // it breaks off
	panic(http.ErrAbortHandler)
}

// wait sleeps in a call, until its caller is gone.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
