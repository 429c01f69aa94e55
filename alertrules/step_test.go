package alertrules

import (
	"strings"
	"testing"
	"time"
)

// Each line is a series of observations and what becomes of them: H hit, M miss,
// below B begins, F goes on, f stays firing, E ends, . nothing.
func TestStep(t *testing.T) {
	for name, c := range map[string]struct {
		m, n int
		keep int // in moments of five minutes
		in   string
		out  string
	}{
		"at once":                      {1, 1, 0, "MHHMH", ".BFEB"},
		"three in a row":               {3, 3, 0, "HHMHHHHM", ".....BFE"},
		"two of five (T12)":            {2, 5, 0, "HMMHMM", "...BfE"},
		"two of five, hit again":       {2, 5, 0, "HHMMMH", ".BfffF"},
		"one of three":                 {1, 3, 0, "HMMMH", "BffEB"},
		"keep firing (T12)":            {1, 1, 3, "HMMHMMMM", "BffFfffE"},
		"keep firing, flapping (T04)":  {1, 1, 2, "HMHMHM", "BfFfFf"},
		"keep firing, three in a row":  {3, 3, 2, "HHHMMM", "..BffE"},
		"two of three, kept":           {2, 3, 1, "HHMMMH", ".BfE.."},
		"never":                        {2, 2, 0, "HMHMHM", "......"},
		"two of five, the oldest left": {2, 5, 0, "HMMMMHMMMH", ".........B"},
	} {
		t.Run(name, func(t *testing.T) {
			th := threshold{Threshold{c.m, c.n}, time.Duration(c.keep) * 5 * time.Minute}
			var p Pending
			var out strings.Builder
			firing, now := false, time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
			for _, o := range c.in {
				var ch change
				p, ch = th.step(p, firing, o == 'H', now)
				switch {
				case ch == begins:
					out.WriteByte('B')
				case ch == ends:
					out.WriteByte('E')
				case ch == goesOn:
					out.WriteByte('F')
				case firing:
					out.WriteByte('f')
				default:
					out.WriteByte('.')
				}
				firing = ch == begins || firing && ch != ends
				now = now.Add(5 * time.Minute)
			}
			if out.String() != c.out {
				t.Errorf("%s gives %s, not %s", c.in, out.String(), c.out)
			}
		})
	}
}

func TestSinceIsTheOldestHitThatCounts(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	th := threshold{Threshold: Threshold{2, 5}}
	var p Pending
	var c change
	for i, hit := range []bool{true, false, false, true} {
		p, c = th.step(p, false, hit, start.Add(time.Duration(i)*5*time.Minute))
	}
	if c != begins || !p.FirstHit.Equal(start) {
		t.Errorf("change %v, since %s", c, p.FirstHit)
	}
}

// A gap empties the counters, and an alert does not end for want of observations.
func TestFiringOutlivesEmptiedCounters(t *testing.T) {
	th := threshold{Threshold: Threshold{3, 3}}
	p, c := th.step(Pending{}, true, true, time.Time{})
	if c != goesOn {
		t.Errorf("a hit after a gap: %v", c)
	}
	if _, c = th.step(p, true, false, time.Time{}.Add(time.Minute)); c != ends {
		t.Errorf("a miss after a gap and a hit: %v", c)
	}
}

// P16: a key is the rule and its columns in a canonical, type-tagged encoding, whatever
// their order.
func TestP16GroupAndInstanceKeys(t *testing.T) {
	when := time.Date(2026, 11, 23, 10, 0, 0, 123000, time.FixedZone("x", 3600))
	for want, values := range map[string][]named{
		`r`:                                    nil,
		`r{a=t:"x"}`:                           {{"a", "x"}},
		`r{a=t:"",b=null}`:                     {{"b", nil}, {"a", ""}},
		`r{a=t:"null"}`:                        {{"a", "null"}},
		`r{a=n:1}`:                             {{"a", 1.0}},
		`r{a=n:-7}`:                            {{"a", int64(-7)}},
		`r{a=n:1.5}`:                           {{"a", 1.5}},
		`r{a=n:1e+30}`:                         {{"a", 1e30}},
		`r{a=t:"1"}`:                           {{"a", "1"}},
		`r{a=b:true}`:                          {{"a", true}},
		`r{a=t:"2026-11-23T09:00:00.000123Z"}`: {{"a", when}},
		`r{a=j:"[\"x\",1]"}`:                   {{"a", []any{"x", int64(1)}}},
		`r{"a=b"=t:"c,d=\"e\"\n"}`:             {{"a=b", "c,d=\"e\"\n"}},
		`r{userIdentity.arn=t:"日本"}`:           {{"userIdentity.arn", "日本"}},
	} {
		if got := alertKey("r", values); got != want {
			t.Errorf("%v is %s, not %s", values, got, want)
		}
	}
	if alertKey("r", []named{{"a", "x"}, {"bc", "y"}}) == alertKey("r", []named{{"ab", "x"}, {"c", "y"}}) {
		t.Error("two keys are one")
	}
}
