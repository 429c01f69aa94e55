package main

import (
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"

	"tocsin/agent"
	"tocsin/alertrules"
)

// env is what a verb may touch of the outside.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	inTerminal     bool // standard input is a terminal
	terminal       bool // standard output is a terminal
	errTerminal    bool // standard error is a terminal
	width          int  // columns of the terminal; 0 when there is none

	// rules bounds the queries of rules; nil: a minute for each.
	rules   func(ask alertrules.QueryFunc) alertrules.QueryFunc
	log     *slog.Logger // of the agent; nil: other verbs are silent
	replace func() error // begins the program anew in this process; nil: nobody does
	args    []string     // the command line

	// Of a verb that an agent does for another process, that agent, and what it was
	// asked (guest.go); nil: the verb is of this process.
	host  *host
	asked *agent.Call
}

func systemEnv() *env {
	e := &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, now: time.Now, replace: replaceProcess,
		inTerminal: term.IsTerminal(int(os.Stdin.Fd())),
		terminal:   term.IsTerminal(int(os.Stdout.Fd())), errTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		e.width = w
	}
	return e
}

// screen is the size of the terminal now; 0 where there is none.
func (e *env) screen() (columns, lines int) {
	if e.host != nil {
		return e.width, 0
	}
	w, h, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil || !e.terminal {
		return e.width, 0
	}
	return w, h
}

// color wraps s in an ANSI attribute when standard output is a terminal that
// wants colours (NO_COLOR is honoured).
func (e *env) color(attribute, s string) string {
	if !e.terminal || e.getenv("NO_COLOR") != "" || e.getenv("TERM") == "dumb" {
		return s
	}
	return "\x1b[" + attribute + "m" + s + "\x1b[0m"
}

// logger is the log of the agent, or one that writes nothing.
func (e *env) logger() *slog.Logger {
	if e.log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.log
}
