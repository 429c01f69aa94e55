package agent

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/ingest"
)

// A source that waits looks again by itself when a file has settled.
func TestDirectoryWaits(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		put(t, dir, "a.json", time.Now())
		d := &directory{dir: dir, name: filepath.Clean, stop: func() {}} // a watch would stop the simulated clock
		began := time.Now()
		batch, err := d.Receive(t.Context(), ingest.Ask{Now: began, Wait: time.Minute})
		if took := time.Since(began); err != nil || len(batch.Objects) != 1 || took < settle || took > 2*settle {
			t.Errorf("%d objects after %s, %v", len(batch.Objects), took, err)
		}
		if err := batch.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		batch, err = d.Receive(t.Context(), ingest.Ask{Now: began, Wait: time.Minute})
		if took := time.Since(began); err != nil || len(batch.Objects) != 0 || took < time.Minute {
			t.Errorf("nothing new: %d objects after %s, %v", len(batch.Objects), took, err)
		}
	})
}

// A log that never stops changing is read up to its last whole line now and then, and
// as a whole once it stops. A list, and a table, are not, since they may be cut.
func TestDirectoryGrowing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d := &directory{dir: dir, name: filepath.Base, stop: func() {}}
		text := map[string]string{"a.jsonl": "", "list.json": "[\n", "t.csv": "a,b\n"}
		grow := func() {
			for name, line := range map[string]string{"a.jsonl": "{\"n\":1}\n{\"n\"", "list.json": "{\"n\":1}\n,\n", "t.csv": "1,2\n"} {
				text[name] = strings.TrimSuffix(text[name], "{\"n\"") + line
				write(t, filepath.Join(dir, name), text[name], time.Now())
			}
		}
		// got is what was handed out within so many seconds of growing, and when; settled
		// as committed, or as failed.
		got := func(seconds int, failed error) (all []string) {
			for s := range seconds {
				grow()
				batch, err := d.Receive(t.Context(), ingest.Ask{Now: time.Now()})
				o := ingest.Outcome{Committed: true, Failed: map[string]error{}}
				for _, object := range batch.Objects {
					body, unread := contents(object)
					whole := strings.TrimSuffix(text[object.Name], "{\"n\"")
					all = append(all, fmt.Sprint(object.Name, " ", s, " ", body == whole, " ", object.Retried(failed)))
					o.Failed[object.Name] = failed
					err = errors.Join(err, unread)
				}
				if err = errors.Join(err, batch.Settle(t.Context(), o)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
			}
			return all
		}
		if all := strings.Join(got(40, nil), ", "); all != "a.jsonl 15 true true, a.jsonl 30 true true" {
			t.Errorf("handed out: %s", all)
		}
		if all := strings.Join(got(40, errors.New("no")), ", "); all != "a.jsonl 5 true true" {
			t.Errorf("one that failed is left to settle; handed out: %s", all)
		}
		grow()
		time.Sleep(settle)
		batch, err := d.Receive(t.Context(), ingest.Ask{Now: time.Now()})
		if err != nil || len(batch.Objects) != 3 {
			t.Fatal(batch.Objects, err)
		}
		if body, err := contents(batch.Objects[0]); err != nil || body != text["a.jsonl"] {
			t.Errorf("settled: %q, %v", body, err)
		}
	})
}

// What was read in part is read again when it stops there.
func TestDirectoryGrownHalf(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d := &directory{dir: dir, name: filepath.Base, stop: func() {}}
		var versions []string
		for s := range 20 {
			if s <= 15 {
				write(t, filepath.Join(dir, "a.jsonl"), strings.Repeat("{\"n\":1}\n", s+1)+"{\"n\":2}", time.Now())
			}
			batch, err := d.Receive(t.Context(), ingest.Ask{Now: time.Now()})
			if err == nil {
				err = batch.Settle(t.Context(), ingest.Outcome{Committed: true})
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range batch.Objects {
				as := "whole"
				if o.Part {
					as = "part"
				}
				versions = append(versions, fmt.Sprintf("%d: %d %s", s, o.Size, as))
			}
			time.Sleep(time.Second)
		}
		if all := strings.Join(versions, ", "); all != "15: 128 part, 17: 135 whole" {
			t.Errorf("seconds and bytes: %s", all)
		}
	})
}

func contents(o ingest.Object) (string, error) {
	f, err := o.Open()
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(f)
	return string(b), errors.Join(err, f.Close())
}

// A change below a directory wakes its loop; stopping ends the watch.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	wake, stop := changes(dir, slog.New(slog.DiscardHandler))
	put(t, dir, "a.json", noon)
	select {
	case <-wake:
	case <-time.After(10 * time.Second):
		t.Error("no change was told")
	}
	stop()
	log := &lines{}
	wake, stop = changes(filepath.Join(dir, "none"), slog.New(slog.NewTextHandler(log, nil)))
	stop()
	if wake != nil || log.count("only polled") != 1 {
		t.Error("a directory that is not there")
	}
}
