package agent

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
)

// What begins, goes on and ends of silences, at noon. P07: whoever stops speaking is told of, once; an empty database is silent.
func TestP07SilenceOfASource(t *testing.T) {
	at := func(d time.Duration) time.Time { return noon.Add(-d) }
	hour := Silence{After: time.Hour}
	each := Silence{After: 2 * time.Hour, Each: "@account"}
	for _, c := range []struct {
		name   string
		source heard
		open   string
		want   string // keys that begin, and with a minus those that end
	}{
		{"never asked", heard{silence: hour}, "", ""},
		{"asked just now, on an empty database", heard{silence: hour, asked: noon}, "", ""},
		{"asked long ago, and it never spoke", heard{silence: hour, asked: at(2 * time.Hour)}, "", "s"},
		{"it spoke", heard{silence: hour, asked: at(9 * time.Hour), voices: []Voice{{"", at(time.Hour)}}}, "", ""},
		{"it is silent", heard{silence: hour, asked: at(9 * time.Hour), voices: []Voice{{"", at(time.Hour + time.Second)}}}, "", "s"},
		{"it is silent still", heard{silence: hour, voices: []Voice{{"", at(5 * time.Hour)}}}, "s", ""},
		{"it speaks again", heard{silence: hour, voices: []Voice{{"", at(time.Minute)}}}, "s", "-s"},
		{"one account is silent", heard{silence: each, voices: []Voice{{"", at(0)}, {"1", at(0)}, {"2", at(3 * time.Hour)}}}, "", "s/2"},
		{"another one, too", heard{silence: each, voices: []Voice{{"", at(0)}, {"1", at(5 * time.Hour)}, {"2", at(3 * time.Hour)}}}, "s/2", "s/1"},
		{"it speaks again", heard{silence: each, voices: []Voice{{"", at(0)}, {"1", at(5 * time.Hour)}, {"2", at(0)}}}, "s/1 s/2", "-s/2"},
		{"all of it is silent, which is one thing", heard{silence: each, voices: []Voice{{"", at(3 * time.Hour)}, {"1", at(5 * time.Hour)}, {"2", at(3 * time.Hour)}}}, "s/1", "s"},
		{"an account that is gone for good", heard{silence: each, voices: []Voice{{"", at(0)}, {"1", at(31 * 24 * time.Hour)}}}, "s/1", "-s/1"},
		{"it holds more than was taken in", heard{silence: each, behind: true, voices: []Voice{{"", at(0)}, {"1", at(5 * time.Hour)}, {"2", at(0)}}}, "s/2", ""},
		{"a region of that name is another one", heard{silence: Silence{After: 2 * time.Hour, Each: "@region"}, voices: []Voice{{"", at(0)}, {"1", at(5 * time.Hour)}}}, "s/1", "s/@region/1 -s/1"},
		{"another source's cause", heard{silence: hour, voices: []Voice{{"", at(0)}}}, "gone rule/failed/x", "-gone"},
	} {
		c.source.name = "s"
		var open []alertrules.Notice
		for _, key := range strings.Fields(c.open) {
			if !strings.HasPrefix(key, "rule/") {
				key = silencePrefix + strings.Replace(key, "/", "/@account/", 1)
			}
			open = append(open, alertrules.Notice{Key: key})
		}
		var got []string
		for _, n := range silent([]heard{c.source}, open, noon) {
			key := strings.Replace(strings.TrimPrefix(n.Key, silencePrefix), "/@account/", "/", 1)
			if n.Over {
				key = "-" + key
			}
			got = append(got, key)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// What the operator reads.
func TestSilentText(t *testing.T) {
	s := heard{name: "trail", silence: Silence{After: 2 * time.Hour, Each: "@account"}, voices: []Voice{{"", noon}, {"111122223333", noon.Add(-3 * time.Hour)}}}
	begun := silent([]heard{s}, nil, noon)
	if len(begun) != 1 || begun[0].Text != "source trail: account 111122223333 is silent since 2026-11-23 09:00 UTC (silent_after: 2h)" || !begun[0].Since.Equal(noon.Add(-3*time.Hour)) {
		t.Errorf("got %+v", begun)
	}
	const account = "source trail: account 111122223333"
	for name, c := range map[string]struct {
		change func()
		want   string
	}{
		"it speaks":     {func() { s.voices[1].Last = noon }, account + " delivers again"},
		"long gone":     {func() { s.voices[1].Last = noon.Add(-31 * 24 * time.Hour) }, account + " is no longer waited for: nothing came of it since 2026-11-23 09:00 UTC"},
		"forgotten":     {func() { s.voices = s.voices[:1] }, account + " is no longer waited for: nothing came of it since 2026-11-23 09:00 UTC"},
		"longer":        {func() { s.silence.After = 4 * time.Hour }, account + " may be silent for longer now (silent_after: 4h)"},
		"another field": {func() { s.silence.Each = "@region"; s.voices = s.voices[:1] }, account + " is no longer waited for"},
		"no field":      {func() { s.silence.Each = ""; s.voices = s.voices[:1] }, account + " is no longer waited for"},
		"no source":     {func() { s.name = "other" }, account + " is no longer waited for"},
	} {
		before := s
		s.voices = slices.Clone(s.voices)
		c.change()
		var ended []alertrules.Notice
		for _, n := range silent([]heard{s}, begun, noon) {
			if n.Over {
				ended = append(ended, n)
			}
		}
		if len(ended) != 1 || ended[0].Text != c.want || ended[0].Key != begun[0].Key {
			t.Errorf("%s: %+v, want %s", name, ended, c.want)
		}
		s = before
	}
}

// The same of a whole source.
func TestSilentSourceText(t *testing.T) {
	s := heard{name: "trail", silence: Silence{After: 2 * time.Hour}, asked: noon.Add(-3 * time.Hour)}
	begun := silent([]heard{s}, nil, noon)
	if len(begun) != 1 || begun[0].Text != "source trail is silent since 2026-11-23 09:00 UTC (silent_after: 2h)" {
		t.Fatalf("got %+v", begun)
	}
	spoke, longer := s, s
	spoke.voices = []Voice{{"", noon}}
	longer.silence.After = 4 * time.Hour
	for want, now := range map[string][]heard{
		"source trail delivers again":                                  {spoke},
		"source trail may be silent for longer now (silent_after: 4h)": {longer},
		"source trail is no longer waited for":                         nil,
	} {
		if ended := silent(now, begun, noon); len(ended) != 1 || ended[0].Text != want {
			t.Errorf("got %+v, want %s", ended, want)
		}
	}
}

// One round tells the operator, once, and again when it is over.
func TestOnceTellsOfSilence(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.json", noon.Add(-time.Hour))
	r := newRig(t, noon, dir)
	r.agent.o.Sources[0].Silence = Silence{After: time.Hour}
	r.agent = New(r.agent.o)
	for _, step := range []struct {
		after time.Duration
		file  string
		want  int // mails to the operator so far
	}{
		{0, "", 0}, {time.Hour, "", 0}, {time.Hour + time.Minute, "", 1}, {2 * time.Hour, "", 1}, {3 * time.Hour, "b.json", 2}, {3*time.Hour + time.Minute, "", 2},
	} {
		now := noon.Add(step.after)
		if step.file != "" {
			put(t, dir, step.file, now.Add(-time.Minute))
		}
		r.agent = New(r.agent.o) // each is a process of its own
		if _, err := r.agent.Once(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil { // there is no ledger here
			t.Fatal(err)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		mails := 0
		for _, to := range r.arrived() {
			if to == "ken@example.com" {
				mails++
			}
		}
		if mails != step.want {
			t.Errorf("after %s: %d mails to the operator, want %d", step.after, mails, step.want)
		}
	}
}
