//go:build integration

package main

import "testing"

// TestIntegrationHostileSame is TestHostileSame for every source.
func TestIntegrationHostileSame(t *testing.T) { hostileSame(t) }
