package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"tocsin/ingest"
)

// An Action is a permission of AWS that the program uses.
type Action string

// All that the sources call. The policies of docs/sources.md name these and no
// others.
const (
	GetObject          Action = "s3:GetObject"
	PutObject          Action = "s3:PutObject"
	ListBucket         Action = "s3:ListBucket"
	ReceiveMessage     Action = "sqs:ReceiveMessage"
	DeleteMessage      Action = "sqs:DeleteMessage"
	ChangeVisibility   Action = "sqs:ChangeMessageVisibility"
	GetQueueAttributes Action = "sqs:GetQueueAttributes"
	GetFindings        Action = "securityhub:GetFindings"
	AssumeRole         Action = "sts:AssumeRole"
)

// Actions lists them.
func Actions() []Action {
	return []Action{GetObject, PutObject, ListBucket, ReceiveMessage, DeleteMessage, ChangeVisibility, GetQueueAttributes, GetFindings, AssumeRole}
}

// A Call says what is called, on what.
type Call struct {
	Action Action
	Thing  string // as a user calls it: s3://bucket/key, a queue
	ARN    string // as a policy calls it; "" when it is not known
}

// An Error is a call that did not succeed. Its text may quote the server.
type Error struct {
	Call
	Denied    bool // the caller may not do that
	Later     bool // the same call may succeed later: throttled, overloaded, a broken line
	Unreached bool // nobody was reached, as often as it was tried
	Err       error
	None      bool // there are no credentials at all; Later, and not Denied
}

// Wrap makes an *Error of what the SDK returned; nil stays nil.
func (c Call) Wrap(err error) error {
	if err == nil {
		return nil
	}
	none := noCredentials(err)
	return &Error{Call: c, Denied: !none && denied(err), Later: none || later(err), None: none, Unreached: unreached(err) != nil, Err: err}
}

// Error names the call, what it was about, and the permission where that is what
// lacks.
func (e *Error) Error() string {
	switch {
	case e.None:
		return fmt.Sprintf("%s %s: no AWS credentials were found, not in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws (AWS_PROFILE), a web identity, "+
			"the container, or the machine", e.Action, e.Thing)
	case e.Denied && e.role() != "":
		return fmt.Sprintf("%s %s: access denied: the permission %s is missing, or the role does not trust us: %s", e.Action, e.Thing, e.role(), brief(e.Err))
	case e.Denied && e.ARN != "":
		return fmt.Sprintf("%s %s: access denied: the permission %s on %s is missing: %s", e.Action, e.Thing, e.Action, e.ARN, brief(e.Err))
	case e.Denied:
		return fmt.Sprintf("%s %s: access denied: the permission %s is missing: %s", e.Action, e.Thing, e.Action, brief(e.Err))
	}
	return fmt.Sprintf("%s %s: %s", e.Action, e.Thing, brief(e.Err))
}

// role is the permission that lacks when it is the role that could not be taken.
func (e *Error) role() Action {
	var op *smithy.OperationError
	for err := e.Err; errors.As(err, &op); err = op.Err {
		if op.Service() == "STS" {
			return AssumeRole
		}
	}
	return ""
}

// noCredentials reports whether the SDK looked for credentials in the last place
// that it knows, the machine, and there are none: how the machine says so may look
// like a refusal.
func noCredentials(err error) bool {
	var op *smithy.OperationError
	for ; errors.As(err, &op); err = op.Err {
		if op.Service() == "ec2imds" {
			return true
		}
	}
	return false
}

// Unwrap returns what the SDK said.
func (e *Error) Unwrap() error { return e.Err }

// brief is the code and the message of a server's answer, where it gave one,
// instead of all of the SDK's layers.
func brief(err error) string {
	var not *refusal
	if errors.As(err, &not) {
		return not.Error()
	}
	if text := unreachedText(err); text != "" {
		return text
	}
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "" && api.ErrorCode() != "UnknownError" {
		return strings.TrimSpace(api.ErrorCode() + ": " + api.ErrorMessage())
	}
	return err.Error()
}

// unreached is the error of a connection that could not be made; nil: it is another.
func unreached(err error) *net.OpError {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return op
	}
	return nil
}

// unreachedText says in a few words why nobody was reached, and where; "" where
// somebody was.
func unreachedText(err error) string {
	op := unreached(err)
	if op == nil {
		return ""
	}
	cause := op.Err.Error()
	var number syscall.Errno
	var name *net.DNSError
	switch {
	case op.Timeout():
		cause = "no connection within " + dialTime.String()
	case errors.As(err, &number):
		cause = number.Error()
	case errors.As(err, &name):
		cause = "the host is not known (" + name.Err + ")"
	}
	var where *url.Error
	if errors.As(err, &where) {
		if u, err := url.Parse(where.URL); err == nil {
			return cause + " at " + u.Scheme + "://" + u.Host
		}
	}
	return cause
}

// denied recognises a refusal by its status too: the code may be unreadable.
func denied(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch code := api.ErrorCode(); {
		case code == "RequestTimeTooSkewed" || strings.HasPrefix(code, "KMS.Throttling"):
			return false
		case strings.Contains(code, "AccessDenied"), strings.Contains(code, "Unauthorized"), code == "AuthorizationError", code == "InvalidAccessException":
			return true
		}
	}
	return status(err) == http.StatusForbidden
}

func status(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil && response.Response.Response != nil {
		return response.HTTPStatusCode()
	}
	return 0
}

// later reports whether the trouble is not with what was asked for.
func later(err error) bool {
	var (
		broken *smithy.DeserializationError // an answer that was cut: the SDK does not ask again
		quota  *ratelimit.QuotaExceededError
	)
	switch code := status(err); {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	case code >= 500, code == http.StatusTooManyRequests:
		return true
	case errors.As(err, &quota):
		return true
	case errors.As(err, &broken) && code < 300:
		return true
	}
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

// Late reports whether an error says that the same may succeed later.
func Late(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Later || errors.Is(err, context.Canceled) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Patience decides whether an object that could not be read is to be handed out
// again.
type Patience struct {
	Tries int // how often an object may fail by its own fault, or its message be received
	Seen  int // how often it was handed out, this time counted
}

// patient is how many times more tries an object has that failed by no fault of
// its own, so that nothing is asked for for ever.
const patient = 10

// Again is for ingest.Object.Again. An object that can never be loaded has no
// second try. One that fails by no fault of its own (throttling, a broken line,
// a permission) has ten times as many as others.
func (p Patience) Again(err error) bool {
	var e *Error
	switch {
	case ingest.Hopeless(err):
		return false
	case Late(err), errors.As(err, &e) && e.Denied:
		return p.Seen < patient*p.Tries
	}
	return p.Seen < p.Tries
}

// Partition is the first part of the ARNs of a region: aws, aws-cn, aws-us-gov.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
