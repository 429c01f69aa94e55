package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/query"
	"tocsin/store"
	"tocsin/templates"
)

// This file reads the user's files again while the agent runs. Rules, templates,
// lists and tables are exchanged under the loops; where tocsin.yaml itself changed,
// the loops end, and another agent begins over the same open store.

// live is what the loops of an agent read of the files, exchanged at once.
type live struct {
	config    *config // of it, what is read for each question: lists
	schema    query.Schema
	rules     *alertrules.Set
	templates *templates.Set
	problems  []error
}

// running is what the loops go by now.
func (p *project) running() live {
	if p.live != nil {
		return *p.live.Load()
	}
	return live{p.config, p.schema, p.rules, p.templates, p.problems}
}

// runAgents runs one agent after the other, until ctx ends.
func (p *project) runAgents(ctx context.Context, o *options) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	p.metrics = agent.NewMetrics(version)
	now := p.running()
	p.live = &atomic.Pointer[live]{}
	p.live.Store(&now)
	p.host = newHost(p)
	hosting, end := context.WithCancel(ctx)
	served := p.host.serve(hosting)
	defer served() // at most closeTime
	defer end()
	for {
		r := &reloader{project: p, options: o}
		a := p.agentOptions()
		a.Supervisor = supervisor(p.env)
		a.Woken = p.host.woken
		a.Files = agent.Files{Stamp: p.stamp, From: p.read, Read: r.read, Asked: hup}
		runs := agent.New(a)
		p.host.agent.Store(runs)
		err := runs.Run(ctx)
		switch {
		case !errors.Is(err, agent.ErrRestart):
			return err
		case ctx.Err() != nil: // it ends before another could begin
			return nil
		}
		if err := p.host.renew(ctx, r.next); err != nil {
			return err
		}
	}
}

// A reloader reads the files for one agent.
type reloader struct {
	project *project
	options *options
	next    *project // from which the next agent is made
}

// read is agent.Files.Read.
func (r *reloader) read(ctx context.Context) (agent.Reread, error) {
	p := r.project
	before := p.stamp()
	next, err := readProject(p.env, r.options)
	if before != p.stamp() {
		return agent.Reread{Unsettled: true}, nil
	}
	if err != nil { // nothing is known of what it names: all goes on as before
		p.host.wasRead(before)
		return agent.Reread{}, p.tellBroken(ctx, []error{err}, false)
	}
	if next.config.machinery != p.config.machinery {
		r.next = next
		return agent.Reread{Restart: true}, nil
	}
	now := p.running()
	next.rules, next.templates = next.rules.KeepFrom(now.rules), next.templates.KeepFrom(now.templates)
	defer p.host.wasRead(before)
	if err := p.store.Logs.DeclareLookups(ctx, next.config.tables...); err != nil {
		return agent.Reread{}, fmt.Errorf("the rules stay as they were; an edit or a reload has them read again: %w", err)
	}
	p.live.Store(&live{next.config, next.schema, next.rules, next.templates, next.problems})
	p.env.logger().Info("files were read again", "rules", len(next.rules.Rules), "broken", len(next.problems))
	return agent.Reread{}, errors.Join(p.remember(ctx), p.tellBroken(ctx, next.problems, true))
}

// begin makes the rules known before anything is taken in, keeps the good files, and
// tells of the broken ones.
func (p *project) begin(ctx context.Context) error {
	if err := p.makeRulesKnown(ctx); err != nil {
		return err
	}
	if err := p.mark(ctx); err != nil {
		return err
	}
	if err := p.setLastGood(ctx); err != nil {
		return err
	}
	if err := p.tellAside(ctx, p.now); err != nil {
		return err
	}
	return p.tellBroken(ctx, p.problems, true)
}

// remember keeps the good files for a process that starts while they are broken, and
// the rules as they are now in the history of rules.
func (p *project) remember(ctx context.Context) error {
	return errors.Join(p.setLastGood(ctx), p.keepRules(ctx, p.env.now()))
}

// setLastGood keeps the good rule files and templates.
func (p *project) setLastGood(ctx context.Context) error {
	now := p.running()
	var list []store.Template
	for _, t := range now.templates.LastGood() {
		list = append(list, store.Template(t))
	}
	return p.store.State.SetLastGood(ctx, now.rules.LastGood(), list)
}

// keepLast lets the rules and templates go on that the process before had, where their
// file is broken now.
func (p *project) keepLast(ctx context.Context) error {
	if p.templates.Broken() {
		kept, err := p.store.State.LastTemplates(ctx)
		if err != nil {
			return err
		}
		var list []templates.LastGood
		for _, t := range kept {
			list = append(list, templates.LastGood(*t))
		}
		p.templates = p.templates.KeepFrom(templates.Lasting(list))
	}
	if p.rules.Err() == nil {
		return nil
	}
	last, err := p.store.State.LastGood(ctx)
	if err == nil {
		p.rules = p.rules.KeepFrom(alertrules.Lasting(last, p.ruleEnv()))
	}
	return err
}

// renew makes the project that of files that were read again. When it cannot be
// connected, the one before goes on.
func (p *project) renew(ctx context.Context, next *project) error {
	now, before := p.running(), p.userFiles
	before.rules, before.templates, before.problems = now.rules, now.templates, now.problems
	p.userFiles, p.now = next.userFiles, next.now
	p.rules, p.templates = p.rules.KeepFrom(now.rules), p.templates.KeepFrom(now.templates)
	p.live.Store(&live{p.config, p.schema, p.rules, p.templates, p.problems})
	err := p.connect(ctx)
	if err == nil {
		err = p.declare(ctx)
	}
	if err == nil {
		p.env.logger().Info("the configuration was read again", "rules", len(p.rules.Rules), "sources", len(p.config.sources), "mail", p.mailTo(), "broken", len(p.problems))
		return errors.Join(p.remember(ctx), p.tellBroken(ctx, p.problems, true))
	}
	read := p.read
	p.userFiles = before
	p.read = read
	p.live.Store(&now)
	return errors.Join(p.tellBroken(ctx, []error{fmt.Errorf("%s cannot be taken over: %w", cmp.Or(p.config.path, "tocsin.yaml"), err)}, false), p.connect(ctx))
}

// filePrefix begins the keys of the causes that broken files are.
const filePrefix = "file/broken/"

// tellBroken tells the operator, and the owners of rules in them, of files that are
// broken; with all, also which are no longer.
func (p *project) tellBroken(ctx context.Context, problems []error, all bool) error {
	causes, err := p.causes(ctx)
	if err != nil {
		return err
	}
	var open []string
	for _, n := range causes {
		open = append(open, n.Key)
	}
	notices := brokenFiles(problems, p.running().rules, p.env.now())
	if all {
		notices = append(notices, mended(notices, open, p.env.now())...)
	}
	told := slices.DeleteFunc(notices, func(n alertrules.Notice) bool { return slices.Contains(open, n.Key) != n.Over })
	if len(told) == 0 {
		return nil
	}
	for _, n := range told {
		p.env.logger().Warn("operator", "text", sentences(n.Text))
	}
	return p.store.State.CommitRound(ctx, &alertrules.Round{At: p.env.now(), Notices: told})
}

// brokenFiles are what is to be told of files that cannot be used as they are.
func brokenFiles(problems []error, rules *alertrules.Set, now time.Time) []alertrules.Notice {
	var notices []alertrules.Notice
	for _, problem := range problems {
		for _, err := range parts(problem) {
			name, list := "", (*diag.List)(nil)
			if errors.As(err, &list) {
				mistakes := *list // warnings do not break it
				mistakes.Problems = slices.DeleteFunc(slices.Clone(list.Problems), func(p diag.Problem) bool { return p.Level != diag.Error })
				name, err = list.Name, &mistakes
			}
			n := alertrules.Notice{Key: filePrefix + name, Since: now, Text: "a file is broken: " + err.Error() + "\nWhat was good of it before is used on; tocsin check shows all mistakes."}
			for _, r := range rules.KeptRules(name) {
				if r.Owner != "" && !slices.Contains(n.Owners, r.Owner) {
					n.Owners = append(n.Owners, r.Owner)
				}
			}
			notices = append(notices, n)
		}
	}
	return notices
}

// mended are the ends of the causes of files that are not broken any more.
func mended(broken []alertrules.Notice, open []string, now time.Time) []alertrules.Notice {
	var over []alertrules.Notice
	for _, key := range open {
		name, ours := strings.CutPrefix(key, filePrefix)
		if ours && !slices.ContainsFunc(broken, func(n alertrules.Notice) bool { return n.Key == key }) {
			over = append(over, alertrules.Notice{Key: key, Since: now, Over: true, Text: strings.TrimSpace("a file is no longer broken: " + name)})
		}
	}
	return over
}

// stamp changes with any of the files that the project was made from.
func (p *project) stamp() string {
	var stamps []string
	for _, path := range slices.Concat([]string{cmp.Or(p.config.path, "tocsin.yaml")}, p.config.files) {
		stamps = append(stamps, stampOf([]string{path}))
	}
	return p.stampWith(stamps)
}

// stampWith is the stamp where tocsin.yaml and the files that it names have these,
// and the others are as they are now.
func (p *project) stampWith(stamps []string) string {
	return strings.Join(append(slices.Clone(stamps), stampOf(slices.Concat(p.config.rules.list, p.config.templates.list))), "\n")
}

// stampOf is a short text that changes with any of the files, and files below
// folders: with their names, sizes, times, and with which files they are behind a
// symbolic link.
func stampOf(paths []string) string {
	sum := sha256.New()
	for _, path := range paths {
		stampOne(sum, path)
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		root := os.DirFS(path)
		_ = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error { // what cannot be walked is in the stamp
			switch {
			case err != nil:
				fmt.Fprintf(sum, "%q %v\n", name, err)
			case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
				return fs.SkipDir
			case !d.IsDir():
				stampOne(sum, path+"/"+name)
			}
			return nil
		})
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func stampOne(to io.Writer, path string) {
	info, err := os.Stat(path)
	if err != nil {
		fmt.Fprintf(to, "%q is not there\n", path)
		return
	}
	inode := uint64(0)
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = sys.Ino
	}
	if info.IsDir() {
		fmt.Fprintf(to, "%q is a folder\n", path)
		return
	}
	fmt.Fprintf(to, "%q %d %d %d %v\n", path, info.Size(), info.ModTime().UnixNano(), inode, info.Mode())
}
