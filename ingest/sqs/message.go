package sqs

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"tocsin/diag"
	"tocsin/ingest/s3"
)

// What a message says. Nothing here reads anything but the message.

// envelope is what SNS puts around a message.
type envelope struct {
	Type    string
	Message json.RawMessage
}

// note is the union of the notifications that name objects. They have no name in
// common that means two things.
type note struct {
	envelope
	Event   string    // S3: "s3:TestEvent"
	Records *[]record // S3
	Source  string    `json:"source"` // EventBridge
	Kind    string    `json:"detail-type"`
	Time    time.Time `json:"time"`
	Detail  struct {
		Bucket named `json:"bucket"`
		Object struct {
			Key  string `json:"key"`
			ETag string `json:"etag"`
			Size *int64 `json:"size"`
		} `json:"object"`
	} `json:"detail"`
	Bucket string   `json:"s3Bucket"` // CloudTrail
	Keys   []string `json:"s3ObjectKey"`
}

type named struct {
	Name string `json:"name"`
}

// record is one of an S3 notification.
type record struct {
	EventName string    `json:"eventName"`
	EventTime time.Time `json:"eventTime"`
	S3        struct {
		Bucket named `json:"bucket"`
		Object struct {
			Key  string `json:"key"`
			ETag string `json:"eTag"`
			Size *int64 `json:"size"`
		} `json:"object"`
	} `json:"s3"`
}

// Named returns what a message names: nothing for one that is only to be
// acknowledged. sent is when it was sent. An error says why it names nothing that
// could be read.
func Named(body string, sent time.Time) ([]s3.Ref, error) {
	n, err := parse([]byte(body))
	if err != nil {
		return nil, err
	}
	if text, ok := n.wrapped(); ok { // one envelope is opened
		if n, err = parse([]byte(text)); err != nil {
			return nil, fmt.Errorf("inside of its envelope %w", err)
		}
		if _, again := n.wrapped(); again {
			return nil, errKind("an envelope in an envelope")
		}
	}
	switch {
	case n.Type == "SubscriptionConfirmation", n.Type == "UnsubscribeConfirmation":
		return nil, errKind("a " + n.Type + " of SNS, which is for its administrator to answer: no address in it is called")
	case n.Event == "s3:TestEvent":
		return nil, nil
	case n.Records != nil:
		return notified(*n.Records, sent)
	case n.Source == "aws.s3":
		return n.bridged(sent)
	case n.Bucket != "" && len(n.Keys) > 0:
		var refs []s3.Ref
		for _, key := range n.Keys {
			refs = append(refs, s3.Ref{Bucket: n.Bucket, Key: key, Size: -1, Modified: sent})
		}
		return refs, nil
	}
	return nil, errKind("no notification that names objects of a bucket")
}

// errKind says what a message is instead.
type errKind string

func (e errKind) Error() string { return "the message is " + string(e) }

func parse(body []byte) (n note, err error) {
	if err := json.Unmarshal(body, &n); err != nil {
		return n, fmt.Errorf("the message is no notification: %s", diag.Line(err.Error()))
	}
	return n, nil
}

// wrapped is the message in the envelope of SNS.
func (n *note) wrapped() (text string, ok bool) {
	if n.Type != "Notification" || json.Unmarshal(n.Message, &text) != nil {
		return "", false
	}
	return text, true
}

// notified reads the records of an S3 notification. Their keys are encoded as in
// the query of an address, once.
func notified(records []record, sent time.Time) (refs []s3.Ref, err error) {
	for _, r := range records {
		if !strings.HasPrefix(strings.TrimPrefix(r.EventName, "s3:"), "ObjectCreated:") && r.EventName != "" {
			continue // a removal, a restore: nothing to load
		}
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return nil, fmt.Errorf("the key %q is not encoded as a notification encodes it", diag.Line(r.S3.Object.Key))
		}
		if r.S3.Bucket.Name == "" || key == "" {
			return nil, errKind("a notification that names no object")
		}
		ref := s3.Ref{Bucket: r.S3.Bucket.Name, Key: key, ETag: strings.Trim(r.S3.Object.ETag, `"`), Size: size(r.S3.Object.Size), Modified: r.EventTime}
		refs = append(refs, dated(ref, sent))
	}
	return refs, nil
}

// bridged reads an event of S3 as EventBridge hands it on. Its key is not encoded.
func (n *note) bridged(sent time.Time) ([]s3.Ref, error) {
	switch {
	case n.Kind != "Object Created":
		return nil, nil
	case n.Detail.Bucket.Name == "" || n.Detail.Object.Key == "":
		return nil, errKind("an event that names no object")
	}
	o := n.Detail.Object
	ref := s3.Ref{Bucket: n.Detail.Bucket.Name, Key: o.Key, ETag: strings.Trim(o.ETag, `"`), Size: size(o.Size), Modified: n.Time}
	return []s3.Ref{dated(ref, sent)}, nil
}

// dated takes the time of sending where the notification has none.
func dated(ref s3.Ref, sent time.Time) s3.Ref {
	if ref.Modified.IsZero() {
		ref.Modified = sent
	}
	return ref
}

// size is what a notification says of it; nothing is allocated by its word.
func size(n *int64) int64 {
	if n == nil || *n < 0 {
		return -1
	}
	return *n
}
