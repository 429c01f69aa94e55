package main

import (
	"strings"
	"testing"
	"time"
)

func TestCatchUpConfig(t *testing.T) {
	for text, want := range map[string]any{
		"time_zone: UTC":       catchUpConfig{},
		"catch_up: 48h":        catchUpConfig{back: 48 * time.Hour},
		"catch_up_wait: 30s":   catchUpConfig{wait: 30 * time.Second},
		"catch_up: 0s":         "this is from 1m to 7d",
		"catch_up: 8d":         "this is from 1m to 7d",
		"catch_up_wait: 2d":    "this is from 1s to 24h",
		"catch_up: for ever":   "is no length of time",
		"catch_up_wait: [10m]": "a text is expected here",
	} {
		c, err := parseConfig("tocsin.yaml", []byte(text+"\n"))
		if config, ok := want.(catchUpConfig); ok && (err != nil || c.catchUp != config) {
			t.Errorf("%s: %v, want %v", text, err, config)
		}
		if problem, ok := want.(string); ok && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%s: %v, want %q", text, err, problem)
		}
	}
}
