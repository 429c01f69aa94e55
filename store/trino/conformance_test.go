//go:build integration || soak

// The cases of query/testdata over their records, on a real Trino.

package trino_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/query"
	"tocsin/store/trino"
	"tocsin/store/trino/trinotest"
)
