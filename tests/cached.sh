#!/bin/bash
# Has a command fill a directory of the cache, unless that has been done before, and prints the directory. The cache is optional: without it all is made anew.
#
#   tests/cached.sh NAME KEY COMMAND...
#
#   NAME       what it is: a directory of the cache
#   KEY        changes with what it is made of
#   COMMAND    gets the directory to fill as its last word
set -euo pipefail
name=$1 key=$2
shift 2
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/$name
kept=$cache/$key

mkdir -p "$cache"
# Two runs at once must not make it twice.
exec 9>"$cache/lock"
flock 9
if [ ! -d "$kept" ]; then
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  "$@" "$work" >&2 9>&-
  mv "$work" "$kept"
fi
echo "$kept"
