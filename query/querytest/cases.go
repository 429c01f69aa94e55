// Package querytest has the queries by which engines are compared: the cases of
// query/testdata with their rows, and random ones.
package querytest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/query"
)

// A Case is one of cases*.txt.
type Case struct {
	File     string
	Line     int
	Logstore string
	Query    string
	Columns  string   // names of the result; "": not said
	Ordered  bool     // Rows are in order
	Fails    bool     // the query is refused
	Rows     []string // each a JSON array
}

// Cases reads the cases of a folder (query/testdata): cases*.txt.
func Cases(dir string) (cases []Case, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "cases*.txt"))
	if err != nil {
		return nil, fmt.Errorf("read the cases: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no cases in %s", dir)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read the cases: %w", err)
		}
		cases = append(cases, readCases(filepath.Base(f), string(b))...)
	}
	return cases, nil
}

func readCases(file, text string) (cases []Case) {
	for i, line := range strings.Split(text, "\n") {
		last := len(cases) - 1
		switch {
		case line == "", strings.HasPrefix(line, "# "), strings.HasPrefix(line, "-- "):
		case strings.HasPrefix(line, "=> "):
			cases[last].Rows = append(cases[last].Rows, line[3:])
		case strings.HasPrefix(line, "columns "):
			cases[last].Columns = line[8:]
		case line == "ordered":
			cases[last].Ordered = true
		case line == "error":
			cases[last].Fails = true
		default:
			c := Case{File: file, Line: i + 1, Logstore: "cloudtrail", Query: line}
			for _, other := range []string{"findings", "accounts", "audit"} {
				if rest, ok := strings.CutPrefix(line, other+": "); ok {
					c.Logstore, c.Query = other, rest
				}
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// Script reads the statements that make the records of the cases, each of which
// ends in a semicolon at the end of a line.
func Script(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "records.sql"))
	if err != nil {
		return "", fmt.Errorf("read the records: %w", err)
	}
	return string(b) + auditScript(), nil
}

// Schema reads the schema of the cases.
func Schema(dir string) (query.Fixed, error) {
	b, err := os.ReadFile(filepath.Join(dir, "schema.json"))
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	var s query.Fixed
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	return s, nil
}

// Options are those that the cases are planned with; the lists are in a folder
// (query/testdata), too.
func Options(dir, logstore string) (query.Options, error) {
	o := query.Options{Logstore: logstore, MaxRows: 100}
	b, err := os.ReadFile(filepath.Join(dir, "lists.json"))
	if err == nil {
		err = json.Unmarshal(b, &o.Lists)
	}
	if err != nil {
		return o, fmt.Errorf("read the lists: %w", err)
	}
	return o, nil
}

// Window is the window of the cases.
func Window() query.Window {
	return query.Window{From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), UpToSeq: 1000}
}
