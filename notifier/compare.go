package notifier

// This file compares the alerts of a group as they stand with what a recipient
// was told. Each difference is a change; whether and when it is told is decided
// in decide.go.

import (
	"cmp"
	"slices"
	"time"

	"tocsin/alertrules"
)

// A change is a difference between the world and the belief.
type change struct {
	item   Item
	due    time.Time           // not before, for the repeat interval; zero: at once
	carry  bool                // goes along with any mail, also before it is due
	repeat bool                // "it goes on" and nothing else
	rank   alertrules.Severity // what quiet_except looks at
	free   time.Time           // of what a quiet period holds: when that is over
	told   time.Time           // of an end: when its begin was told (D14)
}

// comparison collects the changes of one recipient.
type comparison struct {
	b       *Belief
	now     time.Time
	changes []change
	still   []Item // go on, and have nothing to tell

	flaps  map[string]*Flap
	counts map[string][]string
	silent []string
	acked  *alertrules.Alert // one that is not repeated because somebody has taken it on
}

// compare returns the differences between w and b.
func compare(w World, b *Belief, now time.Time) *comparison {
	c := &comparison{b: b, now: now, flaps: map[string]*Flap{}, counts: map[string][]string{}}
	keys, events := sortMatters(w.Matters)
	for _, k := range keys {
		c.key(k)
	}
	for _, e := range events {
		c.event(e)
	}
	c.repeats()
	return c
}

// sortMatters puts the episodes of each state alert together, oldest first, and
// the news of each event alert.
func sortMatters(all []Matter) (keys, events [][]Matter) {
	at := map[string]int{}
	for _, m := range all {
		list, id := &keys, "k"+m.Alert.Key
		if m.Alert.Mode == alertrules.Event {
			list, id = &events, "e"+m.Alert.ID
		}
		i, ok := at[id]
		if !ok {
			i = len(*list)
			at[id] = i
			*list = append(*list, nil)
		}
		(*list)[i] = append((*list)[i], m)
	}
	for _, k := range keys {
		slices.SortStableFunc(k, func(a, b Matter) int { return a.Alert.Began.Compare(b.Alert.Began) })
	}
	for _, e := range events {
		slices.SortStableFunc(e, func(a, b Matter) int { return cmp.Compare(a.n(), b.n()) })
	}
	return keys, events
}

// n returns the number of the piece of news, 0 without one.
func (m Matter) n() int64 {
	if m.News == nil {
		return 0
	}
	return m.News.N
}

// key compares the episodes of one state alert, which follow each other.
func (c *comparison) key(episodes []Matter) {
	cur := episodes[len(episodes)-1]
	key := cur.Alert.Key
	told := c.b.Keys[key]
	flap := c.count(key, episodes)
	fires := told != nil && told.Firing
	if !fires {
		c.untold(episodes, told)
		return
	}
	for _, m := range episodes[:len(episodes)-1] {
		c.counts[key] = append(c.counts[key], m.Alert.ID) // the reader still believes that it fires
	}
	item := Item{Alert: cur.Alert, Settings: cur.Settings, Told: told}
	if flapping(flap, cur.Alert, cur.Settings) {
		item.Flap = flap
	}
	if cur.Alert.Firing() {
		c.goesOn(item)
		return
	}
	if slices.Contains(told.Over, cur.Alert.ID) {
		return // an older episode than the one that was told
	}
	c.ends(item)
}

// goesOn handles an alert that fires and of which this was told.
func (c *comparison) goesOn(item Item) {
	if item.Alert.MaxSeverity > item.Told.Severity {
		item.What = Rises
		c.add(change{item: item, rank: item.Alert.MaxSeverity})
		return
	}
	if len(newRows(item)) > 0 || len(goneRows(item)) > 0 {
		item.What = Changed
	} else {
		item.What = Still
	}
	c.still = append(c.still, item)
}

// ends handles an alert that is over and was told as firing.
func (c *comparison) ends(item Item) {
	a, told := item.Alert, item.Told
	item.What = Ends
	if unwatched(a.How) {
		item.What = Unwatched
		c.add(change{item: item, rank: a.MaxSeverity, told: told.At})
		return
	}
	ch := change{item: item, told: told.At}
	if item.Flap != nil {
		ch.due = told.At.Add(item.Settings.Repeat)
	}
	quiet := !item.Settings.Resolved && !told.Pending && a.Beyond == 0 // which values these were nobody knows: it does not go in silence
	if (quiet || told.Refused) && !c.now.Before(ch.due) {
		c.silent = append(c.silent, a.Key)
		c.counts[a.Key] = append(c.counts[a.Key], a.ID)
		return
	}
	c.add(ch)
}

// untold handles episodes of an alert that the reader does not believe to fire.
func (c *comparison) untold(episodes []Matter, told *Told) {
	for _, m := range episodes {
		item := Item{What: Begins, Alert: m.Alert, Settings: m.Settings}
		if !m.Alert.Firing() {
			if told != nil && (slices.Contains(told.Over, m.Alert.ID) || told.Episode == m.Alert.ID) {
				continue
			}
			item.What = CameAndWent
		}
		ch := change{item: item, rank: m.Alert.MaxSeverity}
		if m.Alert.History { // nobody is woken for it
			ch.rank = 0
		}
		c.add(ch)
	}
}

// event compares one event alert.
func (c *comparison) event(matters []Matter) {
	a := matters[0].Alert
	heard := c.b.Episodes[a.ID]
	closing := !a.Firing() && unwatched(a.How) && (heard == nil || !heard.Closed)
	any := false
	for _, m := range matters {
		if m.News == nil || heard.Has(m.News.N) {
			continue
		}
		any = true
		ch := change{item: Item{What: Happened, Alert: a, News: []*alertrules.News{m.News}, Settings: m.Settings}, carry: true, rank: m.News.Severity}
		if m.News.History { // nobody is woken for it
			ch.rank = 0
		}
		if ch.rank < alertrules.Critical && !closing {
			ch.due = c.clock(m.Settings.Repeat)
		}
		c.add(ch)
	}
	if closing && (heard != nil || any) {
		m := matters[len(matters)-1]
		c.add(change{item: Item{What: Unwatched, Alert: a, Settings: m.Settings}, rank: a.MaxSeverity})
	}
}

// clock returns when the repeat interval after the last mail is over; zero when
// there was none.
func (c *comparison) clock(repeat time.Duration) time.Time {
	last := c.b.Accepted
	if c.b.Refused.After(last) {
		last = c.b.Refused
	}
	if last.IsZero() {
		return last
	}
	return last.Add(repeat)
}

// repeats adds "it goes on" for every alert that does, at the smallest repeat
// interval among them (D32). While a mail is on its way, or the recipient's
// address is refused, there is none. What somebody has taken on is not repeated:
// it goes along as a line; rows that are new are told all the same.
func (c *comparison) repeats() {
	if len(c.b.Queue) > 0 || len(c.b.Parked) > 0 || c.b.Accepted.IsZero() || len(c.still) == 0 {
		return
	}
	var told []Item
	for _, s := range c.still {
		if s.Alert.Acked() && len(newRows(s)) == 0 {
			c.acked = s.Alert
			continue
		}
		told = append(told, s)
	}
	if len(told) == 0 {
		return
	}
	repeat := told[0].Settings.Repeat
	for _, s := range told {
		repeat = min(repeat, s.Settings.Repeat)
	}
	for _, s := range told {
		if s.What == Still {
			s.What = GoesOn
		}
		c.add(change{item: s, due: c.clock(repeat), repeat: true, rank: s.Alert.Severity})
	}
}

func (c *comparison) add(ch change) { c.changes = append(c.changes, ch) }

// count brings the number of begins up to date (D09).
func (c *comparison) count(key string, episodes []Matter) *Flap {
	f := Flap{}
	if known := c.b.Flaps[key]; known != nil {
		f = *known
	}
	for _, m := range episodes {
		began := m.Alert.Began
		switch {
		case f.N > 0 && !began.After(f.Last):
			continue
		case f.N > 0 && began.Sub(f.Last) <= m.Settings.Repeat:
			f.N++
			f.Prev, f.Last = f.Last, began
		default:
			f = Flap{First: began, Last: began, N: 1}
		}
	}
	c.flaps[key] = &f
	return &f
}

// flapping reports whether the alert began twice within the repeat interval
// before its end, or before its last evaluation while it fires.
func flapping(f *Flap, a *alertrules.Alert, s Settings) bool {
	at := a.Ended
	if a.Firing() {
		at = a.At
	}
	return f.N > 1 && at.Sub(f.Prev) <= s.Repeat
}

// unwatched reports whether an alert ended because nobody looks any more (D24).
func unwatched(how alertrules.EndHow) bool {
	return how == alertrules.EndRemoved || how == alertrules.EndDisabled || how == alertrules.EndStaging
}
