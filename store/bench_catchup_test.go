package store

import (
	"fmt"
	"testing"
	"time"

	"tocsin/alertrules"
)

// BenchmarkCatchUp makes up for 24 hours of 100 rules that look back 15 minutes every
// five: 28,800 evaluations over a day of records, as the agent does when it comes back.
func BenchmarkCatchUp(b *testing.B) {
	s, end := benchStore(b)
	rules := benchRules(b, 100)
	now := end.Truncate(time.Hour)
	engine := &alertrules.Engine{Query: s.Logs.Query, Share: s.Logs.Share, Logs: s.Logs, States: s.State}
	var took time.Duration
	evaluated := 0
	for n := 0; b.Loop(); n++ {
		for i, r := range rules {
			r.Schedule.Every = 5 * time.Minute
			r.ID = fmt.Sprintf("r%d-%04d", n, i)
		}
		if _, err := engine.Round(b.Context(), rules, now.Add(-24*time.Hour)); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		_, behind, err := engine.Live(b.Context(), rules, now)
		must(err)
		for len(behind) > 0 {
			some := behind[:min(50, len(behind))]
			behind = behind[len(some):]
			for len(some) > 0 {
				round, left, err := engine.MakeUp(b.Context(), some, now)
				must(err)
				evaluated += len(round.Evaluations)
				some = left
			}
		}
		took += time.Since(start)
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "s/day")
	b.ReportMetric(float64(evaluated)/float64(b.N), "evaluations/day")
	b.ReportMetric(float64(s.Logs.windows.answered.Load())/float64(evaluated), "of-shared-windows")
}
