package sqs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"tocsin/ingest/awsapi"
)

// A Queue is what the address of a queue says.
type Queue struct{ URL, Region, Account, Name string }

// ParseQueue reads the address of a queue: https://sqs.REGION.amazonaws.com/
// ACCOUNT/NAME, or what another server calls it.
func ParseQueue(s string) (Queue, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return Queue{}, errors.New("this is no address of a queue")
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	q := Queue{URL: s, Name: parts[len(parts)-1]}
	if q.Name == "" {
		return Queue{}, errors.New("the address names no queue")
	}
	if len(parts) > 1 {
		q.Account = parts[len(parts)-2]
	}
	if host := strings.Split(u.Hostname(), "."); len(host) >= 4 && host[0] == "sqs" {
		q.Region = host[1]
	}
	return q, nil
}

// Tenant is the name of the queue up to the first hyphen, as the recipe for Prisma
// Cloud's audit logs names queues.
func (q Queue) Tenant() string {
	tenant, _, _ := strings.Cut(strings.TrimSuffix(q.Name, ".fifo"), "-")
	return tenant
}

func (q Queue) call(action awsapi.Action) awsapi.Call {
	c := awsapi.Call{Action: action, Thing: "queue " + q.Name}
	if q.Region != "" && q.Account != "" {
		c.ARN = "arn:" + awsapi.Partition(q.Region) + ":sqs:" + q.Region + ":" + q.Account + ":" + q.Name
	}
	return c
}

// NewClient returns a client of SQS.
func NewClient(c aws.Config) *awssqs.Client { return awssqs.NewFromConfig(c) }

// line is a queue with its client.
type line struct {
	Queue
	client *awssqs.Client
}

// message is one that was received.
type message struct {
	id, body, handle string
	sent             time.Time
	received         int // how often, this time counted
}

// longPoll is how long a receive may wait, and perReceive how many messages it
// returns, at most.
const (
	longPoll   = 20 * time.Second
	perReceive = 10
)

// receiveTries is how often messages are asked for when the answer breaks off,
// after which the SDK does not ask again. The messages in it come back by
// themselves.
const receiveTries = 3

// receive waits for messages, at most longPoll.
func (l *line) receive(ctx context.Context, wait time.Duration) (messages []message, err error) {
	for range receiveTries {
		messages, err = l.receiveOnce(ctx, wait)
		if err == nil || !awsapi.Late(err) || ctx.Err() != nil {
			break
		}
	}
	return messages, err
}

func (l *line) receiveOnce(ctx context.Context, wait time.Duration) ([]message, error) {
	out, err := l.client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
		QueueUrl: &l.URL, MaxNumberOfMessages: perReceive, WaitTimeSeconds: int32(min(wait, longPoll) / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp,
		},
	})
	if err != nil {
		return nil, l.call(awsapi.ReceiveMessage).Wrap(err)
	}
	messages := make([]message, len(out.Messages))
	for i, m := range out.Messages {
		messages[i] = message{id: aws.ToString(m.MessageId), body: aws.ToString(m.Body), handle: aws.ToString(m.ReceiptHandle), received: 1}
		if n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"]); err == nil && n > 0 {
			messages[i].received = n
		}
		if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
			messages[i].sent = time.UnixMilli(ms).UTC()
		}
	}
	return messages, nil
}

// visibility is how long a received message of this queue stays hidden.
func (l *line) visibility(ctx context.Context) (time.Duration, error) {
	out, err := l.client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{
		QueueUrl: &l.URL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameVisibilityTimeout},
	})
	if err != nil {
		return 0, l.call(awsapi.GetQueueAttributes).Wrap(err)
	}
	seconds, err := strconv.Atoi(out.Attributes["VisibilityTimeout"])
	if err != nil {
		return 0, fmt.Errorf("queue %s: its visibility timeout %q is no number", l.Name, out.Attributes["VisibilityTimeout"])
	}
	return time.Duration(seconds) * time.Second, nil
}

// hide hides messages for a while from now on.
func (l *line) hide(ctx context.Context, messages []message, d time.Duration) error {
	return l.inTens(ctx, messages, awsapi.ChangeVisibility, func(ten []message) ([]types.BatchResultErrorEntry, error) {
		in := &awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: &l.URL}
		for i, m := range ten {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.handle), VisibilityTimeout: int32(d / time.Second),
			})
		}
		out, err := l.client.ChangeMessageVisibilityBatch(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.Failed, nil
	})
}

// remove deletes messages.
func (l *line) remove(ctx context.Context, messages []message) error {
	return l.inTens(ctx, messages, awsapi.DeleteMessage, func(ten []message) ([]types.BatchResultErrorEntry, error) {
		in := &awssqs.DeleteMessageBatchInput{QueueUrl: &l.URL}
		for i, m := range ten {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.handle)})
		}
		out, err := l.client.DeleteMessageBatch(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.Failed, nil
	})
}

// entryTries is how often an entry of a batch is tried that the queue refused.
const entryTries = 3

// inTens calls for ten messages at a time, and again for entries that failed. A
// message whose handle is no longer good was received by another: that is no
// error, for what it brings is stored once.
func (l *line) inTens(ctx context.Context, messages []message, action awsapi.Action, do func([]message) ([]types.BatchResultErrorEntry, error)) error {
	var errs []error
	for ten := range slices.Chunk(messages, perReceive) {
		for try := 1; len(ten) > 0; try++ {
			failed, err := do(ten)
			if err != nil {
				errs = append(errs, l.call(action).Wrap(err))
				break
			}
			var again []message
			var why string
			for _, f := range failed {
				n, err := strconv.Atoi(aws.ToString(f.Id))
				if stale(aws.ToString(f.Code)) || err != nil || n < 0 || n >= len(ten) {
					continue
				}
				again = append(again, ten[n])
				why = aws.ToString(f.Code) + ": " + aws.ToString(f.Message)
			}
			if len(again) > 0 && (try == entryTries || ctx.Err() != nil) {
				errs = append(errs, fmt.Errorf("%s queue %s: %d messages: %s", action, l.Name, len(again), why))
				break
			}
			ten = again
		}
	}
	return errors.Join(errs...)
}

// stale recognises a handle that is no longer good.
func stale(code string) bool {
	return strings.Contains(code, "ReceiptHandleIsInvalid") || strings.Contains(code, "InvalidParameterValue") || strings.Contains(code, "MessageNotInflight")
}

// probe asks for the permissions that a look does not use, in a way that changes
// nothing: it deletes a message that does not exist.
func (l *line) probe(ctx context.Context) error {
	return l.remove(ctx, []message{{handle: "none"}})
}
