package store_test

import (
	"bufio"
	"fmt"
	"os"
	"testing"
	"time"

	"tocsin/query"
)

// each line: a query, or an expression; prints rows or the error.
func TestEval(t *testing.T) {
	f, err := os.Open("/tmp/funcs/exprs.txt")
	if err != nil {
		t.Skip()
	}
	conn := conformanceConn(t)
	schema := conformanceSchema(t)
	window := query.Window{From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), UpToSeq: 1000}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<26)
	for sc.Scan() {
		text := sc.Text()
		if text == "" {
			continue
		}
		q, err := query.Parse(text)
		if err == nil {
			var p *query.Plan
			p, err = q.Plan(schema, query.Options{Logstore: "cloudtrail", MaxRows: 100})
			if err == nil {
				fmt.Printf("%s\t", text)
				func() {
					s := p.SQL(query.DuckDB(), window)
					rows, err := conn.QueryContext(t.Context(), s.Text, s.Args...)
					if err == nil {
						for rows.Next() {
						}
						err = rows.Err()
						rows.Close()
					}
					if err != nil {
						fmt.Printf("RUN %.300v\n", err)
						return
					}
					fmt.Println(runConformance(t, conn, p, window))
				}()
				continue
			}
		}
		fmt.Printf("%s\tPLAN %.300v\n", text, err)
	}
}
