#!/bin/bash
# Fetches Debian's static busybox for 64-bit ARM, the shell of that guest, once, and prints its path.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../debian-suite.sh"
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/busybox-arm64
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -x "$cache/busybox" ]; then
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  foreign_architecture=arm64 download_from_suite trixie "$work" busybox-static:arm64
  dpkg-deb -x "$work"/busybox-static_*_arm64.deb "$work/root"
  # /bin is a link to usr/bin by now, or it is not yet.
  mv "$(find "$work/root" -type f -path '*/bin/busybox')" "$cache/busybox"
fi
echo "$cache/busybox"
