// What a session of the shell asks of the program.

package main

import (
	"context"
	"errors"
	"io"
	"time"

	"tocsin/cmd/tocsin/shell"
	"tocsin/query"
)

// A shellProject is what a session asks of the program: what only reads the user's
// files is answered here, what needs the stored records by a process of its own
// (shell_answer.go).
type shellProject struct {
	project *project
	options *options
	timeout time.Duration
}

// Ask implements shell.Project.
func (p *shellProject) Ask(ctx context.Context, q shell.Question) (*shell.Answer, error) {
	r, err := p.answered(ctx, request{Question: &q})
	if err != nil {
		return nil, err
	}
	return &shell.Answer{Result: r.Result, At: r.At, Notes: r.Notes}, nil
}

// Stored implements shell.Project.
func (p *shellProject) Stored(ctx context.Context) ([]shell.Holding, error) {
	r, err := p.answered(ctx, request{Stored: true})
	return r.Holdings, err
}

// Paths implements query.Seen.
func (p *shellProject) Paths(ctx context.Context, logstore string) ([]query.SeenPath, error) {
	r, err := p.answered(ctx, request{Logstore: logstore})
	return r.Paths, err
}

// Values implements query.Seen.
func (p *shellProject) Values(ctx context.Context, logstore, field, prefix string) ([]query.SeenValue, error) {
	r, err := p.answered(ctx, request{Logstore: logstore, Field: field, Prefix: prefix})
	return r.Values, err
}

// Plan implements shell.Project.
func (p *shellProject) Plan(q shell.Question) (*query.Plan, error) {
	return p.project.plan(q.Text, q.Logstore, q.Rows)
}

// Explain implements shell.Project.
func (p *shellProject) Explain(ctx context.Context, q shell.Question) (string, error) {
	r, err := p.answered(ctx, request{Question: &q, Explain: true})
	return r.Text, err
}

// Surroundings implements shell.Project.
func (p *shellProject) Surroundings(q shell.Question) query.Surroundings {
	return query.Surroundings{Schema: p.project.schema, Options: query.Options{Logstore: q.Logstore, Lists: p.project.config.lists, MaxRows: q.Rows}}
}

// Moment implements shell.Project.
func (p *shellProject) Moment(text string) (time.Time, error) {
	return moment(text, p.project.env.now().In(p.project.config.zone))
}

// Write implements shell.Project.
func (p *shellProject) Write(w io.Writer, form shell.Form, r *query.Result) error {
	e := *p.project.env
	e.stdout, e.terminal, e.width = w, form.Person, form.Width
	switch form.Format {
	case "table":
		return drawTable(&e, r)
	case "expanded":
		return writeExpanded(&e, r)
	}
	return writeResult(&e, form.Format, r)
}

// answered asks another process, within the time of a statement.
func (p *shellProject) answered(ctx context.Context, q request) (response, error) {
	q.Timeout = p.timeout
	r, err := askProcess(ctx, p.options, q)
	if err != nil {
		return response{}, err
	}
	return r, r.err(q)
}

// err is the error of a response, as it was.
func (r response) err(q request) error {
	switch {
	case r.Problems != nil:
		if q.Question != nil && r.Problems.Source == "" {
			r.Problems.Source = q.Question.Text
		}
		return wrong(r.Problems)
	case r.Error != "":
		return &statusError{code: r.Code, err: errors.New(r.Error)}
	}
	return nil
}
