package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tocsin/ingest/awsapi"
)

// policy is one of AWS IAM.
type policy struct {
	Version   string
	Statement []struct {
		Effect    string
		Action    []awsapi.Action
		Resource  string            `json:",omitempty"`
		Principal map[string]string `json:",omitempty"`
		Condition map[string]any    `json:",omitempty"`
	}
}

// TestDocsPolicies holds that the policies of docs/sources.md are policies, permit
// only what the program calls, on named things where there are names, and that all
// that it calls is permitted by one of them.
func TestDocsPolicies(t *testing.T) {
	p := docPage(t, "docs/sources.md")
	permitted := map[awsapi.Action]bool{}
	for _, f := range p.fences() {
		if f.kind != "json" {
			continue
		}
		var have policy
		dec := json.NewDecoder(strings.NewReader(f.text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&have); err != nil || have.Version != "2012-10-17" || len(have.Statement) == 0 {
			t.Errorf("%s:%d: this is no policy: %v", p.name, f.line, err)
		}
		for _, s := range have.Statement {
			for _, a := range s.Action {
				permitted[a] = true
				if !slices.Contains(awsapi.Actions(), a) {
					t.Errorf("%s:%d: the program does not call %s", p.name, f.line, a)
				}
				if s.Effect != "Allow" || s.Resource == "" && s.Principal == nil || s.Resource == "*" && a != awsapi.GetFindings {
					t.Errorf("%s:%d: %s is permitted on %q", p.name, f.line, a, s.Resource)
				}
			}
		}
	}
	for _, a := range awsapi.Actions() {
		if !permitted[a] {
			t.Errorf("%s: no policy permits %s", p.name, a)
		}
	}
}
