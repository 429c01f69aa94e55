// Completion, continued: columns, logstores, and values that a column is
// compared with.

package query

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// columns offers what an expression can name: the columns of every source in
// scope, and, where the clause can use them, the aliases of the SELECT.
func (c *completer) columns(stage []lexer.Token) {
	levels := c.levels(stage)
	for i, l := range levels {
		switch l.clause() {
		case "GROUP", "HAVING", "ORDER":
			for _, name := range itemNames(l.tokens, true) {
				if i == 0 && c.begun(name) {
					c.add(Candidate{Text: sqlName(name), Kind: AliasCandidate})
				}
			}
		}
	}
	var all []rowSource
	for _, l := range levels {
		all = append(all, c.sources(l)...)
	}
	shared := c.shared(stage, all)
	for _, r := range all {
		c.columnsOf(stage, r, "", shared)
		if r.alias != "" && hasPrefixFold(c.typed, r.alias+".") {
			c.columnsOf(stage, r, r.alias+".", nil)
		}
	}
	for _, r := range all {
		if len(all) > 1 && r.alias != "" && c.begun(r.alias+".") && c.typed != r.alias+"." && c.quote == 0 {
			c.add(Candidate{sqlPath([]string{r.alias}) + ".", AliasCandidate, "", "the columns of " + r.alias})
		}
	}
}

// sources are what a level reads; without FROM, the stage before.
func (c *completer) sources(l queryLevel) []rowSource {
	if list := l.rowSources(); len(list) > 0 {
		return list
	}
	return []rowSource{{name: "log", before: true}}
}

// shared are the names of columns that more than one of the sources has.
func (c *completer) shared(stage []lexer.Token, all []rowSource) map[string]bool {
	if len(all) < 2 {
		return nil
	}
	seen, shared := map[string]bool{}, map[string]bool{}
	for _, r := range all {
		for _, name := range c.columnNames(stage, r) {
			shared[name] = seen[name]
			seen[name] = true
		}
	}
	return shared
}

// columnNames are the names of the columns of a source.
func (c *completer) columnNames(stage []lexer.Token, r rowSource) (names []string) {
	if store, ok := c.storeOf(stage, r); ok {
		for _, f := range store.all() {
			names = append(names, f.Name)
		}
		return names
	}
	for _, col := range c.resultOf(stage, r) {
		names = append(names, col.Name)
	}
	return names
}

// columnsOf offers the columns of one source. Those whose names are shared are
// written with its alias, and so are all behind a qualifier.
func (c *completer) columnsOf(stage []lexer.Token, r rowSource, qualifier string, shared map[string]bool) {
	if store, ok := c.storeOf(stage, r); ok {
		c.fields(store, qualifier, func(steps []string) string {
			if shared[strings.Join(steps, ".")] && r.alias != "" {
				steps = append([]string{r.alias}, steps...)
			}
			return sqlPath(steps)
		})
		return
	}
	for _, col := range c.resultOf(stage, r) {
		if !c.begun(qualifier + col.Name) {
			continue
		}
		text := sqlName(col.Name)
		if r.alias != "" && (qualifier != "" || shared[col.Name]) {
			text = sqlPath([]string{r.alias}) + "." + text
		}
		kind := ""
		if col.Type != Unknown {
			kind = col.Type.String()
		}
		c.add(Candidate{text, ColumnCandidate, kind, ""})
	}
}

// storeOf is the logstore that a source reads, if it reads one itself.
func (c *completer) storeOf(stage []lexer.Token, r rowSource) (*Logstore, bool) {
	_, bodies := withQueries(stage)
	switch {
	case r.before && len(c.stages(stage)) > 0, r.name == "", bodies[r.name] != nil:
		return nil, false
	case r.name == "log":
		return c.in.Schema.Logstore(c.in.Options.Logstore)
	}
	return c.in.Schema.Logstore(r.name)
}

// stages are the tokens of the stages before the one that is given.
func (c *completer) stages(stage []lexer.Token) []lexer.Token {
	first := firstPipe(c.tokens)
	for i := first; i < len(c.tokens); i++ {
		if c.tokens[i].Pos.Offset >= stage[0].Pos.Offset {
			return c.tokens[first:i]
		}
	}
	return nil
}

// resultOf are the columns that a subquery, a query of WITH, or the stages
// before give: what the planner says, or what the text shows, without types.
func (c *completer) resultOf(stage []lexer.Token, r rowSource) []Column {
	body := r.body
	text := ""
	names, bodies := withQueries(stage)
	switch {
	case r.names != nil:
		return columnsNamed(r.names)
	case r.before:
		body = c.stages(stage)
		text = "* " + c.text(body)
	case r.name != "":
		body = bodies[r.name]
		if len(body) > 0 && len(names) > 0 {
			text = "* | " + c.src[stage[1].Pos.Offset:span(body[len(body)-1]).End] + ") SELECT * FROM " + sqlPath([]string{r.name})
		}
	default:
		text = "* | " + c.text(body)
	}
	if text == "" {
		return nil
	}
	if q, err := Parse(text); err == nil {
		if p, err := q.Plan(c.in.Schema, Options{Logstore: c.in.Options.Logstore, Lists: c.in.Options.Lists}); err == nil {
			return p.Columns()
		}
	}
	if r.before {
		for i := len(body) - 1; i >= 0; i-- {
			if isKeyword(&body[i], "SELECT") {
				body = body[i:]
				break
			}
		}
	}
	return columnsNamed(itemNames(body, false))
}

// columnsNamed are columns of which only the names are known.
func columnsNamed(names []string) []Column {
	out := make([]Column, len(names))
	for i, name := range names {
		out[i].Name = name
	}
	return out
}

// text is the source of some tokens.
func (c *completer) text(tokens []lexer.Token) string {
	if len(tokens) == 0 {
		return ""
	}
	return c.src[tokens[0].Pos.Offset:span(tokens[len(tokens)-1]).End]
}

// logstores offers what FROM can read.
func (c *completer) logstores(stage []lexer.Token) {
	names, _ := withQueries(stage)
	for _, name := range names {
		if c.begun(name) {
			c.add(Candidate{sqlPath([]string{name}), LogstoreCandidate, "", "the query of WITH"})
		}
	}
	if c.begun("log") && c.in.Options.Logstore != "" {
		c.add(Candidate{"log", LogstoreCandidate, "", "what is read without FROM: " + c.in.Options.Logstore})
	}
	for _, name := range slices.Concat(c.in.Schema.Logstores(), c.in.Schema.Histories()) {
		store, ok := c.in.Schema.Logstore(name)
		if ok && c.begun(name) {
			c.add(Candidate{sqlPath([]string{name}), LogstoreCandidate, counted(int64(len(store.Fields)), "field"), ""})
		}
	}
}

// compared offers the values of the field that the word is compared with.
func (c *completer) compared(stage []lexer.Token, names []Name) {
	for _, l := range c.levels(stage) {
		for _, r := range c.sources(l) {
			way := steps(names)
			if len(way) > 1 && r.alias != "" && strings.EqualFold(way[0], r.alias) {
				way = way[1:]
			}
			store, ok := c.storeOf(stage, r)
			if r.before && !ok { // a column of an earlier stage often is the field of that name
				store, ok = c.in.Schema.Logstore(c.in.Options.Logstore)
			}
			if !ok {
				continue
			}
			if f, rest, ok := store.find(way); ok && len(rest) <= maxPath {
				if len(rest) > 0 {
					f = Field{Type: JSON}
				}
				c.values(store, f, strings.Join(way, "."), c.literal(f.Type))
				return
			}
		}
	}
}

// literal writes values of a type as SQL does.
func (c *completer) literal(t Type) func(string) string {
	number := t.numeric() || t == EpochSeconds
	return func(v string) string {
		switch {
		case number && !plainNumber(v):
			return ""
		case c.quote == 0 && (number || t == Boolean):
			return v
		}
		var p printer
		p.quoted(v, "'")
		return p.String()
	}
}

// plainNumber reports whether v is a number that SQL reads as one.
func plainNumber(v string) bool {
	tokens, f := tokenize(v, modeCondition)
	return f == nil && len(tokens) == 2 && tokens[0].Type == tokNumber
}
