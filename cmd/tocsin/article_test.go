package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// copyArticle is the script command `article DIR`: the example of the published
// article, with its records moved to ten minutes ago.
func copyArticle(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: article DIR")
	}
	to := ts.MkAbs(args[0])
	ts.Check(os.CopyFS(to, os.DirFS(filepath.Join("..", "..", "examples", "cspm-article"))))
	records := filepath.Join(to, "records.jsonl")
	src, err := os.ReadFile(records)
	ts.Check(err)
	own := time.Date(2026, 10, 23, 23, 50, 0, 0, time.UTC) // when the example's scan was
	ts.Check(os.WriteFile(records, []byte(shiftTimes(string(src), time.Since(own)-10*time.Minute)), 0o644))
}

// readMails is the script command `mails DATA FILE`: it writes what a mail
// program shows of the mails in the maildir.
func readMails(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: mails DATA FILE")
	}
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "mail", "new", "*"))
	ts.Check(err)
	var b strings.Builder
	for _, file := range files {
		raw, err := os.ReadFile(file)
		ts.Check(err)
		a, err := receive(raw)
		ts.Check(err)
		fmt.Fprintf(&b, "To: %s\nSubject: %s\n--- text\n%s\n--- html\n%s\n", a.To, a.Letter.Subject, a.Letter.Text, a.Letter.HTML)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o644))
}
