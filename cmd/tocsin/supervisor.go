package main

import (
	"os"
	"strconv"
	"time"

	"tocsin/agent"
)

// supervisor is systemd, where it started the program with Type=notify and wants to
// hear of it.
func supervisor(e *env) agent.Supervisor {
	s := agent.Supervisor{Socket: e.getenv("NOTIFY_SOCKET"), Failed: func(err error) { e.logger().Warn("systemd", "error", err) }}
	micros, err := strconv.ParseInt(e.getenv("WATCHDOG_USEC"), 10, 64)
	pid := e.getenv("WATCHDOG_PID")
	if err == nil && micros > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		s.Watchdog = time.Duration(micros) * time.Microsecond
	}
	return s
}
