package alertrules_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/diag"
)

// Whatever a rule file holds, reading it ends, problems lie inside of the text,
// and a file with an error has no rules.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(a.Files[0].Data))
	}
	for _, when := range []string{"n > 10", `a == "x" && !(b =~ '^x')`, "contains(a, 'b') or c is null", "x between 1 and 2", "$0.cnt % 2 = 1", "a like 'x%'", "coalesce(a, 'b') in ('c')"} {
		f.Add("rules: [{id: a, logstore: findings, window: 1h, query: '* | SELECT status AS a, count(*) AS n GROUP BY status', trigger: {when: \"" + strings.ReplaceAll(when, `"`, `\"`) + "\"}}]")
	}
	env := alertrulestest.Env()
	f.Fuzz(func(t *testing.T, src string) {
		late := time.AfterFunc(10*time.Second, func() { panic("does not end: " + strconv.Quote(src)) })
		defer late.Stop()
		file, err := alertrules.Parse("f.yaml", []byte(src), env)
		if (err != nil) != (file.List.Err() != nil) || err != nil && len(file.Rules) > 0 {
			t.Fatalf("error %v, rules %d", err, len(file.Rules))
		}
		for _, p := range file.List.Problems {
			if p.Span.Start < 0 || p.Span.End < p.Span.Start || p.Span.End > len(file.List.Source) {
				t.Fatalf("%s at %v of %d bytes", p.Message, p.Span, len(file.List.Source))
			}
		}
		if err := diag.Print(&strings.Builder{}, file.List); err != nil {
			t.Fatal(err)
		}
		for _, r := range file.Rules {
			row := make([]any, len(r.Columns))
			if r.Trigger.When != nil {
				r.Trigger.When.Holds(row, 1)
			}
		}
	})
}
