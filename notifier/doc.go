// Package notifier tells people about alerts: once, at a time they accept.
//
// The way of an alert:
//
//	alertrules commits a round (T1)
//	  └ Notifier.Step: route → group → Decide → Compose → Book.Commit (T2)
//	      └ Notifier.Deliver: mark → Channel.Send → Outbox.Record (T3)
//
// It is level-triggered: for each group and recipient a Belief remembers what
// this recipient was told, and Decide compares the alerts as they stand with
// it. So a crash, an outage or a quiet night needs no case of its own: what is
// not told yet is told at the next occasion. Nothing below Run reads the clock.
//
// The package knows no database and no mail server: what it remembers lies
// behind Book and Outbox (book.go), what it sends goes through a Channel
// (envelope.go).
package notifier
