package main

import (
	"fmt"
	"os"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/ingest/awsapi"
	"tocsin/ingest/s3"
	"tocsin/ingest/sqs"
	"tocsin/ingest/webhook"
)

// `sources:` of tocsin.yaml.

// sourceFile is one source. Exactly one of the first five keys says what it is.
type sourceFile struct {
	Dir         alertrules.Text   `yaml:"dir"`
	Queue       alertrules.Text   `yaml:"queue"`
	Bucket      alertrules.Text   `yaml:"bucket"`
	SecurityHub bool              `yaml:"securityhub"`
	Stdin       bool              `yaml:"stdin"`
	Name        alertrules.Text   `yaml:"name"`
	Logstore    alertrules.Text   `yaml:"logstore"`
	TimeZone    alertrules.Text   `yaml:"time_zone"`
	Tenant      alertrules.Text   `yaml:"tenant"`
	Columns     alertrules.Text   `yaml:"columns"`
	Buckets     []alertrules.Text `yaml:"buckets"`
	Role        alertrules.Text   `yaml:"role"`
	Region      alertrules.Text   `yaml:"region"`
	Endpoint    alertrules.Text   `yaml:"endpoint"`
	Tries       *int64            `yaml:"tries"`
	SilentAfter silentFile        `yaml:"silent_after"`
	Webhook     alertrules.Text   `yaml:"webhook"`
	SecretFile  alertrules.Text   `yaml:"secret_file"`
	Header      alertrules.Text   `yaml:"header"`
}

// sourceKind is what a source is.
type sourceKind string

const (
	fromDir         sourceKind = "dir"
	fromQueue       sourceKind = "queue"
	fromBucket      sourceKind = "bucket"
	fromSecurityHub sourceKind = "securityhub"
	fromStdin       sourceKind = "stdin"
	fromWebhook     sourceKind = "webhook"
)

// remote reports whether a source calls AWS, or what speaks its protocols.
func (k sourceKind) remote() bool {
	return k == fromQueue || k == fromBucket || k == fromSecurityHub
}

// calls is where a source says what it calls; nil for one that calls nobody, or
// nobody knows whom.
func calls(s *sourceConfig, node *alertrules.Node) *alertrules.Node {
	if !s.kind.remote() || s.kind == fromQueue && s.queue.Name == "" {
		return nil
	}
	return orNode(node.Get(string(s.kind)), node)
}

// sourceConfig is a source that was checked. Its Open is filled in where it is
// used (sources.go).
type sourceConfig struct {
	agent.Source
	kind   sourceKind
	dir    string
	queue  sqs.Queue
	places []s3.Place // of a bucket, or those that messages may name
	access awsapi.Access
	tries  int
	hook   webhook.Options
}

const sourceHint = "dir: /var/lib/prowler, queue: https://sqs…, bucket: NAME/PREFIX, securityhub: true, stdin: true or webhook: 127.0.0.1:8686"

func (r *configReader) sources(c *config) {
	seen := map[string]bool{}
	for i, s := range r.file.Sources {
		node := r.doc.At("sources").Items[i]
		if !alertrules.ValidName(s.Name.Value) {
			r.doc.Problem("config/source", orNode(s.Name.Node, node), fmt.Sprintf("%q cannot name a source", s.Name.Value), "lower-case letters, digits, '.', '_' and '-'")
			continue
		}
		if seen[s.Name.Value] {
			r.doc.Problem("config/source", s.Name.Node, "two sources have this name", "")
		}
		seen[s.Name.Value] = true
		kind := r.sourceKind(s, node)
		if kind == "" {
			continue
		}
		source := sourceConfig{Source: agent.Source{Name: s.Name.Value, Zone: r.zone(s.TimeZone, c.zone), Tenant: s.Tenant.Value, Silence: r.silence(s.SilentAfter)}, kind: kind}
		r.sourceKeys(s, kind, node)
		r.place(c, s, &source)
		source.access = r.access(c, accessFile{s.Role, s.Region, s.Endpoint, calls(&source, node)}, source.queue.Region)
		r.tries(s, &source, node)
		source.Columns = r.columns(s.Columns)
		if s.Logstore.Given() {
			logstore, err := c.logstore(s.Logstore.Value)
			if err != nil {
				r.doc.Problem("config/logstore", s.Logstore.Node, err.Error(), "")
				continue
			}
			source.Logstore = logstore
		}
		c.sources = append(c.sources, source)
	}
}

// sourceKind finds out what a source is; "" after a problem.
func (r *configReader) sourceKind(s sourceFile, node *alertrules.Node) (kind sourceKind) {
	for _, k := range []struct {
		kind  sourceKind
		given bool
	}{{fromDir, s.Dir.Given()}, {fromQueue, s.Queue.Given()}, {fromBucket, s.Bucket.Given()}, {fromSecurityHub, s.SecurityHub}, {fromStdin, s.Stdin}, {fromWebhook, s.Webhook.Given()}} {
		switch {
		case !k.given:
		case kind != "":
			r.doc.Problem("config/source", orNode(node.Get(string(k.kind)), node), fmt.Sprintf("a source is one thing, and this one is a %s already", kind), "write a second source")
			return ""
		default:
			kind = k.kind
		}
	}
	if kind == "" {
		r.doc.Problem("config/source", node, "the source does not say what it is", sourceHint)
	}
	return kind
}

// sourceKeys refuses keys that mean nothing for this kind of source.
func (r *configReader) sourceKeys(s sourceFile, kind sourceKind, node *alertrules.Node) {
	remote := kind.remote()
	for _, k := range []struct {
		name string
		text alertrules.Text
		ok   bool
	}{
		{"role", s.Role, remote},
		{"region", s.Region, remote},
		{"endpoint", s.Endpoint, remote},
		{"secret_file", s.SecretFile, kind == fromWebhook},
		{"header", s.Header, kind == fromWebhook},
	} {
		if k.text.Given() && !k.ok {
			r.doc.Problem("config/source", k.text.Node, fmt.Sprintf("%s: means nothing for a %s", k.name, kind), "")
		}
	}
	if s.Tries != nil && kind != fromQueue && kind != fromBucket {
		r.doc.Problem("config/source", node.Get("tries"), fmt.Sprintf("tries: means nothing for a %s", kind), "")
	}
	if len(s.Buckets) > 0 && kind != fromQueue {
		r.doc.Problem("config/source", s.Buckets[0].Node, fmt.Sprintf("buckets: means nothing for a %s", kind), "bucket: NAME/PREFIX lists one; buckets: says what the messages of a queue may name")
	}
	if kind == fromStdin && r.stdin {
		r.doc.Problem("config/source", node.Get("stdin"), "two sources read the standard input", "")
	}
	r.stdin = r.stdin || kind == fromStdin
}

// place checks where a source is.
func (r *configReader) place(c *config, s sourceFile, source *sourceConfig) {
	var err error
	switch source.kind {
	case fromDir:
		dir, allowed := r.userPath(s.Dir)
		if _, err := os.Stat(dir); err != nil && allowed {
			r.doc.Warn("config/source", s.Dir.Node, "this folder cannot be read now: "+err.Error(), "create it before tocsin runs")
		}
		source.dir = dir
	case fromQueue:
		if source.queue, err = sqs.ParseQueue(s.Queue.Value); err != nil {
			r.doc.Problem("config/source", s.Queue.Node, err.Error(), `queue: "https://sqs.eu-central-1.amazonaws.com/111122223333/tocsin"`)
			return
		}
		r.called(s.Queue, c.private)
		for _, b := range s.Buckets {
			r.bucket(b, source)
		}
		if len(s.Buckets) == 0 && source.Tenant == "" { // its messages are the records
			source.Tenant = source.queue.Tenant()
		}
	case fromBucket:
		r.bucket(s.Bucket, source)
	case fromWebhook:
		r.webhook(s, source)
	}
}

func (r *configReader) bucket(t alertrules.Text, source *sourceConfig) {
	place, ok := s3.ParsePlace(t.Value)
	if !ok {
		r.doc.Problem("config/source", t.Node, fmt.Sprintf("%q is no bucket", t.Value), "NAME, or NAME/PREFIX with the beginning of the keys")
		return
	}
	source.places = append(source.places, place)
}

// tries checks how often an object is tried.
func (r *configReader) tries(s sourceFile, source *sourceConfig, node *alertrules.Node) {
	if s.Tries == nil {
		return
	}
	source.tries = int(*s.Tries)
	if source.tries < 1 || source.tries > 1000 {
		r.doc.Problem("config/source", node.Get("tries"), "a number of tries is from 1 to 1000", "the default is 5")
	}
}
