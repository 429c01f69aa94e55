package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tocsin/ingest"
	"tocsin/ingest/s3"
	"tocsin/ingest/sqs"
	"tocsin/store"
)

// Where a dead letter is read again from.

// openLetter opens the object of a dead letter: a file where it was, an object of
// S3 as its source does, that which a message names likewise.
func (p *project) openLetter(ctx context.Context, d store.DeadLetter) (ingest.Object, error) {
	if source, ok := p.sourceOf(d); ok && source.kind == fromQueue && len(source.places) > 0 && strings.HasPrefix(d.Object, "sqs://") {
		return p.openNamed(ctx, d, source)
	}
	if rest, ok := strings.CutPrefix(d.Object, "s3://"); ok {
		return p.openRemote(ctx, d, rest)
	}
	if strings.Contains(d.Object, "://") {
		return ingest.Object{}, errors.New("it is no file")
	}
	path := p.filePath(d.Object)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return ingest.Object{}, err
	case !info.Mode().IsRegular():
		return ingest.Object{}, errors.New("it is no regular file")
	}
	o := ingest.FileObject(path, info, true)
	o.Name = d.Object
	return o, nil
}

// sourceOf is the source that a dead letter is of, as it is configured now.
func (p *project) sourceOf(d store.DeadLetter) (sourceConfig, bool) { return p.sourceNamed(d.Source) }

// sourceNamed is a source as it is configured now.
func (p *project) sourceNamed(name string) (sourceConfig, bool) {
	for _, c := range p.config.sources {
		if c.Name == name {
			return c, true
		}
	}
	return sourceConfig{}, false
}

// openRemote opens an object of S3, within the places of its source (G15). For a
// record in it, it is the object of then: in another one another record may have
// its number.
func (p *project) openRemote(ctx context.Context, d store.DeadLetter, address string) (ingest.Object, error) {
	bucket, key, _ := strings.Cut(address, "/")
	ref := s3.Ref{Bucket: bucket, Key: key, ETag: d.Version, Size: -1, Same: !d.Whole}
	source, ok := p.sourceOf(d)
	if !ok || !s3.Within(source.places, ref) {
		return ingest.Object{}, errors.New("no source of tocsin.yaml reads it now")
	}
	objects, err := remoteObjects(ctx, source, []s3.Ref{ref})
	if err != nil {
		return ingest.Object{}, err
	}
	if d.Whole {
		return objects[0], nil
	}
	in, err := objects[0].Open() // the bytes that were kept are the way out when it has changed
	if err != nil {
		return ingest.Object{}, err
	}
	return objects[0], in.Close()
}

func remoteObjects(ctx context.Context, c sourceConfig, refs []s3.Ref) ([]ingest.Object, error) {
	access, err := c.access.Config(ctx)
	if err != nil {
		return nil, err
	}
	return s3.NewReader(s3.NewClient(access), access.Region).Objects(ctx, refs), nil
}

// openNamed opens what a message names that was set aside, where the source may
// read it by now. Of a message that names several objects it opens one that is
// loaded, so that the letter goes, when all of them are.
func (p *project) openNamed(ctx context.Context, d store.DeadLetter, c sourceConfig) (ingest.Object, error) {
	refs, err := sqs.Named(string(d.Raw), d.At)
	if err != nil {
		return refused(d, err.Error()), nil
	}
	refs = slices.DeleteFunc(refs, s3.Ref.Ignored)
	for _, ref := range refs {
		if !s3.Within(c.places, ref) {
			return refused(d, "the message names "+ref.Name()+", which is in none of the configured buckets"), nil
		}
	}
	if len(refs) == 0 { // it was a notification of nothing
		return ingest.Object{}, errors.New("it names no object")
	}
	objects, err := remoteObjects(ctx, c, refs)
	switch {
	case err != nil:
		return ingest.Object{}, err
	case len(objects) == 1:
		return objects[0], nil
	}
	loaded, err := p.store.Logs.Loaded(ctx, objects)
	if err != nil {
		return ingest.Object{}, err
	}
	for i, o := range objects {
		if !loaded[i] {
			return refused(d, fmt.Sprintf("the message names %d objects: load them one by one (tocsin load %s) and retry", len(objects), o.Name)), nil
		}
	}
	return objects[0], nil
}

// refused is an object that cannot be read, so that its letter stays, and says why.
func refused(d store.DeadLetter, why string) ingest.Object {
	return ingest.Object{Name: d.Object, Version: d.Version, Open: func() (io.ReadCloser, error) { return nil, &ingest.Rejected{Reason: why} }}
}
