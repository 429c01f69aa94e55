// .save as rule: the file that a rule is put into.

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tocsin/alertrules"
	"tocsin/cmd/tocsin/shell"
	"tocsin/diag"
)

// AddRule implements shell.Project. The file is the user's: it is written only
// when the rule can be read in it, and what stood there stays as it was.
func (p *shellProject) AddRule(id, file, rule string) (string, error) {
	read, err := readProject(p.project.env, p.options) // the files as they are now
	if err != nil {
		return "", err
	}
	if r, ok := read.rules.Rule(id); ok {
		return "", usage("there is a rule %s in %s: take another name", id, diag.Line(r.File))
	}
	path, err := read.ruleFile(id, file)
	if err != nil {
		return "", err
	}
	old, err := readRegular(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the rules: %w", err)
	}
	if _, err := alertrules.Parse(path, old, read.ruleEnv()); err != nil {
		return "", fmt.Errorf("the file has mistakes, and stays as it is: %w", wrong(err))
	}
	text, err := shell.PlaceRule(string(old), rule)
	if err != nil {
		return "", usage("%s: %w", diag.Line(path), err)
	}
	f, err := alertrules.Parse(path, []byte(text), read.ruleEnv())
	if err != nil {
		return "", fmt.Errorf("the rule would not work, and is not written: %w", wrong(err))
	}
	if f.Rules[len(f.Rules)-1].ID != id {
		return "", usage("%s: the rules do not end the file; name another file, or none", diag.Line(path))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return "", err
	}
	if err := shell.WriteFile(path, []byte(text)); err != nil {
		return "", fmt.Errorf("write the rule: %w", err)
	}
	return path, nil
}

// CheckRule implements shell.Project.
func (p *shellProject) CheckRule(path string) error {
	return runCheck(context.Background(), p.project.env, p.options, []string{path})
}

// ruleFile is the file of a new rule: the one that was named, relative to where
// the user is; else one of its own in the first directory of rules.
func (p *project) ruleFile(id, named string) (string, error) {
	if named != "" {
		if !strings.HasSuffix(named, ".yaml") && !strings.HasSuffix(named, ".yml") {
			return "", usage("%s: a file of rules ends in .yaml", diag.Line(named))
		}
		return named, nil
	}
	for _, dir := range p.config.rules.list {
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			continue
		}
		path := filepath.Join(dir, id+".yaml")
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return "", usage("%s exists already: name another file for the rule", diag.Line(path))
		}
		return path, nil
	}
	return "", usage("the configuration names no directory of rules: name a file for the rule")
}
