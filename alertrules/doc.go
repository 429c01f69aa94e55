// Package alertrules reads rule files, evaluates rules, and decides when an
// alert begins, goes on and ends.
//
// A rule file becomes Rules (Parse). Engine.Eval is one evaluation of one rule
// at one moment: its query runs over a pinned window, the trigger looks at the
// rows, and a pure step turns the remembered state and the observation into
// the next state and the changes of alerts. The changes of a whole round are
// committed together (T1, States.CommitRound). The agent, a rule test and a
// backtest call the same Eval; nothing below Loop.Run reads the clock.
//
// The package knows neither the database nor mail: queries run through a
// QueryFunc, state lives behind States, and what is notified is decided by
// package notifier from the Alerts that are committed here.
package alertrules
