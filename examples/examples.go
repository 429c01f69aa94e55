// Package examples is rules, templates and a configuration that work as they
// are. `tocsin demo` and `tocsin scan` run the bundled rules; every file here is
// run by a test.
package examples

import "embed"

// FS holds rules/*.yaml (the bundled rules) and cspm-article/ (the published
// article as a project of its own: tocsin.yaml, rules/, templates/).
//
//go:embed rules cspm-article
var FS embed.FS
