package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// This file answers on a loopback address: /metrics for Prometheus, /healthz for
// whoever looks whether the loops go on.

// Handler answers to GET /metrics and GET /healthz. It refuses what a page in a
// browser could have sent (G42).
func (a *Agent) Handler(ctx context.Context) http.Handler {
	own := prometheus.NewRegistry()
	own.MustRegister(view{a, ctx})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.Gatherers{a.o.Metrics.registry, own}, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		late := a.Late(time.Now())
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if len(late) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, strings.Join(late, "\n"))
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status, why := foreign(r, loopback, http.StatusForbidden); status != 0 {
			http.Error(w, why, status)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// loopback reports whether a Host names this machine by a loopback address.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// serve listens until ctx ends. An address that is taken is tried again: the agent
// has more to do than to be measured.
func (a *Agent) serve(ctx context.Context) {
	if a.o.Listen == "" {
		return
	}
	for said := ""; ctx.Err() == nil; {
		err := a.listen(ctx)
		if err != nil && ctx.Err() == nil && said != err.Error() {
			said = err.Error()
			a.o.Log.Error("metrics", "error", err)
		}
		sleep(ctx, pollEvery, nil)
	}
}

func (a *Agent) listen(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.o.Listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: a.Handler(ctx), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	a.o.Log.Info("metrics", "address", l.Addr().String())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	inTime, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	return errors.Join(server.Shutdown(inTime), server.Close()) // what is asked still ends with ctx
}

// shutdownTime is how long an answer may take when the agent ends.
const shutdownTime = 5 * time.Second
