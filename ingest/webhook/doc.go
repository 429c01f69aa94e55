// Package webhook receives records that a service posts, such as Prisma Cloud's
// alerts: HTTP on a loopback address, behind a secret that both sides know. What
// listens to the world in front of it (TLS, addresses) is not its matter.
//
// In go requests with one JSON object or list each; out come objects of package
// ingest. A request is answered with 200 when what it brought is stored for good,
// and with 503 when it is not yet, so that the service sends it again: a body that
// comes twice is one object.
package webhook
