#!/bin/bash
# fuzz.sh DURATION: runs every fuzz target of the module for DURATION, one after the other.
set -eu
packages=$(go list ./...)
for pkg in $packages; do
  listed=$(go test -list '^Fuzz' "$pkg")
  for target in $(grep '^Fuzz' <<<"$listed" || true); do
    echo "== $pkg $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 3s "$pkg"
  done
done
