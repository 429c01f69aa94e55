package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	smithymiddleware "github.com/aws/smithy-go/middleware"

	"tocsin/ingest"
)

// Access says as whom and where AWS, or a service that speaks its protocols, is
// called. The zero value is what the SDK finds by itself: credentials of the
// environment, of the shared files, of the machine; region and endpoint likewise.
type Access struct {
	Role     string // ARN of a role to assume
	Region   string
	Endpoint string // https://… of the service; "" for that of the region
	Private  Private
}

// Times of a call. A body may take as long as it likes, so long as it moves.
const (
	dialTime    = 10 * time.Second
	answerTime  = 40 * time.Second // longer than a long poll, which takes 20 s
	attempts    = 5
	sessionName = "tocsin"
)

func plainClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTime }).
		WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = answerTime })
}

// patiently is how often and after how long a call is tried again. An address that
// nobody answers at is known after ten seconds: whoever calls tries again later.
func patiently(s *retry.StandardOptions) {
	waits := retry.NewExponentialJitterBackoff(retry.DefaultMaxBackoff)
	s.MaxAttempts = attempts
	s.Backoff = retry.BackoffDelayerFunc(func(attempt int, err error) (time.Duration, error) {
		wait, fault := waits.BackoffDelay(attempt, err)
		if unreached(err) != nil {
			wait = min(wait, dialTime/attempts)
		}
		return wait, fault
	})
	s.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if op := unreached(err); op != nil && op.Timeout() {
			return aws.FalseTernary
		}
		return aws.UnknownTernary
	})}, s.Retryables...)
}

// Config finds credentials and region. It calls nobody. What is called with it is
// guarded by Private; where the SDK looks for credentials (the machine's own
// addresses, what the environment names) is not.
func (a Access) Config(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(plainClient()),
		config.WithLogger(logging.Nop{}), // what matters comes as an error
		config.WithAPIOptions([]func(*smithymiddleware.Stack) error{middleware.AddUserAgentKey("tocsin")}),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
				o.StandardOptions = append(o.StandardOptions, patiently)
			})
		}),
	}
	if a.Region != "" {
		options = append(options, config.WithRegion(a.Region))
	}
	if a.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(a.Endpoint))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return c, fmt.Errorf("find the AWS settings: %w", err)
	}
	if c.Region == "" && a.Endpoint == "" {
		return c, errors.New("no AWS region is set: write region: beside it, or set AWS_REGION")
	}
	plain, ok := c.HTTPClient.(*awshttp.BuildableClient) // with the environment's CA bundle
	if !ok {
		return c, fmt.Errorf("find the AWS settings: the client is a %T", c.HTTPClient)
	}
	c.HTTPClient = a.Private.client(plain)
	c.Region = cmp.Or(c.Region, "us-east-1") // an endpoint of its own: the region only signs
	if a.Role != "" {
		c.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c), a.Role,
			func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = sessionName }))
	}
	return c, nil
}

// Await waits until a source that looks at intervals is to look again, at most as
// long as it is asked to, and returns the time by then. false: that is not yet, or
// ctx has ended.
func Await(ctx context.Context, ask ingest.Ask, next time.Time) (now time.Time, due bool) {
	wait := next.Sub(ask.Now)
	if wait <= 0 || ask.All {
		return ask.Now, true
	}
	if !Sleep(ctx, min(wait, ask.Wait)) || wait > ask.Wait {
		return ask.Now, false
	}
	return ask.Now.Add(wait), true
}

// Sleep waits; false says that ctx has ended.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
