package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/ingest/awsapi"
	"tocsin/notifier"
	"tocsin/notifier/email"
)

// configFile is tocsin.yaml (DESIGN.md §4.3), decoded strictly.
type configFile struct {
	TimeZone  alertrules.Text                  `yaml:"time_zone"`
	Rules     []alertrules.Text                `yaml:"rules"`
	Templates alertrules.Text                  `yaml:"templates"`
	Sources   []sourceFile                     `yaml:"sources"`
	Logstores map[string]logstoreFile          `yaml:"logstores"`
	Tables    map[string]tableFile             `yaml:"tables"`
	Lists     map[string]listFile              `yaml:"lists"`
	Mail      mailFile                         `yaml:"mail"`
	People    map[string]notifier.Person       `yaml:"people"`
	Groups    map[string][]string              `yaml:"groups"`
	Operator  []string                         `yaml:"operator"`
	Calendars map[string]notifier.CalendarSpec `yaml:"calendars"`
	Notify    notifier.Defaults                `yaml:"notify"`
	Links     []string                         `yaml:"links"`
	Limits    limitsFile                       `yaml:"limits"`
	Keep      map[string]time.Duration         `yaml:"keep"`
	CatchUp   alertrules.Text                  `yaml:"catch_up"`
	CatchWait alertrules.Text                  `yaml:"catch_up_wait"`
	Archive   archiveFile                      `yaml:"archive"`
	Private   []alertrules.Text                `yaml:"private_addresses"`
	Heartbeat heartbeatFile                    `yaml:"heartbeat"`
	Metrics   alertrules.Text                  `yaml:"metrics"`
}

type logstoreFile struct {
	Format   string            `yaml:"format"`
	Time     string            `yaml:"time"`
	Lateness time.Duration     `yaml:"lateness"`
	Fields   map[string]string `yaml:"fields"`
}

type mailFile struct {
	Server       alertrules.Text `yaml:"server"`
	User         string          `yaml:"user"`
	PasswordFile alertrules.Text `yaml:"password_file"`
	Password     alertrules.Text `yaml:"password"` // refused, with the way out
	CAFile       alertrules.Text `yaml:"ca_file"`
	Helo         string          `yaml:"helo"`
	From         string          `yaml:"from"`
	Allow        []string        `yaml:"allow"`
}

type limitsFile struct {
	Object alertrules.Text `yaml:"object"`
	Ratio  int64           `yaml:"ratio"`
	Record alertrules.Text `yaml:"record"`
	Keys   int             `yaml:"keys"`
	Depth  int             `yaml:"depth"`
	States alertrules.Text `yaml:"states"`

	DiskReserve alertrules.Text `yaml:"disk_reserve"`
}

// config is a configuration that was checked, with its defaults filled in.
type config struct {
	path      string // of the file; "" when there is none
	zone      *time.Location
	rules     paths
	templates paths
	sources   []sourceConfig
	logstores []*ingest.Logstore // built-in ones first
	tables    []*ingest.Lookup
	lists     map[string][]string
	limits    ingest.Limits
	states    int                      // of one rule; 0 is the default
	keep      map[string]time.Duration // by logstore, and "history"
	reserve   agent.Reserve
	catchUp   catchUpConfig
	archive   archiveConfig
	private   awsapi.Private // addresses
	heartbeat heartbeatConfig
	metrics   string       // loopback address; "": nothing listens
	mail      email.Config // Server is "" for the maildir
	notify    notifier.Config
	list      *diag.List // problems, also warnings
	files     []string   // others that it names: lists, tables, columns
	stamps    []string   // of the file and of these, each of before it was read
	machinery string     // changes with what the loops of an agent are made from
}

// paths are files and directories of a user. One that is named has to exist; a
// default need not.
type paths struct {
	list  []string
	named bool
}

// mostStates bounds `limits.states`: what a rule remembers is held in memory while it
// is evaluated.
const mostStates = 1_000_000

// defaultConfig is the configuration that is read when none is named.
const defaultConfig = "tocsin.yaml"

// readConfig reads the file, or takes the defaults when none is named and
// ./tocsin.yaml does not exist. The error is a *diag.List for mistakes in it.
func readConfig(path string) (*config, error) {
	named := path != ""
	if !named {
		path = defaultConfig
	}
	stamp := stampOf([]string{path})
	c, err := readConfigFile(path, named)
	if c != nil {
		c.stamps = slices.Insert(c.stamps, 0, stamp)
	}
	return c, err
}

func readConfigFile(path string, named bool) (*config, error) {
	src, err := readRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return (&configReader{doc: &alertrules.Document{List: &diag.List{}}}).finish()
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no configuration %s (tocsin init writes one; --config and TOCSIN_CONFIG name another)", path)
	case err != nil:
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return parseConfig(path, src)
}

// parseConfig reads a configuration. Relative paths in it start at its file.
func parseConfig(path string, src []byte) (*config, error) {
	r := &configReader{path: path, machinery: string(src)}
	var err error
	r.doc, err = alertrules.DecodeStrict(path, src, &r.file)
	if err != nil && r.doc.Root == nil {
		return nil, err
	}
	return r.finish()
}

// configReader checks the parts of a file; problems go to its document.
type configReader struct {
	path  string
	file  configFile
	stdin bool // a source reads the standard input

	files     []string // that the file names
	stamps    []string // of these, before they were read
	machinery string   // the file, and the columns that its sources have
	doc       *alertrules.Document
}

// reads notes that a file is about to be read, and returns its stamp.
func (r *configReader) reads(path string) string {
	stamp := stampOf([]string{path})
	r.files, r.stamps = append(r.files, path), append(r.stamps, stamp)
	return stamp
}

func (r *configReader) finish() (*config, error) {
	c := &config{path: r.path, zone: time.UTC, list: r.doc.List, logstores: ingest.Builtin()}
	if zone, err := alertrules.LoadZone(r.file.TimeZone.Value); err == nil { // Validate reports one that is none
		c.zone = zone
	}
	r.directories(c)
	r.declared(c)
	r.tables(c)
	r.lists(c)
	r.private(c) // before all that has addresses
	r.sources(c)
	r.limits(c)
	r.reserve(c)
	r.archive(c)
	r.keep(c)
	r.catchUp(c)
	r.mail(c)
	r.heartbeat(c)
	r.metrics(c)
	c.notify = notifier.Config{
		TimeZone: r.file.TimeZone.Value, Mail: notifier.MailConfig{From: r.file.Mail.From, Allow: r.file.Mail.Allow},
		People: r.file.People, Groups: r.file.Groups, Operator: r.file.Operator, Calendars: r.file.Calendars,
		Notify: r.file.Notify, Links: r.file.Links,
	}
	notifier.Report(r.doc, r.doc.Root, c.notify.Validate())
	c.files, c.stamps, c.machinery = r.files, r.stamps, r.machinery
	return c, r.doc.List.Err()
}

// zone reads a time zone; other where none is given, or it is none, which is
// reported.
func (r *configReader) zone(t alertrules.Text, other *time.Location) *time.Location {
	if !t.Given() {
		return other
	}
	zone, err := alertrules.LoadZone(t.Value)
	if err != nil {
		r.doc.Problem("config/time-zone", t.Node, fmt.Sprintf("%q is no time zone", diag.Line(t.Value)), "names are those of the tz database, such as Europe/Berlin")
		return other
	}
	return zone
}

// directories are those of rules and templates.
func (r *configReader) directories(c *config) {
	for _, t := range r.file.Rules {
		if dir, ok := r.userPath(t); ok {
			c.rules = paths{append(c.rules.list, dir), true}
		}
	}
	if r.file.Rules == nil {
		c.rules.list = []string{r.relative("rules")}
	}
	c.templates.list = []string{r.relative("templates")}
	if r.file.Templates.Given() {
		if dir, ok := r.userPath(r.file.Templates); ok {
			c.templates = paths{[]string{dir}, dir != c.templates.list[0]}
		}
	}
}

// userPath is a path of the file; the root, devices and /proc are no inputs, and
// not read by check either.
func (r *configReader) userPath(t alertrules.Text) (path string, ok bool) {
	return r.ownPath(t, "read")
}

// ownPath is userPath for what is read or written.
func (r *configReader) ownPath(t alertrules.Text, use string) (path string, ok bool) {
	path = filepath.Clean(r.relative(t.Value))
	for _, no := range []string{"/proc", "/dev", "/sys"} {
		if path == "/" || path == no || strings.HasPrefix(path, no+"/") {
			r.doc.Problem("config/path", t.Node, "this is not one of your files to "+use, "name a folder or a file of your own")
			return "", false
		}
	}
	return path, true
}

func (r *configReader) relative(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(r.path), path)
}

func (r *configReader) declared(c *config) {
	for name, l := range r.file.Logstores {
		node := r.doc.At("logstores", name)
		logstore, err := ingest.Declared(name, ingest.Declaration{Format: l.Format, Time: l.Time, Lateness: l.Lateness, Fields: l.Fields})
		if err != nil {
			r.doc.Problem("config/logstore", node, err.Error(), "")
			continue
		}
		c.logstores = append(c.logstores, logstore)
	}
	slices.SortFunc(c.logstores[len(ingest.Builtin()):], func(a, b *ingest.Logstore) int { return strings.Compare(a.Name, b.Name) })
}

func orNode(n, other *alertrules.Node) *alertrules.Node {
	if n == nil {
		return other
	}
	return n
}

// logstore finds a logstore by its name.
func (c *config) logstore(name string) (*ingest.Logstore, error) {
	var names []string
	for _, l := range c.logstores {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return nil, fmt.Errorf("there is no logstore %q; %s", diag.Line(name), didYouMean(name, names))
}

func (r *configReader) limits(c *config) {
	f := r.file.Limits
	c.limits = ingest.Limits{Ratio: f.Ratio, Keys: f.Keys, Depth: f.Depth}
	if t := f.States; t.Given() {
		n, err := strconv.Atoi(t.Value)
		if err != nil || n < 1 || n > mostStates {
			r.doc.Problem("config/limits", t.Node, fmt.Sprintf("a rule has from 1 to %d states", mostStates), fmt.Sprintf("states: %d", alertrules.MaxStates))
		}
		c.states = n
	}
	for _, l := range []struct {
		text alertrules.Text
		into *int64
	}{{f.Object, &c.limits.Object}, {f.Record, &c.limits.Record}} {
		if !l.text.Given() {
			continue
		}
		n, err := parseSize(l.text.Value)
		if err != nil {
			r.doc.Problem("config/limits", l.text.Node, err.Error(), "write it as 16MB or 4GB")
		}
		*l.into = n
	}
}

// parseSize reads a number of bytes, such as 512KB, 16MB or 4GB.
func parseSize(s string) (int64, error) {
	var n int64
	var unit string
	if _, err := fmt.Sscanf(s+" ", "%d%s", &n, &unit); err != nil && unit != "" || n <= 0 {
		return 0, fmt.Errorf("%q is no size", diag.Line(s))
	}
	factor, ok := map[string]int64{"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}[strings.ToUpper(unit)]
	if !ok || n > 1<<50/factor {
		return 0, fmt.Errorf("%q is no size", diag.Line(s))
	}
	return n * factor, nil
}

// mail checks the server. Secrets are never repeated in a message (G38).
func (r *configReader) mail(c *config) {
	f := r.file.Mail
	c.mail = email.Config{Server: f.Server.Value, User: f.User, From: f.From, Allow: f.Allow, HELO: f.Helo}
	if f.PasswordFile.Given() {
		c.mail.PasswordFile = r.relative(f.PasswordFile.Value)
	}
	if f.CAFile.Given() {
		c.mail.CAFile = r.relative(f.CAFile.Value)
	}
	r.doc.List.Hide = f.Password.Given() || strings.Contains(f.Server.Value, "@")
	if f.Password.Given() {
		r.doc.Problem("config/secret", r.doc.At("mail"), "a password does not belong into this file", "write it to a file of its own and name that: password_file: PATH")
		return
	}
	if !f.Server.Given() {
		return
	}
	if err := c.mail.Check(); err != nil {
		r.doc.Problem("config/mail", r.doc.At("mail"), err.Error(), `server: "smtp://smtp.example.com:587"`)
		return
	}
	if _, err := os.Stat(c.mail.PasswordFile); err != nil && f.PasswordFile.Given() {
		r.doc.Warn("config/mail", f.PasswordFile.Node, "the password file cannot be read now: "+err.Error(), "write the password into it, readable by its owner alone")
	}
	for _, w := range c.mail.Warnings() {
		r.doc.Warn("config/mail", r.doc.At("mail", "password_file"), w, "")
	}
}
