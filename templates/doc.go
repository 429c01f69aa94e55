// Package templates renders a message from a template in the Jinja subset of
// SLS: subject, text and HTML.
//
// The way of a template:
//
//	source ─ lexer ─ parser ─┬─ closures, one for each {{ }} and {% %}
//	                         ├─ a Go template of literal text, branches, loops
//	                         │  and numbered calls of these closures
//	                         └─ flat text, in which x/net/html says where each
//	                            value stands (places.go)
//
// html/template escapes by context and never sees an expression, a name or a
// value; text/template does the same for text parts, subjects and annotations.
// A second, independent check reads which escapers html/template chose
// (escapers.go). Both are allow-lists and fail closed.
//
// Nothing a template says can stall, exhaust or end the process: sizes are
// counted before they are made, turns and time while they pass (state.go);
// values are never changed, so no cycle can exist. Every value is cleaned where
// it is printed (print.go).
//
// Authors start at data.go: it is the contract of what a template sees.
package templates
