// The line editor: the only file that knows the library.

package shell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/reeflective/readline"

	"tocsin/diag"
	"tocsin/query"
)

// interactive is a session with a person at a terminal.
func (s *session) interactive(ctx context.Context) error {
	var err error
	if s.lines, err = openHistory(s.History, s.Now); err != nil {
		s.Report(err)
	}
	s.greet(ctx)
	editor := s.editor(ctx)
	for {
		s.reserved = 0
		text, err := read(ctx, editor)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, readline.ErrInterrupt):
			continue
		case err != nil:
			fmt.Fprint(s.Out, "\x1b[?2004l\r\n") // the editor, which is left behind, asked for bracketed paste
			return err
		}
		if s.lines.err != nil {
			s.Report(fmt.Errorf("keep the history: %w (TOCSIN_HISTORY names another file)", s.lines.err))
			s.lines.file, s.lines.err = "", nil
		}
		if s.run(ctx, text) {
			return nil
		}
	}
}

// greet says what is stored, and chooses the logstore.
func (s *session) greet(ctx context.Context) {
	holdings, err := s.Project.Stored(ctx)
	if err != nil {
		s.Report(err)
	}
	if s.chooseLogstore(ctx, holdings) != nil || s.Logstore == "" {
		s.Logstore = logstoreWords(s)[0]
	}
	empty := err == nil
	for _, h := range holdings {
		if h.Records > 0 && !h.Lookup {
			empty = false
			fmt.Fprintf(s.Err, "%s: %s from %s to %s\n", h.Logstore, count(h.Records, "record"), moment(h.Oldest, s.Zone), moment(h.Newest, s.Zone))
		}
	}
	if empty {
		fmt.Fprintln(s.Err, "nothing is stored yet: tocsin load PATH")
	}
	fmt.Fprintln(s.Err, s.dim(".help shows what there is; Tab completes"))
}

// read reads one text. A signal that ends the program ends the wait for it; the
// editor is left behind then.
func read(ctx context.Context, editor *readline.Shell) (string, error) {
	type typedText struct {
		text string
		err  error
	}
	got := make(chan typedText, 1)
	go func() {
		text, err := editor.Readline()
		got <- typedText{text, err}
	}()
	select {
	case t := <-got:
		return t.text, t.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// editor sets the line editor up.
func (s *session) editor(ctx context.Context) *readline.Shell {
	sh := readline.NewShell()
	sh.Prompt.Primary(func() string { return s.color("1", s.prompt()) })
	sh.Prompt.Secondary(func() string { return strings.Repeat(" ", max(0, width(s.prompt())-3)) + "…> " })
	sh.AcceptMultiline = func(line []rune) bool { return s.entered(string(line)) }
	sh.SyntaxHighlighter = func(line []rune) string {
		s.reserve(string(line))
		return s.highlight(string(line))
	}
	sh.PasteTransformer = pasted
	sh.Completer = func(line []rune, cursor int) readline.Completions { return s.completions(ctx, sh, line, cursor) }
	sh.History.Add("history", s.lines)
	for name, value := range map[string]any{
		"menu-complete-display-prefix": true,
		"completion-ignore-case":       true,
		"enable-bracketed-paste":       true,
		"usage-hint-always":            true, // which is where notes are shown
		"history-autosuggest":          false,
		"cursor-position-probe":        false,     // keys that arrive with the terminal's answer are lost
		"comment-begin":                `[^\s\S]`, // a pattern of the library: # begins a phrase here, no comment
	} {
		if err := sh.Config.Set(name, value); err != nil {
			panic(err) // no setting of the library: a mistake in this program
		}
	}
	for _, keymap := range []string{"emacs", "emacs-standard", "vi-insert"} { // Tab would insert the first match without a menu
		if err := sh.Config.Bind(keymap, "\t", "menu-complete", false); err != nil {
			panic(err)
		}
	}
	return sh
}

// entered reports whether Enter runs a text: when it is finished, and does not
// select columns that only a GROUP BY on a further line can make right.
func (s *session) entered(text string) bool {
	if !finished(text) {
		return false
	}
	statement := tidy(text)
	if statement == "" || strings.HasPrefix(statement, ".") || strings.HasSuffix(strings.TrimSpace(text), ";") || strings.HasSuffix(strings.TrimRight(text, " \t"), "\n") {
		return true
	}
	_, err := s.Project.Plan(s.question(statement))
	var list *diag.List
	return !errors.As(err, &list) || !slices.ContainsFunc(list.Problems, func(p diag.Problem) bool { return p.Check == "query/ungrouped" })
}

// prompt shows what the next question is asked of.
func (s *session) prompt() string {
	return s.Logstore + " · " + s.Range.Words(s.Zone) + "> "
}

// reserve scrolls the screen where the line and one row below it would not fit: the
// editor, which does not ask where on the screen it is, moves within these rows.
func (s *session) reserve(line string) {
	w, h := s.Screen()
	if w < 1 || h < 2 {
		return
	}
	rows := 1
	for _, l := range strings.Split(line, "\n") {
		rows += 1 + (width(s.prompt())+width(l))/w
	}
	if rows = min(rows, h-1); rows > s.reserved {
		s.reserved = rows
		fmt.Fprintf(s.Out, "%s\x1b[%dA", strings.Repeat("\x1bD", rows), rows)
	}
}

// completions is the menu of one Tab.
func (s *session) completions(ctx context.Context, sh *readline.Shell, line []rune, cursor int) readline.Completions {
	text := string(line)
	at := len(string(line[:min(cursor, len(line))]))
	o := s.complete(ctx, text, at)
	w, h := s.Screen()
	m := fit(text, at, o, w)
	if len(m.items) == 0 {
		return readline.CompleteMessage("%s", cmp.Or(o.note, "nothing fits here"))
	}
	if room := max(1, h-5-strings.Count(text, "\n")-groups(m.items)); len(m.items) > room && h > 0 {
		o.note = count(int64(len(m.items)-room), "more candidate") + ": type more"
		m.items = m.items[:room]
	}
	if m.line != text {
		sh.Line().Set([]rune(m.line)...)
		sh.Cursor().Set(len([]rune(m.line[:m.cursor])))
	}
	values := make([]readline.Completion, len(m.items))
	for i, it := range m.items {
		values[i] = readline.Completion{Value: it.insert, Display: it.label, Tag: it.group}
	}
	c := readline.CompleteRaw(values).NoSort().DisplayList().Usage("%s", o.note)
	c.PREFIX = m.prefix
	return c
}

// pasted makes a text from the clipboard fit for the line: one line for each line
// of it, and nothing that a terminal would obey.
func pasted(text string) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && diag.Clean(string(r)) != string(r) {
			return -1
		}
		return r
	}, text), "\n")
}

// shown is the line as it may be shown: as many characters as it has, none of
// which a terminal obeys.
func shown(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && diag.Clean(string(r)) != string(r) {
			return '\uFFFD'
		}
		return r
	}, line)
}

// highlight colours a line that is being typed.
func (s *session) highlight(line string) string {
	line = shown(line)
	if !s.Color {
		return line
	}
	from := 0
	if strings.HasPrefix(line, ".") {
		name, rest, _ := strings.Cut(line, " ")
		if name != ".explain" {
			return s.color("36", name) + line[len(name):]
		}
		from = len(line) - len(rest)
	}
	var b strings.Builder
	b.WriteString(line[:from])
	done := from
	for _, t := range query.Highlight(line[from:]) {
		start, end := max(from+t.Span.Start, done), min(from+t.Span.End, len(line))
		if start >= end {
			continue
		}
		b.WriteString(line[done:start])
		if code := colors[t.Class]; code != "" {
			b.WriteString(s.color(code, line[start:end]))
		} else {
			b.WriteString(line[start:end])
		}
		done = end
	}
	return b.String() + line[done:]
}

// colors are the attributes of the classes of tokens; what has none is shown as it
// is.
var colors = map[query.TokenClass]string{
	query.KeywordToken: "1;34", query.FieldToken: "36", query.ValueToken: "32", query.StringToken: "32", query.NumberToken: "33",
	query.FunctionToken: "35", query.TypeToken: "34", query.ListToken: "33", query.CommentToken: "2", query.ErrorToken: "31",
}
