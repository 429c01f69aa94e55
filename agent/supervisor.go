package agent

import (
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// This file tells systemd how the agent is (sd_notify).

// A Supervisor is who started the agent and wants to know how it is. The zero value
// is nobody.
type Supervisor struct {
	// Socket is NOTIFY_SOCKET: a path, or an abstract name that begins with @.
	Socket string
	// Watchdog is how often it wants to hear that all is well; 0: never.
	Watchdog time.Duration
	// Failed is told what could not be said; may be nil.
	Failed func(error)
}

// Ready says that the agent works, after the start and after a reload.
func (s Supervisor) Ready() { s.say("READY=1") }

// Reloading says that files are read again; Ready follows.
func (s Supervisor) Reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		s.failed(err)
		return
	}
	s.say(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000))
}

// Stopping says that the agent ends.
func (s Supervisor) Stopping() { s.say("STOPPING=1") }

// Well is the watchdog's sign of life.
func (s Supervisor) Well() { s.say("WATCHDOG=1") }

func (s Supervisor) say(state string) {
	if s.Socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.Socket, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(state))
		err = errors.Join(err, conn.Close())
	}
	s.failed(err)
}

func (s Supervisor) failed(err error) {
	if err != nil && s.Failed != nil {
		s.Failed(fmt.Errorf("tell the supervisor: %w", err))
	}
}
