// .save as rule: what is asked to have a rule, and the records of its test.

package shell

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
)

// saveAs matches what .save takes.
var saveAs = regexp.MustCompile(`^as\s+rule\s+(\S+)(?:\s+(.+))?$`)

func (s *session) save(ctx context.Context, args string) error {
	m := saveAs.FindStringSubmatch(args)
	if m == nil {
		return wrong(".save as rule NAME [FILE]: write .save as rule trail-stopped")
	}
	id, file := m[1], m[2]
	if !alertrules.ValidName(id) {
		return wrong("%s cannot name a rule: use a-z, 0-9, dot, hyphen and underscore", visible(id))
	}
	if s.last == nil {
		return wrong(".save: nothing was asked yet; the last query becomes the rule")
	}
	if own := s.last.plan.Histories(); len(own) > 0 {
		return wrong(".save: a rule does not look at %s, which is what tocsin did itself", strings.Join(own, ", "))
	}
	d := s.draft(id)
	if err := s.sample(ctx, &d); err != nil {
		return err
	}
	path, err := s.Project.AddRule(id, file, d.text())
	if list := (*diag.List)(nil); errors.As(err, &list) && d.records != nil { // such as records nested deeper than YAML may be
		d.records, d.untested = nil, "its records cannot stand in a file of rules"
		path, err = s.Project.AddRule(id, file, d.text())
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "written: %s\n", visible(path))
	return s.Project.CheckRule(path)
}

// draft is the rule of the last question, without a test.
func (s *session) draft(id string) draft {
	a := s.last
	l, _ := s.Project.Surroundings(a.question).Schema.Logstore(a.question.Logstore)
	d := draft{id: id, logstore: a.question.Logstore, query: a.question.Text, asked: a.answer.At}
	if text, err := query.Format(a.question.Text); err == nil { // it was answered, so it can be read
		d.query = strings.TrimSuffix(text, "\n")
	}
	switch {
	case l != nil && l.NoWindow:
	case a.plan.Aggregates():
		d.window = a.question.Range.Last
		if d.window == 0 {
			d.window = 24 * time.Hour
		}
	default:
		d.news = true
	}
	return d
}

// How many records a test has: of records on the screen the first few; where rows
// count records, as few of them as give a row, found by doubling.
const (
	fewRecords  = 5
	mostRecords = 80
)

// sample finds the records for the test of a rule, and whether the rule finds
// them. Where it cannot, the draft says why.
func (s *session) sample(ctx context.Context, d *draft) error {
	a := s.last
	l, ok := s.Project.Surroundings(a.question).Schema.Logstore(a.question.Logstore)
	switch {
	case ok && l.NoWindow:
		d.untested = "its rows are findings as they stand, which many records may have made"
		return nil
	case len(a.answer.Result.Rows) == 0:
		d.untested = "the query found nothing"
		return nil
	case len(a.plan.Logstores()) != 1 || a.plan.Logstores()[0] != a.question.Logstore:
		d.untested = "it reads other logstores than its own"
		return nil
	}
	if a.plan.RowIdentity() {
		return s.tryRecords(ctx, d, a.answer.Result.Seqs[:min(fewRecords, len(a.answer.Result.Seqs))])
	}
	q, err := query.Parse(a.question.Text)
	if err != nil {
		return err
	}
	behind := a.question
	behind.Range = pinned(a.question.Range, a.answer.At)
	behind.Text, behind.Rows = (&query.Query{Filter: q.Filter}).String(), mostRecords
	if behind.Text == "" {
		behind.Text = "*"
	}
	behind.Text += " | ORDER BY @time DESC LIMIT " + strconv.Itoa(mostRecords)
	records, err := s.answer(ctx, behind)
	if err != nil {
		return err
	}
	seqs := records.answer.Result.Seqs
	for n := fewRecords; n/2 < len(seqs); n *= 2 {
		if err := s.tryRecords(ctx, d, seqs[:min(n, len(seqs))]); err != nil || d.records != nil {
			return err
		}
	}
	d.untested = fmt.Sprintf("none of its rows comes of its newest %s alone", count(int64(len(seqs)), "record"))
	return nil
}

// pinned is the range that a question had at its moment.
func pinned(r Range, at time.Time) Range {
	w := r.Window(at)
	if w.To.IsZero() {
		w.To = at
	}
	return Range{From: w.From, To: w.To}
}

// tryRecords makes records the test of the draft when its query gives rows over
// them alone.
func (s *session) tryRecords(ctx context.Context, d *draft, seqs []int64) error {
	if len(seqs) == 0 {
		d.untested = "the rows are no records"
		return nil
	}
	over, err := onlySeqs(s.last.question.Text, seqs)
	if err != nil {
		return err
	}
	q := s.last.question
	q.Range, q.Text = Range{}, over
	found, err := s.answer(ctx, q)
	if err != nil || len(found.answer.Result.Rows) == 0 {
		return err
	}
	l, ok := s.Project.Surroundings(q).Schema.Logstore(q.Logstore)
	if !ok {
		return wrong("there is no logstore %s", visible(q.Logstore))
	}
	native := nativeFields(l)
	q.Text, q.Rows = wholeRecords(native, seqs), mostRecords
	whole, err := s.answer(ctx, q)
	if err != nil {
		return err
	}
	return d.take(native, whole.answer.Result)
}

// take makes the rows of wholeRecords the records of the test.
func (d *draft) take(native []query.Field, r *query.Result) error {
	var oldest time.Time
	for _, row := range r.Rows {
		record, err := nativeRecord(native, row)
		if err != nil {
			return err
		}
		d.records = append(d.records, record)
		at, ok := momentOf(row[0])
		if ok && at.After(d.newest) {
			d.newest = at
		}
		if ok && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	if d.window > 0 && d.newest.Sub(oldest) > d.window-2*time.Minute {
		d.records, d.untested = nil, "its records lie further apart than its window"
	}
	return nil
}

// onlySeqs is a query over the records of these numbers alone.
func onlySeqs(text string, seqs []int64) (string, error) {
	q, err := query.Parse(text)
	if err != nil {
		return "", err
	}
	these, err := query.ParseSearch(seqSearch(seqs))
	if err != nil {
		return "", err
	}
	if q.Filter == nil {
		q.Filter = these
	} else {
		q.Filter = &query.SearchAnd{Xs: []query.Search{q.Filter, these}}
	}
	return q.String(), nil
}

func seqSearch(seqs []int64) string {
	numbers := make([]string, len(seqs))
	for i, n := range slices.Sorted(slices.Values(seqs)) {
		numbers[i] = strconv.FormatInt(n, 10)
	}
	return "__seq__:(" + strings.Join(numbers, " or ") + ")"
}
