package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the architecture (docs/architecture.md): for each package, the
// packages of this module that it may import. A package that is not listed may
// not exist. Channels also import diag: what a server answers is cleaned by the
// one function that cleans (G02).
var mayImport = map[string]string{
	"diag":                      "",
	"query":                     "diag",
	"query/querytest":           "query",
	"templates":                 "diag",
	"compliance":                "",
	"ingest":                    "diag",
	"ingest/decodertest":        "ingest",
	"ingest/sample":             "ingest",
	"ingest/archive":            "ingest",
	"ingest/awsapi":             "ingest",
	"ingest/awsapi/awstest":     "",
	"ingest/s3":                 "ingest ingest/awsapi",
	"ingest/sqs":                "diag ingest ingest/awsapi ingest/s3",
	"ingest/securityhub":        "ingest ingest/awsapi",
	"ingest/webhook":            "ingest",
	"alertrules":                "diag query templates",
	"alertrules/alertrulestest": "alertrules query",
	"notifier":                  "alertrules compliance diag templates",
	"notifier/notifiertest":     "alertrules diag notifier templates",
	"notifier/channeltest":      "notifier",
	"notifier/email":            "diag notifier",
	"notifier/maildir":          "diag notifier",
	"lint":                      "alertrules diag notifier query templates",
	"agent":                     "alertrules compliance diag ingest lint notifier query templates",
	"examples":                  "",
	"store":                     "alertrules ingest notifier query",
	"store/trino":               "query",
	"store/trino/trinotest":     "query",
	"cmd/tocsin/shell":          "alertrules diag query",
	"cmd/tocsin":                "*",
}

// onlyIn keeps heavy dependencies in the packages that are about them.
var onlyIn = map[string]string{
	"github.com/duckdb/":                               "store",
	"github.com/trinodb/":                              "store/trino store/trino/trinotest",
	"github.com/robfig/cron":                           "alertrules",
	"github.com/aws/aws-sdk-go-v2/service/securityhub": "ingest/securityhub",
	"github.com/aws/aws-sdk-go-v2/service/s3":          "ingest/s3",
	"github.com/aws/aws-sdk-go-v2/service/sqs":         "ingest/sqs",
	"github.com/alecthomas/participle":                 "query",
	"html/template":                                    "templates",
	"golang.org/x/net/html":                            "templates",
	"github.com/wneessen/go-mail":                      "notifier/email",
	"github.com/spf13/cobra":                           "cmd/tocsin",
	"github.com/reeflective/readline":                  "cmd/tocsin/shell",
	"github.com/guptarohit/asciigraph":                 "cmd/tocsin/shell",
	"github.com/prometheus/client_golang/":             "agent",
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "tocsin/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		for _, fault := range importFaults(p.ImportPath, p.Imports) {
			t.Error(fault)
		}
	}
}

// TestImportsFindsFaults shows that the check can fail.
func TestImportsFindsFaults(t *testing.T) {
	for _, c := range []struct {
		pkg     string
		imports []string
		want    string
	}{
		{"tocsin/util", nil, "package util is not in mayImport"},
		{"tocsin/query", []string{"tocsin/store"}, "query imports store"},
		{"tocsin/agent", []string{"github.com/duckdb/duckdb-go/v2"}, "agent imports github.com/duckdb/duckdb-go/v2, which belongs in store"},
	} {
		if got := importFaults(c.pkg, c.imports); !slices.Contains(got, c.want) {
			t.Errorf("%s importing %v: %v, want %q", c.pkg, c.imports, got, c.want)
		}
	}
}

func importFaults(path string, imports []string) (faults []string) {
	pkg := strings.TrimPrefix(strings.TrimPrefix(path, "tocsin"), "/")
	if pkg == "" {
		return nil
	}
	allowed, ok := mayImport[pkg]
	if !ok {
		faults = append(faults, "package "+pkg+" is not in mayImport")
	}
	for _, imp := range imports {
		if rel, own := strings.CutPrefix(imp, "tocsin/"); own && allowed != "*" && !slices.Contains(strings.Fields(allowed), rel) {
			faults = append(faults, pkg+" imports "+rel)
		}
		for prefix, where := range onlyIn {
			if strings.HasPrefix(imp, prefix) && !slices.Contains(strings.Fields(where), pkg) {
				faults = append(faults, pkg+" imports "+imp+", which belongs in "+where)
			}
		}
	}
	return faults
}
