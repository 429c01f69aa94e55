package email

// This file judges: what the end of an attempt means (G40).

import (
	"errors"
	"net/textproto"
	"regexp"
	"strings"

	"tocsin/notifier"
)

// before holds the stages at which nothing about a recipient was asked yet. A
// refusal there is about us, and the next recipient would meet the same.
var before = map[string]bool{
	"settings": true, "resolve": true, "connect": true, "TLS": true, "banner": true,
	"EHLO": true, "STARTTLS": true, "AUTH": true, "MAIL": true, "mark": true,
}

// judge returns what an attempt came to that ended at stage with err. The reply
// code counts where there is one, whatever the enhanced status says. out says
// whether the final dot may have gone out.
func judge(stage string, err error, out bool) notifier.Outcome {
	o := notifier.Outcome{Stage: stage}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		o.Code, o.Status = reply.Code, status(reply.Msg)
		o.Kind = judgeCode(stage, reply.Code, o.Status)
		o.Server = o.Kind != notifier.Failed && before[stage] || reply.Code == 421
		return o
	}
	var foreign textproto.ProtocolError
	switch {
	case out:
		o.Kind = notifier.Unknown
	case stage == "settings", untrusted(err), errors.Is(err, errNoTLS), errors.Is(err, errInjected), errors.Is(err, errSilentTLS),
		errors.Is(err, errNoMech), errors.Is(err, errAuth),
		stage == "banner" && errors.As(err, &foreign):
		o.Kind = notifier.Operator
	default:
		o.Kind = notifier.Retry
	}
	o.Server = o.Kind == notifier.Operator || before[stage]
	return o
}

// judgeCode is the table of reply codes: stage by first digit, and the codes
// that mean something of their own.
func judgeCode(stage string, code int, status string) notifier.OutcomeKind {
	permanent := code >= 500 && code <= 599
	switch {
	case stage == "answer" && code >= 200 && code <= 299:
		return notifier.Sent
	case !permanent && stage == "AUTH" && (code < 400 || code > 499):
		return notifier.Operator // neither yes nor no: not a server that we can log in to
	case !permanent:
		return notifier.Retry // 4xx, and codes out of place or unheard of: nothing was delivered
	case code == 530 || code == 534 || code == 535 || code == 538:
		return notifier.Operator // log in first
	case stage == "MAIL" && (code == 552 || status == "5.3.4"):
		return notifier.Failed // too big for this server
	case before[stage]:
		return notifier.Operator
	}
	return notifier.Failed
}

var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// status returns the enhanced status code at the head of an answer, or "".
func status(answer string) string { return enhanced.FindString(answer) }

// policyRun is how many recipients in a row have to be refused for reasons of
// policy (5.7.x) until that is taken to be about us.
const policyRun = 3

// A streak counts refusals of policy in a row, over connections.
type streak struct {
	to  []string
	ids []int64
}

// add takes the outcome of an envelope into account and returns it, turned into
// Operator when it is the last of a run.
func (s *streak) add(e notifier.Envelope, o notifier.Outcome) notifier.Outcome {
	if o.Kind == notifier.Sent || o.Kind == notifier.Failed && !strings.HasPrefix(o.Status, "5.7.") {
		*s = streak{}
		return o
	}
	if o.Kind != notifier.Failed {
		return o
	}
	for i, to := range s.to {
		if to == e.To {
			s.ids[i] = e.ID
			return o
		}
	}
	if len(s.to)+1 < policyRun {
		s.to, s.ids = append(s.to, e.To), append(s.ids, e.ID)
		return o
	}
	o.Kind, o.Server, o.Undo = notifier.Operator, true, s.ids
	*s = streak{}
	return o
}
