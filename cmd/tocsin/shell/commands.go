// Dot commands: the table of them, and how one is found and run.

package shell

import (
	"context"
	"slices"
	"strings"

	"tocsin/diag"
)

// A command is one dot command.
type command struct {
	name  string // without the dot
	args  string // as help shows them
	help  string // one line
	run   func(s *session, ctx context.Context, args string) error
	words func(s *session) []string // that args may be; may be nil
}

// A commandList is what dot commands there are.
type commandList []command

// names reports whether a line begins with one of them.
func (l commandList) names(line string) bool {
	name, _ := splitCommand(strings.TrimRight(line, "; \t\r"))
	return strings.HasPrefix(line, ".") && l.find(name) >= 0
}

// find returns the place of a command; -1 where there is none of that name.
func (l commandList) find(name string) int {
	return slices.IndexFunc(l, func(c command) bool { return c.name == strings.ToLower(name) })
}

// commands are all dot commands, by name.
func commands() commandList {
	return commandList{
		{"all", "", "look at everything that is stored", (*session).all, nil},
		{"chart", "[bar|line]", "draw the last rows; records as counts over time", (*session).chart, words("bar", "line")},
		{"explain", "[QUERY]", "how a query, else the last one, is answered", (*session).explain, nil},
		{"export", "FILE", "write the last rows: NAME.csv, .json or .ndjson", (*session).export, nil},
		{"fields", "[PATTERN]", "fields, declared and seen; of a name's part, or *", (*session).fields, nil},
		{"from", "MOMENT", "look at what is not older: 2026-11-22T09:00", (*session).from, nil},
		{"functions", "[NAME]", "the functions of the language", (*session).functions, nil},
		{"help", "[COMMAND]", "this", (*session).help, commandNames},
		{"history", "[N]", "what was typed last; 20 by default", (*session).history, nil},
		{"last", "[LENGTH]", "look at the last 30m, 4h, 7d …; 24h by default", (*session).setLast, words("30m", "1h", "4h", "24h", "7d", "30d")},
		{"logstores", "", "what is stored, and since when", (*session).logstores, nil},
		{"output", "[FORMAT]", "how rows are shown: table, json, ndjson or csv", (*session).output, words(Formats()...)},
		{"pager", "[on|off]", "show long answers page by page", (*session).pager, words("on", "off")},
		{"quit", "", "leave; so does Ctrl-D", (*session).quit, nil},
		{"rows", "[N]", "bound on the rows of an answer", (*session).setRows, nil},
		{"save", "as rule NAME [FILE]", "make the last query a rule, with a test", (*session).save, words("as rule ")},
		{"to", "MOMENT", "look at what is older", (*session).to, nil},
		{"use", "LOGSTORE", "ask another logstore", (*session).use, logstoreWords},
		{"values", "FIELD", "values of a field in the range, with counts", (*session).values, nil},
		{"x", "[on|off|auto]", "one value a line; auto: where rows are wide", (*session).setExpanded, words("on", "off", "auto")},
	}
}

func words(list ...string) func(*session) []string {
	return func(*session) []string { return list }
}

func commandNames(*session) []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// Commands are the dot commands as help shows them, by name.
func Commands() []string {
	var list []string
	for _, c := range commands() {
		list = append(list, strings.TrimSpace("."+c.name+" "+c.args))
	}
	return list
}

func logstoreWords(s *session) []string {
	schema := s.Project.Surroundings(s.question("")).Schema
	return slices.Concat(schema.Logstores(), schema.Histories())
}

// splitCommand parts ".name args".
func splitCommand(text string) (name, args string) {
	name, args, _ = strings.Cut(strings.TrimPrefix(text, "."), " ")
	return name, strings.TrimSpace(args)
}

// command runs a dot command.
func (s *session) command(ctx context.Context, text string) error {
	text = strings.TrimRight(text, "; \t\n")
	name, args := splitCommand(strings.ReplaceAll(text, "\n", " "))
	list := commands()
	i := list.find(name)
	if i < 0 {
		return unknownCommand(s, name)
	}
	if list[i].args == "" && args != "" {
		return wrong(".%s takes no argument", list[i].name)
	}
	return list[i].run(s, ctx, args)
}

func unknownCommand(s *session, name string) error {
	known := commandNames(s)
	for i, n := range known {
		known[i] = "." + n
	}
	return wrong("there is no .%s; %s", visible(name), diag.DidYouMean("."+name, known, ".help lists what there is"))
}
