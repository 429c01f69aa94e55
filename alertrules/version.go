package alertrules

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// The texts of rules, for the history of rules.

// A Version is a rule as its file has it.
type Version struct {
	Rule     string
	Hash     string // of the text, and of what the defaults of its file add
	Meaning  string // Rule.Hash: versions that are evaluated alike share it
	File     string
	Text     string // its lines in the file; "": it is not there any more
	Logstore string
	Query    string
}

// Versions returns the rules as their files have them, file by file, without those
// that are kept for a broken one.
func (s *Set) Versions() []Version {
	list := make([]Version, 0, len(s.Rules))
	for _, f := range s.Files {
		if f.doc == nil {
			continue
		}
		lines := strings.Split(f.doc.List.Source, "\n")
		for _, r := range f.Rules {
			end := len(lines) + 1
			for _, other := range f.Rules {
				if other.Line > r.Line {
					end = min(end, other.Line)
				}
			}
			text := strings.TrimRight(strings.Join(lines[min(r.Line-1, len(lines)):end-1], "\n"), " \t\r\n")
			sum := sha256.Sum256([]byte(r.Hash + "\n" + text))
			list = append(list, Version{Rule: r.ID, Hash: hex.EncodeToString(sum[:8]), Meaning: r.Hash, File: r.File, Text: text, Logstore: r.Logstore, Query: r.Query})
		}
	}
	return list
}

// Gone returns those ids that no file has any more; none while a file cannot be
// read as far as its ids.
func (s *Set) Gone(ids []string) []string {
	there, complete := s.ids()
	if !complete {
		return nil
	}
	var gone []string
	for _, id := range ids {
		if !there[id] {
			gone = append(gone, id)
		}
	}
	return gone
}
