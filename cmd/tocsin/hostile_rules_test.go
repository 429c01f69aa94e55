package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
)

// insideRules makes two rules of each hostile query: one that leaves out what it
// matches, and one that puts its result together with another. It returns those that
// are taken; the others are refused with a place inside the query, in clean lines.
func (b *bench) insideRules(t *testing.T, cases []hostileQuery) (taken []string) {
	p, closeIt := b.open()
	defer closeIt()
	env := p.ruleEnv()
	for _, c := range cases {
		if len(c.Query) > 4000 {
			continue
		}
		text := yamlText(c.Query)
		for kind, rule := range map[string]string{
			"exception": fmt.Sprintf("{id: %s-out, query: '*', stage: staging, exceptions: [{match: %s, until: 2027-01-31, reason: hostile}]}", c.ID, text),
			"combine":   fmt.Sprintf("{id: %s-two, stage: staging, queries: [{query: 'eventName:CreateUser | SELECT eventName'}, {query: %s}], combine: {kind: concat}}", c.ID, text),
		} {
			src := "defaults: {logstore: hostile, window: 24h, mode: state}\nrules: [" + rule + "]\n"
			begun := time.Now()
			file, err := alertrules.Parse("rules.yaml", []byte(src), env)
			if took := time.Since(begun); took > queryTime {
				t.Errorf("%s as %s took %s", c.ID, kind, took)
			}
			if err == nil {
				if c.Expect == "error" {
					t.Errorf("%s (%s) is taken as %s: %.300s", c.ID, c.Why, kind, c.Query)
				}
				taken = append(taken, rule)
				continue
			}
			refusedInPlace(t, c.ID+" as "+kind, file, err, len(src))
		}
	}
	if len(taken) < 40 {
		t.Errorf("only %d rules are taken", len(taken))
	}
	return taken
}

// refusedInPlace reports a refusal that does not say where, or not cleanly.
func refusedInPlace(t *testing.T, what string, file *alertrules.File, err error, size int) {
	t.Helper()
	var list *diag.List
	if !errors.As(err, &list) || len(file.Rules) > 0 {
		t.Errorf("%s: %v, %d rules", what, err, len(file.Rules))
		return
	}
	for _, problem := range list.Problems {
		if problem.Span.Start <= 0 || problem.Span.Start > size {
			t.Errorf("%s is refused at %+v: %.300s", what, problem.Span, problem.Message)
		}
		if why := unclean(problem.Message + problem.Hint); why != "" || strings.Contains(problem.Message+problem.Hint, "\n") {
			t.Errorf("%s is refused with %s: %.300q", what, why, problem.Message)
		}
	}
}
