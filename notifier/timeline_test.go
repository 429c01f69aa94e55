package notifier_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/alertrules"
	"tocsin/notifier/notifiertest"
)

// TestTimelines plays what recipients get, and when (testdata/timelines).
func TestTimelines(t *testing.T) {
	files, err := filepath.Glob("testdata/timelines/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("only %d timelines: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			tl := readTimeline(t, file)
			store := notifiertest.NewMemory()
			for _, fault := range notifiertest.Play(tl, store, notifiertest.NewScript(store, tl.Rules)) {
				t.Error(fault)
			}
		})
	}
}

func readTimeline(t *testing.T, file string) notifiertest.Timeline {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var tl notifiertest.Timeline
	if _, err := alertrules.DecodeStrict(file, src, &tl); err != nil {
		t.Fatal(err)
	}
	return tl
}

// TestTimelineFindsFaults shows that a timeline can fail.
func TestTimelineFindsFaults(t *testing.T) {
	tl := readTimeline(t, "testdata/timelines/T02.yaml")
	for _, spoil := range []func(*notifiertest.Timeline){
		func(tl *notifiertest.Timeline) { tl.Steps[1].Mails = nil },
		func(tl *notifiertest.Timeline) { tl.Steps[0].Mails[0].Kind = "news" },
		func(tl *notifiertest.Timeline) { tl.Steps[0].Mails[0].Tells = []string{"firing: r2"} },
		func(tl *notifiertest.Timeline) { tl.Rules[0].Severity = "high" },
	} {
		tl := readTimeline(t, "testdata/timelines/T02.yaml")
		spoil(&tl)
		store := notifiertest.NewMemory()
		if len(notifiertest.Play(tl, store, notifiertest.NewScript(store, tl.Rules))) == 0 {
			t.Error("a spoilt timeline passes")
		}
	}
	_ = tl
}
