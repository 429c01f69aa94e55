// Networks for the functions that DuckDB calls. What is no address or network
// gives NULL.

package query

import (
	"net/netip"
)

// networkUDFs are the functions of addresses and networks.
func networkUDFs() []DuckDBFunction {
	return []DuckDBFunction{
		{"tocsin_ip_prefix", []Type{Text, Integer}, Text, func(a []any) (any, error) {
			addr, ok := addressOf(a[0].(string))
			if !ok {
				return nil, nil
			}
			if p, err := addr.Unmap().Prefix(int(a[1].(int64))); err == nil {
				return p.String(), nil
			}
			return nil, nil // more bits than it has
		}},
		{"tocsin_ip_subnet", []Type{Text, Boolean}, Text, func(a []any) (any, error) {
			p, ok := parseNetwork(trimmed(a[0].(string)))
			switch {
			case !ok:
				return nil, nil
			case a[1].(bool):
				return lastOf(p).String(), nil
			}
			return p.Addr().String(), nil
		}},
		{"tocsin_ip_range", []Type{Text}, ArrayOf(Text), func(a []any) (any, error) {
			p, ok := parseNetwork(trimmed(a[0].(string)))
			if !ok {
				return nil, nil
			}
			return []string{p.Addr().String(), lastOf(p).String()}, nil
		}},
		{"tocsin_prefix_in", []Type{Text, Text}, Boolean, func(a []any) (any, error) {
			outer, ok := parseNetwork(a[0].(string))
			inner, fits := parseNetwork(trimmed(a[1].(string)))
			if !ok || !fits {
				return nil, nil
			}
			return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr()), nil
		}},
		{"tocsin_ip_domain", []Type{Text}, Text, func(a []any) (any, error) {
			addr, ok := addressOf(a[0].(string))
			if !ok {
				return nil, nil
			}
			if addr = addr.Unmap(); addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
				return "intranet", nil
			}
			return "internet", nil
		}},
	}
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// addressOf reads an address without a zone.
func addressOf(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(trimmed(text))
	return addr, err == nil && addr.Zone() == ""
}
