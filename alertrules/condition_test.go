package alertrules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tocsin/query"
)

// Each condition is held against one row: cnt 12, ratio 0.5, name "ECS", digits
// "007", ok true, last 2026-11-23 10:00 UTC, nothing NULL, list JSON text.
func TestConditions(t *testing.T) {
	columns := []query.Column{
		{Name: "cnt", Type: query.Integer},
		{Name: "ratio", Type: query.Double},
		{Name: "name", Type: query.Text, Key: true},
		{Name: "digits", Type: query.Text},
		{Name: "ok", Type: query.Boolean},
		{Name: "last", Type: query.Time},
		{Name: "nothing", Type: query.Text},
		{Name: "list", Type: query.JSON},
		{Name: "userIdentity.arn", Type: query.Text},
		{Name: "seven", Type: query.Text},
		{Name: "$1.cnt", Type: query.Integer},
	}
	row := []any{int64(12), 0.5, "ECS", "007", true, time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), nil, `["a"]`, "arn:aws:iam::1:user/bob", "7.0", int64(3)}
	for src, want := range map[string]bool{
		"cnt > 10": true, "cnt > 12": false, "cnt >= 12": true, "cnt == 12": true, "cnt = 12.0": true, "cnt != 12": false, "cnt <> 13": true,
		"cnt > 10 && ratio < 1": true, "cnt > 10 and ratio > 1": false, "cnt > 100 || ok": true, "!(cnt > 100)": true, "not ok": false,
		"name == 'ECS'": true, `name == "ECS"`: true, "name == 'ecs'": false, "name > 'ECA'": true, "$0.cnt > 10": true,
		"digits > 6": true, "digits == 7": true, "digits == '7'": false, "cnt == '12'": true,
		"cnt + (-2) == 10": true, "cnt % 5 == 2": true, "cnt / 8 == 1.5": true, "cnt / 0 > 1": false, "ratio * 100 >= 50": true,
		"name =~ '^E'": true, "name !~ '^E'": false, `name =~ "C"`: true, "regexp_like(name, 'S$')": true,
		"contains(name, 'C')": true, "starts_with(name, 'E') and ends_with(name, 'S')": true, "lower(name) = 'ecs'": true, "length(name) = 3": true,
		"name like 'E_S'": true, "name not like 'E%'": false, "name in ('OSS', 'ECS')": true, "name not in ('OSS')": true, "cnt between 10 and 12": true,
		"last > '2026-11-23'": true, "last < '2026-11-23 09:00:00'": false, "last > TIMESTAMP '2026-11-23 09:59:59'": true,
		"userIdentity.arn like '%bob'": true, "CNT > 10": true,
		// Two fields are numbers where both are; several results of one rule.
		"digits == seven": true, "digits < name": true, "seven >= digits": true, "seven == nothing": false, "seven == '7'": false, `seven == "7.0"`: true,
		"$1.cnt == 3": true, "$0.cnt > $1.cnt": true, "cnt in ($1.cnt, 12)": true,
		// NULL: a comparison is neither true nor false, and its negation neither.
		"nothing == 'x'": false, "nothing != 'x'": false, "not nothing == 'x'": false, "nothing is null": true, "nothing is not null": false,
		"nothing == 'x' or ok": true, "nothing == 'x' and ok": false, "nothing in ('x')": false, "nothing not in ('x')": false,
		"coalesce(nothing, 'x') = 'x'": true, "length(nothing) > 0": false, "nothing is distinct from 'x'": true,
		"__count__ > 6 and cnt = 12": true, "$0.cnt > __count__": true, "__count__ > 7 or not ok": false,
		"list =~ 'a'": true, "abs(0 - cnt) = 12 and floor(ratio) = 0 and ceil(ratio) = 1": true,
	} {
		cond, err := query.ParseCondition(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		test, err := newTest(src, cond, columns)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := test.Holds(row, 7); got != want {
			t.Errorf("%s is %t", src, got)
		}
	}
	for src, keys := range map[string]bool{"name == 'x'": false, "name == 'x' and cnt > 1": true} {
		cond, err := query.ParseCondition(src)
		if err != nil {
			t.Fatal(err)
		}
		test, err := newTest(src, cond, columns)
		if err != nil {
			t.Fatal(err)
		}
		if test.onAggregate([]int{2}) != keys {
			t.Errorf("%s reads an aggregate: %t", src, !keys)
		}
	}
}

// Keys beyond the bound are one group, which does not take the rows of others.
func TestKeysBeyondTheBound(t *testing.T) {
	r := &Rule{ID: "r", Columns: []Column{{Name: "k", Type: "text"}}, per: []int{0}, keys: []int{0}, Trigger: Trigger{Rows: Count{">=", 1}}}
	o := observation{result: &answer{Result: &query.Result{Rows: [][]any{{"a"}, {"b"}, {"c"}, {"a"}}}}}
	groups := r.split(o, func(key string) bool { return key == `r{k=t:"a"}` })
	if len(groups) != 2 || groups[0].all != 2 || groups[1].key != "r{*}" || groups[1].all != 2 || groups[1].beyond != 2 {
		t.Errorf("%+v %+v", groups[0], groups[1])
	}
}

// New keys and rows without end do not grow what is remembered without end; the
// latest are kept.
func TestG43WhatIsRememberedIsBounded(t *testing.T) {
	r := &run{rule: &Rule{ID: "r"}, state: &RuleState{}}
	var seen []string
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for n := range 60 {
		var now []string
		for i := range 1000 {
			now = append(now, fmt.Sprint(n, " ", i))
			r.ended(now[i], at.Add(time.Duration(n)*time.Minute))
		}
		seen = seenBefore(slices.Clone(now), seen)
		if got := seenBefore(now, seen); len(got) != len(seen) {
			t.Fatalf("%d rows were told, and again %d", len(seen), len(got))
		}
	}
	if len(r.state.Ends) > maxEnds || r.state.Ends["59 999"].IsZero() || len(seen) != maxSeen || seen[0] != "59 0" || seen[maxSeen-1] != "10 999" {
		t.Errorf("%d ends, %d rows from %s to %s", len(r.state.Ends), len(seen), seen[0], seen[len(seen)-1])
	}
}
