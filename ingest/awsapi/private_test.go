package awsapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func listed(t *testing.T, all ...string) (p Private) {
	t.Helper()
	for _, s := range all {
		network, err := ParsePrivate(s)
		if err != nil {
			t.Fatal(err)
		}
		p = append(p, network)
	}
	return p
}

// https on public networks, and what is listed.
func TestPrivate(t *testing.T) {
	p := listed(t, "127.0.0.1", "10.1.0.0/16", "fd00:1::/32")
	for address, ok := range map[string]bool{
		"https://sqs.eu-central-1.amazonaws.com/1/q": true,
		"http://sqs.eu-central-1.amazonaws.com/1/q":  false,
		"https://198.51.100.7":                       true,
		"http://198.51.100.7":                        false,
		"https://127.0.0.1:4566":                     true,
		"http://127.0.0.1:4566":                      true,
		"http://localhost:4566":                      true,
		"http://[::ffff:127.0.0.1]":                  true,
		"https://127.0.0.2":                          false,
		"https://[::1]":                              false,
		"https://10.1.2.3":                           true,
		"https://10.2.0.1":                           false,
		"https://192.168.0.1":                        false,
		"https://169.254.169.254/latest":             false,
		"https://[fe80::1%25eth0]":                   false,
		"https://[fd00:1::5]":                        true,
		"https://[fd00:2::5]":                        false,
		"https://[::ffff:10.2.0.1]":                  false,
		"https://[64:ff9b::10.2.0.1]":                false,
		"https://100.64.0.1":                         false,
		"https://0.0.0.0":                            false,
		"https://224.0.0.1":                          false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(u); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, s := range []string{"", "localhost", "10.1.2.3/16", "fe80::1%eth0", "::ffff:10.0.0.0/104", "10.0.0.0/33"} {
		if _, err := ParsePrivate(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

// What a name resolves to is looked at when it is called, once; redirects are not
// followed; a proxy of the environment may be private.
func TestGuard(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	calls := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		http.Redirect(w, r, "https://"+r.Host+"/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	call := func(a Access) string {
		t.Helper()
		c, err := a.Config(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		guarded := c.HTTPClient.(*http.Client)
		guarded.Transport.(*guard).next.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
		_, err = sts.NewFromConfig(c).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return fmt.Sprint(Call{Action: AssumeRole, Thing: "x"}.Wrap(err))
	}
	named := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, c := range []struct {
		endpoint string
		private  Private
		calls    int
		want     string
	}{
		{server.URL, nil, 0, "127.0.0.1 is a loopback or private address"},
		{named, nil, 0, "1 is a loopback or private address"},
		{strings.Replace(server.URL, "https", "http", 1), nil, 0, "is called by https only"},
		{server.URL, listed(t, "127.0.0.1"), 1, "307"},
	} {
		calls = 0
		if got := call(Access{Endpoint: c.endpoint, Private: c.private}); calls != c.calls || !strings.Contains(got, c.want) {
			t.Errorf("%s: %d calls, %s", c.endpoint, calls, got)
		}
	}
}

// What stands between us and the world by the word of the environment may be
// private.
func TestGuardLetsProxiesBe(t *testing.T) {
	asked := ""
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.Host
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := Private(nil).client(plainClient().WithTransportOptions(func(tr *http.Transport) { tr.Proxy = http.ProxyURL(at) }))
	_, err = c.Get("https://sqs.eu-central-1.amazonaws.com/")
	if err == nil || asked != "CONNECT sqs.eu-central-1.amazonaws.com:443" {
		t.Errorf("%q, %v", asked, err)
	}
	if _, err := c.Get("https://10.0.0.1/"); err == nil || !strings.Contains(err.Error(), "private") {
		t.Error(err)
	}
}
