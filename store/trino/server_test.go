//go:build integration || soak

package trino_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"tocsin/store/trino"
	"tocsin/store/trino/trinotest"
)

// started is the server of all tests of this package, which the first one that
// needs it starts.
var started = sync.OnceValues(func() (*trinotest.Server, error) { return trinotest.Start(context.Background()) })

var used sync.Once

// server returns the server, and a client of it.
func server(t *testing.T) (*trinotest.Server, *trino.Logs) {
	t.Helper()
	s, err := started()
	if errors.Is(err, trinotest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	used.Do(func() {})
	l, err := trino.Open(s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return s, l
}

func TestMain(m *testing.M) {
	code := m.Run()
	stop := true
	used.Do(func() { stop = false }) // nothing has started it
	if stop {
		s, err := started()
		if err == nil {
			err = s.Stop()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
