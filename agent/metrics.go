package agent

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tocsin/alertrules"
)

// This file is what can be measured of the agent, for Prometheus.

// Metrics count what agents of one process do, one after another.
type Metrics struct {
	registry    *prometheus.Registry
	evaluations *prometheus.CounterVec
	took        prometheus.Histogram
	rounds      prometheus.Counter
	records     *prometheus.CounterVec
	rereads     *prometheus.CounterVec
	build       prometheus.Gauge
	gauges      map[string]*prometheus.Desc // looked at when somebody asks
}

// NewMetrics returns metrics that start at 0.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		gauges:      newGauges(),
		registry:    prometheus.NewRegistry(),
		evaluations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_evaluations_total", Help: "Evaluations of rules by outcome."}, []string{"rule", "outcome"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_evaluation_duration_seconds", Help: "How long the query of an evaluation took.",
			Buckets: []float64{.005, .02, .1, .5, 1, 5, 15, 60},
		}),
		rounds:  prometheus.NewCounter(prometheus.CounterOpts{Name: "tocsin_rounds_total", Help: "Rounds that evaluated something and were committed."}),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_records_total", Help: "Records taken in from a source."}, []string{"source"}),
		rereads: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_rereads_total", Help: "How often the files of users were read again, by result."}, []string{"result"}),
	}
	m.build = prometheus.NewGauge(prometheus.GaugeOpts{Name: "tocsin_build_info", Help: "The program; always 1.", ConstLabels: prometheus.Labels{"version": version}})
	m.build.Set(1)
	m.registry.MustRegister(m.evaluations, m.took, m.rounds, m.records, m.rereads, m.build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Names returns what is measured, sorted, without what is of Go and of the process.
func (m *Metrics) Names() []string {
	descs := make(chan *prometheus.Desc, 100)
	m.evaluations.Describe(descs)
	m.took.Describe(descs)
	m.rounds.Describe(descs)
	m.records.Describe(descs)
	m.rereads.Describe(descs)
	m.build.Describe(descs)
	for _, d := range m.gauges {
		descs <- d
	}
	close(descs)
	var names []string
	for d := range descs {
		_, name, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ = strings.Cut(name, `"`)
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// round counts a round that was committed.
func (m *Metrics) round(r *alertrules.Round) {
	if m == nil {
		return
	}
	m.rounds.Inc()
	for _, e := range r.Evaluations {
		m.evaluations.WithLabelValues(e.Rule, string(e.Outcome)).Inc()
		if e.Outcome != alertrules.Skipped {
			m.took.Observe(e.Took.Seconds())
		}
	}
}

func (m *Metrics) tookIn(source string, records int64) {
	if m != nil {
		m.records.WithLabelValues(source).Add(float64(records))
	}
}

func (m *Metrics) reread(err error) {
	if m == nil {
		return
	}
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.rereads.WithLabelValues(result).Inc()
}

// State is what is stored, for metrics.
type State struct {
	Sources []SourceState
	// Waiting and Parked are rows of the outbox; Oldest is since when the oldest
	// waits, zero without one.
	Waiting, Parked int64
	Oldest          time.Time
	Rules           int   // that run
	Firing          int64 // alerts of state rules that go on
	Open            int64 // alerts of event rules to which news is still added
	Gaps            int
	Causes          int // that the operator was told of and are not over
}

// SourceState is what is stored of one source.
type SourceState struct {
	Name    string
	Last    time.Time     // when its last object came; zero: none did
	Lag     time.Duration // how far behind the source's clock objects come, the median
	Failing bool
}

// stateEvery is how long what is stored is not asked again, however often somebody
// wants to know.
const stateEvery = 10 * time.Second

// newGauges describe what is looked at when somebody asks.
func newGauges() map[string]*prometheus.Desc {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tocsin_"+name, help, labels, nil)
	}
	return map[string]*prometheus.Desc{
		"lag":     describe("source_lag_seconds", "How far behind its clock what a source delivers comes in, the median.", "source"),
		"last":    describe("source_last_object_timestamp_seconds", "When the last object of a source came in.", "source"),
		"failing": describe("source_failing", "1 while a source cannot be asked.", "source"),
		"outbox":  describe("outbox_mails", "Mails that wait, and that were refused for good.", "state"),
		"oldest":  describe("outbox_oldest_seconds", "Since when the oldest mail waits; 0 without one."),
		"rules":   describe("rules", "Rules that run."),
		"firing":  describe("alerts_firing", "Alerts that go on (tocsin alerts --firing): of state rules until their condition is over, of event rules until nothing was told for their repeat_interval.", "mode"),
		"gaps":    describe("gaps", "What was not evaluated (tocsin gaps)."),
		"causes":  describe("causes", "What the operator was told of and is not over."),
		"free":    describe("disk_free_bytes", "Room on the disk of the data directory."),
		"total":   describe("disk_size_bytes", "Size of the disk of the data directory."),
		"loop":    describe("loop_alive", "0 for a loop that has stopped.", "loop"),
		"fault":   describe("state_unread", "1 when what is stored could not be read for this answer."),
	}
}

// A view is the agent as a collector.
type view struct {
	agent *Agent
	ctx   context.Context //nolint:containedctx // Collect has none
}

// Describe implements prometheus.Collector.
func (v view) Describe(to chan<- *prometheus.Desc) {
	for _, d := range v.agent.o.Metrics.gauges {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (v view) Collect(to chan<- prometheus.Metric) {
	send := func(name string, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(v.agent.o.Metrics.gauges[name], prometheus.GaugeValue, value, labels...)
	}
	now := time.Now()
	all, late := v.agent.pulse.loops(now)
	for _, name := range all {
		send("loop", yes(late[name] == ""), name)
	}
	if _, room := v.agent.look(); room.Total > 0 {
		send("free", float64(room.Free))
		send("total", float64(room.Total))
	}
	s, err := v.agent.state(v.ctx, now)
	send("fault", yes(err != nil))
	if err != nil {
		v.agent.o.Log.Warn("metrics", "error", err)
		return
	}
	for _, source := range s.Sources {
		send("failing", yes(source.Failing), source.Name)
		if !source.Last.IsZero() {
			send("lag", source.Lag.Seconds(), source.Name)
			send("last", float64(source.Last.Unix()), source.Name)
		}
	}
	oldest := 0.0
	if !s.Oldest.IsZero() {
		oldest = now.Sub(s.Oldest).Seconds()
	}
	send("outbox", float64(s.Waiting), "waiting")
	send("outbox", float64(s.Parked), "refused")
	send("oldest", oldest)
	send("rules", float64(s.Rules))
	send("firing", float64(s.Firing), "state")
	send("firing", float64(s.Open), "event")
	send("gaps", float64(s.Gaps))
	send("causes", float64(s.Causes))
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// state is what is stored, as it was at most stateEvery ago.
func (a *Agent) state(ctx context.Context, now time.Time) (State, error) {
	a.seen.mu.Lock()
	defer a.seen.mu.Unlock()
	if now.Sub(a.seen.at) < stateEvery {
		return a.seen.state, a.seen.err
	}
	a.seen.state, a.seen.err = a.o.State(ctx)
	a.seen.at = now
	return a.seen.state, a.seen.err
}
