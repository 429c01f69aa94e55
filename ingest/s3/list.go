package s3

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"tocsin/ingest/awsapi"
)

// Which keys a pass looks at.

// days are the last days that were seen below folders of years, by bucket and the
// folder's key: "2026/11/20". irregular marks a folder with other names in it,
// which is always listed whole.
type days map[string]string

const irregular = "irregular"

// A listing is a part of a bucket that is to be listed.
type listing struct {
	place   Place
	dated   bool   // keys below a folder of years; place.Prefix is that of the years
	flat    bool   // all keys below the prefix, not folder by folder
	after   string // begin behind this key
	token   *string
	folders []string // of this level, found so far
}

// A pass is one look at all places.
type pass struct {
	todo   []*listing // the last is under way
	found  []Ref      // not yet sifted
	fresh  []Ref      // not yet handed out
	seen   map[known]struct{}
	days   days
	before days
	latest string         // the last day that may be noted
	unmet  map[string]int // the failures of before whose objects it has not handed out
	short  bool           // the listing was given up
	failed bool           // it was, or an object could not be read or stored
}

// dayLayout is how a day is written, in keys and in marks.
const dayLayout = "2006/01/02"

// newPass begins a pass at now. A day later than tomorrow is no reason to leave
// out what lies before it: one key with such a name would hide all that comes.
func newPass(places []Place, before days, now time.Time) *pass {
	p := &pass{seen: map[known]struct{}{}, days: days{}, before: days{}, latest: now.UTC().AddDate(0, 0, 1).Format(dayLayout)}
	for folder, day := range before {
		if day == irregular || day <= p.latest {
			p.before[folder] = day
		}
	}
	maps.Copy(p.days, p.before)
	for i := len(places) - 1; i >= 0; i-- {
		p.todo = append(p.todo, &listing{place: places[i]})
	}
	return p
}

// more reports whether something is left of the pass.
func (p *pass) more() bool { return len(p.todo) > 0 || len(p.found) > 0 || len(p.fresh) > 0 }

// note remembers a version, while there is room.
func (p *pass) note(k known, room int) {
	if len(p.seen) < room {
		p.seen[k] = struct{}{}
	}
}

// From how many folders on a level, and with how many that wait on all levels, is
// listed flat: one key may make one folder, and each would be a call. Of how many
// folders of years the last day is noted; others are listed whole.
const (
	manyFolders = 1000
	manyWaiting = 10_000
	manyDays    = 10_000
)

// step asks for one page.
func (p *pass) step(ctx context.Context, reader *Reader) error {
	l := p.todo[len(p.todo)-1]
	in := &awss3.ListObjectsV2Input{Bucket: &l.place.Bucket, Prefix: &l.place.Prefix, ContinuationToken: l.token, EncodingType: types.EncodingTypeUrl}
	if !l.flat && !l.dated {
		in.Delimiter = aws.String("/")
	}
	if l.after != "" && l.token == nil {
		in.StartAfter = &l.after
	}
	out, err := list(ctx, reader, in)
	if err != nil {
		return err
	}
	for _, o := range out.Contents {
		p.add(l, Ref{
			Bucket: l.place.Bucket, Key: listedName(out, o.Key), ETag: strings.Trim(aws.ToString(o.ETag), `"`),
			Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified),
		})
	}
	for _, c := range out.CommonPrefixes {
		l.folders = append(l.folders, listedName(out, c.Prefix))
	}
	l.token = out.NextContinuationToken
	switch {
	case len(l.folders) > manyFolders || len(l.folders) > 0 && len(p.todo) > manyWaiting: // what is listed twice is handed out once
		p.todo[len(p.todo)-1] = &listing{place: l.place, flat: true}
	case l.token == nil:
		p.todo = p.todo[:len(p.todo)-1]
		p.descend(l)
	}
	return nil
}

// listedName is a key of a page. XML cannot say all that a key may hold, and one
// such key would hide all others of its page: so they are asked for encoded, as in the
// query of an address. A service that does not know how says them as they are.
func listedName(page *awss3.ListObjectsV2Output, name *string) string {
	if page.EncodingType == types.EncodingTypeUrl {
		if plain, err := url.QueryUnescape(aws.ToString(name)); err == nil {
			return plain
		}
	}
	return aws.ToString(name)
}

// list asks for a page; one that breaks off, which the SDK does not ask for
// again, is asked for again.
func list(ctx context.Context, reader *Reader, in *awss3.ListObjectsV2Input) (*awss3.ListObjectsV2Output, error) {
	place := Place{*in.Bucket, *in.Prefix}
	call := awsapi.Call{Action: awsapi.ListBucket, Thing: "s3://" + place.String(), ARN: "arn:" + awsapi.Partition(reader.Region) + ":s3:::" + place.Bucket}
	for n := 0; ; n++ {
		out, err := reader.Client.ListObjectsV2(ctx, in)
		if err == nil {
			return out, nil
		}
		var wrapped *awsapi.Error
		err = call.Wrap(err)
		if n >= reopens || ctx.Err() != nil || !errors.As(err, &wrapped) || !wrapped.Later || wrapped.Unreached {
			return nil, err
		}
		reader.pause(ctx, n)
	}
}

var (
	yearFolder = regexp.MustCompile(`^20\d\d/$`)
	dayKey     = regexp.MustCompile(`^20\d\d/(0[1-9]|1[0-2])/(0[1-9]|[12]\d|3[01])/`)
	inYear     = regexp.MustCompile(`^20\d\d/`)
)

// years is the prefix of the folders of years in a folder.
const years = "20"

// add takes a key in.
func (p *pass) add(l *listing, ref Ref) {
	if l.dated {
		base := strings.TrimSuffix(l.place.Prefix, years)
		rest := ref.Key[min(len(base), len(ref.Key)):]
		if !inYear.MatchString(rest) {
			return // the walk from folder to folder finds it
		}
		name := Place{l.place.Bucket, base}.String()
		_, noted := p.days[name]
		switch day := strings.TrimSuffix(dayKey.FindString(rest), "/"); {
		case !noted && len(p.days) >= manyDays:
		case day == "":
			p.days[name] = irregular
		case p.days[name] != irregular && p.days[name] < day && day <= p.latest:
			p.days[name] = day
		}
	}
	if !ref.Ignored() {
		p.found = append(p.found, ref)
	}
}

// descend lists the folders that were found: those of years together.
func (p *pass) descend(l *listing) {
	dated := false
	for i := len(l.folders) - 1; i >= 0; i-- {
		folder := l.folders[i]
		base, name := splitFolder(folder)
		switch {
		case (Ref{Key: folder + "x"}).Ignored():
		case yearFolder.MatchString(name):
			if dated {
				continue
			}
			dated = true
			p.todo = append(p.todo, p.dated(Place{l.place.Bucket, base}))
		default:
			p.todo = append(p.todo, &listing{place: Place{l.place.Bucket, folder}})
		}
	}
}

// splitFolder splits a folder's key into that of its parent and its own name with
// the slash.
func splitFolder(key string) (base, name string) {
	at := strings.LastIndexByte(strings.TrimSuffix(key, "/"), '/') + 1
	return key[:at], key[at:]
}

// dated lists a folder of years from the day before the last one seen: a file
// that is late lies under the day of its delivery, and no file comes into a day
// that is over by more than one.
func (p *pass) dated(base Place) *listing {
	l := &listing{place: Place{base.Bucket, base.Prefix + years}, dated: true}
	last := p.before[base.String()]
	if day, err := time.Parse(dayLayout, last); err == nil {
		l.after = base.Prefix + day.AddDate(0, 0, -1).Format(dayLayout)
	}
	return l
}
