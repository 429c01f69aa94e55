//go:build !linux || !amd64

package main

import (
	"errors"
	"math/rand/v2"
	"os/exec"
)

// allowStops does nothing: processes are only killed at random times here.
func allowStops() error { return nil }

// startStopped is not to be had.
func startStopped(*exec.Cmd, int, *rand.Rand) (wait func() int, err error) {
	return nil, errors.ErrUnsupported
}
