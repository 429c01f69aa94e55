// A session: its settings, its loop, and how one statement is run.

package shell

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"tocsin/diag"
	"tocsin/query"
)

// Options say what a session works on and with.
type Options struct {
	Project Project
	In      io.Reader // of statements, when there is no terminal
	Out     io.Writer // of rows
	Err     io.Writer // of everything else that is said

	Terminal      bool                                                        // a person types into standard input and reads standard output
	Person        bool                                                        // rows are written to a terminal, also those of a script
	Screen        func() (w, h int)                                           // size of the terminal; 0 where there is none
	Color         bool                                                        // colours may be used
	Zone          *time.Location                                              // of moments that are typed and shown
	Now           func() time.Time                                            // of file names and comments; questions are pinned by the Project
	History       string                                                      // file of what was typed; "" for none
	Pager         []string                                                    // command of the pager; none: pages are cut here
	Report        func(err error)                                             // prints an error for a person
	Notes         func(text string) []string                                  // what to know of a query before its answer, lines fit for a terminal
	Interruptible func(context.Context) (context.Context, context.CancelFunc) // ends with Ctrl-C

	Logstore string // to begin with; "": the only one that has records, else the fullest
	Range    Range
	Format   string
	Rows     int
}

// Run is a whole session. In a script, which is what a session without a terminal
// is, the error is a *Failed when a statement failed; the others are run all the
// same.
func Run(ctx context.Context, o Options) error {
	s := &session{Options: o, expand: "auto", paged: true}
	if o.Terminal {
		return s.interactive(ctx)
	}
	return s.script(ctx)
}

// A session is what was set and what was last asked.
type session struct {
	Options
	expand string // on, off, auto
	paged  bool
	last   *asked
	failed []error
	lines  *history
	cache  cache

	reserved int // rows below the prompt that the line may use
}

// asked is a question with its plan and answer, for the commands that use the
// rows on the screen.
type asked struct {
	question Question
	plan     *query.Plan
	answer   *Answer
}

// errQuit ends a session.
var errQuit = errors.New("the session is over")

// maxLine bounds one line of a script, and one statement, in bytes.
const maxLine = 1 << 20

// errLong ends a script.
var errLong = wrong("a statement is longer than 1 MiB, and nothing behind its beginning is read: keep long lists of values in a named list: field in $name")

// script runs the statements of a pipe. A statement ends where the next line does
// not go on with it, or is a dot command, whatever is open in it; one that is too long
// ends the script, since where the next one begins is not known.
func (s *session) script(ctx context.Context) error {
	if err := s.chooseLogstore(ctx, nil); err != nil {
		return err
	}
	lines := bufio.NewScanner(s.In)
	lines.Buffer(nil, maxLine)
	var text string
	for lines.Scan() {
		line := lines.Text()
		if text != "" && (commands().names(line) || finished(text) && !goesOn(text, line)) {
			if s.run(ctx, text) {
				return s.outcome()
			}
			text = ""
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if text = strings.TrimPrefix(text+"\n"+line, "\n"); len(text) > maxLine {
			s.fail(errLong)
			return s.outcome()
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		s.fail(errLong)
	case err != nil:
		s.fail(fmt.Errorf("read the statements: %w", err))
	default:
		s.run(ctx, text)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.outcome()
}

func (s *session) outcome() error {
	if len(s.failed) == 0 {
		return nil
	}
	return &Failed{s.failed}
}

// fail reports an error, and keeps it for the outcome.
func (s *session) fail(err error) {
	s.Report(err)
	s.failed = append(s.failed, err)
}

// run executes one text and reports what is wrong with it. It reports whether the
// session is over.
func (s *session) run(ctx context.Context, text string) (over bool) {
	err := s.execute(ctx, tidy(text))
	switch {
	case err == nil:
	case errors.Is(err, errQuit):
		return true
	case ctx.Err() != nil: // the program is told to end
	case errors.Is(err, context.Canceled) && s.Terminal:
		fmt.Fprintln(s.Err, "interrupted")
	default:
		s.fail(err)
	}
	return false
}

// execute runs one text: a dot command, or a query.
func (s *session) execute(ctx context.Context, text string) error {
	switch {
	case text == "":
		return nil
	case strings.HasPrefix(text, "."):
		return s.command(ctx, text)
	case s.Terminal && habit[text] != "":
		return s.command(ctx, habit[text])
	}
	if hint := Prisma(text, commandSettings); hint != "" {
		return wrong("%s", hint)
	}
	for _, n := range s.Notes(text) {
		fmt.Fprintf(s.Err, "tocsin: note: %s\n", n)
	}
	return s.ask(ctx, text)
}

// habit is what people type into a shell at a terminal, and what they mean. As a
// query each stands in quotes.
var habit = map[string]string{"exit": ".quit", "quit": ".quit", "help": ".help", "?": ".help", `\q`: ".quit", `\x`: ".x", `\?`: ".help"}

// question is a text with the settings of the session.
func (s *session) question(text string) Question {
	return Question{Text: text, Logstore: s.Logstore, Range: s.Range, Rows: s.Rows}
}

// ask runs a query, keeps it as the last one, and shows the rows.
func (s *session) ask(ctx context.Context, text string) error {
	started := s.Now()
	a, err := s.answer(ctx, s.question(text))
	if err != nil {
		return err
	}
	s.last = a
	if err := s.show(ctx, a.answer.Result); err != nil {
		return err
	}
	s.remark(a.answer, s.Now().Sub(started))
	return nil
}

// answer plans a question here, so that a mistake is told at once, and has it
// answered. Ctrl-C ends it.
func (s *session) answer(ctx context.Context, q Question) (*asked, error) {
	plan, err := s.Project.Plan(q)
	if err != nil {
		return nil, err
	}
	ctx, done := s.Interruptible(ctx)
	defer done()
	a, err := s.Project.Ask(ctx, q)
	if err != nil {
		return nil, err
	}
	return &asked{q, plan, a}, nil
}

// show writes rows to the screen, page by page where they do not fit.
func (s *session) show(ctx context.Context, r *query.Result) error {
	w, h := s.Screen()
	form := Form{Format: s.Format, Width: w, Person: s.Person}
	if form.Format == "table" && s.expanded(r) {
		form.Format = "expanded"
	}
	if !s.Terminal || !s.paged {
		return s.Project.Write(s.Out, form, r)
	}
	var page bytes.Buffer
	if err := s.Project.Write(&page, form, r); err != nil {
		return err
	}
	return s.page(ctx, page.Bytes(), h)
}

// expandedColumns is how many columns a table has at most where .x is auto.
const expandedColumns = 12

// expanded reports whether rows are shown one value a line.
func (s *session) expanded(r *query.Result) bool {
	return s.expand == "on" || s.expand == "auto" && len(r.Columns) > expandedColumns
}

// remark says below the rows what has to be known of them.
func (s *session) remark(a *Answer, took time.Duration) {
	r := a.Result
	if r.Partial != "" {
		more := ""
		if len(r.Rows) == s.Rows && s.Rows < maxRows {
			more = fmt.Sprintf(" (.rows %d shows more)", min(10*s.Rows, maxRows))
		}
		fmt.Fprintf(s.Err, "tocsin: the answer is not complete: %s%s\n", visible(r.Partial), more)
	}
	for _, n := range a.Notes {
		hint := ""
		if !s.Range.All() {
			hint = " (.all looks at everything)"
		}
		fmt.Fprintf(s.Err, "%s%s\n", diag.Clean(n), hint)
	}
	if s.Terminal && len(r.Rows) > 0 {
		fmt.Fprintln(s.Err, s.dim(fmt.Sprintf("%s in %.2f s", count(int64(len(r.Rows)), "row"), took.Seconds())))
	}
}

// dim makes text of ours stand back on a terminal with colours.
func (s *session) dim(text string) string { return s.color("2", text) }

func (s *session) color(attribute, text string) string {
	if !s.Color {
		return text
	}
	return "\x1b[" + attribute + "m" + text + "\x1b[0m"
}

// chooseLogstore finds the logstore to begin with; where several have records,
// the one with the most. holdings may be nil.
func (s *session) chooseLogstore(ctx context.Context, holdings []Holding) error {
	if s.Logstore != "" {
		return nil
	}
	if holdings == nil {
		var err error
		if holdings, err = s.Project.Stored(ctx); err != nil {
			return err
		}
	}
	most := int64(-1)
	for _, h := range holdings {
		if !h.Lookup && h.Records > most {
			s.Logstore, most = h.Logstore, h.Records
		}
	}
	return nil
}
