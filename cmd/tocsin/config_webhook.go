package main

import (
	"os"
	"strings"

	"tocsin/ingest/webhook"
)

// A source that receives what a service posts.

// webhook checks a source that is a webhook.
func (r *configReader) webhook(s sourceFile, source *sourceConfig) {
	listen, err := webhook.ParseListen(s.Webhook.Value)
	if err != nil {
		r.doc.Problem("config/source", s.Webhook.Node, err.Error(), "webhook: 127.0.0.1:8686")
	}
	source.hook = webhook.Options{Listen: listen, Header: s.Header.Value}
	if strings.Trim(s.Header.Value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		r.doc.Problem("config/source", s.Header.Node, "this is no name of a header", "header: "+webhook.DefaultHeader)
	}
	if !s.SecretFile.Given() {
		r.doc.Problem("config/source", s.Webhook.Node, "the webhook has no secret_file", "write a long random text into a file, readable by its owner alone, and name it")
		return
	}
	source.hook.SecretFile = r.relative(s.SecretFile.Value)
	if _, err := os.Stat(source.hook.SecretFile); err != nil {
		r.doc.Warn("config/source", s.SecretFile.Node, "the secret cannot be read now: "+err.Error(), "create the file before tocsin runs")
	}
}
