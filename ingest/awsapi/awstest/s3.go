package awstest

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func sum(b []byte) string {
	h := md5.Sum(b)
	return hex.EncodeToString(h[:])
}

// s3 answers GetObject and ListObjectsV2 in path style; putObject does the rest.
func (s *Server) s3(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.URL.Query().Get("list-type") == "2" {
		s.list(w, r, bucket)
		return
	}
	w, done := s.call(w, "GetObject", key)
	if done {
		return
	}
	s.Mu.Lock()
	o, ok := s.Buckets[bucket][key]
	s.Mu.Unlock()
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
	}
	if !ok {
		refuse(http.StatusNotFound, "NoSuchKey")
		return
	}
	if match := r.Header.Get("If-Match"); match != "" && match != o.ETag() {
		refuse(http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	if o.File != "" {
		w.Header().Set("ETag", o.ETag())
		http.ServeFile(w, r, o.File)
		return
	}
	data, status := o.Data, http.StatusOK
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		n, err := strconv.Atoi(strings.TrimSuffix(from, "-"))
		if err != nil || n >= len(data) {
			refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
			return
		}
		data, status = data[n:], http.StatusPartialContent
	}
	w.Header().Set("ETag", o.ETag())
	w.Header().Set("Last-Modified", o.Modified.Format(http.TimeFormat))
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	w.WriteHeader(status)
	w.Write(data) //nolint:errcheck // its caller may be gone
}

// putObject stores an object, where there is none when it is asked so. Of a cut
// answer the object stays.
func (s *Server) putObject(w http.ResponseWriter, r *http.Request, body []byte) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w, done := s.call(w, "PutObject", key)
	if done {
		return
	}
	hash := sha256.Sum256(body)
	status, code := http.StatusOK, ""
	s.Mu.Lock()
	_, there := s.Buckets[bucket][key]
	switch want := r.Header.Get("X-Amz-Checksum-Sha256"); {
	case there && r.Header.Get("If-None-Match") == "*":
		status, code = http.StatusPreconditionFailed, "PreconditionFailed"
	case want != "" && want != base64.StdEncoding.EncodeToString(hash[:]):
		status, code = http.StatusBadRequest, "BadDigest"
	default:
		s.store(bucket, key, body)
	}
	s.Mu.Unlock()
	if _, cut := w.(*cutter); cut {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	if code != "" {
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%[1]s</Message></Error>", code)
	}
}

type listed struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	Contents              []listedObject
	CommonPrefixes        []struct{ Prefix string }
}

type listedObject struct {
	Key, ETag, LastModified string
	Size                    int64
}

// encodedName is a key as S3 writes it where it is asked to encode.
func encodedName(key string) string { return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") }

// unlikeXML says which characters XML 1.0 cannot hold.
func unlikeXML(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }

func (s *Server) list(w http.ResponseWriter, r *http.Request, bucket string) {
	q := r.URL.Query()
	prefix, delimiter, token := q.Get("prefix"), q.Get("delimiter"), q.Get("continuation-token")
	w, done := s.call(w, "ListObjectsV2", prefix)
	if done {
		return
	}
	limit := 1000
	if n, err := strconv.Atoi(q.Get("max-keys")); err == nil {
		limit = n
	}
	s.Mu.Lock()
	keys := make([]string, 0, len(s.Buckets[bucket]))
	for key := range s.Buckets[bucket] {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var out listed
	last := ""
	for _, key := range keys {
		if !strings.HasPrefix(key, prefix) || key <= q.Get("start-after") || token != "" && key <= token {
			continue
		}
		if n := len(out.Contents) + len(out.CommonPrefixes); n >= limit {
			out.IsTruncated, out.NextContinuationToken = true, last
			break
		}
		if i := strings.Index(key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			folder := key[:len(prefix)+i+1]
			if n := len(out.CommonPrefixes); n == 0 || out.CommonPrefixes[n-1].Prefix != folder {
				out.CommonPrefixes = append(out.CommonPrefixes, struct{ Prefix string }{folder})
			}
			last = folder + "\U0010ffff"
			continue
		}
		o := s.Buckets[bucket][key]
		out.Contents = append(out.Contents, listedObject{key, o.ETag(), o.Modified.Format("2006-01-02T15:04:05.000Z"), o.size()})
		last = key
	}
	s.Mu.Unlock()
	if q.Get("encoding-type") == "url" {
		out.EncodingType = "url"
		for i := range out.Contents {
			out.Contents[i].Key = encodedName(out.Contents[i].Key)
		}
		for i := range out.CommonPrefixes {
			out.CommonPrefixes[i].Prefix = encodedName(out.CommonPrefixes[i].Prefix)
		}
	} else if slices.ContainsFunc(out.Contents, func(o listedObject) bool { return strings.ContainsFunc(o.Key, unlikeXML) }) {
		http.Error(w, "no reader of XML reads what S3 would write here", http.StatusInternalServerError)
		return
	}
	b, err := xml.Marshal(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write(b) //nolint:errcheck // its caller may be gone
}
