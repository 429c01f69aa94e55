//go:build soak

// Many random queries of every shape.

package store_test

import "testing"

func TestSoakRandomShapes(t *testing.T) { runShapes(t, 1200, 20000) }
