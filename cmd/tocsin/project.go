package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/ingest/archive"
	"tocsin/notifier"
	"tocsin/query"
	"tocsin/store"
	"tocsin/templates"
)

// A project is what the user's files say, read once: configuration, templates
// and rules. With a store it is what verbs work on (wire.go).
type project struct {
	userFiles
	env      *env
	now      time.Time
	dir      string           // data directory
	home     string           // files below it are known by their path from it
	degraded bool             // status found that mails do not go out
	seen     time.Time        // before it rules had seen what there was, when records were lost
	dropped  time.Time        // when old records were last looked for
	archive  *archive.Archive // of raw objects; nil: none
	stdin    ingest.Source    // nil until it is asked: one reader for every agent of this process

	live     *atomic.Pointer[live] // of what the loops go by; nil: userFiles
	store    *store.Store
	engine   *alertrules.Engine
	notifier *notifier.Notifier
	host     *host          // of the agent of this process, which does verbs of others; nil: none
	metrics  *agent.Metrics // nil: nothing is counted
	marker   *store.Marker  // of the rules at work; nil: nobody notes it
}

// userFiles are what the user's files say.
type userFiles struct {
	config    *config
	templates *templates.Set
	schema    query.Schema
	rules     *alertrules.Set
	router    *notifier.Router
	problems  []error // of rule files and templates: they do not stop the others
	read      string  // the stamp of before they were read
}

// readProject reads the user's files. An error of the configuration is returned;
// broken rule files and templates are in problems.
func readProject(e *env, o *options) (*project, error) {
	c, err := readConfig(o.config)
	if err != nil {
		return nil, err
	}
	now := e.now().Truncate(time.Microsecond) // as exact as what the store keeps of it
	p := &project{env: e, now: now, dir: o.data, home: filepath.Dir(o.data), userFiles: userFiles{config: c, schema: store.Schema(c.logstores, c.tables...)}}
	p.read = p.stampWith(c.stamps)
	if err := p.readTemplates(); err != nil {
		p.problems = append(p.problems, err)
	}
	files, err := ruleFiles(c.rules)
	if err != nil {
		return nil, err
	}
	p.rules = alertrules.ParseSet(files, p.ruleEnv())
	if err := p.rules.Err(); err != nil {
		p.problems = append(p.problems, err)
	}
	if p.router, err = notifier.NewRouter(c.notify); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	return p, nil
}

// flags are those with which another verb finds the same data and configuration; ""
// where it does without.
func (p *project) flags() (line string) {
	if p.dir != "./tocsin-data" && p.dir != p.env.getenv("TOCSIN_DATA") {
		line = " --data " + shellWord(p.dir)
	}
	if path := p.config.path; path != "" && path != "tocsin.yaml" && path != p.env.getenv("TOCSIN_CONFIG") {
		line += " --config " + shellWord(path)
	}
	return line
}

// readTemplates loads the directory of templates, if there is one. The good
// ones are there also when others are broken.
func (p *project) readTemplates() error {
	var files fs.FS
	dir := p.config.templates.list[0]
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		files = regularFiles{os.DirFS(dir)}
	case err == nil:
		err = fmt.Errorf("%s is no directory", dir)
	case errors.Is(err, fs.ErrNotExist) && !p.config.templates.named:
		err = nil
	}
	var broken error
	p.templates, broken = templates.Load(files)
	if err != nil {
		return fmt.Errorf("read the templates: %w", err)
	}
	return broken
}

// ruleEnv is what rule files are read against.
func (p *project) ruleEnv() alertrules.Env {
	c := p.config
	env := alertrules.Env{
		Schema: p.schema, Zone: c.zone, Lateness: map[string]time.Duration{}, Lists: c.lists, Now: p.now, MaxStates: c.states,
		Templates: p.templates.Names(), AllowMail: c.mail.Allow,
		People: names(c.notify.People), Groups: names(c.notify.Groups), Calendars: names(c.notify.Calendars),
	}
	for _, l := range c.logstores {
		env.Lateness[l.Name] = l.Lateness
	}
	return env
}

func names[T any](m map[string]T) []string {
	list := make([]string, 0, len(m))
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// ruleFiles reads the rule files: those that are named, and *.yaml and *.yml in
// directories, also behind a symbolic link. Names that begin with a dot are left
// out in a directory. With an error it returns what it read before.
func ruleFiles(where paths) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, path := range where.list {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) && !where.named {
			continue
		}
		if err == nil && !info.IsDir() {
			err = addRuleFile(files, path)
		} else if err == nil {
			err = addRuleFiles(files, path)
		}
		if err != nil {
			return files, fmt.Errorf("read the rules: %w", err)
		}
	}
	return files, nil
}

func addRuleFile(files map[string][]byte, name string) error {
	src, err := readRegular(name)
	if err == nil {
		files[name] = src
	}
	return err
}

func addRuleFiles(files map[string][]byte, path string) error {
	return fs.WalkDir(os.DirFS(path), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml"):
			return nil
		}
		return addRuleFile(files, filepath.Join(path, filepath.FromSlash(name)))
	})
}

// readRegular reads a file that users write, so that a device, a pipe or a huge
// file cannot stop the program or fill the memory.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := userFile(name, info); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

func userFile(name string, info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", name)
	case info.Size() > maxUserFile:
		return fmt.Errorf("%s has %d bytes; a file of rules, templates or settings has at most 1 MB", name, info.Size())
	}
	return nil
}

// regularFiles is a directory of files that users write: what readRegular would
// refuse cannot be opened.
type regularFiles struct{ fs.FS }

func (f regularFiles) Open(name string) (fs.File, error) {
	info, err := fs.Stat(f.FS, name)
	if err == nil && !info.IsDir() {
		err = userFile(name, info)
	}
	if err != nil {
		return nil, err
	}
	return f.FS.Open(name)
}

const maxUserFile = 16 << 20 // the reader itself refuses what is over 1 MB, with a position

// warnProblems says on standard error which files are not used.
func (p *project) warnProblems() {
	for _, err := range p.problems {
		report(p.env, err)
	}
}

// makeRulesKnown tells the store which rules there are, before records are
// taken in, so that a first run misses nothing of them.
func (p *project) makeRulesKnown(ctx context.Context) error {
	if p.env.host != nil {
		return p.env.host.known(ctx, p)
	}
	if err := p.keepRules(ctx, p.now); err != nil {
		return err
	}
	round, err := p.engine.Known(ctx, p.rules, p.now)
	if err != nil {
		return err
	}
	if p.seen, err = p.seenBefore(ctx, round.Gaps); err != nil {
		return fmt.Errorf("records that were restored: %w", err)
	}
	return nil
}

// seenMark is the name of the mark that holds until when rules had seen what there
// was, when records were found to be fewer, or others, than they had seen.
const seenMark = "seen before the records were restored"

// seenBefore notes that records are fewer than rules have seen, as gaps say, and
// returns until when these had seen what there was; zero: no records were ever lost.
func (p *project) seenBefore(ctx context.Context, gaps []alertrules.Gap) (time.Time, error) {
	var seen time.Time
	value, err := p.store.Logs.Mark(ctx, seenMark)
	if err == nil && value != "" {
		seen, err = time.Parse(time.RFC3339Nano, value)
	}
	if err != nil {
		return seen, err
	}
	before := seen
	for _, g := range gaps {
		if g.Reason == alertrules.GapGeneration && g.From.After(seen) {
			seen = g.From
		}
	}
	if seen.Equal(before) {
		return seen, nil
	}
	p.env.logger().Warn("there are fewer records than the rules have seen, or others: what is older and comes again is not mailed again", "than", seen)
	return seen, p.store.Logs.SetMark(ctx, seenMark, seen.UTC().Format(time.RFC3339Nano))
}

// keepRules adds the rules as they are at a moment to the history of rules.
func (p *project) keepRules(ctx context.Context, at time.Time) error {
	return p.store.State.KeepRules(ctx, p.running().rules, store.Operation{At: at, By: p.env.userName()})
}
