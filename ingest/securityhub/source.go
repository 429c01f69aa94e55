package securityhub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshub "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"tocsin/ingest"
	"tocsin/ingest/awsapi"
)

// Options are what a Source is made from. Name and Client are required.
type Options struct {
	Name   string // of the source, for its mark
	Client *awshub.Client
	Region string        // for names
	Marks  ingest.Marks  // how far the findings were read; nil: each use asks for all
	Every  time.Duration // between two times that it asks; 0: five minutes
	Whole  time.Duration // between two times that it asks for all; 0: a day

	wait func(ctx context.Context, d time.Duration) bool // instead of awsapi.Sleep, in tests
}

// NewClient returns a client of Security Hub.
func NewClient(c aws.Config) *awshub.Client { return awshub.NewFromConfig(c) }

// New returns the source. Findings are asked for in the order in which they were
// updated, from an hour before the last that is stored; and once a day all of them:
// who writes a finding says when it was updated, and may say so hours late (a scanner
// that hands in what it found when it began), and what a customer changes of a finding
// moves no time at all. What comes twice is stored once.
func New(o Options) ingest.Source {
	if o.Every == 0 {
		o.Every = 5 * time.Minute
	}
	if o.Whole == 0 {
		o.Whole = 24 * time.Hour
	}
	if o.wait == nil {
		o.wait = awsapi.Sleep
	}
	return &source{o: o}
}

const (
	overlap  = time.Hour
	farBack  = 400 * 24 * time.Hour // Security Hub keeps findings for 90 days after their last update
	retryAll = time.Hour            // when all could not be had
	pageSize = 100
	maxPage  = 64 << 20 // bytes
	pages    = 5        // of a batch
	again    = 3        // how often a page that broke off is asked for again
)

// A source is the state of a Source.
type source struct {
	o     Options
	mark  string    // RFC 3339 of the last update that is stored; "" before the first
	all   string    // RFC 3339 of when all were asked for and stored last; "" before the first
	read  bool      // the marks were read
	tried time.Time // when all were asked for last, whatever came of it
	ask   *ask      // nil: nothing is under way
	next  time.Time
}

// ask is one question, answered page by page.
type ask struct {
	from, to time.Time
	token    *string
	sorted   bool   // the findings come in the order of their update
	newest   string // update so far
	all      bool   // the findings up to the mark, too
}

// A page is the findings of one answer.
type page struct {
	findings []json.RawMessage
	updated  []string
	token    *string
}

// Receive implements ingest.Source.
func (s *source) Receive(ctx context.Context, ask ingest.Ask) (ingest.Batch, error) {
	if !s.read && s.o.Marks != nil {
		mark, err := s.o.Marks.Mark(ctx, s.markName())
		if err != nil {
			return ingest.Batch{}, err
		}
		all, err := s.o.Marks.Mark(ctx, s.allName())
		if err != nil {
			return ingest.Batch{}, err
		}
		s.mark, s.all, s.read = mark, all, true
	}
	if s.ask == nil {
		now, due := awsapi.Await(ctx, ask, s.next)
		if !due {
			return ingest.Batch{}, ctx.Err()
		}
		s.begin(now, false)
	}
	var objects []ingest.Object
	for range pages {
		p, err := s.page(ctx)
		if err != nil { // the next time it begins at the mark
			s.ask, s.next = nil, time.Time{}
			return s.batch(objects, reached{}, false), err
		}
		if len(p.findings) > 0 {
			objects = append(objects, s.object(p))
		}
		if p.token == nil || ask.Few {
			break
		}
	}
	a := s.ask
	more := a.token != nil
	var read reached
	if a.all && (!more || s.mark == "") { // the first time goes on at the mark when it is cut off
		read.all = stamp(a.to)
	}
	switch {
	case !more: // all that was updated up to then is here
		read.to, s.ask = stamp(a.to), nil
		if more = !a.all && s.dueAll(a.to); more {
			s.begin(a.to, true)
		}
	case a.sorted:
		read.to = a.newest
	}
	return s.batch(objects, read, more), nil
}

// Close implements ingest.Source.
func (s *source) Close() error { return nil }

func (s *source) markName() string { return "read " + s.o.Name }

func (s *source) allName() string { return "all " + s.o.Name }

// begin starts a question: what was updated since the mark, or everything.
func (s *source) begin(now time.Time, all bool) {
	a := &ask{from: now.Add(-farBack), to: now, sorted: true, all: true}
	if t, err := time.Parse(time.RFC3339Nano, s.mark); err == nil && !all {
		a.from, a.all = t.Add(-overlap), false
	}
	if a.all {
		s.tried = now
	}
	s.ask, s.next = a, now.Add(s.o.Every)
}

// dueAll reports whether all are to be asked for, now that what is new is here.
func (s *source) dueAll(now time.Time) bool {
	last, err := time.Parse(time.RFC3339Nano, s.all)
	return (err != nil || now.Sub(last) >= s.o.Whole) && (s.tried.IsZero() || now.Sub(s.tried) >= retryAll)
}

// reached is how far a question was read when a batch of it is stored: up to a
// moment, and when all were asked for if these are all; "" for none.
type reached struct{ to, all string }

// batch hands objects out. When they are stored the marks move.
func (s *source) batch(objects []ingest.Object, read reached, more bool) ingest.Batch {
	return ingest.Batch{Objects: objects, More: more, Settle: func(ctx context.Context, o ingest.Outcome) error {
		if !o.Committed { // begin at the mark again
			s.ask, s.next = nil, time.Time{}
			return nil
		}
		var errs []error
		set := func(name, value string) {
			if s.o.Marks != nil {
				errs = append(errs, s.o.Marks.SetMark(ctx, name, value))
			}
		}
		if later(read.to, s.mark) {
			s.mark = read.to
			set(s.markName(), read.to)
		}
		if read.all != "" {
			s.all = read.all
			set(s.allName(), read.all)
		}
		return errors.Join(errs...)
	}}
}

// page asks for one page.
func (s *source) page(ctx context.Context) (page, error) {
	a := s.ask
	in := &awshub.GetFindingsInput{
		MaxResults: aws.Int32(pageSize), NextToken: a.token,
		Filters:      &types.AwsSecurityFindingFilters{UpdatedAt: []types.DateFilter{{Start: aws.String(stamp(a.from)), End: aws.String(stamp(a.to))}}},
		SortCriteria: []types.SortCriterion{{Field: aws.String("UpdatedAt"), SortOrder: types.SortOrderAscending}},
	}
	var p page
	var err error
	for n := 0; n <= again; n++ {
		if p, err = s.call(ctx, in); err == nil || !awsapi.Late(err) || ctx.Err() != nil {
			break
		}
		s.o.wait(ctx, time.Duration(n)*time.Second)
	}
	if err != nil {
		return p, err
	}
	a.token = p.token
	for _, at := range p.updated {
		if later(a.newest, at) {
			a.sorted = false
		} else {
			a.newest = at
		}
	}
	return p, nil
}

// call asks once. The answer is taken as the service wrote it, so that no field is
// lost which the SDK does not know.
func (s *source) call(ctx context.Context, in *awshub.GetFindingsInput) (page, error) {
	call := awsapi.Call{Action: awsapi.GetFindings, Thing: "Security Hub in " + s.o.Region}
	var raw []byte
	out, err := s.o.Client.GetFindings(ctx, in, keepBody(&raw))
	if err != nil {
		return page{}, call.Wrap(err)
	}
	var answer struct{ Findings []json.RawMessage }
	if err := json.Unmarshal(raw, &answer); err != nil {
		return page{}, call.Wrap(fmt.Errorf("its answer: %w", err))
	}
	p := page{findings: answer.Findings, token: out.NextToken}
	if aws.ToString(p.token) == "" {
		p.token = nil
	}
	for _, f := range out.Findings {
		p.updated = append(p.updated, aws.ToString(f.UpdatedAt))
	}
	return p, nil
}

// object makes an object of a page. By the source's clock it is as old as its
// newest finding's update.
func (s *source) object(p page) ingest.Object {
	var b bytes.Buffer
	b.WriteString(`{"Findings":[`)
	newest := ""
	for i, f := range p.findings {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(f)
	}
	b.WriteString("]}\n")
	for _, at := range p.updated {
		if newest == "" || later(at, newest) {
			newest = at
		}
	}
	modified, err := time.Parse(time.RFC3339Nano, newest)
	if err != nil {
		modified = s.ask.to
	}
	sum := sha256.Sum256(b.Bytes())
	version := hex.EncodeToString(sum[:16])
	return ingest.Object{
		Name:    "securityhub://" + s.o.Region + "/" + version,
		Version: version, Modified: modified.UTC(), Size: int64(b.Len()), Named: true, Held: b.Bytes(),
		Open: ingest.Bytes(b.Bytes()),
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// later reports whether moment a is after b; what is no moment is before all.
func later(a, b string) bool {
	x, err := time.Parse(time.RFC3339Nano, a)
	if err != nil {
		return false
	}
	y, err := time.Parse(time.RFC3339Nano, b)
	return err != nil || x.After(y)
}
