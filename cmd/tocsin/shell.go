// tocsin shell: its flags, and what a session is given.

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tocsin/cmd/tocsin/shell"
	"tocsin/diag"
)

func newShell(e *env, o *options) *cobra.Command {
	var f queryFlags
	var answer bool
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Ask question after question: completion, charts, and rules from queries.",
		Long: `Shell is the interactive session: it completes fields and values with Tab, shows
what a query finds, draws it (.chart), exports it (.export), and makes a rule of
it (.save as rule). .help lists everything.

It looks at the last 24 hours; --last, --from, --to and --all, or .last, .from,
.to and .all in it, say otherwise. The data directory is free between
statements. Without a terminal it reads statements from standard input, and its
exit status is that of the worst of them.

What was typed is kept in $XDG_STATE_HOME/tocsin/history; TOCSIN_HISTORY names
another file, or none with "off". PAGER shows what is longer than the screen.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if answer {
				return answerOne(cmd.Context(), e, o)
			}
			if err := exclusiveRange(cmd); err != nil {
				return err
			}
			return runShell(cmd.Context(), e, o, f)
		},
	}
	cmd.Flags().StringVarP(&f.logstore, "logstore", "l", "", "`logstore` to begin with; default: the one with the most records")
	complete(cmd, "logstore", queriedNames(o))
	addOutput(cmd, &f.output)
	addRange(cmd, &f)
	cmd.Flags().IntVar(&f.limit, "rows", 1000, rowsHelp)
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Minute, "bound on the time of each statement")
	cmd.Flags().BoolVar(&answer, "answer", false, "answer one question of another process on standard input")
	if err := cmd.Flags().MarkHidden("answer"); err != nil {
		panic(err) // the flag does not exist: a mistake in this program
	}
	return cmd
}

func runShell(ctx context.Context, e *env, o *options, f queryFlags) error {
	format, err := outputFormat(e, f.output)
	if err != nil {
		return err
	}
	if err := errors.Join(checkRows(f.limit), checkTimeout(f.timeout)); err != nil {
		return err
	}
	p, err := readProject(e, o)
	if err != nil {
		return err
	}
	p.warnProblems()
	if f.logstore != "" {
		if f.logstore, err = p.queried(ctx, f.logstore); err != nil {
			return err
		}
	}
	r, err := f.span(p)
	if err != nil {
		return err
	}
	interactive := e.inTerminal && e.terminal
	if interactive {
		signal.Reset(os.Interrupt) // in a session Ctrl-C ends a query, not the program
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
		defer restoreTerminal()()
	}
	return sessionError(shell.Run(ctx, shell.Options{
		Project: &shellProject{project: p, options: o, timeout: f.timeout},
		In:      e.stdin, Out: e.stdout, Err: e.stderr,
		Terminal: interactive, Person: e.terminal, Screen: e.screen, Color: e.color("1", "") != "",
		Zone: p.config.zone, Now: e.now, History: historyFile(e.getenv), Pager: pager(e.getenv),
		Report: func(err error) { report(e, err) }, Notes: searchNotes,
		Interruptible: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return signal.NotifyContext(ctx, os.Interrupt)
		},
		Logstore: f.logstore, Range: r, Format: format, Rows: f.limit,
	}))
}

// span is the range of the flags: in a session "the last 24 hours" moves on.
func (f queryFlags) span(p *project) (shell.Range, error) {
	w, err := f.window(p)
	if err != nil || f.all {
		return shell.Range{}, err
	}
	if f.from == "" && f.to == "" {
		return shell.Range{Last: p.now.Sub(w.From)}, nil
	}
	return shell.Range{From: w.From, To: w.To}, nil
}

// restoreTerminal returns what brings the terminal back to how it is now, however
// the session ends.
func restoreTerminal() func() {
	fd := int(os.Stdin.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return func() {}
	}
	return func() { _ = term.Restore(fd, state) } // there is nothing else to do for it
}

// sessionError gives a script the exit status of its worst statement.
func sessionError(err error) error {
	var failed *shell.Failed
	if !errors.As(err, &failed) {
		return err
	}
	code := exitDone
	for _, err := range failed.Errs {
		code = max(code, statementCode(err))
	}
	return &statusError{code: code, err: failed}
}

// statementCode is the exit status of one statement: a text that is wrong is one
// of usage.
func statementCode(err error) int {
	var list *diag.List
	var wrong *shell.Wrong
	if errors.As(err, &list) || errors.As(err, &wrong) {
		return exitUsage
	}
	return exitCode(err)
}

// historyFile is where the history of a user is kept; "" for none.
func historyFile(getenv func(string) string) string {
	switch named := getenv("TOCSIN_HISTORY"); named {
	case "":
	case "off":
		return ""
	default:
		return named
	}
	state := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // the specification has relative ones ignored
		home := getenv("HOME")
		if home == "" {
			return ""
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "tocsin", "history")
}

// pager is the command that shows long answers: PAGER, else less; nil for none.
func pager(getenv func(string) string) []string {
	if named := getenv("PAGER"); named != "" {
		return []string{"/bin/sh", "-c", named}
	}
	if less, err := exec.LookPath("less"); err == nil {
		return []string{less, "-SRFX"}
	}
	return nil
}
