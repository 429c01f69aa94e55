package awsapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Which addresses are called (G37): those of https, on public networks, and what
// the operator lists. Redirects are not followed.

// Private lists networks that are loopback, link-local or private and may be called
// nevertheless, over http too.
type Private []netip.Prefix

// ParsePrivate reads an address or a network, such as 127.0.0.1 or 10.1.0.0/16.
func ParsePrivate(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Masked() != p || p.Addr().Is4In6() {
		return p, fmt.Errorf("%q is no address and no network", s)
	}
	return p, nil
}

// Check refuses an address of a service by what it says; what its host resolves to
// is looked at when it is called.
func (p Private) Check(u *url.URL) error {
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	if host == "localhost" {
		addr, err = netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	switch {
	case u.Scheme != "https" && (err != nil || !p.lists(addr)):
		return &refusal{host + " is called by https only: http is for addresses that private_addresses lists"}
	case err == nil:
		return p.allow(addr)
	}
	return nil
}

func (p Private) lists(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

// special are networks beside those that netip knows: of this host, behind a
// carrier's translation, and IPv4 addresses written as IPv6.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16"),
}

// allow refuses an address that is not public and not listed.
func (p Private) allow(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	public := a.IsGlobalUnicast() && !a.IsPrivate()
	for _, network := range special {
		public = public && !network.Contains(a)
	}
	if public || p.lists(a) {
		return nil
	}
	return &refusal{a.String() + " is a loopback or private address, which private_addresses does not list"}
}

// A refusal is an address that is not called, now or later.
type refusal struct{ why string }

// Error says which, and why.
func (r *refusal) Error() string { return r.why }

// RetryableError tells the SDK not to try again.
func (r *refusal) RetryableError() bool { return false }

// A guard calls addresses that are allowed.
type guard struct {
	private Private
	next    http.RoundTripper
	open    *net.Dialer // for proxies, which the environment names
	checked *net.Dialer
	proxies sync.Map // host and port of those in use
}

// client returns one that makes the calls of another, guarded.
func (p Private) client(of *awshttp.BuildableClient) *http.Client {
	g := &guard{private: p, open: of.GetDialer(), checked: of.GetDialer()}
	g.checked.Control = func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("call %s: %w", address, err)
		}
		return p.allow(to.Addr())
	}
	transport := of.GetTransport()
	transport.DialContext = g.dial
	if find := transport.Proxy; find != nil {
		transport.Proxy = func(r *http.Request) (*url.URL, error) {
			proxy, err := find(r)
			if proxy != nil {
				g.proxies.Store(hostPort(proxy), true)
			}
			return proxy, err
		}
	}
	g.next = transport
	return &http.Client{Transport: g, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Client returns one for what is no service of AWS, under the same rules.
func (p Private) Client() *http.Client { return p.client(plainClient()) }

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.private.Check(r.URL); err != nil {
		return nil, err
	}
	return g.next.RoundTrip(r)
}

// dial looks at what a name resolved to; behind a proxy that is the proxy's to do.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if _, proxy := g.proxies.Load(address); proxy {
		return g.open.DialContext(ctx, network, address)
	}
	return g.checked.DialContext(ctx, network, address)
}

// hostPort is how a transport dials a proxy.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
