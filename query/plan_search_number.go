// The search half, continued: numbers, intervals and networks.

package query

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// compare is field >= value; = is : for what is no number.
func (s searcher) compare(t leaf, n *SearchCompare) pred {
	num, ok := operand(t.t, n.Value.Text)
	if ok {
		t.op, t.cmp, t.num = leafCompare, n.Op, num
		return &t
	}
	if n.Op == OpEq {
		return s.match(t, n.Value, false)
	}
	s.fault("query/not-a-number", n.Value.Span(), cut(n.Value.Text)+" is no number", hintCompare(t.t))
	return predAll{}
}

func hintCompare(t Type) string {
	if t == Time {
		return "write a time as 2026-01-31T09:00:00Z, in quotes, or as epoch seconds"
	}
	return ">, >=, < and <= compare numbers; for texts there is SQL behind the pipe"
}

// between is field in [low high).
func (s searcher) between(t leaf, n *SearchRange) pred {
	low, ok1 := operand(t.t, n.Low.Text)
	high, ok2 := operand(t.t, n.High.Text)
	for _, x := range []struct {
		ok bool
		v  *Value
	}{{ok1, n.Low}, {ok2, n.High}} {
		if !x.ok {
			s.fault("query/not-a-number", x.v.Span(), cut(x.v.Text)+" is no number", hintCompare(t.t))
		}
	}
	t.op, t.num, t.high, t.lowOut, t.hiOut = leafRange, low, high, n.LowOpen, n.HighOpen
	return &t
}

// operand reads what a field of type t is compared with.
func operand(t Type, text string) (any, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if t == Time {
			return time.Unix(n, 0).UTC(), n > -1e11 && n < 1e11
		}
		return n, true
	}
	if t == Time {
		return parseTime(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(text, "xXpP_iIN") {
		return nil, false
	}
	if math.IsInf(f, 0) { // 1e400: no number of a record is beyond
		f = math.Copysign(math.MaxFloat64, f)
	}
	return f, true
}

// network is field in 10.0.0.0/8, or in one address.
func (s searcher) network(t leaf, n *SearchNetwork) pred {
	p, ok := parseNetwork(n.Network.Text)
	if !ok {
		s.fault("query/network", n.Network.Span(), cut(n.Network.Text)+" is no network", "write 10.0.0.0/8, 2001:db8::/32 or one address")
		return predAll{}
	}
	t.op, t.texts = leafNetwork, []string{p.String()}
	return &t
}

// parseNetwork reads a network or one address; bits behind the prefix are cut.
func parseNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 { // as addresses are
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}
