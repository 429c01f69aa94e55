package shell

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/rogpeppe/go-internal/txtar"

	"tocsin/query"
)

// Every archive of testdata/charts has rows as JSON, one a line behind a line of
// columns with their types, and the chart that is drawn of them. UPDATE=1 writes
// what is drawn.
func TestChartGolden(t *testing.T) {
	runewidth.DefaultCondition.EastAsianWidth = false // whatever the locale of the machine
	names, err := filepath.Glob("testdata/charts/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var out []txtar.File
			var r *query.Result
			for _, f := range a.Files {
				kind, drawn := strings.CutPrefix(f.Name, "chart")
				if !drawn {
					r = rowsOf(t, f.Data)
					out = append(out, f)
					continue
				}
				color := strings.Contains(kind, "color")
				kind = strings.TrimSpace(strings.ReplaceAll(kind, "color", ""))
				text, err := canvas{w: 72, h: 12, zone: time.UTC, color: color}.draw(r, kind, span{})
				if err != nil {
					text = "error: " + err.Error() + "\n"
				}
				if !color && strings.Contains(text, "\x1b") {
					t.Error("there is an escape in the chart")
				}
				got := []byte(strings.ReplaceAll(text, "\x1b", "␛"))
				if !bytes.Equal(got, f.Data) && os.Getenv("UPDATE") == "" {
					t.Errorf("%s:\n%s\nwant\n%s", f.Name, got, f.Data)
				}
				out = append(out, txtar.File{Name: f.Name, Data: got})
			}
			if os.Getenv("UPDATE") != "" {
				a.Files = out
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// rowsOf reads rows: columns as "name:type …" on the first line, then arrays.
func rowsOf(t *testing.T, data []byte) *query.Result {
	t.Helper()
	types := map[string]query.Type{"text": query.Text, "integer": query.Integer, "double": query.Double, "time": query.Time, "boolean": query.Boolean}
	r := &query.Result{}
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if i == 0 {
			for _, c := range strings.Fields(line) {
				name, typ, _ := strings.Cut(c, ":")
				r.Columns = append(r.Columns, query.Column{Name: name, Type: types[typ]})
			}
			continue
		}
		var row []any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		for j, v := range row {
			switch typ := r.Columns[j].Type; {
			case v == nil:
			case typ == query.Integer:
				row[j] = int64(v.(float64))
			case typ == query.Time:
				at, err := time.Parse(time.RFC3339, v.(string))
				if err != nil {
					t.Fatal(err)
				}
				row[j] = at
			}
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

// No numbers make the plotter panic, take long or draw beyond the screen.
func TestChartOfAnything(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	odd := []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1e18, 1e18 + 1024, 1e-9}
	for _, c := range []canvas{{w: 80, h: 20, zone: time.UTC}, {w: 1, h: 1, zone: time.UTC}, {w: 300, h: 40, zone: time.UTC, color: true}} {
		for _, a := range odd {
			for _, b := range odd {
				for _, gap := range []time.Duration{0, time.Nanosecond, time.Second, 31 * 24 * time.Hour, 200 * 365 * 24 * time.Hour} {
					r := &query.Result{Columns: columns("t", query.Time, "n", query.Double)}
					for i, v := range []float64{a, b, a} {
						r.Rows = append(r.Rows, []any{at.Add(time.Duration(i) * gap), v})
					}
					r.Rows = append(r.Rows, []any{nil, nil}, []any{at.Add(gap / 3), b})
					for _, kind := range []string{"", "bar", "line"} {
						text, err := c.draw(r, kind, span{from: at.Add(-time.Hour), to: at.Add(time.Hour)})
						if err != nil {
							t.Fatal(err)
						}
						for _, line := range strings.Split(text, "\n") {
							if c.w == 80 && width(line) > 100 {
								t.Fatalf("%v %v %v: a line of %d columns: %s", a, b, gap, width(line), line)
							}
						}
					}
				}
			}
		}
	}
}

func TestStepOf(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{
		time.Hour: time.Minute, 24 * time.Hour: 30 * time.Minute, 30 * 24 * time.Hour: 12 * time.Hour, 3650 * 24 * time.Hour: 364 * 24 * time.Hour, 0: time.Minute,
	} {
		if got := stepOf(span, 66); got != want {
			t.Errorf("stepOf(%s) = %s, not %s", span, got, want)
		}
	}
}
