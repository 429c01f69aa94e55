package notifiertest

import (
	"context"
	"encoding/json"
	"errors"

	"tocsin/notifier"
)

// A Recorder is a channel that keeps what it was given and answers as it is told.
type Recorder struct {
	// Answer decides about each attempt; nil: everything is accepted. An
	// Unknown outcome means that the bytes arrived and the answer did not.
	Answer func(e notifier.Envelope) notifier.Outcome
	// Arrived are the envelopes whose bytes went out, in order.
	Arrived []notifier.Envelope
	// Attempts counts all, also those that were refused.
	Attempts int
}

// Send implements notifier.Channel.
func (r *Recorder) Send(_ context.Context, e notifier.Envelope, mark func() error) notifier.Outcome {
	r.Attempts++
	o := notifier.Outcome{Kind: notifier.Sent, Code: 250, Answer: "250 ok"}
	if r.Answer != nil {
		o = r.Answer(e)
	}
	if o.Kind != notifier.Sent && o.Kind != notifier.Unknown {
		return o
	}
	if err := mark(); err != nil {
		return notifier.Outcome{Kind: notifier.Retry, Stage: "mark", Answer: err.Error()}
	}
	r.Arrived = append(r.Arrived, e)
	return o
}

// Close implements notifier.Channel.
func (r *Recorder) Close() error { return nil }

// Build stands for email.Build: the bytes are the letter as JSON, which Letter
// reads back.
func Build(l notifier.Letter) ([]byte, error) {
	if l.Subject == "" || l.Text == "" {
		return nil, errors.New("the letter is empty")
	}
	return json.Marshal(l)
}

// Letter returns the letter that Build made bytes of.
func Letter(bytes []byte) (notifier.Letter, error) {
	var l notifier.Letter
	err := json.Unmarshal(bytes, &l)
	return l, err
}
