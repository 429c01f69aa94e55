package sample

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// The formats by their names, and writing any of them.

// A generator writes records of one format as they come, and keeps no more of
// them than a few files hold.
type generator interface {
	// fill writes n records whose times are spread evenly from one moment to
	// another; later calls have later moments.
	fill(n int, from, to time.Time) error
	// finish writes what is still to come, and the files that are not full.
	finish() error
}

// trailName is the format of files of CloudTrail, which has a layout of its own.
const trailName = "cloudtrail"

// shapes are the other formats, in the order of their names.
func shapes() []shape {
	all := []shape{
		eventBridgeShape(), cloudWatchShape(), actionTrailShape, prismaAuditShape, cspmShape, asffShape,
		prowlerCSV, prowlerOCSF, prowlerJSON, prowlerASFF, guardDutyShape, prismaAlertShape, qualysShape,
	}
	slices.SortFunc(all, func(a, b shape) int { return strings.Compare(a.name, b.name) })
	return all
}

// Formats returns the names that Options.Formats may have.
func Formats() []string {
	names := []string{trailName}
	for _, s := range shapes() {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return names
}

// newGenerator makes the generator of a format, with its incidents planted.
func newGenerator(w *writer, o Options, name string) (generator, error) {
	if name == trailName {
		t := newTrail(w, o)
		t.planted = plantCloudTrail(w, o)
		return t, nil
	}
	for _, s := range shapes() {
		if s.name == name {
			h := fnv.New32a()
			h.Write([]byte(name)) // a hash.Hash never returns an error
			g := newStream(w, o, s, uint64(h.Sum32()))
			if !o.Quiet {
				g.incident(o.before(30 * time.Minute))
			}
			return g, nil
		}
	}
	return nil, fmt.Errorf("sample: there is no format %q; known are %s", name, strings.Join(Formats(), ", "))
}

// writeFormats writes each of the formats that are asked for.
func writeFormats(w *writer, o Options) error {
	for _, name := range o.Formats {
		g, err := newGenerator(w, o, name)
		if err != nil {
			return err
		}
		if err := g.fill(o.Events, o.From, o.To); err != nil {
			return err
		}
		if err := g.finish(); err != nil {
			return err
		}
	}
	return nil
}

func writeCloudTrail(w *writer, o Options) error {
	t := newTrail(w, o)
	t.planted = plantCloudTrail(w, o)
	if err := t.fill(o.Events, o.From, o.To); err != nil {
		return err
	}
	return t.finish()
}
