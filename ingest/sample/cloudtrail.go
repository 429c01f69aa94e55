package sample

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CloudTrail records of ordinary days.

// record is a CloudTrail record to be written.
type record struct {
	at               time.Time
	who              who
	service, name    string
	kind             string // eventType
	ip, agent        string
	params, response string
	additional       string // "" none
	resource         string // type; "" none
	readOnly, late   bool
	errorCode, error string
}

// A day makes the records of an ordinary day.
type day struct {
	rng       *rand.Rand
	all       []who
	names     *rand.Zipf
	addresses []string
}

func newDay(rng *rand.Rand) *day {
	d := &day{rng: rng, all: callers(), names: rand.NewZipf(rng, 1.2, 2, uint64(len(calls)-1)), addresses: make([]string, 200)}
	for i := range d.addresses {
		d.addresses[i] = address(rng)
	}
	return d
}

// trail writes the records of each account and region into files of a time slot,
// as CloudTrail delivers them; one that grows large is delivered before.
type trail struct {
	*writer
	*day
	odd     *oddness
	counts  *FormatCount
	slot    time.Duration
	open    map[string]*pending
	order   []string
	planted []record
	end     time.Time // of the slot
}

// pending is a file that is being filled.
type pending struct {
	sheet
	account, region string
	parts           int // files of the slot before it
}

func newTrail(w *writer, o Options) *trail {
	return &trail{
		writer: w, day: newDay(source(o.Seed, 1)), odd: newOddness(o, 1), counts: w.format("cloudtrail", "cloudtrail"), slot: slotOf(o), open: map[string]*pending{},
	}
}

// fill implements generator.
func (t *trail) fill(n int, from, to time.Time) error {
	span := to.Sub(from)
	for i := range n {
		at := from.Add(time.Duration(float64(span) * (float64(i) + t.rng.Float64()) / float64(n)))
		for len(t.planted) > 0 && t.planted[0].at.Before(at) {
			if err := t.add(t.planted[0], t.planted[0].at); err != nil {
				return err
			}
			t.planted = t.planted[1:]
		}
		r := t.everyday(at)
		if t.odd.late(from, &r.at) {
			t.counts.Late++
			r.late = true
		}
		if err := t.add(r, at); err != nil {
			return err
		}
	}
	return nil
}

// finish implements generator.
func (t *trail) finish() error {
	for _, r := range t.planted {
		if err := t.add(r, r.at); err != nil {
			return err
		}
	}
	t.planted = nil
	if err := t.flush(); err != nil {
		return err
	}
	t.end = t.end.Add(t.slot)
	for _, k := range slices.Sorted(maps.Keys(t.open)) {
		if p := t.open[k]; len(p.again) > 0 {
			t.begin(k, p)
		}
	}
	return t.flush()
}

// slotOf is the time of one file: five minutes, or as long as it takes for some
// fifty records.
func slotOf(o Options) time.Duration {
	slot := 5 * time.Minute
	each := float64(o.To.Sub(o.From)) * 50 * float64(len(accounts)*len(regions)) / float64(max(o.Events, 1))
	return max(slot, time.Duration(each).Truncate(5*time.Minute))
}

func (d *day) everyday(at time.Time) record {
	rng, all, addresses := d.rng, d.all, d.addresses
	c := &calls[d.names.Uint64()]
	w := all[min(rng.IntN(len(all)), rng.IntN(len(all)))]
	w.region = regions[min(rng.IntN(len(regions)), rng.IntN(len(regions)))]
	r := record{
		at: at, who: w, service: c.service, name: c.name, kind: "AwsApiCall", ip: addresses[rng.IntN(len(addresses))], agent: agents[rng.IntN(len(agents)-1)],
		params: c.params, response: "null", resource: c.resource, readOnly: !c.write,
	}
	if i := strings.Index(c.params, "%08x"); i >= 0 {
		const hex = "0123456789abcdef"
		b := append(make([]byte, 0, len(c.params)+8), c.params[:i]...)
		for n, k := rng.Uint32(), 0; k < 8; k++ {
			b = append(b, hex[n>>28])
			n <<= 4
		}
		r.params = string(append(b, c.params[i+4:]...))
	}
	if strings.HasPrefix(w.identity, `{"type":"AWSService"`) {
		r.ip, r.agent = w.actor, w.actor
	}
	switch {
	case c.write:
		r.response = `{"requestId":"` + strconv.FormatUint(rng.Uint64(), 16) + `","_return":true}`
	case rng.IntN(25) == 0:
		r.errorCode, r.error = "AccessDenied", "User: "+w.actor+" is not authorized to perform: "+c.service+":"+c.name+" because no identity-based policy allows the action"
	case rng.IntN(60) == 0:
		return login(at, w, r.ip)
	}
	return r
}

// login is a console login with a second factor.
func login(at time.Time, w who, ip string) record {
	if !strings.Contains(w.identity, "IAMUser") {
		name := users[len(w.actor)%len(users)]
		w.identity, w.actor = userIdentity(w.account, name, true), "arn:aws:iam::"+w.account+":user/"+name
	}
	return record{
		at: at, who: w, service: "signin", name: "ConsoleLogin", kind: "AwsConsoleSignIn", ip: ip, agent: agents[len(agents)-1], params: "null",
		response: `{"ConsoleLogin":"Success"}`, additional: `{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"Yes"}`,
	}
}

// add appends a record to the file of its account and region, which is delivered
// at the end of the slot in which CloudTrail got it.
func (t *trail) add(r record, got time.Time) error {
	if !got.Before(t.end) {
		if err := t.flush(); err != nil {
			return err
		}
		t.end = got.Truncate(t.slot).Add(t.slot)
	}
	k := r.who.account + r.who.region
	p := t.open[k]
	if p == nil {
		p = &pending{sheet: sheet{head: `{"Records":[`, sep: ","}, account: r.who.account, region: r.who.region}
		t.open[k] = p
	}
	if len(p.data) == 0 {
		t.begin(k, p)
	}
	from := p.next()
	if r.late {
		p.marks = append(p.marks, Oddity{Kind: "late", Record: p.rows - 1})
	}
	p.data = appendRecord(p.data, r, t.rng)
	t.counts.Records++
	t.m.Records["cloudtrail"]++
	p.spoil(from, t.odd, t.counts, brokenJSON)
	if len(p.data) > fileBytes {
		return t.deliver(p)
	}
	return nil
}

// begin begins a file with the records that are told again.
func (t *trail) begin(k string, p *pending) {
	t.order = append(t.order, k)
	p.repeat(t.counts)
}

// flush writes the files of the slot, delivered at its end.
func (t *trail) flush() error {
	slices.Sort(t.order)
	for _, k := range slices.Compact(t.order) {
		if err := t.deliver(t.open[k]); err != nil {
			return err
		}
		t.open[k].parts = 0
	}
	t.order = t.order[:0]
	return nil
}

// deliver writes one file.
func (t *trail) deliver(p *pending) error {
	if p.rows == 0 {
		return nil
	}
	salt := t.end.Format(time.RFC3339Nano)
	if p.parts > 0 {
		salt += fmt.Sprint("#", p.parts)
	}
	name := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json", p.account, p.region, t.end.Format("2006/01/02"),
		p.account, p.region, t.end.Format("20060102T1504Z"), key(p.account+p.region, salt))
	t.note("cloudtrail", name, p.marks)
	t.counts.Files++
	p.parts++
	err := t.file(name, append(p.data, "]}"...))
	p.data, p.rows, p.marks = p.data[:0], 0, p.marks[:0]
	return err
}

// appendRecord writes a record as CloudTrail does.
func appendRecord(b []byte, r record, rng *rand.Rand) []byte {
	b = append(b, `{"eventVersion":"1.09","userIdentity":`...)
	b = append(b, r.who.identity...)
	b = append(b, `,"eventTime":"`...)
	b = r.at.AppendFormat(b, "2006-01-02T15:04:05Z")
	for _, m := range [...][2]string{
		{`","eventSource":"`, r.service},
		{`.amazonaws.com","eventName":"`, r.name},
		{`","awsRegion":"`, r.who.region},
		{`","sourceIPAddress":"`, r.ip},
		{`","userAgent":"`, r.agent},
	} {
		b = append(append(b, m[0]...), m[1]...)
	}
	if r.errorCode != "" {
		b = append(append(append(append(b, `","errorCode":"`...), r.errorCode...), `","errorMessage":"`...), r.error...)
	}
	b = append(append(b, `","requestParameters":`...), r.params...)
	b = append(append(b, `,"responseElements":`...), r.response...)
	if r.additional != "" {
		b = append(append(b, `,"additionalEventData":`...), r.additional...)
	}
	if r.kind == "AwsApiCall" {
		b = appendUUID(append(b, `,"requestID":"`...), rng)
		b = append(b, '"')
	}
	b = appendUUID(append(b, `,"eventID":"`...), rng)
	b = strconv.AppendBool(append(b, `","readOnly":`...), r.readOnly)
	if r.resource != "" {
		b = append(b, `,"resources":[{"accountId":"`...)
		b = append(append(b, r.who.account...), `","type":"`...)
		b = append(append(b, r.resource...), `","ARN":"arn:aws:`...)
		b = append(append(append(b, r.service...), "::"...), r.who.account...)
		b = append(append(append(b, ":"...), r.name...), `"}]`...)
	}
	b = append(append(b, `,"eventType":"`...), r.kind...)
	b = append(append(b, `","managementEvent":true,"recipientAccountId":"`...), r.who.account...)
	b = append(b, `","eventCategory":"Management"`...)
	if r.kind == "AwsApiCall" {
		b = append(append(b, `,"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"`...), r.service...)
		b = append(append(b, '.'), r.who.region...)
		b = append(b, `.amazonaws.com"}`...)
	}
	return append(b, '}')
}

// appendUUID appends a random UUID.
func appendUUID(b []byte, rng *rand.Rand) []byte {
	const hex = "0123456789abcdef"
	hi, lo := rng.Uint64()&^0xf000|0x4000, rng.Uint64()>>2|1<<63
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b = append(b, '-')
		}
		v := hi
		if i >= 16 {
			v = lo
		}
		b = append(b, hex[v>>(60-4*(i%16))&15])
	}
	return b
}
