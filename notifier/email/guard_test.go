package email

import (
	"strings"
	"testing"
	"time"
)

// What a server does out of turn, or without measure, is noticed as what it is.
func TestGuard(t *testing.T) {
	const ready = "send 220 mx\r\n|wait EHLO|send 250 mx\r\n|wait MAIL|send 250 ok\r\n|wait RCPT|send 250 ok\r\n|wait DATA|send 354 go\r\n"
	for _, c := range []struct {
		name, steps string
		repeat      []any
		want        string
	}{
		{"an answer before the dot", ready + "|sleep 50|send 250 forged\r\n|sleep 1000", nil, "retry DATA the server answered before it was asked (the server said: 250 forged)"},
		{"gone before the dot", ready + "|sleep 50|close", nil, "retry DATA the line "},
		{"an answer before MAIL", "send 220 mx\r\n|wait EHLO|send 250 mx\r\n250 forged\r\n|sleep 1000", nil, "retry MAIL the server answered before it was asked (the server said: 250 forged)"},
		{"a hundred lines", "send 220 mx\r\n|wait EHLO", []any{"repeat", "250-X\r\n", 101.0}, "retry EHLO the answer has more than 100 lines"},
		{"a long line", "send 220 mx\r\n|wait EHLO|send 250 " + strings.Repeat("x", 2045) + "\r\n|sleep 500", nil, "retry EHLO a line of the answer is longer than 2 KB"},
		{"a line that just fits", "send 220 mx\r\n|wait EHLO|send 250 " + strings.Repeat("x", 2042) + "\r\n|wait MAIL|send 451 4.3.0 later\r\n", nil, "retry MAIL 451 4.3.0 later"},
		{"two codes", "send 220 mx\r\n|wait EHLO|send 250-mx\r\n450 x\r\n|sleep 500", nil, "retry EHLO the answer has two codes"},
		{"no answer", "send 220 mx\r\n|wait EHLO|sleep 3000", nil, "retry EHLO no answer in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list [][]any
			for s := range strings.SplitSeq(c.steps, "|") {
				verb, text, _ := strings.Cut(s, " ")
				list = append(list, []any{verb, text})
				if verb == "sleep" {
					d, err := time.ParseDuration(text + "ms")
					if err != nil {
						t.Fatal(err)
					}
					list[len(list)-1][1] = float64(d.Milliseconds())
				}
			}
			if c.repeat != nil {
				list = append(list, c.repeat)
			}
			p := &player{steps: list, maxSleep: 3 * time.Second}
			cl, err := New(settings(t, p.start(t), "", false))
			if err != nil {
				t.Fatal(err)
			}
			o := send(cl, 1, "a@example.com")
			if got := o.Kind.String() + " " + o.Stage + " " + o.Answer; !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if err := cl.Close(); err != nil {
				t.Logf("close: %v", err)
			}
			<-p.done
			if strings.Contains(p.plain.String(), "\r\n.\r\n") {
				t.Error("the final dot went out")
			}
		})
	}
}
