package awsapi

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"tocsin/ingest"
)

// The settings of a source win over those of the environment; without a region
// nobody is called; we say who we are.
func TestConfig(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	if _, err := (Access{}).Config(t.Context()); err == nil || !strings.Contains(err.Error(), "region") {
		t.Errorf("without a region: %v", err)
	}
	var agents []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agents = append(agents, r.UserAgent())
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`)
	}))
	defer server.Close()
	c, err := Access{Private: Private{netip.MustParsePrefix("127.0.0.0/8")}, Endpoint: server.URL, Role: "arn:aws:iam::111122223333:role/tocsin"}.Config(t.Context())
	if err != nil || c.Region != "us-east-1" {
		t.Fatal(c.Region, err)
	}
	_, err = sts.NewFromConfig(c).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	err = Call{Action: GetObject, Thing: "s3://b/k", ARN: "arn:aws:s3:::b/k"}.Wrap(err)
	if err == nil || !strings.Contains(err.Error(), "the permission sts:AssumeRole is missing, or the role does not trust us") {
		t.Errorf("a role that is not ours: %v", err)
	}
	if len(agents) == 0 || !strings.Contains(agents[0], "tocsin") {
		t.Errorf("user agents %q", agents)
	}
}

// Without credentials nothing is denied: none were found, also for a role.
func TestNoCredentials(t *testing.T) {
	machine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer machine.Close()
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.URL)
	for _, disabled := range []string{"true", "false"} {
		t.Setenv("AWS_EC2_METADATA_DISABLED", disabled)
		for _, role := range []string{"", "arn:aws:iam::111122223333:role/tocsin"} {
			c, err := Access{Region: "eu-central-1", Role: role}.Config(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = sts.NewFromConfig(c).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			err = Call{Action: GetObject, Thing: "s3://b/k"}.Wrap(err)
			var e *Error
			if !errors.As(err, &e) || e.Denied || !e.Later || !strings.Contains(err.Error(), "no AWS credentials were found, not in AWS_ACCESS_KEY_ID") {
				t.Errorf("disabled %s, role %q: %v", disabled, role, err)
			}
		}
	}
}

// What an error means for an object: never again, a few times, or many.
func TestPatience(t *testing.T) {
	call := Call{Action: GetObject, Thing: "s3://b/k"}
	for _, c := range []struct {
		name string
		err  error
		last int // the last time that it is handed out again
	}{
		{"no format", &ingest.NoFormat{}, 0},
		{"rejected", &ingest.Rejected{}, 0},
		{"broken content", errors.New("unpack: invalid checksum"), 4},
		{"not there", call.Wrap(errors.New("NoSuchKey")), 4},
		{"cut", call.Wrap(io.ErrUnexpectedEOF), 49},
		{"denied", &Error{Denied: true, Err: errors.New("x")}, 49},
	} {
		last := 0
		for n := 1; n < 100; n++ {
			if (Patience{Tries: 5, Seen: n}).Again(c.err) {
				last = n
			}
		}
		if last != c.last {
			t.Errorf("%s: %d times, want %d", c.name, last, c.last)
		}
	}
}
