package sqs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// A lease keeps messages hidden from others while they are worked on.
type lease struct {
	line   *line
	hidden time.Duration
	log    *slog.Logger
	stop   context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	messages []message
}

// hold begins a lease. It ends with ctx: then the queue hands the messages out
// again by itself.
func (s *Source) hold(ctx context.Context) *lease {
	ctx, stop := context.WithCancel(ctx)
	l := &lease{line: &s.line, hidden: s.hidden, log: s.o.Log, stop: stop, ended: make(chan struct{})}
	go l.extend(ctx)
	return l
}

func (l *lease) add(messages []message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, messages...)
}

// extend hides the messages anew long before they would come back. That it could
// not is no loss: what they bring twice is stored once.
func (l *lease) extend(ctx context.Context) {
	defer close(l.ended)
	tick := time.NewTicker(l.hidden / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		messages := l.messages[:len(l.messages):len(l.messages)]
		l.mu.Unlock()
		if err := l.line.hide(ctx, messages, l.hidden); err != nil && ctx.Err() == nil {
			l.log.Warn("keep messages hidden", "queue", l.line.Name, "error", err)
		}
	}
}

// end ends the lease; nothing is hidden anew after it.
func (l *lease) end() {
	l.stop()
	<-l.ended
}
