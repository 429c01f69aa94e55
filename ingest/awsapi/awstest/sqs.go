package awstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// A Queue keeps messages. Fifo groups are blocked while one of theirs is hidden.
type Queue struct {
	Visibility time.Duration
	Fifo       bool
	Messages   []*Message
	handles    int
}

// A Message is one of a queue. Deleted ones are gone.
type Message struct {
	ID, Body, Group string
	Received        int
	Sent, Hidden    time.Time
	handle          string
}

// AddQueue makes a queue and returns its address.
func (s *Server) AddQueue(name string, visibility time.Duration) string {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.Queues[name] = &Queue{Visibility: visibility, Fifo: strings.HasSuffix(name, ".fifo")}
	return s.URL + "/123456789012/" + name
}

// Send puts a message into a queue.
func (s *Server) Send(queue, body string) { s.SendGroup(queue, "", body) }

// SendGroup puts a message into a group of a FIFO queue.
func (s *Server) SendGroup(queue, group, body string) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	q := s.Queues[queue]
	q.handles++
	q.Messages = append(q.Messages, &Message{ID: fmt.Sprintf("m-%d", q.handles), Body: body, Group: group, Sent: s.Clock()})
}

// Left is the number of messages that were not deleted.
func (s *Server) Left(queue string) int {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return len(s.Queues[queue].Messages)
}

// Show makes hidden messages visible, as if their time was over.
func (s *Server) Show(queue string) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, m := range s.Queues[queue].Messages {
		m.Hidden = time.Time{}
	}
}

type sqsRequest struct {
	QueueUrl            string
	MaxNumberOfMessages int
	WaitTimeSeconds     int
	Entries             []struct {
		Id, ReceiptHandle string
		VisibilityTimeout int
	}
}

type entryResult struct {
	Id          string
	Code        string `json:",omitempty"`
	Message     string `json:",omitempty"`
	SenderFault bool   `json:",omitempty"`
}

func (s *Server) sqs(w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	var in sqsRequest
	if err := json.Unmarshal(body, &in); err != nil {
		fail(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	name := path.Base(in.QueueUrl)
	w, done := s.call(w, operation, name)
	if done {
		return
	}
	s.Mu.Lock()
	q := s.Queues[name]
	s.Mu.Unlock()
	if q == nil {
		fail(w, http.StatusBadRequest, "QueueDoesNotExist", "no such queue")
		return
	}
	var out any
	switch operation {
	case "GetQueueAttributes":
		out = map[string]any{"Attributes": map[string]string{"VisibilityTimeout": fmt.Sprint(int(q.Visibility.Seconds()))}}
	case "ReceiveMessage":
		out = map[string]any{"Messages": s.receive(r, q, in)}
	case "DeleteMessageBatch", "ChangeMessageVisibilityBatch":
		out = s.entries(q, operation, in)
	default:
		fail(w, http.StatusBadRequest, "UnsupportedOperation", operation)
		return
	}
	b, err := json.Marshal(out)
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Write(b) //nolint:errcheck // its caller may be gone
}

func (s *Server) receive(r *http.Request, q *Queue, in sqsRequest) []map[string]any {
	for end := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second); ; {
		if got := s.visible(q, in.MaxNumberOfMessages); len(got) > 0 || !time.Now().Before(end) {
			return got
		}
		if !wait(r.Context(), 5*time.Millisecond) {
			return nil
		}
	}
}

// visible receives what is not hidden.
func (s *Server) visible(q *Queue, limit int) (got []map[string]any) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Clock()
	blocked := map[string]bool{}
	for _, m := range q.Messages {
		if m.Hidden.After(now) {
			blocked[m.Group] = q.Fifo
		}
	}
	for _, m := range q.Messages {
		if len(got) == limit || m.Hidden.After(now) || blocked[m.Group] {
			continue
		}
		q.handles++
		m.Received++
		m.Hidden, m.handle = now.Add(q.Visibility), fmt.Sprintf("h-%d", q.handles)
		got = append(got, map[string]any{
			"MessageId": m.ID, "Body": m.Body, "MD5OfBody": sum([]byte(m.Body)), "ReceiptHandle": m.handle,
			"Attributes": map[string]string{"ApproximateReceiveCount": fmt.Sprint(m.Received), "SentTimestamp": fmt.Sprint(m.Sent.UnixMilli())},
		})
	}
	return got
}

// entries deletes or hides messages by their newest handles.
func (s *Server) entries(q *Queue, operation string, in sqsRequest) map[string]any {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	good, bad := []entryResult{}, []entryResult{}
	for _, e := range in.Entries {
		i := slices.IndexFunc(q.Messages, func(m *Message) bool { return m.handle == e.ReceiptHandle })
		var f *Fault
		if s.Fault != nil {
			f = s.Fault(operation+" entry", e.ReceiptHandle)
		}
		switch {
		case f != nil:
			bad = append(bad, entryResult{e.Id, f.Code, "injected", false})
		case i < 0:
			bad = append(bad, entryResult{e.Id, "ReceiptHandleIsInvalid", "no such handle", true})
		case operation == "DeleteMessageBatch":
			q.Messages = slices.Delete(q.Messages, i, i+1)
			good = append(good, entryResult{Id: e.Id})
		default:
			q.Messages[i].Hidden = s.Clock().Add(time.Duration(e.VisibilityTimeout) * time.Second)
			good = append(good, entryResult{Id: e.Id})
		}
	}
	return map[string]any{"Successful": good, "Failed": bad}
}
