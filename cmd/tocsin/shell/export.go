// .export: the last rows in a file.

package shell

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

func (s *session) export(_ context.Context, args string) error {
	if args == "" {
		return wrong(".export FILE: write .export rows.csv, rows.json or rows.ndjson")
	}
	if s.last == nil {
		return wrong(".export: nothing was asked yet")
	}
	form := Form{Format: strings.TrimPrefix(strings.ToLower(filepath.Ext(args)), ".")}
	switch form.Format {
	case "csv":
		form.Person = true // a spreadsheet may open it: no cell is a formula (G05)
	case "json", "ndjson":
	case "jsonl":
		form.Format = "ndjson"
	default:
		return wrong(".export %s: the name of the file ends in .csv, .json or .ndjson", visible(args))
	}
	r := s.last.answer.Result
	var text bytes.Buffer
	if err := s.Project.Write(&text, form, r); err != nil {
		return err
	}
	if err := newFile(args, text.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "written: %s, %s\n", visible(args), count(int64(len(r.Rows)), "row"))
	if r.Partial != "" {
		fmt.Fprintf(s.Err, "tocsin: the file is not complete: %s\n", visible(r.Partial))
	}
	return nil
}
