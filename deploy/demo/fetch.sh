#!/bin/bash
# Fetches Prometheus 3, promtool and node_exporter of Debian sid, unpacked and not installed, and prints the directory they are in. Debian's stable releases have
# Prometheus 2. The cache is optional: without it this takes half a minute.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tests/debian-suite.sh"
suite=sid
packages=(prometheus promtool prometheus-node-exporter)
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/demo

key=$({ cat "$here/fetch.sh"; dpkg --print-architecture; } | sha256sum | cut -c1-16)
kept=$cache/$key

mkdir -p "$cache"
# Two that want it at once must not fetch it twice.
exec 9>"$cache/lock"
flock 9
if [ ! -d "$kept" ]; then
  echo "demo: fetching ${packages[*]} of Debian $suite" >&2
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  download_from_suite $suite "$work" "${packages[@]}"
  mkdir "$work/tree"
  for package in "$work"/*.deb; do
    dpkg-deb --extract "$package" "$work/tree"
  done
  mv "$work/tree" "$kept"
fi
echo "$kept"
