#!/bin/bash
# Fetches what receives in the tests and prints the directory it is in: VictoriaMetrics and OpenTelemetry's protocol files from
# Debian trixie, unpacked and not installed (bookworm's VictoriaMetrics is too old to take OTLP, and it has no protocol files), a Prometheus 3 from
# Debian sid (older releases have Prometheus 2), and the npm packages of receiver.js. The cache is optional: without it, or after a change of what is wanted, this takes half a minute.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../debian-suite.sh"
suite=trixie
packages=(victoria-metrics opentelemetry-proto)
newest_suite=sid
newest_packages=(prometheus)
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/receivers

key=$({ cat "$here/install.sh" "$here/package-lock.json"; dpkg --print-architecture; } | sha256sum | cut -c1-16)
kept=$cache/$key

say() { echo "receivers: $*" >&2; }

mkdir -p "$cache"
# Two test runs at once must not fetch it twice.
exec 9>"$cache/lock"
flock 9
if [ -d "$kept" ]; then
  echo "$kept"
  exit 0
fi

work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

fetch_packages() {
  mkdir "$work/tree" "$work/$newest_suite"
  download_from_suite $suite "$work" "${packages[@]}"
  download_from_suite $newest_suite "$work/$newest_suite" "${newest_packages[@]}"
  local package
  for package in "$work"/*.deb "$work/$newest_suite"/*.deb; do
    say "$(dpkg-deb --field "$package" Package Version | tr '\n' ' ')"
    dpkg-deb --extract "$package" "$work/tree"
  done
  # Of these programs the tests run two.
  find "$work/tree/usr/bin" -type f ! -name victoria-metrics ! -name prometheus -delete
}

fetch_modules() {
  cp "$here/package.json" "$here/package-lock.json" "$work/tree/"
  # No package among these needs the scripts it would run.
  npm ci --prefix "$work/tree" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
}

say "fetching ${packages[*]} of Debian $suite, ${newest_packages[*]} of Debian $newest_suite, and npm packages"
fetch_packages
fetch_modules
mv "$work/tree" "$kept"
echo "$kept"
