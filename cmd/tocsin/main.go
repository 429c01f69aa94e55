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
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones of calendars, also where the machine has none

	"tocsin/diag"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, systemEnv(), os.Args[1:])
	stop()
	os.Exit(code)
}

// run executes one command line and returns its exit status.
func run(ctx context.Context, e *env, args []string) int {
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	report(e, err)
	return exitCode(err)
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

func exitCode(err error) int {
	var s *statusError
	if errors.As(err, &s) {
		return s.code
	}
	return exitCould
}

// report prints an error for a person: problems of a text with their carets,
// anything else as one cleaned line.
func report(e *env, err error) {
	if s := new(statusError); errors.As(err, &s) && s.err == nil {
		return
	}
	var list *diag.List
	if errors.As(err, &list) {
		_ = diag.Print(e.stderr, list) // standard error is where it would be reported
		return
	}
	fmt.Fprintf(e.stderr, "tocsin: %s\n", diag.Clean(err.Error()))
}
