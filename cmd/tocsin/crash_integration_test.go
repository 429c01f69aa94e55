//go:build integration

package main

import "testing"

// TestIntegrationCrash is TestCrash with 200 kills.
func TestIntegrationCrash(t *testing.T) { crash(t, 200, 2) }
