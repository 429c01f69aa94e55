//go:build integration

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// away is a query that a user can write and the engine does not stop within seconds of
// its interrupt: for a chunk of 2048 records it compares many long texts.
func away(n int) string {
	var terms []string
	for i := range 24 {
		i += n
		terms = append(terms, fmt.Sprintf("levenshtein_distance(concat(substr(userAgent, %d, 400), substr(errorMessage, 1, 60)), concat(substr(errorMessage, %[1]d, 400), substr(userAgent, 1, 60)))", i+1))
	}
	return "* | SELECT sum(" + strings.Join(terms, " + ") + ") AS s"
}

// hungry is one that needs more memory, or more time, than there is.
const hungry = "* | SELECT cardinality(array_agg(concat(a.userAgent, b.errorMessage))) AS n FROM log a JOIN log b ON a.awsRegion = b.awsRegion"

// The bench of terror in full: two rules that cannot be stopped, one that ends the
// process, and one that eats memory, beside two hundred good ones. The good ones stay
// on time and tell each event once; the bad ones are quarantined, or cut short, and the
// operator and nobody else hears of each once; the agent starts itself anew under its
// number.
func TestTerrorIntegration(t *testing.T) {
	t.Parallel()
	const good = 200
	bad := fmt.Sprintf(`
defaults: {logstore: cloudtrail, every: 20s}
rules:
  - {id: deadly, every: 1s, query: "eventName:%s"}
  - {id: away-one, window: 24h, delay: 0s, trigger: {when: s > 0}, query: %q}
  - {id: away-two, window: 24h, delay: 0s, trigger: {when: s > 0}, query: %q}
  - {id: hungry, window: 24h, delay: 0s, trigger: {when: n > 0}, query: %q}
`, deadly, away(0), away(30), hungry)
	dir := terrorProject(t, good, "20s", bad)
	if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		b := make([]byte, 500)
		for i := range b {
			b[i] = "abcdefghij klmnop"[rnd.IntN(17)]
		}
		return string(b)
	}
	var records strings.Builder
	for i := range 10_000 {
		name := "Other"
		if i < good {
			name = fmt.Sprintf("Good%d", i)
		}
		records.WriteString(terrorRecord(i, name, text(), text()))
	}
	records.WriteString(terrorRecord(10_000, deadly, "", ""))
	writeSettled(t, dir, map[string]string{"in/1.json": records.String()})
	p, deaths := survive(t, dir, "6s", "ops@example.com", "deadly is quarantined")
	t.Logf("it died %d times", deaths)
	if deaths < 2 {
		t.Errorf("it died %d times", deaths)
	}
	pid := p.cmd.Process.Pid
	p.patience = 5 * time.Minute
	p.waits("tocsin starts itself anew", 2) // to the operator, and in the log
	p.waits("msg=running", 2)
	p.awaitMail(1, "ops@example.com", "deadly is quarantined")
	p.until("the operator is told", func() bool {
		told := p.operatorText()
		return strings.Contains(told, "rule away-one is quarantined") && strings.Contains(told, "rule away-two is quarantined") && strings.Contains(told, "rule hungry hit a bound")
	})
	for i := range good {
		p.awaitMail(1, "ken@example.com", fmt.Sprintf("good-%03d", i))
	}
	open, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(open) == 0 {
		t.Fatalf("the process has another number: %v", err)
	}
	files := 0
	for _, fd := range open {
		if name, err := os.Readlink(fd); err == nil && strings.HasSuffix(name, "logs.duckdb") {
			files++
		}
	}
	if files > 2 {
		t.Errorf("logs.duckdb is open %d times: the process before left it", files)
	}
	time.Sleep(90 * time.Second)
	p.stop()
	told := p.operatorText()
	for _, once := range []string{"rule deadly is quarantined", "rule away-one is quarantined", "rule away-two is quarantined", "rule hungry hit a bound", "2 queries went on after they were told to stop: tocsin starts itself anew"} {
		if n := strings.Count(told, "* "+once); n != 1 {
			t.Errorf("%q was told %d times", once, n)
		}
	}
	for _, m := range p.mails() {
		if strings.HasPrefix(m, "ken@") && !strings.Contains(m, "good-") {
			t.Errorf("a recipient was told: %s", m)
		}
	}
	out, err := command(t, dir, "status").Output()
	if err == nil {
		t.Error("status finds nothing wrong")
	}
	for _, m := range regexp.MustCompile(`good-\d+: \w+ at (\S+)`).FindAllStringSubmatch(string(out), -1) {
		at, err := time.Parse(time.RFC3339, m[1])
		if ago := time.Since(at); err != nil || ago > 50*time.Second {
			t.Errorf("%s, which is %s ago", m[0], ago)
		}
	}
	for _, want := range []string{"deadly: quarantined", "away-one: quarantined", "away-two: quarantined", "hungry: partial"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("status does not say %q:\n%s", want, out)
		}
	}
	count, err := command(t, dir, "query", "-l", "cloudtrail", "--all", "-o", "csv", "* | SELECT count(*) AS n").Output()
	if err != nil || strings.TrimSpace(string(count)) != "n\n10001" {
		t.Errorf("records: %s %v", count, err)
	}
}

// operatorText is what all mails to the operator say.
func (p *process) operatorText() string {
	p.t.Helper()
	var all strings.Builder
	for _, a := range p.received() {
		if a.To == "ops@example.com" {
			all.WriteString(a.Letter.Text + "\n")
		}
	}
	return strings.Join(strings.Fields(all.String()), " ")
}
