package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tocsin/agent"
	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/store"
)

// This file is how a verb that needs the data directory is done by the agent that
// has it: the same verb, with the same answers (DESIGN.md §9). guest.go is the side
// of the agent.

// throughAgent reports whether a command needs the data directory, so that an agent
// which has it is asked. The others do without, or have one of their own.
func throughAgent(cmd *cobra.Command) bool {
	_, verb, _ := strings.Cut(cmd.CommandPath(), " ")
	if verb == "shell" { // the session asks for each statement
		return cmd.Flags().Changed("answer")
	}
	return slices.Contains(besideAgent(), verb)
}

// besideAgent are the verbs that an agent does for others.
func besideAgent() []string {
	return []string{
		"ack", "alerts", "alerts show", "backup", "deadletters drop", "deadletters list", "deadletters retry", "deadletters show",
		"export parquet", "gaps", "gaps drop", "gaps fill", "load", "outbox drop", "outbox list", "outbox retry", "outbox show",
		"preview", "query", "rules release", "shell", "status", "why",
	}
}

// fitIn has every command below one go through the agent, where there is one and the
// command needs the data directory.
func fitIn(e *env, o *options, cmd *cobra.Command) {
	if do := cmd.RunE; do != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if e.host != nil {
				return asGuest(e, cmd, args, do)
			}
			if !throughAgent(cmd) {
				return do(cmd, args)
			}
			return beside(e, o, cmd, func() error { return do(cmd, args) }, args)
		}
	}
	for _, c := range cmd.Commands() {
		fitIn(e, o, c)
	}
}

// agentPatience is how long an agent that has the data directory and does not answer
// is waited for: it begins, or ends.
const agentPatience = 5 * time.Second

// beside asks the agent to do a verb; without one it is done here.
func beside(e *env, o *options, cmd *cobra.Command, do func() error, args []string) error {
	dir, err := filepath.Abs(o.data)
	if err != nil {
		return err
	}
	if cmd.Name() == "shell" {
		signal.Ignore(os.Interrupt) // as in answerOne
	}
	ctx := cmd.Context()
	client := &agent.Client{Dir: dir, Version: version}
	for end := time.Now().Add(agentPatience); ; {
		call, err := e.call(o, cmd, args)
		if err != nil {
			return err
		}
		code, err := client.Ask(ctx, call, agent.Streams{In: e.stdin, Out: e.stdout, Err: e.stderr})
		switch {
		case err == nil && code == exitDone:
			return nil
		case err == nil:
			return &statusError{code: code} // it said why
		case !errors.Is(err, agent.ErrNoAgent):
			return err
		}
		err = do()
		var locked *store.LockedError
		if !errors.As(err, &locked) || locked.Command != runCommand || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// call is the command line of this process as an agent is told of it.
func (e *env) call(o *options, cmd *cobra.Command, args []string) (agent.Call, error) {
	dir, err := os.Getwd()
	if err != nil {
		return agent.Call{}, err
	}
	c := agent.Call{
		ID: rand.Text(), Args: e.args, Dir: dir, Env: map[string]string{}, User: e.userName(),
		Width: e.width, Terminal: e.terminal, ErrTerminal: e.errTerminal,
	}
	for _, name := range []string{"TOCSIN_DATA", "TOCSIN_CONFIG", "NO_COLOR", "TERM"} { // what a verb looks at
		if v := e.getenv(name); v != "" {
			c.Env[name] = v
		}
	}
	config := o.config
	if config == "" {
		config = defaultConfig
	}
	if _, err := os.Stat(config); err == nil || o.config != "" {
		if c.Config, err = filepath.Abs(config); err != nil {
			return c, err
		}
	}
	for _, path := range namedPaths(cmd, args) {
		place, err := nearest(path)
		if err != nil {
			return c, err
		}
		c.Places = append(c.Places, place)
	}
	return c, nil
}

// namedPaths are the files and folders that a command line names.
func namedPaths(cmd *cobra.Command, args []string) []string {
	var paths []string
	switch cmd.Name() {
	case "load":
		paths = slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == "-" || strings.Contains(s, "://") })
		if columns := cmd.Flags().Lookup("columns").Value.String(); columns != "" {
			paths = append(paths, columns)
		}
	case "backup", "parquet":
		paths = args
	}
	return paths
}

// nearest is the nearest file or folder that exists on the way to a path.
func nearest(path string) (agent.Place, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return agent.Place{}, err
	}
	for {
		info, err := os.Stat(path)
		if up := filepath.Dir(path); err != nil && up != path {
			path = up
			continue
		}
		if err != nil {
			return agent.Place{}, err
		}
		return identify(path, info), nil
	}
}

// identify says which file it is that was found.
func identify(path string, info fs.FileInfo) agent.Place {
	p := agent.Place{Path: path}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		p.Device, p.Inode = uint64(sys.Dev), sys.Ino //nolint:unconvert // Dev has other types on other systems
	}
	return p
}

// asGuest does a verb for another process.
func asGuest(e *env, cmd *cobra.Command, args []string, do func(*cobra.Command, []string) error) error {
	if !throughAgent(cmd) && !cmd.HasSubCommands() {
		return usage("%s is not done by an agent", diag.Line(cmd.CommandPath()))
	}
	if err := e.host.prepare(cmd.Context(), e); err != nil {
		return err
	}
	return do(cmd, args)
}

// whole is the path of a file that the user named, from where the user is.
func (e *env) whole(path string) string {
	if e.host == nil || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.asked.Dir, path)
}

// here is the folder in which the user is.
func (e *env) here() (string, error) {
	if e.host != nil {
		return e.asked.Dir, nil
	}
	return os.Getwd()
}

// files lists what PATH arguments name, from where the user is.
func (e *env) files(paths []string) ([]ingest.Object, []ingest.Skipped, error) {
	if e.host == nil {
		return ingest.Files(paths)
	}
	return ingest.FilesFrom(e.asked.Dir, paths)
}

// waitForLock does what needs the data directory again while another process has it,
// for a while.
func waitForLock(ctx context.Context, patience time.Duration, open func() error) error {
	for end := time.Now().Add(patience); ; {
		err := open()
		var locked *store.LockedError
		if !errors.As(err, &locked) || !time.Now().Before(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
