// Command tocsin loads security findings and cloud audit logs, runs alert rules
// over them on a schedule, and sends one clear mail for what matters.
//
// main is a switchboard: each verb is one file of this package, wire.go puts
// the packages together, and nothing below reads flags, files of settings or
// the environment.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones of calendars, also where the machine has none

	"tocsin/diag"
)

// version is set by the linker.
var version = "dev"

func main() { program(systemEnv()) }

// program runs the command line of this process, and ends it.
func program(e *env) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal asks, a second one ends at once
	code := run(ctx, e, os.Args[1:])
	stop()
	os.Exit(code)
}

// run executes one command line and returns its exit status.
func run(ctx context.Context, e *env, args []string) int {
	out, inside := &sticky{to: e.stdout}, *e
	inside.stdout, inside.args = out, args
	e = &inside
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case out.err != nil: // whatever was found, it was not told
		err = fmt.Errorf("write the output: %w", out.err)
	case err == nil:
		return exitDone
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		err = errInterrupted
	}
	report(e, err)
	return exitCode(err)
}

// errInterrupted is what an interrupted verb says. What it stored is whole.
var errInterrupted = errors.New("interrupted")

// sticky keeps the first error of standard output, so that a verb that prints
// line by line need not ask after each.
type sticky struct {
	to  io.Writer
	err error
}

func (s *sticky) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.to.Write(p)
	s.err = err
	return n, err
}

// Exit statuses (DESIGN.md §11).
const (
	exitDone  = 0
	exitFound = 1 // it found something wrong
	exitUsage = 2 // usage, or a query that is wrong
	exitCould = 3 // could not do it
)

// A statusError ends the program with a status. A nil err says that everything
// was said already.
type statusError struct {
	code int
	err  error
}

func (s *statusError) Error() string {
	if s.err == nil {
		return ""
	}
	return s.err.Error()
}

func (s *statusError) Unwrap() error { return s.err }

// found says that a verb did its work and found something wrong.
func found() error { return &statusError{code: exitFound} }

// usage marks an error as one of the command line.
func usage(format string, args ...any) error {
	return &statusError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// wrong marks an error of a user's text on the command line.
func wrong(err error) error { return &statusError{code: exitUsage, err: err} }

// exitCode is the highest status of the parts of an error.
func exitCode(err error) int {
	code := exitDone
	for _, part := range parts(err) {
		status := exitCould
		if s := new(statusError); errors.As(part, &s) {
			status = s.code
		}
		code = max(code, status)
	}
	return code
}

// parts are the errors that were joined, such as those of several files, or that
// of a verb and that of closing.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var status *statusError
	var list *diag.List
	if !errors.As(err, &status) && !errors.As(err, &list) { // one sentence about several
		return []error{err}
	}
	var all []error
	for _, part := range joined.Unwrap() {
		all = append(all, parts(part)...)
	}
	return all
}

// report prints an error for a person: problems of a text with their carets,
// anything else as cleaned text.
func report(e *env, err error) {
	for _, part := range parts(err) {
		var status *statusError
		var list *diag.List
		switch {
		case errors.As(part, &status) && status.err == nil: // everything was said
		case errors.As(part, &list):
			_ = diag.Print(e.stderr, list) // standard error is where it would be reported
		default:
			fmt.Fprintf(e.stderr, "tocsin: %s\n", diag.Clean(part.Error()))
		}
	}
}
