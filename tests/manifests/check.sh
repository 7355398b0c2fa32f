#!/bin/bash
# Checks objects for Kubernetes against the types of npm packages that are made of its schemas: prints what is wrong, and ends with 1 if anything is.
#
#   tests/manifests/check.sh FILE     a JSON array of objects
#
# package-lock.json pins the packages by their hashes. The cache is optional: without it this takes half a minute.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/manifests
key=$(sha256sum <"$here/package-lock.json" | cut -c1-16)
kept=$cache/$key

mkdir -p "$cache"
# Two test runs at once must not fetch it twice.
exec 9>"$cache/lock"
flock 9
if [ ! -d "$kept" ]; then
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "manifests: fetching npm packages" >&2
  cp "$here/package.json" "$here/package-lock.json" "$work/"
  npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  mv "$work" "$kept"
  trap - EXIT
fi
exec 9>&-

exec node "$here/check.js" "$kept" "$1"
