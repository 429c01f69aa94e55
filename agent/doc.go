// Package agent has the loops of `tocsin run`: take in what the sources hold,
// evaluate what is due, decide and deliver, keep the files tidy. It decides
// nothing itself: what is due, what an alert is and who is told is decided by
// the packages that it calls, each with the moment as an argument.
package agent
