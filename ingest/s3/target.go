package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"tocsin/ingest/awsapi"
)

// An archive in a bucket.

// MaxPut is how many bytes S3 takes in one piece.
const MaxPut = 5 << 30

// A Target keeps contents below a place of a bucket; it is an archive.Target. It is
// safe for concurrent use.
type Target struct {
	Client *awss3.Client
	Place  Place  // keys begin with its prefix and a slash
	Region string // for the names of permissions; "" is that of most

	wait func(ctx context.Context, n int) // instead of pause's, in tests
}

// Put implements archive.Target: in one piece, of at most MaxPut bytes, read from
// content as it goes; the bucket compares its checksum, and stores it only if there
// is nothing under the key. Of several that put the same key at a time, one finds
// nothing there before. A put whose answer was lost finds itself.
func (t *Target) Put(ctx context.Context, key string, content io.ReadSeeker) (before bool, err error) {
	ref := Ref{Bucket: t.Place.Bucket, Key: t.key(key)}
	hash := sha256.New()
	size, err := io.Copy(hash, content)
	if err != nil {
		return false, fmt.Errorf("archive %s: %w", ref.Name(), err)
	}
	in := &awss3.PutObjectInput{
		Bucket: &ref.Bucket, Key: &ref.Key, Body: content, ContentLength: &size, IfNoneMatch: aws.String("*"),
		ContentType: aws.String("application/octet-stream"), ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(hash.Sum(nil))),
	}
	r := &Reader{Region: t.Region, wait: t.wait}
	for n := 0; ; n++ {
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			return false, fmt.Errorf("archive %s: %w", ref.Name(), err)
		}
		_, err := t.Client.PutObject(ctx, in)
		var api smithy.APIError
		switch {
		case err == nil:
			return false, nil
		case errors.As(err, &api) && api.ErrorCode() == "PreconditionFailed":
			return true, nil
		case errors.As(err, &api) && api.ErrorCode() == "ConditionalRequestConflict" && n < reopens && ctx.Err() == nil:
			r.pause(ctx, n) // another one puts or deletes it just now: whether it is there is not known
		default:
			return false, ref.call(r, awsapi.PutObject).Wrap(err)
		}
	}
}

func (t *Target) key(key string) string {
	if t.Place.Prefix == "" {
		return key
	}
	return strings.TrimSuffix(t.Place.Prefix, "/") + "/" + key
}
