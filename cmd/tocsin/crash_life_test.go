package main

// This file is the life that TestCrash ends at random: a child process that loads,
// evaluates, decides, delivers, acknowledges, retries, drops and backs up, by a script
// with a clock of its own. One that was killed goes on where the one before was.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
	"tocsin/store"
)

// asLife names the environment variable that makes the test binary live a life in
// its working directory.
const asLife = "TOCSIN_TEST_AS_LIFE"

// crashConfig is tocsin.yaml of a life; a life with a server has the line for it.
const crashConfig = `rules: [rules/]
sources: [{name: in, dir: in/}]
operator: [ops]
people:
  ops: {email: ops@example.com}
  ken: {email: ken@example.com}
  eve: {email: eve@example.com}
  zoe: {email: zoe@example.com}
  ami: {email: ami@example.com, quiet: nights}
  pat: {email: pat@example.com}
calendars: {nights: {daily: "22:00-07:00"}}
catch_up: 3h
keep: {cloudtrail: 1d, history: 1d}
notify: {to: [ken], repeat_interval: 3h30m}
`

// The rules of a life: those that it begins with, and one that comes later.
const (
	crashRules = `rules:
  - {id: planted, logstore: cloudtrail, query: "eventName:StopLogging | SELECT requestParameters.name AS marker", every: 1h, severity: critical, notify: {to: [ken, eve]}}
  - {id: denied, logstore: cloudtrail, query: "errorCode:AccessDenied | SELECT @actor, count(*) AS n GROUP BY @actor HAVING n > 2", window: 1h, every: 1h, alert_per: [actor], severity: high, notify: {to: [ami, zoe]}}
  - {id: hourly, logstore: cloudtrail, query: "* | SELECT count(*) AS n", trigger: {when: "n > 11"}, window: whole 1h, every: 1h, severity: medium, notify: {to: [pat]}}
  - {id: opened, logstore: findings, query: "@change:opened | SELECT @title, @resource", every: 1h, severity: medium, notify: {to: [ken, zoe]}}
`
	crashLater = `rules:
  - {id: logins, logstore: cloudtrail, query: "eventName:ConsoleLogin | SELECT @actor", every: 1h, start: "-24h", severity: medium, notify: {to: [ami, pat]}}
`
)

// A lifeStep is one moment of a life.
type lifeStep struct {
	at    string   // day and time of day
	comes []string // files that the source has from now on
	rules bool     // the later rules are there
	again bool     // the files of the store are closed before, and opened again
	do    func(l *life, ctx context.Context) error
}

// lifeSteps are the script. What a server answers depends on the day and on who is
// written to: see crashAnswer.
var lifeSteps = []lifeStep{
	{at: "3 10:00", comes: []string{"1.json", "2.json"}},
	{at: "3 11:00", comes: []string{"3.json", "scan1.json"}},
	{at: "3 12:00", rules: true, comes: []string{"4.json"}, do: (*life).acknowledge},
	{at: "3 13:00", comes: []string{"again.json", "broken.json"}, again: true},
	{at: "3 14:00"},
	{at: "3 22:00", comes: []string{"5.json", "scan2.json"}, again: true},
	{at: "3 23:00", do: (*life).fill},
	{at: "4 08:00", do: (*life).retry},
	{at: "4 09:00", comes: []string{"6.json"}, do: (*life).backup},
	{at: "5 10:30", comes: []string{"7.json"}, again: true},
}

// lifeFiles are what the source has in the end, by name: the hour of their records, how
// many there are, and how many of them are planted, denied and logins. again.json has
// the records of 2.json a second time, broken.json ends in the middle of one.
var lifeFiles = map[string]struct{ day, hour, records, planted, denied, logins int }{
	"1.json": {3, 9, 6, 1, 3, 1}, "2.json": {3, 9, 4, 1, 0, 0}, "3.json": {3, 10, 13, 1, 4, 0},
	"4.json": {3, 9, 5, 0, 0, 2}, "5.json": {3, 21, 5, 1, 3, 0}, "6.json": {4, 8, 3, 1, 0, 1}, "7.json": {5, 9, 4, 0, 3, 0},
	"again.json": {3, 9, 4, 1, 0, 0}, "broken.json": {3, 12, 2, 0, 0, 0},
}

// lifeMoment is a moment of the script.
func lifeMoment(at string) time.Time {
	t, err := time.Parse("2006-01-2 15:04", "2026-11-"+at)
	if err != nil {
		panic(err) // the script is ours
	}
	return t
}

// writeLife writes a folder in which a life can begin; server is the address of its
// mail server, "" a life with a maildir.
func writeLife(dir, server string) error {
	config := crashConfig
	if server != "" {
		config += fmt.Sprintf("mail: {server: \"smtp://%s\", from: tocsin@example.com}\n", server)
	}
	files := map[string]string{"tocsin.yaml": config, "rules/rules.yaml": crashRules, "coming/later.yaml": crashLater}
	for name, f := range lifeFiles {
		named := strings.Replace(name, "again", "2", 1)
		var b strings.Builder
		for i := range f.records {
			event, denied, parameters := "DescribeInstances", "null", "null"
			switch {
			case i < f.planted:
				event, parameters = "StopLogging", fmt.Sprintf(`{"name":"marker-%s-%d"}`, named, i)
			case i < f.planted+f.denied:
				denied = `"AccessDenied"`
			case i < f.planted+f.denied+f.logins:
				event = "ConsoleLogin"
			}
			fmt.Fprintf(&b, `{"eventVersion":"1.08","eventTime":"2026-11-%02dT%02d:%02d:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","requestID":%q,"eventID":"%s-%d","errorCode":%s,"userIdentity":{"type":"IAMUser","userName":"bob"},"requestParameters":%s}`+"\n",
				f.day, f.hour, 10+i, event, name, named, i, denied, parameters)
		}
		if name == "broken.json" {
			b.WriteString(`{"eventVersion":"1.08","eventTi`)
		}
		files["coming/"+name] = b.String()
	}
	for name, statuses := range map[string][2]string{"scan1.json": {"FAIL", "PASS"}, "scan2.json": {"PASS", "FAIL"}} {
		files["coming/"+name] = lifeScan(name, statuses)
	}
	err := os.MkdirAll(filepath.Join(dir, "in"), 0o700)
	for name, text := range files {
		path := filepath.Join(dir, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600))
	}
	for _, s := range lifeSteps { // a file is as old as the moment at which it comes
		for _, name := range s.comes {
			err = errors.Join(err, os.Chtimes(filepath.Join(dir, "coming", name), lifeMoment(s.at), lifeMoment(s.at)))
		}
	}
	return err
}

// lifeScan is a scanner's run over two buckets.
func lifeScan(name string, statuses [2]string) string {
	hour := map[string]string{"scan1.json": "10", "scan2.json": "21"}[name]
	var b strings.Builder
	for i, status := range statuses {
		fmt.Fprintf(&b, `{"SchemaVersion":"2018-10-08","Id":"prowler-bucket-%d","ProductArn":"arn:aws:securityhub:us-east-1::product/prowler/prowler","GeneratorId":"prowler-s3_public","AwsAccountId":"123456789012","Types":["Software and Configuration Checks"],"FirstObservedAt":"2026-11-03T%s:30:00Z","UpdatedAt":"2026-11-03T%[2]s:30:00Z","CreatedAt":"2026-11-03T%[2]s:30:00Z","Severity":{"Label":"HIGH"},"Title":"Bucket is public","Description":"Bucket is public","Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::bucket-%[1]d","Partition":"aws","Region":"us-east-1"}],"Compliance":{"Status":"%[3]s"},"ProductFields":{"ProviderName":"Prowler"}}`+"\n",
			i, hour, map[string]string{"FAIL": "FAILED", "PASS": "PASSED"}[status])
	}
	return b.String()
}

// A life is a process that lives the script.
type life struct {
	dir  string
	p    *project
	now  time.Time // its clock
	step int
}

// where is how far lives of a folder have come: what a process that starts is told by
// the clock on the wall.
type where struct {
	Step int
	Now  time.Time
}

// relive lives the rest of the life in dir and returns the exit status of the process.
func relive(dir string) int {
	l := &life{dir: dir}
	if err := l.live(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFound
	}
	return exitDone
}

func (l *life) live(ctx context.Context) error {
	if err := l.remember(); err != nil {
		return err
	}
	if err := l.open(ctx); err != nil {
		return err
	}
	if err := l.whole(ctx); err != nil { // what the one before left
		return fmt.Errorf("after step %d at %s: %w", l.step, l.now.Format(time.DateTime), err)
	}
	if err := l.begin(ctx); err != nil {
		return err
	}
	for l.step < len(lifeSteps) {
		if err := l.moment(ctx, lifeSteps[l.step]); err != nil {
			return fmt.Errorf("step %d at %s: %w", l.step, l.now.Format(time.DateTime), err)
		}
		l.step++
		if l.step < len(lifeSteps) {
			l.now = lifeMoment(lifeSteps[l.step].at)
		}
		if err := l.note(); err != nil {
			return err
		}
	}
	if err := l.whole(ctx); err != nil {
		return fmt.Errorf("in the end: %w", err)
	}
	return l.p.close()
}

func (l *life) path(name string) string { return filepath.Join(l.dir, name) }

// remember reads how far it came.
func (l *life) remember() error {
	w := where{Now: lifeMoment(lifeSteps[0].at)}
	text, err := os.ReadFile(l.path("where"))
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read how far it came: %w", err)
	}
	l.step, l.now = w.Step, w.Now
	return nil
}

// note writes how far it came.
func (l *life) note() error {
	text, err := json.Marshal(where{l.step, l.now})
	return errors.Join(err, os.WriteFile(l.path("where.new"), text, 0o600), os.Rename(l.path("where.new"), l.path("where")))
}

// open opens the project as a verb does, at the life's own time.
func (l *life) open(ctx context.Context) error {
	e := &env{stdout: io.Discard, stderr: os.Stderr, getenv: func(string) string { return "" }, now: func() time.Time { return l.now }}
	var err error
	l.p, err = openProject(ctx, e, &options{data: l.path("data"), config: l.path("tocsin.yaml")}, "tocsin run")
	if err == nil && len(l.p.problems) > 0 {
		err = errors.Join(l.p.problems...)
	}
	return err
}

// begin is what the agent does first.
func (l *life) begin(ctx context.Context) error {
	l.p.now = l.now
	return l.p.begin(ctx)
}

// moment is one step: what comes, what is done by hand, a round of everything, and
// then the minutes until no mail waits.
func (l *life) moment(ctx context.Context, s lifeStep) error {
	var changed bool                            // rules
	for _, past := range lifeSteps[:l.step+1] { // nobody may have been there then
		for _, name := range past.comes {
			if err := comes(l.path("coming/"+name), l.path("in/"+name)); err != nil {
				return err
			}
		}
		if changed = changed || past.rules; past.rules {
			if err := comes(l.path("coming/later.yaml"), l.path("rules/later.yaml")); err != nil {
				return err
			}
		}
	}
	if _, known := l.p.rules.Rule("logins"); s.again || changed && !known {
		if err := l.p.close(); err != nil {
			return err
		}
		if err := l.open(ctx); err != nil {
			return err
		}
		if err := l.begin(ctx); err != nil {
			return err
		}
	}
	l.p.now = l.now
	if s.do != nil {
		if err := s.do(l, ctx); err != nil {
			return err
		}
	}
	if _, err := l.p.agent().Once(ctx, l.now); err != nil {
		return err
	}
	return l.deliver(ctx, lifeMoment(s.at).Add(45*time.Minute))
}

// comes moves a file to where it is read, if it is not there yet.
func comes(from, to string) error {
	if err := os.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// deliver lets time pass until no mail waits that could go out before a moment.
func (l *life) deliver(ctx context.Context, until time.Time) error {
	for range 200 {
		if _, err := l.p.notifier.Step(ctx, l.now); err != nil {
			return err
		}
		later, err := l.p.notifier.Deliver(ctx, l.now)
		if err != nil {
			return err
		}
		w, err := l.p.store.State.Work(ctx, l.now)
		switch {
		case err != nil:
			return err
		case len(w.Changed)+len(w.Due)+len(w.Notices) > 0:
			continue
		case later.IsZero() || !later.Before(until):
			return nil
		}
		l.now = later
		l.p.now = later
		if err := l.note(); err != nil {
			return err
		}
	}
	return errors.New("work without end")
}

// acknowledge is `tocsin ack` of what somebody finds firing.
func (l *life) acknowledge(ctx context.Context) error {
	alerts, err := l.p.store.State.Alerts(ctx, "denied")
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if a.Ack != nil {
			continue
		}
		ack := &alertrules.Ack{By: "tester", At: l.now}
		err = errors.Join(err, l.p.store.State.Acknowledge(ctx, []*alertrules.Alert{a}, ack, store.Operation{At: l.now, Kind: "ack", By: "tester", Subject: a.ID}))
	}
	return err
}

// fill is `tocsin gaps fill`.
func (l *life) fill(ctx context.Context) error {
	gaps, err := l.p.store.State.Gaps(ctx)
	if err != nil || len(gaps) == 0 {
		return err
	}
	return l.p.engine.Fill(ctx, l.p.rules.Rules, gaps, alertrules.FillOptions{Now: l.now})
}

// retry is `tocsin outbox retry` of what was refused, but for the oldest such mail,
// which is dropped.
func (l *life) retry(ctx context.Context) error {
	parked, err := l.p.store.State.Newest(ctx, notifier.Parked, 100)
	if err != nil {
		return err
	}
	for _, m := range parked {
		if m.Groups[0] == "logins" {
			err = errors.Join(err, l.p.notifier.Drop(ctx, m.ID, l.now, "dropped by tester"))
		} else {
			err = errors.Join(err, l.p.notifier.Retry(ctx, m.ID, l.now, "to be tried again"))
		}
	}
	return err
}

// backup is `tocsin backup` of somebody who clears away what is left of one that was
// interrupted.
func (l *life) backup(ctx context.Context) error {
	if _, err := os.Stat(l.path("backup")); err == nil {
		return nil
	}
	if err := os.RemoveAll(l.path("backup.partial")); err != nil {
		return err
	}
	_, err := l.p.store.Backup(ctx, l.path("backup"))
	return err
}
