// What Tab offers: dot commands and their arguments here, queries by package query.

package shell

import (
	"context"
	"errors"
	"strings"
	"time"

	"tocsin/diag"
	"tocsin/query"
)

// An entry is one line of the menu.
type entry struct {
	text   string // what is inserted
	group  string // a heading: "fields", "values", "commands" …
	detail string
	doc    string
}

// An offer is what Tab offers for the text in span.
type offer struct {
	span    diag.Span
	entries []entry
	note    string // why there is not more
}

// lookTime bounds what one Tab may cost.
const lookTime = 2 * time.Second

// complete returns what may stand at the cursor, a byte of text.
func (s *session) complete(ctx context.Context, text string, cursor int) offer {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if !strings.HasPrefix(text, ".") {
		return s.completeQuery(ctx, text, cursor)
	}
	if cursor == 0 { // before the dot
		return offer{}
	}
	name, rest, spaced := strings.Cut(text[1:cursor], " ")
	if !spaced {
		return offer{span: diag.Span{Start: 0, End: cursor}, entries: commandEntries(name)}
	}
	args := strings.TrimLeft(rest, " ")
	from := cursor - len(args)
	switch name {
	case "explain":
		o := s.completeQuery(ctx, text[from:], cursor-from)
		o.span.Start, o.span.End = o.span.Start+from, o.span.End+from
		return o
	case "fields", "values":
		return s.completeField(ctx, args, from)
	case "functions":
		return wordOffer("functions", query.Functions(), args, from)
	}
	for _, c := range commands() {
		if c.name == name && c.words != nil {
			return wordOffer("arguments", c.words(s), args, from)
		}
	}
	return offer{span: diag.Span{Start: cursor, End: cursor}}
}

func commandEntries(begun string) []entry {
	var out []entry
	for _, c := range commands() {
		if strings.HasPrefix(c.name, strings.ToLower(begun)) {
			out = append(out, entry{"." + c.name, "commands", c.args, c.help})
		}
	}
	return out
}

func wordOffer(group string, list []string, begun string, from int) offer {
	o := offer{span: diag.Span{Start: from, End: from + len(begun)}}
	for _, w := range list {
		if strings.HasPrefix(w, begun) {
			o.entries = append(o.entries, entry{text: w, group: group})
		}
	}
	return o
}

// completeField offers the fields that a filter could begin with.
func (s *session) completeField(ctx context.Context, begun string, from int) offer {
	o := s.completeQuery(ctx, begun, len(begun))
	o.span.Start, o.span.End = o.span.Start+from, o.span.End+from
	fields := o.entries[:0]
	for _, e := range o.entries {
		if e.group == query.FieldCandidate.String() {
			e.text = strings.TrimRight(e.text, ":")
			fields = append(fields, e)
		}
	}
	o.entries = fields
	return o
}

func (s *session) completeQuery(ctx context.Context, text string, cursor int) offer {
	around := s.Project.Surroundings(s.question(text))
	look := &lookup{s: s}
	around.Seen = look
	c := query.Complete(ctx, text, cursor, around)
	o := offer{span: c.Span}
	for _, x := range c.Candidates {
		o.entries = append(o.entries, entry{x.Text, x.Kind.String(), x.Detail, x.Doc})
	}
	if look.err != nil {
		o.note = "nothing of what is stored: " + visible(look.err.Error())
		if errors.Is(look.err, context.DeadlineExceeded) {
			o.note = "nothing of what is stored: looking took too long"
		}
	}
	return o
}

// lookup is the Seen of one Tab; it keeps the error that Complete leaves out.
type lookup struct {
	s   *session
	err error
}

// Paths implements query.Seen.
func (l *lookup) Paths(ctx context.Context, logstore string) ([]query.SeenPath, error) {
	paths, err := l.s.paths(ctx, logstore)
	if err != nil {
		l.err = err
	}
	return paths, err
}

// Values implements query.Seen.
func (l *lookup) Values(ctx context.Context, logstore, field, prefix string) ([]query.SeenValue, error) {
	values, err := l.s.valuesOf(ctx, logstore, field, prefix)
	if err != nil {
		l.err = err
	}
	return values, err
}

// A cache keeps what was looked up, for a while: each lookup opens the files.
type cache struct {
	since  time.Time
	paths  map[string][]query.SeenPath
	values map[[3]string][]query.SeenValue
}

// cacheTime is how long a lookup counts.
const cacheTime = time.Minute

// fresh empties the cache when its time is over.
func (s *session) fresh() *cache {
	if now := s.Now(); s.cache.paths == nil || now.Sub(s.cache.since) > cacheTime {
		s.cache = cache{since: now, paths: map[string][]query.SeenPath{}, values: map[[3]string][]query.SeenValue{}}
	}
	return &s.cache
}

func (s *session) paths(ctx context.Context, logstore string) ([]query.SeenPath, error) {
	kept := s.fresh().paths
	if list, ok := kept[logstore]; ok {
		return list, nil
	}
	list, err := s.Project.Paths(ctx, logstore)
	if err == nil {
		kept[logstore] = list
	}
	return list, err
}

func (s *session) valuesOf(ctx context.Context, logstore, field, prefix string) ([]query.SeenValue, error) {
	kept, key := s.fresh().values, [3]string{logstore, field, prefix}
	if list, ok := kept[key]; ok {
		return list, nil
	}
	list, err := s.Project.Values(ctx, logstore, field, prefix)
	if err == nil {
		kept[key] = list
	}
	return list, err
}
