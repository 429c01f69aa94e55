package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tocsin/alertrules"
)

// TestLastGood: what is remembered of rule files outlives the process; each time it
// is the whole of it.
func TestLastGood(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s := openTest(t, dir)
	list := []alertrules.LastGood{{Name: "a.yaml", Text: "rules: []\n\x00\u2028", IDs: []string{"one"}}, {Name: "b.yaml", Text: ""}}
	for _, want := range [][]alertrules.LastGood{list, {}, list[:1]} {
		templates := []Template{{Name: "a.yaml", Files: map[string]string{"a.html": fmt.Sprint(len(want)), "b.txt": "\x00"}}}
		if err := s.State.SetLastGood(ctx, want, templates); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(ctx); err != nil {
			t.Fatal(err)
		}
		s = openTest(t, dir)
		got, err := s.State.LastGood(ctx)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v\n%s", err, cmp.Diff(want, got))
		}
		if used, err := s.State.LastTemplates(ctx); err != nil || len(used) != 1 || !cmp.Equal(*used[0], templates[0]) {
			t.Errorf("templates: %v, %v", err, used)
		}
	}
}

// TestNoticeOnce: news that is no cause is told once for its key, and nothing is
// wrong by it.
func TestNoticeOnce(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, t.TempDir())
	for _, key := range []string{"alive/1", "alive/1", "alive/2", "alive/1"} {
		if err := s.State.CommitRound(ctx, &alertrules.Round{At: testNow, Notices: []alertrules.Notice{{Key: key, Text: "x", Since: testNow, Once: true}}}); err != nil {
			t.Fatal(err)
		}
	}
	w, err := s.State.Work(ctx, testNow)
	if err != nil || len(w.Notices) != 2 || w.Notices[1].Key != "alive/2" {
		t.Errorf("%v, %+v", err, w)
	}
	if causes, err := s.State.Causes(ctx); err != nil || len(causes) > 0 {
		t.Errorf("%v, %v", err, causes)
	}
}
