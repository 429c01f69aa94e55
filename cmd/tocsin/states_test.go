package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Values beyond `limits.states` are one alert that counts them. A reader who is told of
// no end hears of its end all the same, and the operator of both.
func TestG43States(t *testing.T) {
	c := newCalendar(t, map[string]string{
		"tocsin.yaml":     "operator: [ops@example.com]\nlimits: {states: 2}\nnotify: {resolved: false}\n",
		"rules/rule.yaml": "rules:\n  - {id: many, logstore: cloudtrail, window: 1h, delay: 0s, every: 1h, query: \"eventName:GetUser\", alert_per: [recipientAccountId], notify: {to: [soc@example.com]}}\n",
	})
	c.run(exitDone, "run", "--once")
	var lines strings.Builder
	for i, account := range []string{"111111111111", "222222222222", "333333333333", "444444444444", "555555555555"} {
		lines.WriteString(trailRecord(i, c.now.Add(10*time.Minute), account))
	}
	writeFiles(t, ".", map[string]string{"many.jsonl": lines.String()})
	c.now = c.now.Add(time.Hour)
	c.run(exitDone, "load", "--live", "many.jsonl")
	c.run(exitDone, "run", "--once")
	c.wants(c.run(exitFound, "status"), "more than 2 values", "3 that hit")
	c.wants(c.mails(), "stands for 3 of the values that fire")
	c.now = c.now.Add(2 * time.Hour)
	c.run(exitDone, "run", "--once")
	c.wants(c.mails(), "every value has room for an alert of its own again", "stood at last for 3 of the values")
}

func TestStatesProblems(t *testing.T) {
	for text, want := range map[string]string{
		"limits: {states: 0}": "from 1 to 1000000 states", "limits: {states: many}": "from 1 to", "limits: {states: 1000001}": "from 1 to", "limits: {states: 50}": "",
	} {
		c, err := parseConfig("tocsin.yaml", []byte(text+"\n"))
		if want == "" && (err != nil || c.states != 50) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// mails are the texts of all mails, with their whitespace as one space.
func (c *calendar) mails() string {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join("tocsin-data", "mail", "new", "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			c.t.Fatal(err)
		}
		subject, text, err := mailText(f)
		if err != nil {
			c.t.Fatal(err)
		}
		_ = f.Close() // it was read
		all = append(all, subject, text)
	}
	return strings.Join(strings.Fields(strings.Join(all, "\n")), " ")
}
