package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

func TestProbe(t *testing.T) {
	conn := conformanceConn(t)
	f, err := os.Open("/tmp/funcs/in.sql")
	if err != nil {
		t.Skip()
	}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<26)
	for sc.Scan() {
		if sc.Text() == "" {
			continue
		}
		rows, err := conn.QueryContext(context.Background(), "SELECT "+sc.Text())
		if err != nil {
			fmt.Printf("%.100s => ERR %.150s\n", sc.Text(), err.Error())
			continue
		}
		cols, _ := rows.Columns()
		var all []any
		for rows.Next() {
			vals, ptrs := make([]any, len(cols)), make([]any, len(cols))
			for i := range vals {
				ptrs[i] = &vals[i]
			}
			rows.Scan(ptrs...)
			all = append(all, vals...)
		}
		if err := rows.Err(); err != nil {
			fmt.Printf("%.100s => ERR %.150s\n", sc.Text(), err.Error())
		} else {
			b, err := json.Marshal(all)
			if err != nil {
				b = []byte(fmt.Sprintf("%#v", all))
			}
			fmt.Printf("%.100s => %s %s\n", sc.Text(), b, "")
		}
		rows.Close()
	}
}
