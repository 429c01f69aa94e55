// Package email is the SMTP channel: it builds the bytes of a mail from a
// notifier.Letter (Build), sends them unchanged over SMTP (Client, a
// notifier.Channel), and tells in words what a mail server says (Explain).
//
//	Letter ── Build ──► bytes (kept in the outbox) ── Client.Send ──► server
//
// The server is not trusted (G39, G40): every answer is bounded, cleaned and
// cut, an answer before its command ends the connection, TLS is demanded
// whenever there is a password, and only the answer after the final dot counts
// as delivered. SASL and the dialogue are go-mail's, MIME is go-message's.
package email
