package notifier

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
)

const sample = `
time_zone: Asia/Tokyo
mail: {from: tocsin@example.com, allow: [example.com]}
people:
  ami: {email: ami@example.com, time_zone: Europe/Berlin, language: en, content: rows, quiet: none, mask: [accessKeyId]}
  ken: {email: ken@example.com, language: ja}
groups: {cloud-team: [ami, ken], payments: [ben@example.com], all: [cloud-team, payments, ami]}
operator: [ami]
calendars:
  nights: {daily: "22:00-07:00"}
  weekends: {weekly: [SAT-SUN, "FRI 18:00-MON 09:00"], time_zone: Asia/Tokyo}
notify:
  to: [cloud-team]
  routes:
    - {match: {service: payments}, to: [payments], repeat_interval: 1h}
    - {match: {team: both}, to: [ken], continue: true}
    - {match: {severity: critical}, to: [all], quiet: none}
  quiet: nights
  quiet_except: high
  repeat_interval: 2d
  group_by: [rule]
  group_wait: 30s
  resolved: true
`

func readConfig(t *testing.T, text string) (Config, *alertrules.Document) {
	t.Helper()
	var c Config
	d, err := alertrules.DecodeStrict("tocsin.yaml", []byte(text), &c)
	if err != nil {
		t.Fatal(err)
	}
	return c, d
}

func TestRoute(t *testing.T) {
	c, _ := readConfig(t, sample)
	if faults := c.Validate(); len(faults) > 0 {
		t.Fatal(faults)
	}
	r, err := NewRouter(c)
	if err != nil {
		t.Fatal(err)
	}
	hour, none := 3*time.Hour, "none"
	for _, k := range []struct {
		name     string
		rule     Rule
		labels   map[string]string
		severity alertrules.Severity
		to       string
		repeat   time.Duration
		quiet    string // of the last recipient
	}{
		{"defaults", Rule{}, nil, alertrules.High, "ami ken", 48 * time.Hour, "nights"},
		{"route by label", Rule{}, map[string]string{"service": "payments"}, alertrules.High, "ben@example.com", time.Hour, "nights"},
		{"route by severity, each address once", Rule{}, nil, alertrules.Critical, "ami ken ben@example.com", 48 * time.Hour, ""},
		{"first match wins", Rule{}, map[string]string{"service": "payments"}, alertrules.Critical, "ben@example.com", time.Hour, "nights"},
		{"continue", Rule{}, map[string]string{"team": "both"}, alertrules.Critical, "ken ami ben@example.com", 48 * time.Hour, ""},
		{"the rule's to, the route's settings", Rule{Notify: alertrules.Notify{To: []string{"ken"}}}, map[string]string{"service": "payments"}, alertrules.High, "ken", time.Hour, "nights"},
		{"also_to adds to the route", Rule{Notify: alertrules.Notify{AlsoTo: []string{"ken"}}}, map[string]string{"service": "payments"}, alertrules.High, "ben@example.com ken", time.Hour, "nights"},
		{"the owner", Rule{Owner: "payments"}, nil, alertrules.High, "ben@example.com", 48 * time.Hour, "nights"},
		{"an owner who cannot be told", Rule{Owner: "nobody"}, nil, alertrules.High, "ami ken", 48 * time.Hour, "nights"},
		{"rule over route", Rule{Notify: alertrules.Notify{RepeatInterval: &hour, Quiet: &none}}, map[string]string{"service": "payments"}, alertrules.High, "ben@example.com", hour, ""},
		{"an address that is not allowed", Rule{Notify: alertrules.Notify{To: []string{"x@evil.example.net"}}}, nil, alertrules.High, "ami ken", 48 * time.Hour, "nights"},
		{"an owner that is no address", Rule{Owner: "a b@c\r\n"}, nil, alertrules.High, "ami ken", 48 * time.Hour, "nights"},
	} {
		t.Run(k.name, func(t *testing.T) {
			var names []string
			var last Addressee
			for _, a := range r.Route(k.rule, k.labels, k.severity) {
				names, last = append(names, a.Name), a
			}
			if got := strings.Join(names, " "); got != k.to {
				t.Errorf("to %q, want %q", got, k.to)
			}
			quiet := ""
			if last.Settings.Quiet != nil {
				quiet = last.Settings.Quiet.Name
			}
			if last.Settings.Repeat != k.repeat || quiet != k.quiet || last.QuietExcept != alertrules.High {
				t.Errorf("repeat %s, quiet %q, except %s", last.Settings.Repeat, quiet, last.QuietExcept)
			}
		})
	}
	ami := r.Person("AMI@example.com")
	if ami.Name != "ami" || ami.Zone.String() != "Europe/Berlin" || r.Person("x@example.com").Zone.String() != "Asia/Tokyo" {
		t.Errorf("ami is %+v", ami)
	}
	if s := r.Route(Rule{Notify: alertrules.Notify{To: []string{"ami"}}}, nil, alertrules.Low)[0].Settings; s.Quiet != nil {
		t.Error("a person's own quiet goes first")
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct{ replace, with, path, message string }{
		{"ami@example.com", "ami@example.org", "$.people.ami.email", "mail.allow"},
		{"ami@example.com", "ami", "$.people.ami.email", "no mail address"},
		{"time_zone: Asia/Tokyo\nmail", "time_zone: Tokyo\nmail", "$.time_zone", "no time zone"},
		{"Europe/Berlin", "Local", "$.people.ami.time_zone", "no time zone"},
		{"language: ja", "language: jp", "$.people.ken.language", "not known here"},
		{"content: rows", "content: all", "$.people.ami.content", "not known here"},
		{"[ami, ken]", "[ami, kne]", "$.groups.cloud-team[1]", "no person or group"},
		{"[ben@example.com]", "[payments]", "$.groups.payments", "contains itself"},
		{"operator: [ami]", "operator: [amy]", "$.operator[0]", "no person or group"},
		{"22:00-07:00", "22:00", "$.calendars.nights.daily", "no period"},
		{"[SAT-SUN, ", "[SATURN, ", "$.calendars.weekends.weekly", "no weekly period"},
		{"  quiet: nights\n", "  quiet: night\n", "$.notify.quiet", "no calendar"},
		{"quiet_except: high", "quiet_except: huge", "$.notify.quiet_except", "not known here"},
		{"repeat_interval: 2d", "repeat_interval: 2s", "$.notify.repeat_interval", "shorter than a minute"},
		{"group_by: [rule]", "group_by: [service]", "$.notify.group_by", "not supported"},
		{"match: {severity: critical}", "match: {severity: crit}", "$.notify.routes[2].match.severity", "not known here"},
		{"to: [payments], repeat", "to: [payment], repeat", "$.notify.routes[0].to[0]", "no person or group"},
		{"  ken: {", "  Ken: {", "$.people.Ken", "cannot be a name"},
	} {
		if !strings.Contains(sample, c.replace) {
			t.Fatalf("the sample has no %q", c.replace)
		}
		conf, doc := readConfig(t, strings.Replace(sample, c.replace, c.with, 1))
		faults := conf.Validate()
		i := slices.IndexFunc(faults, func(f Fault) bool { return f.Path == c.path && strings.Contains(f.Message, c.message) })
		if i < 0 {
			t.Errorf("%s → %s: %v, want %s %q", c.replace, c.with, faults, c.path, c.message)
			continue
		}
		Report(doc, doc.Root, faults[i:i+1])
		if err := doc.List.Err(); err == nil || strings.HasPrefix(err.Error(), "tocsin.yaml:1:") {
			t.Errorf("%s: not placed: %v", c.path, err)
		}
	}
}
