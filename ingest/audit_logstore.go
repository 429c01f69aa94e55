package ingest

import "time"

// The columns of audit, in the order of the table.
const (
	auActor = iota
	auAction
	auResource
	auAccount
	auRegion
	auSourceIP
	auSuccess
	auEvent // from here on JSON text
	auExtra
	auColumns
)

// auditLogstore declares the logstore of the audit logs of APIs: normalised
// columns, the event of Alibaba ActionTrail as one object, and every other key of
// the record as it came. The native names of the other formats lie over these.
func auditLogstore() *Logstore {
	c := make([]Column, auColumns)
	for i, name := range []string{"actor", "action", "resource", "account", "region", "source_ip", "success", "event", "extra"} {
		c[i] = Column{Name: name, Zstd: i >= auEvent}
	}
	c[auSuccess].Kind = Boolean
	return &Logstore{Name: "audit", Lateness: 15 * time.Minute, Columns: c, Fields: auditFields()}
}

func auditFields() []Field {
	f := append(systemFields(),
		Field{Name: "@actor", Column: "actor", Caller: true, Doc: "who: the user, else the principal or account"},
		Field{Name: "@action", Column: "action", Doc: "what was called or done"},
		Field{Name: "@resource", Column: "resource", Doc: "what it was about, the first of several"},
		Field{Name: "@account", Column: "account", Doc: "account in which it happened"},
		Field{Name: "@region", Column: "region", Doc: "region"},
		Field{Name: "@source_ip", Column: "source_ip", Doc: "address from where"},
		Field{Name: "@success", Column: "success", Type: BooleanField, Doc: "false when it ended in an error, empty where the record does not say"},
		Field{Name: "event", Column: "event", Type: JSONField, Open: true, Doc: "the event of Alibaba ActionTrail"},
	)
	for _, name := range []string{"resourceType", "resourceName", "errorMessage"} {
		f = append(f, Field{Name: "event." + name, Column: "event", Path: []string{name}, Match: Tokens, Doc: "as ActionTrail writes it"})
	}
	f = append(f, Field{Name: "event.userAgent", Column: "event", Path: []string{"userAgent"}, Match: Tokens, Caller: true, Doc: "program that called"})
	const prisma = "Prisma Cloud audit log"
	for _, name := range []string{"user", "actionType", "resourceName", "resourceType", "result", "ipAddress"} {
		f = append(f, Field{Name: name, Column: "extra", Path: []string{name}, Doc: prisma})
	}
	return append(f,
		Field{Name: "timestamp", Column: "extra", Path: []string{"timestamp"}, Type: IntegerField, Doc: prisma + ": milliseconds since 1970"},
		Field{Name: "action", Column: "extra", Path: []string{"action"}, Match: Tokens, Caller: true, Doc: prisma + ": what was done, as a sentence"},
		Field{Name: "extra", Column: "extra", Type: JSONField, Open: true, Doc: "every other key of the record"},
	)
}
