//go:build integration

package main

import "testing"

// TestIntegrationBesideSame gives every verb where an agent runs and where none does:
// the same outputs and exit statuses, byte for byte but for moments.
func TestIntegrationBesideSame(t *testing.T) { besideSame(t, besideCases) }
