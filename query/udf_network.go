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
			return prefixOf(a[0].(string), int(a[1].(int64))), nil
		}},
		{"tocsin_ip_subnet", []Type{Text, Boolean}, Text, func(a []any) (any, error) {
			p, ok := networkOf(trimmed(a[0].(string)))
			switch {
			case !ok:
				return nil, nil
			case a[1].(bool):
				return lastOf(p).String(), nil
			}
			return p.Addr().String(), nil
		}},
		{"tocsin_ip_range", []Type{Text}, ArrayOf(Text), func(a []any) (any, error) {
			p, ok := networkOf(trimmed(a[0].(string)))
			if !ok {
				return nil, nil
			}
			return []string{p.Addr().String(), lastOf(p).String()}, nil
		}},
		{"tocsin_prefix_in", []Type{Text, Text}, Boolean, func(a []any) (any, error) {
			outer, ok := networkOf(a[0].(string))
			inner, fits := networkOf(trimmed(a[1].(string)))
			if !ok || !fits {
				return nil, nil
			}
			return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr()), nil
		}},
		{"tocsin_ip_domain", []Type{Text}, Text, func(a []any) (any, error) {
			addr, ok := addressOf(a[0].(string))
			switch {
			case !ok:
				return nil, nil
			case addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast():
				return "intranet", nil
			}
			return "internet", nil
		}},
	}
}

// addressOf reads an address without a zone; one of IPv4 inside of IPv6 is one of
// IPv4.
func addressOf(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(trimmed(s))
	return addr.Unmap(), err == nil && addr.Zone() == ""
}

// prefixOf is the network of so many bits that an address lies in; NULL where it
// has fewer.
func prefixOf(s string, bits int) any {
	addr, ok := addressOf(s)
	if !ok || bits > addr.BitLen() {
		return nil
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}

// networkOf reads a network; one of IPv4 inside of IPv6 is one of IPv4.
func networkOf(s string) (netip.Prefix, bool) {
	p, ok := parseNetwork(s)
	if ok && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p, ok
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
