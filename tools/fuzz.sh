#!/bin/bash
# fuzz.sh DURATION: runs every fuzz target of the module for DURATION, one after the other.
set -eu
for pkg in $(go list ./...); do
  for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
    echo "== $pkg $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 3s "$pkg"
  done
done
