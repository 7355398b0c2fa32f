#!/bin/bash
# Makes dashboards/, resources/ and panels.md of src/, here or in another directory: grafana/generate.sh [DIRECTORY]
# grafana/generate.sh --fetch only fetches what that needs.
# Needs node and npm. Grafana's SDK and the compiler come from npm (tests/npm-packages.sh).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here}
kept=$("$here/../tests/npm-packages.sh" "$here")
[ "$to" != --fetch ] || exit 0

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
