package awsapi

import (
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// An address that nobody answers at is known within ten seconds, and the error says
// why and where; whoever is there and is busy is waited for longer.
func TestUnreached(t *testing.T) {
	dial := func(cause error) error {
		return &url.Error{Op: "Get", URL: "https://s3.example.com:9000/bucket?list-type=2&X=secret", Err: &net.OpError{Op: "dial", Net: "tcp", Err: cause}}
	}
	var s retry.StandardOptions
	s.Retryables = retry.DefaultRetryables
	patiently(&s)
	for _, c := range []struct {
		err   error
		says  string
		again aws.Ternary
	}{
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "connection refused at https://s3.example.com:9000", aws.TrueTernary},
		{dial(&net.DNSError{Err: "no such host", Name: "s3.example.com"}), "the host is not known (no such host) at https://s3.example.com:9000", aws.TrueTernary},
		{dial(os.ErrDeadlineExceeded), "no connection within 10s at https://s3.example.com:9000", aws.FalseTernary},
		{os.ErrClosed, os.ErrClosed.Error(), aws.UnknownTernary},
	} {
		if got := brief(c.err); got != c.says {
			t.Errorf("it says %q, not %q", got, c.says)
		}
		if got := retry.IsErrorRetryables(s.Retryables).IsErrorRetryable(c.err); got != c.again {
			t.Errorf("%s: tried again: %v", c.says, got)
		}
		for range 100 {
			waited := time.Duration(0)
			for attempt := 1; attempt < s.MaxAttempts; attempt++ {
				wait, err := s.Backoff.BackoffDelay(attempt, c.err)
				if err != nil {
					t.Fatal(err)
				}
				waited += wait
			}
			if unreached(c.err) != nil && waited > dialTime {
				t.Fatalf("%s: known after %s", c.says, waited)
			}
		}
	}
}
