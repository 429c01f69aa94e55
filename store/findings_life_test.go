package store

import (
	"cmp"
	"strings"
	"testing"
)

// TestObserve takes observations in, in the order of their arrival, and compares
// what is news of each.
func TestObserve(t *testing.T) {
	for name, x := range map[string]struct{ arrivals, want string }{
		"a scanner repeats itself":            {"1 FAIL high; 2 FAIL high; 3 FAIL high", "opened same same"},
		"repaired and broken again":           {"1 FAIL high; 2 PASS high; 3 PASS high; 4 FAIL high", "opened resolved same opened"},
		"passes from the beginning":           {"1 PASS low; 2 PASS low; 3 FAIL low", "same same opened"},
		"another severity":                    {"1 FAIL high; 2 FAIL critical; 3 FAIL critical", "opened changed same"},
		"muted, and heard again":              {"1 FAIL high; 2 FAIL high muted; 3 FAIL high muted; 4 FAIL high", "opened changed same changed"},
		"a severity that rises as it passes":  {"1 FAIL high; 2 PASS critical; 3 FAIL critical", "opened resolved opened"},
		"late: older than what is known":      {"3 FAIL high; 1 PASS high; 2 FAIL low", "opened same same"},
		"late, and the newest again":          {"2 FAIL high; 1 FAIL low; 3 FAIL high", "opened same same"},
		"still checking is no verdict":        {"1 FAIL high; 2 UNKNOWN high; 3 FAIL high; 4 UNKNOWN high; 5 PASS high", "opened same same same resolved"},
		"checking first":                      {"1 MANUAL low; 2 FAIL low", "same opened"},
		"changed across a check under way":    {"1 FAIL high; 2 UNKNOWN low; 3 FAIL low", "opened same changed"},
		"one time, the worse one first":       {"1 FAIL high; 1 PASS high", "opened same"},
		"one time, the worse one last":        {"1 PASS high; 1 FAIL high", "same opened"},
		"one time, two severities":            {"1 FAIL high; 1 FAIL low; 1 FAIL critical", "opened same changed"},
		"muted as Prowler writes it in ASFF":  {"1 FAIL high; 2 WARN high muted", "opened changed"},
		"a warning that nobody muted":         {"1 WARN high; 2 FAIL high", "same opened"},
		"a severity that the scanner omitted": {"1 FAIL; 2 FAIL high", "opened changed"},
	} {
		var s standing
		var got []string
		for n, text := range strings.Split(x.arrivals, "; ") {
			w := append(strings.Fields(text), "", "")
			o := observation{seq: int64(n + 1), at: int64(w[0][0]), first: noTime, status: w[1], severity: w[2], muted: w[3] == "muted"}
			var change string
			s, change = s.observe(o)
			got = append(got, change)
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, " "), x.want)
		}
	}
}

// The last change tells whether the finding fails, and a late observation moves
// nothing but the begin.
func TestObserveTimes(t *testing.T) {
	var s standing
	at := func(seq, at, first int64, status string) {
		s, _ = s.observe(observation{seq: seq, at: at, first: cmp.Or(first, noTime), status: status, severity: "high"})
	}
	at(1, 100, 0, "FAIL")
	at(2, 200, 0, "PASS")
	at(3, 300, 0, "FAIL")
	if s.firstSeen != 100 || s.at != 300 || s.before != 100 || s.change != changeOpened || s.changedAt != 300 || s.since != 3 {
		t.Errorf("opened again: %+v", s)
	}
	at(4, 250, 0, "PASS")
	if s.since != 3 || s.at != 300 || !s.fails {
		t.Errorf("a late one that says nothing new: %+v", s)
	}
	at(5, 50, 0, "FAIL")
	if s.since != 5 || s.firstSeen != 50 || s.seq != 3 || s.change != changeOpened {
		t.Errorf("a late one from before the begin: %+v", s)
	}
	at(6, 400, 20, "FAIL")
	if s.firstSeen != 20 || s.change != changeOpened || s.changedAt != 300 || s.failedAt != 400 {
		t.Errorf("the scanner knows an earlier begin: %+v", s)
	}
}

func TestIdentity(t *testing.T) {
	base := identity{topic: "prowler", account: "1", uid: "u", check: "c", resource: "r", id: [16]byte{1}}
	for name, x := range map[string]struct {
		other identity
		same  bool
	}{
		"another record of it":           {identity{topic: "prowler", account: "1", uid: "u", check: "d", resource: "s", id: [16]byte{2}}, true},
		"another account":                {identity{topic: "prowler", account: "2", uid: "u"}, false},
		"another scanner":                {identity{topic: "asff", account: "1", uid: "u"}, false},
		"another tenant":                 {identity{topic: "prowler", tenant: "t", account: "1", uid: "u"}, false},
		"parts that move into the next":  {identity{topic: "prowler", account: "1u"}, false},
		"no id, so check and resource":   {identity{topic: "prowler", account: "1", check: "c", resource: "r"}, false},
		"no id and no place: the record": {identity{topic: "prowler", account: "1", id: [16]byte{1}}, false},
	} {
		if (x.other.key() == base.key()) != x.same {
			t.Errorf("%s: same is %v", name, !x.same)
		}
	}
	one := identity{topic: "qualys", check: "c", resource: "r", id: [16]byte{1}}
	two := one
	two.id[0] = 2
	if one.key() != two.key() {
		t.Error("of two records without an id that name one check and resource each is a finding of its own")
	}
	if one.check, two.check = "", ""; one.key() == two.key() {
		t.Error("two records that name nothing are one finding")
	}
	if n := number(one.key()); n < 0 {
		t.Errorf("number %d", n)
	}
	s, runs := (&identity{topic: "asff", uid: "prowler-x", account: "1"}).scan(-1)
	if !runs || s != (scan{"prowler", "1", -1}) {
		t.Errorf("the scan is %+v, %v", s, runs)
	}
	if _, runs := (&identity{topic: "asff", uid: "arn:aws:x"}).scan(0); runs {
		t.Error("Security Hub has scans")
	}
}
