// What a session needs of the program around it.

package shell

import (
	"context"
	"io"
	"time"

	"tocsin/diag"
	"tocsin/query"
)

// A Project answers what a session asks. Errors of a user's text are a
// *diag.List; that the context ended is its error.
type Project interface {
	// Seen offers paths and values of the stored records, for completion.
	query.Seen
	// Ask runs a question and returns its rows.
	Ask(ctx context.Context, q Question) (*Answer, error)
	// Stored says what each logstore holds.
	Stored(ctx context.Context) ([]Holding, error)
	// Plan plans a question without the stored records.
	Plan(q Question) (*query.Plan, error)
	// Explain says how a question would be answered, in lines that a terminal may
	// get.
	Explain(ctx context.Context, q Question) (string, error)
	// Surroundings are what the text of a question is completed in, but for Seen.
	Surroundings(q Question) query.Surroundings
	// Moment reads a moment as a user writes it.
	Moment(text string) (time.Time, error)
	// Write writes rows.
	Write(w io.Writer, form Form, r *query.Result) error
	// AddRule puts a rule, one item of a list `rules`, into a file. An empty file
	// means one of the rule's own among the project's rules. It returns where the
	// rule stands.
	AddRule(id, file, rule string) (path string, err error)
	// CheckRule checks a file of rules and prints the outcome. An error without words
	// is that something is wrong, which is printed.
	CheckRule(path string) error
}

// A Question is a query with what it is asked of.
type Question struct {
	Text     string
	Logstore string
	Range    Range
	Rows     int // bound on the rows
}

// An Answer is the rows of a question, and what a reader has to know of them.
type Answer struct {
	Result *query.Result
	At     time.Time // the moment at which the question was pinned
	Notes  []string  // one line each: where records are when none matched
}

// A Holding is what a logstore holds.
type Holding struct {
	Logstore       string
	Records        int64
	Oldest, Newest time.Time // zero without records
	Lookup         bool      // a table that is joined; its rows have no time
}

// A Form says how rows are written.
type Form struct {
	Format string // one of Formats, or "expanded"
	Width  int    // columns of the screen; 0: there is none
	Person bool   // a person reads it as it is: nothing of it may be hidden or a formula
}

// Formats are the values of .output.
func Formats() []string { return []string{"table", "json", "ndjson", "csv"} }

// Wrong marks a mistake of the user that is no text with a place, such as the
// argument of a dot command.
type Wrong struct{ Err error }

// Error says what is wrong.
func (w *Wrong) Error() string { return w.Err.Error() }

// Unwrap returns the error that is marked.
func (w *Wrong) Unwrap() error { return w.Err }

// Failed is the error of a script in which statements failed. They have been
// reported one by one, so it does not unwrap to them.
type Failed struct{ Errs []error }

// Error says how many failed.
func (f *Failed) Error() string { return count(int64(len(f.Errs)), "statement") + " failed" }

// visible is text that is not ours, for one line of a terminal.
func visible(s string) string { return diag.Isolate(diag.Line(s)) }
