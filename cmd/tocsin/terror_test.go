package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/query"
)

// The bench of terror: rules that endanger the process, beside good ones. What is
// known to crash the engine is no text of a rule: the language refuses it. So in a
// process that a test starts, the query of the rule that looks for a value asks for it
// behind the language's back.

// terror is in the environment of such a process, and says how long the query of a
// rule may take.
const terror = "TOCSIN_TEST_TERROR"

// deadly is the value.
const deadly = "die-of-this"

// outOfStack is a statement at which DuckDB runs out of stack, on a thread of its own.
const outOfStack = "SELECT sum(length(json_structure(v))) FROM (SELECT repeat('[', 1000000 + i::INT) || repeat(']', 1000000 + i::INT) AS v FROM range(3) r(i))"

// terrible is main in such a process.
func terrible() {
	limit, err := time.ParseDuration(os.Getenv(terror))
	if err != nil {
		panic(err)
	}
	e := systemEnv()
	e.rules = func(ask alertrules.QueryFunc) alertrules.QueryFunc {
		ask = within(limit, ask)
		return func(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
			if slices.Contains(p.SQL(query.DuckDB(), w).Args, any(deadly)) {
				time.Sleep(20 * time.Millisecond) // with others at work
				db, err := sql.Open("duckdb", "")
				must(err)
				_, err = db.ExecContext(ctx, outOfStack)
				panic(fmt.Sprintf("the engine did not crash: %v", err))
			}
			return ask(ctx, p, w)
		}
	}
	program(e)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// terrorProject writes good rules, each for an event of its name, and bad ones; their
// notifications go to one address, those about the agent to another.
func terrorProject(t *testing.T, good int, every, bad string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var rules strings.Builder
	fmt.Fprintf(&rules, "defaults: {logstore: cloudtrail, every: %s, severity: critical}\nrules:\n", every)
	for i := range good {
		fmt.Fprintf(&rules, "  - {id: good-%03d, query: \"eventName:Good%d\"}\n", i, i)
	}
	must(os.Mkdir(filepath.Join(dir, "in"), 0o700))
	writeSettled(t, dir, map[string]string{
		"tocsin.yaml":     "rules: [rules/]\nsources: [{name: in, dir: in/}]\noperator: [ops@example.com]\nnotify: {to: [ken@example.com]}\n",
		"rules/good.yaml": rules.String(),
		"rules/bad.yaml":  bad,
	})
	return dir
}

// terrorRecord is one record.
func terrorRecord(id int, name, agent, message string) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","eventTime":%q,"eventSource":"x.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","requestID":"r%d","eventID":"%08x-0000-4000-8000-%012x","userAgent":%q,"errorMessage":%q,"userIdentity":{"type":"Root"}}`+"\n",
		time.Now().UTC().Format(time.RFC3339), name, id, id, id, agent, message)
}

// survive starts the agent again, as systemd does, until it has sent a mail that holds
// these texts; it says how often it died.
func survive(t *testing.T, dir, limit string, mail ...string) (p *process, deaths int) {
	t.Helper()
	for ; ; deaths++ {
		p = startWith(t, dir, []string{terror + "=" + limit})
		p.patience = 5 * time.Minute
		died := false
		p.until(fmt.Sprintf("a mail with %q", mail), func() bool {
			select {
			case err := <-p.ended:
				died = true
				said := p.said.String()
				natively := err != nil && strings.Contains(err.Error(), "segmentation fault") || strings.Contains(said, "SIGSEGV")
				if !natively || deaths == 4 {
					t.Fatalf("it ended %d times, with %v\n%s", deaths+1, err, said)
				}
			default:
			}
			return died || p.mailed(mail...) > 0
		})
		if !died {
			return p, deaths
		}
	}
}

// A rule at whose query the process dies is found out, quarantined and told once; the
// others go on, through all of it, and each of their events is told once. It is
// released by hand, and by another text.
func TestP31ARuleThatEndsTheProcess(t *testing.T) {
	t.Parallel()
	const good = 12
	bad := "rules: [{id: bad, logstore: cloudtrail, every: 1s, query: \"eventName:" + deadly + "\"}]\n"
	dir := terrorProject(t, good, "1s", bad)
	must2 := func(out []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return string(out)
	}
	must2(command(t, dir, "run", "--once").CombinedOutput()) // the rules are known, and nothing is there to query
	var records strings.Builder
	for i := range good {
		records.WriteString(terrorRecord(i, fmt.Sprintf("Good%d", i), "", ""))
	}
	records.WriteString(terrorRecord(999, deadly, "", ""))
	writeSettled(t, dir, map[string]string{"in/1.json": records.String()})
	p, deaths := survive(t, dir, "10s", "ops@example.com", "bad is quarantined")
	if deaths < 2 {
		t.Errorf("it died %d times", deaths)
	}
	for i := range good {
		p.awaitMail(1, "ken@example.com", fmt.Sprintf("good-%03d", i))
	}
	p.awaitMail(1, "ops@example.com", "bad is quarantined")
	p.stop()
	if n := p.mailed("bad"); n != 1 {
		t.Errorf("%d mails of the bad rule: %q", n, p.mails())
	}
	out, err := command(t, dir, "status").Output()
	said := string(out)
	for _, want := range []string{"bad: quarantined since ", "gap: bad was not evaluated from ", "wrong since "} {
		if err == nil || !strings.Contains(said, want) {
			t.Errorf("status, %v, does not say %q: %s", err, want, said)
		}
	}
	if why := must2(command(t, dir, "why", "bad@"+time.Now().UTC().Format(time.RFC3339)).Output()); !strings.Contains(why, "quarantined since") || !strings.Contains(why, "$ tocsin rules release bad") {
		t.Errorf("why: %s", why)
	}
	late := 0
	for _, m := range regexp.MustCompile(`good-\d+: \w+ at (\S+)`).FindAllStringSubmatch(said, -1) {
		at, err := time.Parse(time.RFC3339, m[1])
		if err != nil || time.Since(at) > time.Minute {
			late++
		}
	}
	if late > 0 {
		t.Errorf("%d good rules are late: %s", late, said)
	}
	// Released without a change, it does the same again, and is told again.
	must2(command(t, dir, "rules", "release", "bad", "--note", "it was the disk").CombinedOutput())
	if out, err := command(t, dir, "rules", "release", "bad").CombinedOutput(); err == nil || !strings.Contains(string(out), "bad is not quarantined") {
		t.Errorf("released again: %v %s", err, out)
	}
	gaps := must2(command(t, dir, "gaps").Output())
	if !strings.Contains(gaps, `"rule":"bad"`) || !strings.Contains(gaps, `"reason":"quarantined"`) {
		t.Errorf("gaps: %s", gaps)
	}
	// Another text makes it go on, and its gap can be filled.
	writeSettled(t, dir, map[string]string{"rules/bad.yaml": strings.Replace(bad, deadly, "die*", 1), "in/2.json": terrorRecord(1000, "dies-no-more", "", "")})
	p, deaths = survive(t, dir, "10s", "ken@example.com", "bad")
	p.awaitMail(1, "ken@example.com", "bad")
	p.stop()
	if out := must2(command(t, dir, "gaps", "fill").CombinedOutput()); !strings.Contains(out, "1 found") || deaths != 0 {
		t.Errorf("fill: %s", out)
	}
}
