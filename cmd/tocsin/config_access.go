package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"tocsin/alertrules"
	"tocsin/ingest/awsapi"
)

// As whom and where a source, or the archive, calls AWS or what speaks its
// protocols.

// accessFile is what tocsin.yaml says of it, and of what: nil where nothing is called.
type accessFile struct {
	Role, Region, Endpoint alertrules.Text
	of                     *alertrules.Node
}

var roleARN = regexp.MustCompile(`^arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+$`)

// access checks it. Without a region it is the one given. It runs after private.
func (r *configReader) access(c *config, f accessFile, region string) awsapi.Access {
	if f.Role.Given() && !roleARN.MatchString(f.Role.Value) {
		r.doc.Problem("config/source", f.Role.Node, fmt.Sprintf("%q is no role", f.Role.Value), `role: "arn:aws:iam::111122223333:role/tocsin"`)
	}
	if f.Region.Given() && strings.Trim(f.Region.Value, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		r.doc.Problem("config/source", f.Region.Node, fmt.Sprintf("%q is no region", f.Region.Value), "region: eu-central-1")
	}
	if f.Endpoint.Given() {
		u, err := url.Parse(f.Endpoint.Value)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			r.doc.Problem("config/source", f.Endpoint.Node, fmt.Sprintf("%q is no address of a service", f.Endpoint.Value), `endpoint: "https://oss-cn-shanghai.aliyuncs.com"`)
		} else {
			r.called(f.Endpoint, c.private)
		}
	}
	access := awsapi.Access{Role: f.Role.Value, Region: cmp.Or(f.Region.Value, region), Endpoint: f.Endpoint.Value, Private: c.private}
	if f.of != nil && access.Region == "" && access.Endpoint == "" {
		r.findable(access, f.of)
	}
	return access
}

// findable warns of a region that the file leaves to the environment, and that is not
// there either: where tocsin runs it may be.
func (r *configReader) findable(access awsapi.Access, of *alertrules.Node) {
	if _, err := access.Config(context.Background()); err != nil {
		r.doc.Warn("config/source", of, err.Error(), "region: eu-central-1, unless tocsin runs where AWS_REGION or a profile of ~/.aws/config says one")
	}
}

// private reads `private_addresses:`.
func (r *configReader) private(c *config) {
	for _, t := range r.file.Private {
		network, err := awsapi.ParsePrivate(t.Value)
		if err != nil {
			r.doc.Problem("config/address", t.Node, err.Error(), "private_addresses: [127.0.0.1, 10.1.0.0/16]")
			continue
		}
		c.private = append(c.private, network)
	}
}

// called refuses an address that may not be called (G37).
func (r *configReader) called(t alertrules.Text, private awsapi.Private) {
	u, err := url.Parse(t.Value)
	if err == nil {
		err = private.Check(u)
	}
	if err != nil {
		r.doc.Problem("config/address", t.Node, err.Error(), "use https, or list it: private_addresses: [127.0.0.1, 10.1.0.0/16]")
	}
}
