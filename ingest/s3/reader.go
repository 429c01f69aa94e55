package s3

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"tocsin/ingest"
	"tocsin/ingest/awsapi"
)

// A Ref names an object of a bucket, and says what is known of it.
type Ref struct {
	Bucket, Key string
	ETag        string    // "" when it is not known
	Size        int64     // packed bytes, -1 when unknown
	Modified    time.Time // by the bucket's clock, or when its notification was made
	Same        bool      // it is read only while its ETag is this one
}

// Name is the object's address.
func (r Ref) Name() string { return "s3://" + r.Bucket + "/" + r.Key }

// Ignored reports whether a key is known to hold no logs: the digests of
// CloudTrail, and the markers of folders.
func (r Ref) Ignored() bool {
	return strings.HasSuffix(r.Key, "/") || strings.Contains("/"+r.Key, "/CloudTrail-Digest/")
}

func (r Ref) call(reader *Reader, action awsapi.Action) awsapi.Call {
	return awsapi.Call{Action: action, Thing: r.Name(), ARN: "arn:" + awsapi.Partition(reader.Region) + ":s3:::" + r.Bucket + "/" + r.Key}
}

// A Place is a bucket and the beginning of keys in it.
type Place struct{ Bucket, Prefix string }

// Holds reports whether an object lies there.
func (p Place) Holds(r Ref) bool { return r.Bucket == p.Bucket && strings.HasPrefix(r.Key, p.Prefix) }

// Within reports whether an object lies in one of several places.
func Within(places []Place, r Ref) bool {
	return slices.ContainsFunc(places, func(p Place) bool { return p.Holds(r) })
}

// String is bucket/prefix, as it is configured.
func (p Place) String() string { return p.Bucket + "/" + p.Prefix }

// ParsePlace reads bucket, bucket/prefix or s3://bucket/prefix; false for what
// cannot be the name of a bucket.
func ParsePlace(s string) (Place, bool) {
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(s, "s3://"), "/")
	ok := len(bucket) >= 3 && len(bucket) <= 255 && strings.Trim(bucket, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
	return Place{bucket, prefix}, ok
}

// A Reader opens objects. It is safe for concurrent use.
type Reader struct {
	Client *awss3.Client
	Region string // for the names of permissions; "" is that of most

	wait func(ctx context.Context, n int) // instead of pause's, in tests
}

// NewReader returns a reader for the client of a region.
func NewReader(client *awss3.Client, region string) *Reader {
	return &Reader{Client: client, Region: region}
}

// NewClient returns a client of S3, or of a service that speaks its protocol.
// Buckets are parts of the path there, but at Alibaba's OSS, which knows them only
// as parts of the host.
func NewClient(c aws.Config) *awss3.Client {
	return awss3.NewFromConfig(c, func(o *awss3.Options) {
		if o.BaseEndpoint != nil {
			u, err := url.Parse(*o.BaseEndpoint)
			o.UsePathStyle = err != nil || !strings.HasSuffix(u.Hostname(), ".aliyuncs.com")
		}
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}

// pause waits before the n-th reopening.
func (r *Reader) pause(ctx context.Context, n int) {
	if r.wait != nil {
		r.wait(ctx, n)
		return
	}
	awsapi.Sleep(ctx, time.Duration(float64(200*time.Millisecond<<n)*(0.5+rand.Float64())))
}

// Bounds of what is fetched ahead of the decoder and kept for it.
const (
	aheadObjects = 4        // objects that are fetched at a time
	smallObject  = 16 << 20 // larger ones stream
	keptBytes    = 64 << 20 // of the objects of a batch
)

// Objects makes the objects of a batch. They can be opened until ctx ends.
func (r *Reader) Objects(ctx context.Context, refs []Ref) []ingest.Object {
	a := &ahead{ctx: ctx, reader: r, refs: refs, kept: make([]kept, len(refs))}
	objects := make([]ingest.Object, len(refs))
	for i, ref := range refs {
		objects[i] = ingest.Object{
			Name: ref.Name(), Version: ref.ETag, Modified: ref.Modified, Size: ref.Size,
			Open: func() (io.ReadCloser, error) { return a.open(i) },
		}
	}
	return objects
}

// ahead fetches the objects of a batch in the order in which they are wanted.
type ahead struct {
	ctx    context.Context //nolint:containedctx // ingest.Object.Open has none
	reader *Reader
	refs   []Ref
	kept   []kept
	bytes  atomic.Int64
}

// kept is what is known of one object.
type kept struct {
	once sync.Once
	data []byte
	ok   bool // data is all of it
	err  error
}

// open returns an object, and has the next ones fetched.
func (a *ahead) open(i int) (io.ReadCloser, error) {
	for j := i + 1; j < min(i+aheadObjects, len(a.refs)); j++ {
		if a.refs[j].Size >= 0 && a.refs[j].Size <= smallObject {
			go a.fetch(j)
		}
	}
	a.fetch(i)
	k := &a.kept[i]
	switch {
	case k.err != nil:
		return nil, k.err
	case k.ok:
		return ingest.Bytes(k.data)()
	}
	return a.reader.open(a.ctx, a.refs[i])
}

// fetch keeps an object when it is small and there is room; once.
func (a *ahead) fetch(i int) {
	k := &a.kept[i]
	k.once.Do(func() {
		if size := a.refs[i].Size; size > smallObject {
			return
		}
		b, err := a.reader.open(a.ctx, a.refs[i])
		if err != nil {
			k.err = err
			return
		}
		if b.length >= 0 && b.length <= smallObject && a.bytes.Add(b.length) <= keptBytes {
			k.data = make([]byte, b.length)
			_, k.err = io.ReadFull(b, k.data)
			k.ok = k.err == nil
		} // else it streams when it is wanted
		k.err = errors.Join(k.err, b.Close())
	})
}
