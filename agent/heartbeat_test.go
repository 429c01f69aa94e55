package agent

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tocsin/ingest"
	"tocsin/notifier"
	"tocsin/query"
)

// gate lets a loop through until it is closed; then it holds it.
type gate struct{ closed, open chan struct{} }

func newGate() *gate { return &gate{make(chan struct{}), make(chan struct{})} }

func (g *gate) pass() {
	select {
	case <-g.closed:
		<-g.open
	default:
	}
}

// slowChannel holds mails.
type slowChannel struct {
	notifier.Channel
	gate *gate
}

func (c slowChannel) Send(ctx context.Context, e notifier.Envelope, mark func() error) notifier.Outcome {
	c.gate.pass()
	return c.Channel.Send(ctx, e, mark)
}

// steady is a source that hands out an object every minute; synctest has no time
// for folders that are watched.
type steady struct{ gone atomic.Bool }

func (s *steady) Receive(ctx context.Context, ask ingest.Ask) (ingest.Batch, error) {
	if !sleep(ctx, time.Minute, nil) {
		return ingest.Batch{}, ctx.Err()
	}
	o := ingest.Object{Name: time.Now().String(), Modified: time.Now(), Open: ingest.Bytes([]byte("{}"))}
	if s.gone.Load() {
		return ingest.Batch{Objects: []ingest.Object{o}, More: true}, errors.New("no such queue")
	}
	return ingest.Batch{Objects: []ingest.Object{o}, More: true}, nil
}

func (*steady) Close() error { return nil }

// steadyRig is a rig with that source.
func steadyRig(t *testing.T) (*rig, *steady) {
	t.Helper()
	s := &steady{}
	r := newRig(t, time.Now())
	r.agent.o.Sources = []Source{{Name: "in", Open: func(context.Context) (ingest.Source, error) { return s, nil }}}
	r.agent = New(r.agent.o)
	return r, s
}

// TestHeartbeatStops: the signs of life stop when any one loop does, though all
// others go on, and come back with it (P31).
func TestHeartbeatStops(t *testing.T) {
	for _, loop := range []string{"rules", "mails", "source in"} {
		t.Run(loop, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gates := map[string]*gate{"rules": newGate(), "mails": newGate(), "source in": newGate()}
				r, _ := steadyRig(t)
				r.slow = gates["mails"]
				r.agent.o.Notifier = r.notifier()
				ask := r.agent.o.Engine.Query
				r.agent.o.Engine.Query = func(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
					gates["rules"].pass()
					return ask(ctx, p, w)
				}
				r.take = func(Source) error { gates["source in"].pass(); return nil }
				var shown atomic.Int64
				last := func() time.Time { return time.Unix(0, shown.Load()) }
				file := filepath.Join(t.TempDir(), "alive")
				r.agent.o.Heartbeat = Heartbeat{Every: time.Minute, File: file, Call: func(context.Context) error { shown.Store(time.Now().UnixNano()); return nil }}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- r.agent.Run(ctx) }()
				time.Sleep(2 * time.Hour)
				if time.Since(last()) > time.Minute {
					t.Fatalf("two hours, and the last sign was %s ago: %v", time.Since(last()), r.agent.Late(time.Now()))
				}
				close(gates[loop].closed)
				time.Sleep(time.Hour)
				late := strings.Join(r.agent.Late(time.Now()), "; ")
				if ago := time.Since(last()); ago < 20*time.Minute || !strings.HasPrefix(late, loop+":") || strings.Contains(late, ";") {
					t.Errorf("the loop stopped an hour ago, the last sign was %s ago; late: %s", ago, late)
				}
				text, err := os.ReadFile(file)
				if err != nil || strings.TrimSpace(string(text)) != last().UTC().Format(time.RFC3339) {
					t.Errorf("the file says %s, %v", text, err)
				}
				close(gates[loop].open)
				time.Sleep(10 * time.Minute)
				if time.Since(last()) > time.Minute {
					t.Errorf("the loop goes on, and the last sign was %s ago", time.Since(last()))
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// While the first round waits for sources as long as it was told to, nothing is
// late.
func TestALongWaitIsNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := steadyRig(t)
		r.agent.o.CatchUpWait = time.Hour
		stuck := newGate()
		close(stuck.closed)
		r.take = func(Source) error { stuck.pass(); return nil }
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.agent.Run(ctx) }()
		time.Sleep(40 * time.Minute)
		for _, late := range r.agent.Late(time.Now()) {
			if !strings.HasPrefix(late, "source ") {
				t.Errorf("late: %s", late)
			}
		}
		close(stuck.open)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestHeartbeatStopsWhenNothingIsStored: loops that turn, and can store nothing,
// have stopped. A source that cannot be asked has not.
func TestHeartbeatStopsWhenNothingIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, source := steadyRig(t)
		var full, crash atomic.Bool
		r.store.Crash = crash.Load
		r.take = func(Source) error {
			if full.Load() {
				return errors.New("no space left")
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.agent.Run(ctx) //nolint:errcheck // it is of no matter here
		time.Sleep(time.Hour)
		full.Store(true)
		time.Sleep(time.Hour)
		if late := r.agent.Late(time.Now()); len(late) != 1 || !strings.HasPrefix(late[0], "source ") {
			t.Errorf("late: %v", late)
		}
		full.Store(false)
		source.gone.Store(true)
		time.Sleep(time.Hour)
		if late := r.agent.Late(time.Now()); len(late) > 0 {
			t.Errorf("the queue is gone, late: %v", late)
		}
		crash.Store(true)
		time.Sleep(time.Hour)
		if late := strings.Join(r.agent.Late(time.Now()), "; "); !strings.Contains(late, "rules:") {
			t.Errorf("no round is committed, late: %s", late)
		}
		if got := GoesOn(r.agent.Stuck()); !regexp.MustCompile(`^rules do not go on since 2000-01-01T03:\d\d:\d\dZ, mails (do not go on since .*|go on)$`).MatchString(got) {
			t.Errorf("no round is committed: %s", got)
		}
		crash.Store(false)
		time.Sleep(10 * time.Minute)
		if got := GoesOn(r.agent.Stuck()); got != "rules go on, mails go on" {
			t.Errorf("all is well again: %s", got)
		}
		cancel()
		synctest.Wait()
	})
}

// TestDailyMail: once a day from its hour on, in its zone; once also when the agent
// begins anew; not while a loop has stopped.
func TestDailyMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokyo, err := time.LoadLocation("Asia/Tokyo")
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t, time.Now())
		var at []string
		r.agent.o.Heartbeat = Heartbeat{Mail: &DailyMail{Hour: 8, Minute: 30, Zone: tokyo, Report: func(context.Context) (string, string, error) {
			at = append(at, time.Now().In(tokyo).Format("2 15:04"))
			return "alive: 1 rule", "all is well", nil
		}}}
		run := func(d time.Duration) {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			a := New(r.agent.o)
			go func() { ended <- a.Run(ctx) }()
			time.Sleep(d)
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		run(3*24*time.Hour + time.Hour) // from midnight UTC, 9:00 in Tokyo
		run(time.Hour)
		if got := len(r.channel.Arrived); got != 4 {
			t.Fatalf("%d mails in three days and two hours", got)
		}
		if got := strings.Join(at, ", "); got != "1 09:00, 2 08:30, 3 08:30, 4 08:30, 4 10:00" || r.channel.Arrived[1].To != "ken@example.com" {
			t.Errorf("told at %s", got) // the last one is asked for by the second agent, and dropped
		}
		if open := r.store.Open(); len(open) > 0 {
			t.Errorf("something is wrong: %v", open)
		}
	})
}

// measured is an agent with something to measure.
func measured(t *testing.T) *Agent {
	t.Helper()
	now := time.Now()
	r := newRig(t, now, t.TempDir())
	r.room = Room{Free: 5, Total: 10}
	r.agent.o.Metrics = NewMetrics("v1")
	r.agent.o.State = func(context.Context) (State, error) {
		return State{
			Sources: []SourceState{{Name: "trail", Last: time.Unix(1790000000, 0), Lag: 90 * time.Second, Failing: true}, {Name: "new"}},
			Waiting: 3, Parked: 1, Oldest: now.Add(-time.Minute), Rules: 6, Firing: 2, Open: 3, Gaps: 4, Causes: 1,
		}, nil
	}
	round, err := r.agent.o.Engine.Round(t.Context(), r.set.Rules, now)
	if err != nil {
		t.Fatal(err)
	}
	r.agent.o.Metrics.round(round)
	r.agent.o.Metrics.tookIn("trail", 7)
	r.agent.o.Metrics.reread(errors.New("broken"))
	r.agent.pulse.beat("rules", now)
	r.agent.pulse.beat("source trail", now.Add(-time.Hour))
	return r.agent
}

func TestMetrics(t *testing.T) {
	a := measured(t)
	server := httptest.NewServer(a.Handler(t.Context()))
	defer server.Close()
	status, text := get(t, server, "/metrics")
	for _, line := range []string{
		`tocsin_build_info{version="v1"} 1`, `tocsin_evaluations_total{outcome="ok",rule="trail"} 1`, `tocsin_evaluation_duration_seconds_count 1`,
		`tocsin_rounds_total 1`, `tocsin_records_total{source="trail"} 7`, `tocsin_rereads_total{result="error"} 1`,
		`tocsin_source_lag_seconds{source="trail"} 90`, `tocsin_source_last_object_timestamp_seconds{source="trail"} 1.79e+09`,
		`tocsin_source_failing{source="trail"} 1`, `tocsin_source_failing{source="new"} 0`,
		`tocsin_outbox_mails{state="waiting"} 3`, `tocsin_outbox_mails{state="refused"} 1`, `tocsin_outbox_oldest_seconds 6`,
		`tocsin_rules 6`, `tocsin_alerts_firing{mode="state"} 2`, `tocsin_alerts_firing{mode="event"} 3`, `tocsin_gaps 4`, `tocsin_causes 1`, `tocsin_disk_free_bytes 5`, `tocsin_disk_size_bytes 10`,
		`tocsin_loop_alive{loop="rules"} 1`, `tocsin_loop_alive{loop="source trail"} 0`, `tocsin_state_unread 0`, `go_goroutines `,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("%s is missing", line)
		}
	}
	if status != http.StatusOK || strings.Contains(text, `tocsin_source_lag_seconds{source="new"}`) {
		t.Errorf("status %d\n%s", status, text)
	}
	if status, text := get(t, server, "/healthz"); status != http.StatusServiceUnavailable || !strings.HasPrefix(text, "source trail: not heard of for ") {
		t.Errorf("%d %s", status, text)
	}
	a.pulse.beat("source trail", time.Now())
	if status, text := get(t, server, "/healthz"); status != http.StatusOK || text != "ok\n" {
		t.Errorf("%d %s", status, text)
	}
	problems, err := testutil.GatherAndLint(a.o.Metrics.registry)
	own := prometheus.NewRegistry()
	own.MustRegister(view{a, t.Context()})
	more, err2 := testutil.GatherAndLint(own)
	if err := errors.Join(err, err2); err != nil || len(problems)+len(more) > 0 {
		t.Errorf("%v %v %v", err, problems, more)
	}
	a.o.State = func(context.Context) (State, error) { return State{}, errors.New("locked") }
	a.seen.at = time.Time{}
	if _, text := get(t, server, "/metrics"); !strings.Contains(text, "\ntocsin_state_unread 1\n") || strings.Contains(text, "tocsin_gaps 0") {
		t.Error("what could not be read is shown as 0")
	}
}

func get(t *testing.T, server *httptest.Server, path string) (int, string) {
	t.Helper()
	answer, err := server.Client().Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var b strings.Builder
	if err := answer.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return answer.StatusCode, body
}

// TestHandlerRefuses: what a page in a browser could have sent, and what is no GET.
func TestHandlerRefuses(t *testing.T) {
	h := measured(t).Handler(t.Context())
	for _, c := range []struct {
		method, host, origin string
		want                 int
	}{
		{http.MethodGet, "127.0.0.1:9464", "", http.StatusOK},
		{http.MethodGet, "localhost", "", http.StatusOK},
		{http.MethodGet, "[::1]:9464", "", http.StatusOK},
		{http.MethodHead, "127.0.0.1:9464", "", http.StatusOK},
		{http.MethodPost, "127.0.0.1:9464", "", http.StatusMethodNotAllowed},
		{http.MethodGet, "evil.example.com", "", http.StatusForbidden},
		{http.MethodGet, "10.0.0.1:9464", "", http.StatusForbidden},
		{http.MethodGet, "127.0.0.1.evil.example.com", "", http.StatusForbidden},
		{http.MethodGet, "", "", http.StatusForbidden},
		{http.MethodGet, "127.0.0.1:9464", "http://127.0.0.1:9464", http.StatusForbidden},
		{http.MethodGet, "127.0.0.1:9464", "null", http.StatusForbidden},
	} {
		r := httptest.NewRequest(c.method, "/metrics", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

// TestSupervisor: what systemd is told, in its words.
func TestSupervisor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var failed error
	s := Supervisor{Socket: path, Failed: func(err error) { failed = err }}
	s.Ready()
	s.Reloading()
	s.Well()
	s.Stopping()
	for _, want := range []string{"READY=1", "RELOADING=1\nMONOTONIC_USEC=", "WATCHDOG=1", "STOPPING=1"} {
		b := make([]byte, 1000)
		n, err := l.Read(b)
		if got := string(b[:n]); err != nil || !strings.HasPrefix(got, want) || !strings.HasPrefix(want, "REL") && got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if failed != nil {
		t.Error(failed)
	}
	Supervisor{}.Ready()
	Supervisor{Socket: path + "x", Failed: func(err error) { failed = err }}.Ready()
	if failed == nil {
		t.Error("nobody listens, and that is no error")
	}
}
