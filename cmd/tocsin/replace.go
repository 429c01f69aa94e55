package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"time"

	"tocsin/agent"
)

// This file is how the agent starts itself anew, when queries that cannot be stopped
// have its cores: the process goes on under its number, as the same program from the
// beginning, so that whoever started it sees no end. Only what runs in it is gone.

// replacedBy is in the environment of a process that replaced itself.
const replacedBy = "TOCSIN_REPLACED"

// replaceProcess begins the program from its beginning in this process. It returns an
// error or not at all.
func replaceProcess() error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	environ := make([]string, 0, len(os.Environ())+1)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, replacedBy+"=") {
			environ = append(environ, v)
		}
	}
	return syscall.Exec(path, os.Args, append(environ, replacedBy+"=1"))
}

// closeTime is how long a process that is to be replaced may close its files. What is
// in their write-ahead logs is safe there.
const closeTime = 30 * time.Second

// replaced runs the agent, and replaces the process when it has to be. The lock of
// the data directory is free for a moment then, and another verb may have it: it is
// waited for.
func (e *env) replaced(ctx context.Context, run func() error) error {
	patience := time.Duration(0)
	if e.getenv(replacedBy) != "" {
		patience = closeTime
	}
	err := waitForLock(ctx, patience, run)
	if !errors.Is(err, agent.ErrReplace) || e.replace == nil {
		return err
	}
	e.logger().Warn("tocsin starts itself anew", "because", err)
	return errors.Join(err, e.replace()) // systemd starts it again
}
