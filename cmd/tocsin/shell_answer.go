// How the shell has a question answered by a process of its own, for the reasons
// that package shell gives: a request on its standard input, a response on its
// standard output.

package main

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"

	"tocsin/cmd/tocsin/shell"
	"tocsin/diag"
	"tocsin/query"
)

// shellCommand is what the lock of the data directory says while a statement of
// the shell runs.
const shellCommand = "tocsin shell"

// A request is one question: rows, what is stored, or what there is to complete.
type request struct {
	Question *shell.Question
	Explain  bool // the question is not run
	Stored   bool
	Logstore string // the paths of its records; with Field, the values of a field
	Field    string
	Prefix   string
	Timeout  time.Duration
}

// A response answers a request, or says why not.
type response struct {
	Result   *query.Result
	At       time.Time
	Notes    []string
	Text     string // of an explanation
	Holdings []shell.Holding
	Paths    []query.SeenPath
	Values   []query.SeenValue

	Problems *diag.List // what is wrong in the text of the question
	Error    string     // another error
	Code     int        // and its exit status
}

// registerValues makes the values of rows known to gob.
func registerValues() {
	gob.Register([]any{})
	gob.Register(map[string]any{})
	gob.Register(time.Time{})
}

// askProcess starts the program once more and has it answer. When ctx ends, the
// process is killed and the error is that of ctx.
func askProcess(ctx context.Context, o *options, q request) (response, error) {
	registerValues()
	self, err := os.Executable()
	if err != nil {
		return response{}, fmt.Errorf("find the program: %w", err)
	}
	var in, said bytes.Buffer
	if err := gob.NewEncoder(&in).Encode(q); err != nil {
		return response{}, fmt.Errorf("write the question: %w", err)
	}
	args := []string{"shell", "--answer", "--data", o.data}
	if o.config != "" {
		args = append(args, "--config", o.config)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stderr = &in, &said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return response{}, fmt.Errorf("start a process that answers: %w", err)
	}
	var r response
	if err = gob.NewDecoder(out).Decode(&r); err != nil {
		err = errors.Join(err, out.Close()) // what is not read any more cannot hold the process up
	}
	if ended := cmd.Wait(); ended != nil { // it says more than half an answer does
		err = ended
	}
	if ctx.Err() != nil {
		return response{}, ctx.Err()
	}
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		return response{}, fmt.Errorf("the process that answers ended early (%w) %s", err, diag.Line(first))
	}
	return r, nil
}

// answerOne is the other side: it answers the question on standard input.
func answerOne(ctx context.Context, e *env, o *options) error {
	if e.host == nil {
		signal.Ignore(os.Interrupt) // Ctrl-C on the terminal comes here too; the session ends this process
	}
	registerValues()
	var q request
	if err := gob.NewDecoder(e.stdin).Decode(&q); err != nil {
		return usage("--answer is for tocsin shell itself: %w", err)
	}
	var notes bytes.Buffer
	inside := *e
	inside.stderr = &notes
	var r response
	err := waitForLock(ctx, patience, func() error {
		return withProject(ctx, &inside, o, shellCommand, func(p *project) error { return p.respond(ctx, q, &r) })
	})
	r.fail(err)
	r.Notes = strings.FieldsFunc(notes.String(), func(c rune) bool { return c == '\n' })
	return gob.NewEncoder(e.stdout).Encode(r)
}

// fail puts an error into a response.
func (r *response) fail(err error) {
	var list *diag.List
	switch {
	case err == nil:
	case errors.As(err, &list):
		r.Problems = list
	default:
		r.Error, r.Code = err.Error(), exitCode(err)
	}
}

// patience is how long a statement waits for another process to be done, such as
// the statement of another shell.
const patience = time.Second

// respond answers a request from an open store.
func (p *project) respond(ctx context.Context, q request, r *response) (err error) {
	switch {
	case q.Question != nil:
		return p.respondRows(ctx, q, r)
	case q.Stored:
		r.Holdings, err = p.holdings(ctx)
	case q.Field != "":
		r.Values, err = p.store.Logs.Values(ctx, q.Logstore, q.Field, q.Prefix)
	default:
		r.Paths, err = p.store.Logs.Paths(ctx, q.Logstore)
	}
	return err
}

func (p *project) respondRows(ctx context.Context, q request, r *response) error {
	plan, err := p.plan(q.Question.Text, q.Question.Logstore, q.Question.Rows)
	if err != nil {
		return err
	}
	r.At = p.now
	if q.Explain {
		var text strings.Builder
		err := p.explain(ctx, &text, plan, query.DuckDB(), q.Question.Range.Window(p.now))
		r.Text = text.String()
		return err
	}
	r.Result, err = p.adHoc(q.Timeout)(ctx, plan, q.Question.Range.Window(p.now))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the query took longer than %s: ask of less time (.last 1h), or begin with tocsin shell --timeout 10m", q.Timeout)
	case err != nil:
		return err
	case len(r.Result.Rows) == 0:
		return p.explainEmpty(ctx, plan, true)
	}
	return nil
}

// holdings says what each logstore holds, and how many rows each lookup table has.
func (p *project) holdings(ctx context.Context) ([]shell.Holding, error) {
	var out []shell.Holding
	for _, name := range p.schema.Logstores() {
		if l, ok := p.schema.Logstore(name); ok && l.Lookup {
			rows, err := p.countIn(ctx, name, query.Window{Now: p.now})
			if err != nil {
				return nil, err
			}
			out = append(out, shell.Holding{Logstore: name, Records: rows, Lookup: true})
			continue
		}
		r, err := p.store.Logs.Range(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, shell.Holding{Logstore: name, Records: r.Records, Oldest: r.Oldest, Newest: r.Newest})
	}
	return out, nil
}
