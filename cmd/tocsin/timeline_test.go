package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier/notifiertest"
)

// TestTimelines plays what recipients get, and when, through the whole program:
// configuration, rules and templates from files, records into a store on disk,
// the engine, the notifier, a maildir; only the clock is simulated. A timeline
// is a file of testdata/timelines, to be read from top to bottom; the package
// notifier has the same ones with scripted alerts.
func TestTimelines(t *testing.T) {
	files, err := filepath.Glob("testdata/timelines/*.yaml")
	if err != nil || len(files) < 11 {
		t.Fatalf("only %d timelines: %v", len(files), err)
	}
	for _, file := range files {
		if filepath.Base(file) == "tocsin.yaml" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			for _, fault := range play(t, readTimeline(t, file)) {
				t.Error(fault)
			}
		})
	}
}

// TestTimelineFindsFaults shows that a timeline can fail.
func TestTimelineFindsFaults(t *testing.T) {
	for name, spoil := range map[string]func(*timeline){
		"a mail too many": func(tl *timeline) { tl.Steps[1].Mails = nil },
		"another kind":    func(tl *timeline) { tl.Steps[2].Mails[0].Kind = "repeat" },
		"another row":     func(tl *timeline) { tl.Steps[1].Mails[0].Tells = []string{"firing: r2"} },
		"another rule":    func(tl *timeline) { tl.Rules = strings.ReplaceAll(tl.Rules, "critical", "high") },
		"no record":       func(tl *timeline) { tl.Steps[1].Records = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tl := readTimeline(t, "testdata/timelines/T02.yaml")
			spoil(&tl)
			if len(play(t, tl)) == 0 {
				t.Error("the spoilt timeline passes")
			}
		})
	}
}

// A timeline is a table: what comes in at each moment, and who gets which mail.
// Mails at other moments are mistakes.
type timeline struct {
	Name    string   `yaml:"name"`
	Why     string   `yaml:"why"`
	Project string   `yaml:"project"` // folder whose rules and templates are taken as they are
	Config  string   `yaml:"config"`  // tocsin.yaml; default: the one beside the timelines
	Rules   string   `yaml:"rules"`   // the rule file
	Record  string   `yaml:"record"`  // JSON of a record; {time}, {epoch}, {uuid} and {NAME} are replaced
	Show    []string `yaml:"show"`    // columns that the mails print of each row
	Never   []string `yaml:"never"`   // with a project: what no mail says
	Day     string   `yaml:"day"`     // of the first moment
	Zone    string   `yaml:"zone"`    // of the moments; "": UTC
	Steps   []step   `yaml:"steps"`

	Refused []refusal `yaml:"refused"`
}

// A refusal is an edit of the rules that check refuses.
type refusal struct {
	Replace string `yaml:"replace"`
	By      string `yaml:"by"`
	Says    string `yaml:"says"` // the way out
}

// A step is one line of the table.
type step struct {
	Day     string              `yaml:"day"` // default: that of the step before
	At      string              `yaml:"at"`
	Note    string              `yaml:"note"`
	Records []arrival           `yaml:"records"` // what came in since the step before, or comes in until the last of a series
	Beside  []string            `yaml:"beside"`  // endings of the files that the scanner wrote beside its OCSF, of the same run: they are skipped
	Load    []string            `yaml:"load"`    // files that are loaded at this moment
	Notify  bool                `yaml:"notify"`  // what comes in is loaded with --notify
	Live    bool                `yaml:"live"`    // what comes in is delivered by a source that runs
	Rules   string              `yaml:"rules"`   // the rule file from now on
	Edit    map[string]string   `yaml:"edit"`    // texts in rule files, by which others stand there from now on
	Files   map[string]string   `yaml:"files"`   // files from now on; without a text: it is removed
	Move    map[string]string   `yaml:"move"`    // files that get another name
	Reads   int                 `yaml:"reads"`   // how often the files are read again; default: once when they change
	Kill    bool                `yaml:"kill"`    // kill -9 right before this moment, and another process
	Stop    bool                `yaml:"stop"`    // the agent ends after the work of this moment; the next step starts it
	Drains  bool                `yaml:"drains"`  // the sources are not drained yet after a start: nothing is evaluated or sent
	Engine  map[string]string   `yaml:"engine"`  // how the queries of a rule are answered from now on: ok, down, or "slow N": the time is over after N rows
	Server  string              `yaml:"server"`  // how the mail server answers from now on: ok, down, or killed: the agent is, before it has read the answer
	Once    bool                `yaml:"once"`    // at this moment `run --once`; no agent runs between such steps
	Prints  []string            `yaml:"prints"`  // what that prints
	Fill    string              `yaml:"fill"`    // gaps fill, before the round: "yes", or "notify" with --notify
	Crash   bool                `yaml:"crash"`   // the program ends after every transaction of this moment and starts again
	Holds   []notifiertest.Hold `yaml:"holds"`
	GoOn    *int64              `yaml:"go_on"` // how many alerts go on after this moment; not given: that does not matter
	Gaps    []string            `yaml:"gaps"`  // all that there are after this moment, oldest first: "RULE FROM TO REASON"; not given: they do not matter
	Mails   []notifiertest.Want `yaml:"mails"`
}

// An arrival is a record, or a series of them.
type arrival struct {
	Day    string            `yaml:"day"` // default: that of the step
	At     string            `yaml:"at"`  // when it is stored
	Event  string            `yaml:"event"`
	Every  time.Duration     `yaml:"every"` // of a series, with the number Times
	Times  int               `yaml:"times"`
	First  int               `yaml:"first"`  // {n} of the first record of a series; default 1
	Fields map[string]string `yaml:"fields"` // what stands for {NAME} in the record; {n} in them is the running number

	// File holds records of the project instead; their times are moved by Shift,
	// and texts in them replaced.
	File    string            `yaml:"file"`
	Shift   time.Duration     `yaml:"shift"`
	Replace map[string]string `yaml:"replace"`
}

func readTimeline(t *testing.T, file string) timeline {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var tl timeline
	if _, err := alertrules.DecodeStrict(file, src, &tl); err != nil {
		t.Fatal(err)
	}
	if tl.Project != "" {
		tl.Project = filepath.Join(filepath.Dir(file), tl.Project)
	}
	if tl.Config == "" {
		shared, err := os.ReadFile("testdata/timelines/tocsin.yaml")
		if err != nil {
			t.Fatal(err)
		}
		tl.Config = string(shared)
	}
	return tl
}
