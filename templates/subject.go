// What is ours in every message: the form of the subject, the last line.

package templates

import (
	"html"
	"regexp"
	"strings"

	"tocsin/diag"
)

const (
	maxSubject = 120 // characters of a whole subject
	isolate    = '\u2068'
	isolateEnd = '\u2069'
)

var (
	idLike    = regexp.MustCompile(`\b([A-Za-z])-([0-9A-Za-z]{4,8})\b`)
	stateLike = regexp.MustCompile(`(?i)[\[(<{【]\s*(firing|resolved|new|news|repeat|recap|digest|delayed|operator|over|critical|high|medium|low|report|first|still)\s*[\])>}】]`)
)

// Subject joins our fixed part (state, severity, rule name, id) and a rendered
// subject into one line of at most 120 characters. In the rendered part text
// that looks like one of our ids, or a state or severity in brackets, is broken
// up (G04): "A- 7F3K", "firing". Both are cleaned. Where the fixed part alone is
// too long the caller should have shortened the rule's name: it is cut.
func Subject(fixed, rendered string) string {
	s := lineKeepingIsolates(fixed)
	if r := strings.TrimSpace(breakUp(lineKeepingIsolates(rendered))); r != "" {
		if s != "" {
			s += " "
		}
		s += r
	}
	return balance(s)
}

// breakUp makes text unlike our ids and states.
func breakUp(s string) string {
	s = idLike.ReplaceAllStringFunc(s, func(m string) string {
		if strings.ContainsAny(m[2:], "0123456789") || m[0] == 'A' && strings.ToUpper(m) == m {
			return m[:2] + " " + m[2:]
		}
		return m
	})
	return stateLike.ReplaceAllString(s, "$1")
}

// lineKeepingIsolates is diag.Line, but isolates that printing wrote stay.
func lineKeepingIsolates(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, string(isolate)+string(isolateEnd))
		if i < 0 {
			b.WriteString(diag.Line(space(s)))
			break
		}
		b.WriteString(diag.Line(space(s[:i])))
		b.WriteString(s[i : i+3])
		s = s[i+3:]
	}
	return strings.TrimSpace(b.String())
}

// space turns line ends into spaces, so that diag.Line does not join the words
// beside an isolate.
func space(s string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(s)
}

// balance cuts a subject to its length and closes the isolates that it opens.
func balance(s string) string {
	r := []rune(s)
	if len(r) > maxSubject {
		r = append(r[:maxSubject-2], '…')
	}
	open := 0
	out := make([]rune, 0, len(r)+1)
	for _, x := range r {
		if x == isolate {
			if open > 0 {
				continue
			}
			open++
		}
		if x == isolateEnd {
			if open == 0 {
				continue
			}
			open--
		}
		out = append(out, x)
	}
	if open > 0 {
		out = append(out, isolateEnd)
	}
	return string(out)
}

// Footer is our last line of every mail, also of those of an author's template.
type Footer struct {
	ID     string   // A-7F3K; "" in messages about the agent itself
	Others []string // who else got it
	Firing bool     // something in it goes on, which somebody may take on
}

var bodyEnd = regexp.MustCompile(`(?i)</body\s*>`)

var ourID = regexp.MustCompile(`^[A-Z]-[0-9A-Z]{2,12}$`)

// Append adds the last line to both parts of the message: the alert's id, who
// else got it, and the commands that show it and take it on.
func (f Footer) Append(m *Message) {
	who := "Nobody else got this message."
	if n := len(f.Others); n > 0 {
		shown := make([]string, 0, 10)
		for _, o := range f.Others[:min(n, 10)] {
			shown = append(shown, diag.Line(o))
		}
		who = "Also sent to " + strings.Join(shown, ", ")
		if n > 10 {
			who += ", and more"
		}
		who += "."
	}
	const code = `<code style="white-space:nowrap">`
	text, markup := who, html.EscapeString(who)
	if ourID.MatchString(f.ID) {
		text = f.ID + " · " + who
		markup = "<b>" + f.ID + "</b> · " + markup + "<br>"
		for i, c := range f.commands() {
			text += "\n" + c.what + ": " + c.command
			if i > 0 {
				markup += " · "
			}
			markup += c.what + " " + code + c.command + "</code>"
		}
	}
	m.Text = strings.TrimRight(m.Text, "\n ") + "\n\n" + strings.Repeat("─", 40) + "\n" + text + "\n"
	line := `<div class="tocsin-foot" style="margin:24px 0 0 0;padding:12px 0 0 0;border-top:1px solid #d0d5dd;font:12px/18px Arial,Helvetica,sans-serif;color:#667085">` + markup + "</div>"
	if i := strings.LastIndex(m.HTML, footMark); i >= 0 {
		m.HTML = m.HTML[:i] + line + m.HTML[i+len(footMark):]
	} else if ends := bodyEnd.FindAllStringIndex(m.HTML, -1); len(ends) > 0 {
		i := ends[len(ends)-1][0]
		m.HTML = m.HTML[:i] + line + m.HTML[i:]
	} else {
		m.HTML += line
	}
}

// commands are what a reader may do, with an id of ours and nothing else (G06).
func (f Footer) commands() []struct{ what, command string } {
	list := []struct{ what, command string }{{"Show", "tocsin query --alert " + f.ID}}
	if f.Firing {
		list = append(list, struct{ what, command string }{"Acknowledge", "tocsin ack " + f.ID})
	}
	return list
}

// footMark is where the built-in templates want the last line.
const footMark = `<div class="tocsin-last-line"></div>`
