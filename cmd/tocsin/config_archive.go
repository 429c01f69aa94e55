package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest/archive"
	"tocsin/ingest/awsapi"
	"tocsin/ingest/s3"
)

// `archive:` of tocsin.yaml, and the archive that it names.

// archiveFile is `archive:`. Exactly one of dir and bucket says where it lies.
type archiveFile struct {
	Dir      alertrules.Text `yaml:"dir"`
	Bucket   alertrules.Text `yaml:"bucket"`
	Role     alertrules.Text `yaml:"role"`
	Region   alertrules.Text `yaml:"region"`
	Endpoint alertrules.Text `yaml:"endpoint"`
	TimeZone alertrules.Text `yaml:"time_zone"`
}

// archiveConfig is `archive:`, checked.
type archiveConfig struct {
	dir    string   // "": none
	place  s3.Place // without a bucket: none
	access awsapi.Access
	zone   *time.Location
}

// given reports whether there is an archive.
func (a archiveConfig) given() bool { return a.dir != "" || a.place.Bucket != "" }

// archive checks `archive:`. It runs after sources and limits.
func (r *configReader) archive(c *config) {
	f := r.file.Archive
	c.archive.zone = r.zone(f.TimeZone, c.zone)
	switch node := r.doc.At("archive"); {
	case f.Dir.Given() && f.Bucket.Given():
		r.doc.Problem("config/archive", f.Bucket.Node, "an archive lies in one place, and this one has a dir already", "")
	case f.Bucket.Given():
		r.archiveBucket(c)
	case !f.Dir.Given() && node != nil:
		r.doc.Problem("config/archive", node, "archive: says neither dir nor bucket", "dir: /var/lib/tocsin-archive, or bucket: NAME/PREFIX")
	case f.Dir.Given():
		r.archiveDir(c)
	}
}

// archiveDir checks an archive on a local disk.
func (r *configReader) archiveDir(c *config) {
	f := r.file.Archive
	for _, t := range []alertrules.Text{f.Role, f.Region, f.Endpoint} {
		if t.Given() {
			r.doc.Problem("config/archive", t.Node, "this means nothing for an archive on a disk", "bucket: NAME/PREFIX is one in a bucket")
		}
	}
	dir, ok := r.ownPath(f.Dir, "write")
	if !ok {
		return
	}
	for _, s := range c.sources {
		if s.kind == fromDir && liesIn(dir, s.dir) {
			r.doc.Problem("config/archive", f.Dir.Node, "the archive lies in the folder of source "+s.Name+", which would take it in", "name another folder")
		}
	}
	c.archive.dir = dir
}

// archiveBucket checks an archive in a bucket.
func (r *configReader) archiveBucket(c *config) {
	f := r.file.Archive
	c.archive.access = r.access(c, accessFile{f.Role, f.Region, f.Endpoint, f.Bucket.Node}, "")
	place, ok := s3.ParsePlace(f.Bucket.Value)
	if !ok {
		r.doc.Problem("config/archive", f.Bucket.Node, fmt.Sprintf("%q is no bucket", f.Bucket.Value), "NAME, or NAME/PREFIX with the beginning of the keys")
		return
	}
	if c.limits.MaxObject() > s3.MaxPut {
		r.doc.Problem("config/archive", f.Bucket.Node, "limits.object is more than the 5 GB that S3 takes in one piece", "limits: {object: 5GB}, or an archive on a disk")
	}
	for _, s := range c.sources {
		for _, has := range s.places {
			if s.access.Endpoint == c.archive.access.Endpoint && has.Bucket == place.Bucket && overlap(has.Prefix, place.Prefix) {
				r.doc.Problem("config/archive", f.Bucket.Node, "source "+s.Name+" reads "+has.String()+", and would take the archive in", "name another bucket, or a place where no source reads")
			}
		}
	}
	c.archive.place = place
}

// overlap reports whether there can be keys that begin with both.
func overlap(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// liesIn reports whether a path is a folder or lies below it.
func liesIn(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// openArchive opens the archive of the configuration; it calls nobody. Copies under
// way lie in spool.
func (c *config) openArchive(ctx context.Context, spool string) (*archive.Archive, error) {
	a := &archive.Archive{Target: archive.Directory(c.archive.dir), Zone: c.archive.zone, Spool: spool, Max: c.limits.MaxObject()}
	if c.archive.dir != "" {
		return a, nil
	}
	access, err := c.archive.access.Config(ctx)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	a.Target = &s3.Target{Client: s3.NewClient(access), Place: c.archive.place, Region: access.Region}
	return a, nil
}
