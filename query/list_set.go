// Named lists as sets: what an entry means, and a test of many values against
// one list that costs the same for ten entries and for fifty thousand.

package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a named list.
const (
	MaxListEntries   = 100_000
	MaxListPatterns  = 1_000 // entries with wildcards that are neither text* nor *text: each is tried
	maxListEntryText = 4_096 // bytes
)

// CheckListEntry reports what is wrong with an entry of a named list: a value, a
// value with * and ?, a network or an address. costly says that the entry is
// one of those of which a list has at most MaxListPatterns.
func CheckListEntry(entry string) (costly bool, err error) {
	switch {
	case entry == "":
		return false, errors.New("an entry of a list is not empty")
	case len(entry) > maxListEntryText:
		return false, fmt.Errorf("an entry of %d bytes: at most %d", len(entry), maxListEntryText)
	case !utf8.ValidString(entry):
		return false, errors.New("an entry that is no UTF-8 text")
	case strings.ContainsFunc(entry, unicode.IsControl):
		return false, errors.New("an entry holds a control character")
	}
	if address, _, ok := strings.Cut(entry, "/"); ok {
		_, noAddress := netip.ParseAddr(address)
		if _, network := parseNetwork(entry); noAddress == nil && !network {
			return false, errors.New(cut(entry) + " is no network: write 10.0.0.0/8 or 2001:db8::/32")
		}
	}
	if !strings.ContainsAny(entry, "*?") {
		return false, nil
	}
	form, _ := simpleGlob(tidy(globOf(entry)))
	return form == "" || form == "text_contains", nil
}

// listEntries are the entries of a named list by what they mean, each once.
type listEntries struct {
	values   []string
	patterns []string // with * and ?
	networks []string
}

func sortEntries(entries []string) listEntries {
	var out listEntries
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		p, network := parseNetwork(e)
		if network {
			e = p.String()
		}
		if seen[e] {
			continue
		}
		seen[e] = true
		switch {
		case network:
			out.networks = append(out.networks, e)
		case strings.ContainsAny(e, "*?"):
			out.patterns = append(out.patterns, e)
		default:
			out.values = append(out.values, e)
		}
	}
	return out
}

// globOf reads * and ? of an entry of a list.
func globOf(s string) []Glob {
	var out []Glob
	for s != "" {
		i := strings.IndexAny(s, "*?")
		if i < 0 {
			return append(out, Glob{Text: s})
		}
		if i > 0 {
			out = append(out, Glob{Text: s[:i]})
		}
		out = append(out, Glob{Wild: rune(s[i])})
		s = s[i+1:]
	}
	return out
}

// A listSpec is a list as an engine's functions read it: one constant text.
type listSpec struct {
	Values   []string `json:",omitempty"`
	Patterns []string `json:",omitempty"` // with * and ?
	Networks []string `json:",omitempty"`
	Exact    bool     `json:",omitempty"` // case-sensitive
}

func (s listSpec) encode() string { return mustJSON(s) }

func decodeListSpec(text string) listSpec {
	var s listSpec
	if json.Unmarshal([]byte(text), &s) != nil {
		return listSpec{} // no value is in it
	}
	return s
}

// A listSet answers whether a text is in a list.
type listSet struct {
	exact        bool
	values       map[string]bool
	starts, ends affixes
	globs        [][]Glob
	networks     map[netip.Prefix]bool
	bits         [2][]int // lengths of the networks: of IPv4, of IPv6
}

// affixes are texts that values may begin, or end, with, and their lengths.
type affixes struct {
	texts   map[string]bool
	lengths []int // in bytes
}

func (a *affixes) add(s string) {
	if a.texts == nil {
		a.texts = map[string]bool{}
	}
	a.texts[s] = true
	if !slices.Contains(a.lengths, len(s)) {
		a.lengths = append(a.lengths, len(s))
	}
}

// byLength are the texts by their lengths in characters, sorted.
func (a *affixes) byLength() map[int][]string {
	out := map[int][]string{}
	for _, s := range slices.Sorted(maps.Keys(a.texts)) {
		n := utf8.RuneCountInString(s)
		out[n] = append(out[n], s)
	}
	return out
}

func newListSet(s listSpec) *listSet {
	l := &listSet{exact: s.Exact, values: make(map[string]bool, len(s.Values)), networks: map[netip.Prefix]bool{}}
	for _, v := range s.Values {
		l.values[fold(v, s.Exact)] = true
	}
	for _, p := range s.Patterns {
		parts := tidy(globOf(fold(p, s.Exact)))
		switch form, text := simpleGlob(parts); form {
		case "starts_with":
			l.starts.add(text)
		case "ends_with":
			l.ends.add(text)
		default:
			l.globs = append(l.globs, parts)
		}
	}
	for _, n := range s.Networks {
		if p, ok := parseNetwork(n); ok {
			l.networks[p] = true
			family := bit(p.Addr().Is6())
			if !slices.Contains(l.bits[family], p.Bits()) {
				l.bits[family] = append(l.bits[family], p.Bits())
			}
		}
	}
	return l
}

// has reports whether x is in the list.
func (l *listSet) has(x string) bool {
	f := fold(x, l.exact)
	if l.values[f] {
		return true
	}
	for _, n := range l.starts.lengths {
		if n <= len(f) && l.starts.texts[f[:n]] {
			return true
		}
	}
	for _, n := range l.ends.lengths {
		if n <= len(f) && l.ends.texts[f[len(f)-n:]] {
			return true
		}
	}
	for _, g := range l.globs {
		if globMatch(f, g) {
			return true
		}
	}
	return len(l.networks) > 0 && l.hasAddress(x)
}

// hasAddress is inNetwork for all networks at once.
func (l *listSet) hasAddress(x string) bool {
	a, err := netip.ParseAddr(strings.TrimSpace(x))
	if err != nil {
		return false
	}
	a = a.WithZone("")
	return l.inside(a) || a.Is4In6() && l.inside(a.Unmap())
}

// byBits are the bits of the networks of one family, as 0 and 1, by how many
// they are, sorted.
func (l *listSet) byBits(six bool) map[int][]string {
	out := map[int][]string{}
	for p := range l.networks {
		if p.Addr().Is6() == six {
			var b strings.Builder
			for _, x := range p.Addr().AsSlice() {
				fmt.Fprintf(&b, "%08b", x)
			}
			out[p.Bits()] = append(out[p.Bits()], b.String()[:p.Bits()])
		}
	}
	for _, networks := range out {
		slices.Sort(networks)
	}
	return out
}

func (l *listSet) inside(a netip.Addr) bool {
	for _, n := range l.bits[bit(a.Is6())] {
		if p, err := a.Prefix(n); err == nil && l.networks[p] {
			return true
		}
	}
	return false
}
