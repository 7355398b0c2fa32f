#!/bin/bash
# Makes dashboards/ and resources/ of src/, here or in another directory: grafana/generate.sh [DIRECTORY]
# Needs node and npm. Grafana's SDK and the compiler come from npm; package-lock.json pins them by their hashes. They are kept in a cache, which is optional.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here}
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/grafana
key=$(sha256sum <"$here/package-lock.json" | cut -c1-16)
kept=$cache/$key

mkdir -p "$cache"
# Two runs at once must not fetch it twice.
exec 9>"$cache/lock"
flock 9
if [ ! -d "$kept" ]; then
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "grafana: fetching npm packages" >&2
  cp "$here/package.json" "$here/package-lock.json" "$work/"
  # No package among these needs the scripts it would run.
  npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  mv "$work" "$kept"
fi
flock -u 9

# The compiler looks for packages above the files it compiles.
build=$(mktemp -d "$kept/build.XXXXXX")
trap 'rm -rf "$build"' EXIT
cp -r "$here/src" "$here/check" "$here/tsconfig.json" "$build/"
tsc=$kept/node_modules/.bin/tsc
"$tsc" --project "$build" --outDir "$build/out"
node "$build/out/main.js" "$build/made"

# literal TYPE FILE: the file as a literal of a type, in which the compiler refuses unknown names.
literal() { echo "import type { $1 } from './types'; export const made: $1 = $(cat "$2");" >"$build/check/$1-$(basename "$2" .json).ts"; }
for file in "$build"/made/dashboards/*.json; do literal Classic "$file"; done
for file in "$build"/made/resources/*.json; do literal Resource "$file"; done
"$tsc" --project "$build/check" --noEmit

mkdir -p "$to"
cp -r "$build/made/." "$to/"
