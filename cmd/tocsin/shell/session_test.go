package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/diag"
	"tocsin/query"
)

// fake is a project of one small logstore. It answers every question with the
// same rows, and writes rows as text.
type fake struct {
	asked  []Question
	rows   *query.Result
	notes  []string
	err    error
	values []query.SeenValue
	rule   string
}

var fakeSchema = query.Fixed{
	{Name: "findings", Table: "findings", Fields: []query.Field{{Name: "status", Column: "status"}}},
	{Name: "trail", Table: "trail", Fields: []query.Field{
		{Name: "eventName", Column: "event_name", Type: query.Text, Doc: "what was called"},
		{Name: "n", Column: "n", Type: query.Integer},
		{Name: "request", Column: "request", Type: query.JSON, Open: true},
	}},
}

func (f *fake) Ask(_ context.Context, q Question) (*Answer, error) {
	f.asked = append(f.asked, q)
	if f.err != nil {
		return nil, f.err
	}
	return &Answer{Result: f.rows, At: noon, Notes: f.notes}, nil
}

func (f *fake) Stored(context.Context) ([]Holding, error) {
	return []Holding{{Logstore: "findings", Records: 2, Oldest: noon, Newest: noon}, {Logstore: "trail", Records: 30, Oldest: noon, Newest: noon}}, f.err
}

func (f *fake) Plan(q Question) (*query.Plan, error) {
	var plan *query.Plan
	p, err := query.Parse(q.Text)
	if err == nil {
		plan, err = p.Plan(fakeSchema, query.Options{Logstore: q.Logstore, MaxRows: q.Rows})
	}
	if list := (*diag.List)(nil); errors.As(err, &list) {
		list.Source = q.Text
	}
	return plan, err
}

func (f *fake) Explain(_ context.Context, q Question) (string, error) {
	return "explained: " + q.Text + "\n", nil
}

func (f *fake) Surroundings(q Question) query.Surroundings {
	return query.Surroundings{Schema: fakeSchema, Options: query.Options{Logstore: q.Logstore}}
}

func (f *fake) Moment(text string) (time.Time, error) { return time.Parse(time.DateOnly, text) }

func (f *fake) Write(w io.Writer, form Form, r *query.Result) error {
	fmt.Fprintf(w, "as %s:", form.Format)
	for _, row := range r.Rows {
		fmt.Fprintf(w, " %v", row)
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (f *fake) AddRule(id, file, rule string) (string, error) {
	f.rule = rule
	return file + id + ".yaml", nil
}

func (f *fake) CheckRule(string) error { return nil }

func (f *fake) Paths(context.Context, string) ([]query.SeenPath, error) {
	return []query.SeenPath{{Path: "eventName", Type: "text", Records: 30, Of: 30}, {Path: "request.bucketName", Type: "text", Records: 1, Of: 300}}, f.err
}

func (f *fake) Values(context.Context, string, string, string) ([]query.SeenValue, error) {
	return f.values, f.err
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// play runs a script and returns what it wrote, rows and remarks in their order.
func play(t *testing.T, f *fake, script string, set func(*Options)) (string, error) {
	t.Helper()
	if f.rows == nil {
		f.rows = &query.Result{Columns: columns("a", query.Text, "n", query.Integer), Rows: [][]any{{"x", int64(1)}}}
	}
	var out bytes.Buffer
	o := Options{
		Project: f, In: strings.NewReader(script), Out: &out, Err: &out, Screen: func() (int, int) { return 80, 24 }, Zone: time.UTC,
		Now: func() time.Time { return noon }, Format: "table", Rows: 100, Range: Range{Last: 24 * time.Hour},
		Interruptible: func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
		Notes: func(text string) []string {
			if strings.HasPrefix(text, "SELECT") {
				return []string{"of " + text}
			}
			return nil
		},
	}
	o.Report = func(err error) {
		var list *diag.List
		if errors.As(err, &list) {
			_ = diag.Print(&out, list)
			return
		}
		fmt.Fprintln(&out, "error:", diag.Clean(err.Error()))
	}
	if set != nil {
		set(&o)
	}
	err := Run(t.Context(), o)
	return out.String(), err
}

// What a script prints, command by command.
func TestScripts(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"a query of the fullest logstore", "eventName:x", "as table: [x 1]\n"},
		{"several lines", "* |\n  SELECT n\n  , eventName\n| LIMIT 3\n.output csv\nn:1;\n", "as table: [x 1]\nas csv: [x 1]\n"},
		{"a command behind an open bracket", "eventName:(x\n.rows\n", "1:13: error: the text ends too early, expected a condition, ) or and/or [query/syntax]\n  | eventName:(x\n  |             ^\n  = hint: the ( of \"(x\" is still open\n100\n"},
		{"what is no command goes on", "eventName:(x or\n.rowing)\n", "as table: [x 1]\n"},
		{"a mistake with its place", "evntName:x", "1:1: error: the logstore trail has no field evntName [query/unknown-field]\n  | evntName:x\n  | ^^^^^^^^\n  = hint: did you mean eventName?\n"},
		{"an unknown command", ".lst 4h", "error: there is no .lst; did you mean .last?\n"},
		{"an argument too much", ".all of it", "error: .all takes no argument\n"},
		{"settings", ".rows\n.rows 5\n.rows\n.output\n.pager off\n.pager\n.x\n.x\n.last 4h\n.last soon\n.rows 0\n.pager maybe\n.x maybe\n.output cvs\n.use trial\n", "100\n5\ntable\noff\non\nauto\nerror: .last soon: write it as .last 30m, .last 24h or .last 30d\n" +
			"error: .rows 0: it is a number from 1 to 10000000\nerror: .pager maybe: it is on or off\nerror: .x maybe: it is on, off or auto\nerror: .output cvs: did you mean csv?\nerror: there is no logstore trial; did you mean trail?\n"},
		{"expanded", ".x on\n*\n.x off\n*", "as expanded: [x 1]\nas table: [x 1]\n"},
		{"a range that ends before it begins", ".from 2026-11-22\n.to 2026-11-21", "error: .to: the range would end before it begins: from 2026-11-22 to 2026-11-21\n"},
		{"a moment that is none", ".from noon\n.to", "error: .from: parsing time \"noon\" as \"2006-01-02\": cannot parse \"noon\" as \"2006\"\nerror: .to MOMENT: write .to 2026-11-22, or .to 2026-11-22T09:00\n"},
		{"explain", ".explain\n.explain n:1\n*\n.explain", "error: .explain QUERY: nothing was asked yet\nexplained: n:1\nas table: [x 1]\nexplained: *\n"},
		{"fields", ".fields event\n.fields re*name\n.fields nope", "as table: [eventName text 100 % what was called]\nas table: [request.bucketName text <1 % ]\nerror: trail has no field nope; it is one of eventName, n, request, request.bucketName\n"},
		{"values", ".values eventName\n.values a | b", "as table: [x 1]\nerror: .values FIELD: write .values eventName\n"},
		{"a query with a note", "SELECT eventName", "tocsin: note: of SELECT eventName\nas table: [x 1]\n"},
		{"help of one", ".help chart\n.help nope", ".chart [bar|line]           draw the last rows; records as counts over time\nerror: there is no .nope; .help lists what there is\n"},
		{"a chart", ".chart\n.chart pie\n* | GROUP BY eventName\n.chart bar\n.chart line", "error: .chart: nothing was asked yet\nerror: .chart pie: it is bar or line\nas table: [x 1]\nx  1  " + strings.Repeat("█", 74) + "\nerror: a line needs a time: the rows have no column of times; .chart bar draws bars\n"},
		{"history", ".history", "error: a script has no history\n"},
		{"the end of it", ".quit\n*", ""},
		{"words that a query may be", "help\nexit", "as table: [x 1]\nas table: [x 1]\n"},
		{"hostile text in an error", "a:\x1b[31m", "1:3: error: a control character (U+001B)"},
	} {
		got, _ := play(t, &fake{}, c.script, nil)
		if got != c.want && !(strings.HasPrefix(got, c.want) && c.name == "hostile text in an error" && !strings.Contains(got, "\x1b")) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// What a question is asked with.
func TestQuestions(t *testing.T) {
	f := &fake{}
	_, err := play(t, f, "*\n.from 2026-11-22\n.to 2026-11-23\n.use findings\n.rows 7\n*\n.last 4h\n*\n.last\n*\n.all\n*\n.from 2026-11-22\n*", nil)
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) time.Time { at, _ := time.Parse(time.DateOnly, s); return at }
	want := []Question{
		{"*", "trail", Range{Last: 24 * time.Hour}, 100},
		{"*", "findings", Range{From: day("2026-11-22"), To: day("2026-11-23")}, 7},
		{"*", "findings", Range{Last: 4 * time.Hour}, 7},
		{"*", "findings", Range{Last: 24 * time.Hour}, 7},
		{"*", "findings", Range{}, 7},
		{"*", "findings", Range{From: day("2026-11-22")}, 7},
	}
	if fmt.Sprint(f.asked) != fmt.Sprint(want) {
		t.Errorf("%v\nwant\n%v", f.asked, want)
	}
}

// What has to be known of an answer is said below it.
func TestRemarks(t *testing.T) {
	f := &fake{rows: &query.Result{Columns: columns("a", query.Text), Rows: [][]any{{"x"}}, Partial: "only the first 1 rows"}}
	got, err := play(t, f, ".rows 1\n*", nil)
	if want := "as table: [x]\ntocsin: the answer is not complete: only the first 1 rows (.rows 10 shows more)\n"; got != want || err != nil {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	f = &fake{rows: &query.Result{Columns: columns("a", query.Text)}, notes: []string{"no rows; trail holds \x1b[2J"}}
	got, _ = play(t, f, "*\n.all\n*", nil)
	if want := "as table:\nno rows; trail holds \\u001b[2J (.all looks at everything)\nas table:\nno rows; trail holds \\u001b[2J\n"; got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

// A script goes on behind a statement that failed, and fails at its end.
func TestFailedScript(t *testing.T) {
	_, err := play(t, &fake{}, "*\nnope:1\n.nope\n*\n", nil)
	var failed *Failed
	if !errors.As(err, &failed) || len(failed.Errs) != 2 || err.Error() != "2 statements failed" {
		t.Errorf("%v", err)
	}
	if list := (*diag.List)(nil); errors.As(err, &list) {
		t.Error("what was reported is reported again")
	}
	broken := errors.New("another process has it")
	got, err := play(t, &fake{err: broken}, "*", func(o *Options) { o.Logstore = "trail" })
	if !errors.As(err, &failed) || got != "error: another process has it\n" {
		t.Errorf("%v %s", err, got)
	}
	if _, err = play(t, &fake{err: broken}, "*", nil); !errors.Is(err, broken) {
		t.Errorf("without a logstore: %v", err)
	}
}

// A statement without an end ends the script before it fills the memory, and so
// does the end of the program, which is no success.
func TestScriptEnds(t *testing.T) {
	for _, text := range []string{"(\n" + strings.Repeat(strings.Repeat("x", maxLine/4)+" or\n", 5), "* | SELECT '" + strings.Repeat("x", maxLine)} {
		f := &fake{}
		got, err := play(t, f, "*\n\n"+text+"\n\n*\n", nil)
		if failed := (*Failed)(nil); !errors.As(err, &failed) || len(failed.Errs) != 1 || len(f.asked) != 1 || !strings.Contains(got, "longer than 1 MiB") {
			t.Errorf("%v, %d asked: %.300s", err, len(f.asked), got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &session{Options: Options{Project: &fake{err: context.Canceled}, In: strings.NewReader("*"), Out: io.Discard, Err: io.Discard, Logstore: "trail", Now: timeNow, Notes: func(string) []string { return nil }}}
	s.Interruptible = func(ctx context.Context) (context.Context, context.CancelFunc) { cancel(); return ctx, func() {} }
	if err := s.script(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a script that was ended: %v", err)
	}
}

// .export writes the last rows, once, for their owner alone.
func TestExport(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "my rows.CSV")
	got, _ := play(t, &fake{}, ".export "+file+"\n*\n.export "+file+"\n.export "+file+"\n.export x.txt\n.export", nil)
	want := "error: .export: nothing was asked yet\nas table: [x 1]\nwritten: " + file + ", 1 row\nerror: " + file + " exists already: remove it, or name another file\n" +
		"error: .export x.txt: the name of the file ends in .csv, .json or .ndjson\nerror: .export FILE: write .export rows.csv, rows.json or rows.ndjson\n"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	text, err := os.ReadFile(file)
	info, err2 := os.Stat(file)
	if err != nil || err2 != nil || string(text) != "as csv: [x 1]\n" || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v %s %v", err, err2, text, info.Mode())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}

// .save as rule says what it takes, and what it cannot make a test of.
func TestSaveRefuses(t *testing.T) {
	f := &fake{rows: &query.Result{Columns: columns("a", query.Text)}}
	got, _ := play(t, f, ".save x\n.save as rule X\n.save as rule x\n*\n.save as rule x", nil)
	want := "error: .save as rule NAME [FILE]: write .save as rule trail-stopped\nerror: X cannot name a rule: use a-z, 0-9, dot, hyphen and underscore\n" +
		"error: .save: nothing was asked yet; the last query becomes the rule\nas table:\nwritten: x.yaml\n"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if !strings.Contains(f.rule, "# No test: the query found nothing.\n") || !strings.Contains(f.rule, "window: new") {
		t.Error(f.rule)
	}
}

// Pages stop at each screen, and q ends them.
func TestPages(t *testing.T) {
	long := strings.Repeat("line\n", 25)
	for keys, want := range map[string]int{"q\n": 8, "\nq\n": 16, "\n\n\n\n": 25, "": 8} {
		var out bytes.Buffer
		s := &session{Options: Options{In: strings.NewReader(keys), Out: &out, Err: io.Discard}}
		if err := s.page(t.Context(), []byte(long), 10); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "line\n"); got != want {
			t.Errorf("%q: %d lines, not %d", keys, got, want)
		}
	}
	for _, h := range []int{1, 2} {
		s := &session{Options: Options{In: strings.NewReader("\nq\n"), Out: io.Discard, Err: io.Discard}}
		if err := s.page(t.Context(), []byte(long), h); err != nil {
			t.Error(h, err)
		}
	}
	var out bytes.Buffer
	s := &session{Options: Options{Out: &out, Err: io.Discard, Pager: []string{"/bin/sh", "-c", "tr a-z A-Z"}, Interruptible: func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }}}
	if err := s.page(t.Context(), []byte(long), 10); err != nil || !strings.HasPrefix(out.String(), "LINE\n") {
		t.Errorf("%v %s", err, out.String())
	}
	s.Pager, s.In = []string{"/no/such/pager"}, strings.NewReader("q\n")
	out.Reset()
	if err := s.page(t.Context(), []byte(long), 10); err != nil || strings.Count(out.String(), "line\n") != 8 {
		t.Errorf("%v %s", err, out.String())
	}
}
