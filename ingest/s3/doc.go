// Package s3 makes objects of what lies in buckets: S3, and services that speak
// its protocol. A Reader opens objects that others name (the messages of a
// queue); a Source lists places in buckets itself, again and again; a Target is an
// archive in one.
//
// A body that breaks off is read on from where it broke. Small objects of a batch
// are fetched a few ahead of the decoder and kept until the batch is settled,
// within bounds; large ones stream.
package s3
