// The verb sample: logs with planted incidents, at once or as time goes on.

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/ingest/sample"
)

// sampleFlags are what the user typed.
type sampleFlags struct {
	sample.Options
	now, last, rate         string
	duplicates, late, spoil string
	manifest                string
}

func newSample(e *env, _ *options) *cobra.Command {
	var f sampleFlags
	cmd := &cobra.Command{
		Use:   "sample DIRECTORY",
		Short: "Write sample logs with planted incidents, reproducible by their seed.",
		Long: `Sample writes CloudTrail files as AWS delivers them, Alibaba Security Center
checks and Security Hub findings below the directory, or the formats that
--format names, and prints what it planted, one incident a line, with a query
that finds it. --manifest writes all of that, with counts for each format, as
JSON.

With --follow it keeps writing new files, with the present time, until it is
stopped (Ctrl-C) or --events are written.

` + named("Formats:", sample.Formats()),
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusives(cmd, []string{"follow", "now"}, []string{"follow", "last"}, []string{"rate", "last"}); err != nil {
				return err
			}
			rate, err := f.parse(e)
			if err != nil {
				return err
			}
			if f.Follow {
				return f.follow(cmd.Context(), e, args[0], rate)
			}
			m, err := sample.Write(args[0], f.Options)
			if err != nil {
				return err
			}
			if err := f.save(m); err != nil {
				return err
			}
			return printManifest(e, m, 0)
		},
	}
	cmd.Flags().Uint64Var(&f.Seed, "seed", 1, "the same `number` gives the same logs")
	cmd.Flags().IntVar(&f.Events, "events", 0, "`number` of CloudTrail records, or of records of each --format; default 5000, with --follow no end")
	cmd.Flags().StringSliceVar(&f.Formats, "format", nil, "`names` of formats, with commas between them")
	cmd.Flags().StringVar(&f.rate, "rate", "", "records a second of each format, as 2000/s or 10/m; it says what time the records cover; with --follow default 10/s")
	cmd.Flags().BoolVar(&f.Follow, "follow", false, "keep writing new files with the present time")
	cmd.Flags().StringVar(&f.duplicates, "duplicates", "", "`share` of records that come twice, such as 1%")
	cmd.Flags().StringVar(&f.late, "late", "", "`share` of records that are half an hour to half a day older than their file")
	cmd.Flags().StringVar(&f.spoil, "broken", "", "`share` of records behind which a broken one stands")
	cmd.Flags().StringVar(&f.manifest, "manifest", "", "write what was written, and what was planted, into a `file`, as JSON")
	cmd.Flags().BoolVar(&f.Plain, "plain", false, "write no gzip")
	cmd.Flags().BoolVar(&f.Quiet, "quiet", false, "plant no incidents")
	cmd.Flags().StringVar(&f.last, "last", "24h", "time that the records cover")
	cmd.Flags().StringVar(&f.now, "now", "", "`moment` at which they end; default: now")
	return cmd
}

// parse reads what is no number or truth, and returns the rate, 0 without one.
func (f *sampleFlags) parse(e *env) (rate float64, err error) {
	back, err := alertrules.ParseDuration(f.last)
	if err != nil || back <= 0 {
		return 0, usage("--last %s: write it as 24h or 7d", diag.Line(f.last))
	}
	if f.Events < 0 {
		return 0, usage("--events %d: it is 1 or more", f.Events)
	}
	known := strings.Join(sample.Formats(), " ")
	for _, name := range f.Formats {
		if !strings.Contains(" "+known+" ", " "+name+" ") || name == "" {
			return 0, usage("--format %s: known are %s", diag.Line(name), strings.ReplaceAll(known, " ", ", "))
		}
	}
	for _, s := range []struct {
		flag, text string
		to         *float64
	}{{"duplicates", f.duplicates, &f.Duplicates}, {"late", f.late, &f.Late}, {"broken", f.spoil, &f.Broken}} {
		if *s.to, err = parseShare(s.text); err != nil {
			return 0, usage("--%s %s: %w", s.flag, diag.Line(s.text), err)
		}
	}
	if rate, err = parseRate(f.rate); err != nil {
		return 0, usage("--rate %s: %w", diag.Line(f.rate), err)
	}
	if f.Now, err = moment(f.now, e.now().UTC()); err != nil {
		return 0, usage("--now: %w", err)
	}
	if f.Now.IsZero() {
		f.Now = e.now()
	}
	if rate > 0 && !f.Follow {
		f.Events = max(f.Events, 1)
		back = max(time.Duration(float64(f.Events)/rate*float64(time.Second)), time.Second)
	}
	f.From = f.Now.Add(-back)
	return rate, nil
}

// parseShare reads 1% or 0.01; nothing is 0.
func parseShare(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(number, 64)
	if percent {
		n /= 100
	}
	if err != nil || !(n >= 0 && n <= 1) {
		return 0, errors.New("write a share as 1% or 0.01, at most 100%")
	}
	return n, nil
}

// parseRate reads 2000/s, 10/m or 5/h as records a second; nothing is 0.
func parseRate(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(number, 64)
	each, ok := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if err != nil || !ok || !(n > 0 && n <= 1e7) {
		return 0, errors.New("write a rate as 2000/s, 10/m or 5/h")
	}
	return n / each, nil
}

// followEach is how often files are written.
const followEach = time.Second

// follow writes until ctx is over or all is written, and prints incidents as they
// are planted.
func (f *sampleFlags) follow(ctx context.Context, e *env, dir string, rate float64) error {
	if rate == 0 {
		rate = 10
	}
	follower, err := sample.Follow(dir, f.Options, rate)
	if err != nil {
		return err
	}
	tick := time.NewTicker(followEach)
	defer tick.Stop()
	printed := 0
	for more := true; more; {
		select {
		case <-ctx.Done():
			more = false
		case <-tick.C:
			if more, err = follower.Until(e.now()); err != nil {
				return err
			}
			if printed, err = printIncidents(e, follower.Manifest(), printed); err != nil {
				return err
			}
		}
	}
	m := follower.Manifest()
	return errors.Join(f.save(m), printManifest(e, m, printed))
}

// save writes the manifest where the user wants it.
func (f *sampleFlags) save(m sample.Manifest) error {
	if f.manifest == "" {
		return nil
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return os.WriteFile(f.manifest, append(b, '\n'), 0o644)
}

// printIncidents prints those from a number on, and returns how many there are.
func printIncidents(e *env, m sample.Manifest, from int) (int, error) {
	out := json.NewEncoder(e.stdout)
	out.SetEscapeHTML(false)
	for _, i := range m.Incidents[from:] {
		line := struct {
			Kind     string    `json:"kind"`
			Logstore string    `json:"logstore"`
			What     string    `json:"what"`
			At       time.Time `json:"at"`
			Records  int       `json:"records"`
			Query    string    `json:"query"`
		}{i.Kind, i.Logstore, i.What, i.At.UTC(), i.Records, i.Query}
		if err := out.Encode(line); err != nil {
			return from, err
		}
	}
	return len(m.Incidents), nil
}

// printManifest prints the incidents from a number on, and the sum.
func printManifest(e *env, m sample.Manifest, from int) error {
	if _, err := printIncidents(e, m, from); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%s, %d bytes", count(int64(m.Files), "file"), m.Bytes)
	for i, name := range names(m.Records) {
		between := ", "
		if i == 0 {
			between = ": "
		}
		fmt.Fprintf(e.stderr, "%s%s for %s", between, count(int64(m.Records[name]), "record"), name)
	}
	var twice, late, broken int
	for _, f := range m.Formats {
		twice, late, broken = twice+f.Duplicates, late+f.Late, broken+f.Broken
	}
	for _, odd := range []struct {
		n    int
		what string
	}{{twice, "told twice"}, {late, "late"}, {broken, "broken"}} {
		if odd.n > 0 {
			fmt.Fprintf(e.stderr, ", %d %s", odd.n, odd.what)
		}
	}
	fmt.Fprintln(e.stderr)
	return nil
}
