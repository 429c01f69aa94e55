// Package shell is the interactive session of `tocsin shell`: a line editor with
// completion and colours, dot commands, tables, charts, and files written from
// what is on the screen.
//
//	keys ─ line editor ─ finished? ─► statement ─ Project.Ask ─► rows ─► table, pager
//	lines of a pipe ────┘         └─► .command ─► range, chart, export, rule …
//
// The package knows neither the database nor rule files nor flags; what it needs
// of the program is a Project. line.go alone knows the line editor, chart.go alone
// the plotter. Everything that decides is a function of texts and rows.
//
// Each statement runs in a process of its own, which the Project starts: a copy
// of the program that opens the files, answers one question and ends. Three
// things follow that a connection inside this process could not give. Ctrl-C
// returns the prompt at once, whatever the engine does: some of its functions do
// not look for an interrupt, an abandoned query would keep the file open in this
// process, and a second instance of the engine on a file that is open reads stale
// data. A statement that crashes the engine, or fills the memory, takes nothing
// with it. And the data directory is free between statements, so that `tocsin
// load` and `tocsin run --once` work beside an idle shell. It costs 10 ms for the
// process and 60 ms for opening the files, for each statement, of which opening
// would be paid in any case.
package shell
