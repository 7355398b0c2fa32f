#!/bin/bash
# Fetches what receives in the tests and prints the directory it is in: VictoriaMetrics and OpenTelemetry's protocol files from
# Debian trixie, unpacked and not installed (bookworm's VictoriaMetrics is too old to take OTLP, and it has no protocol files), a Prometheus 3 from
# Debian sid (older releases have Prometheus 2), and the npm packages of receiver.js.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
suite=trixie
packages=(victoria-metrics opentelemetry-proto)
newest_suite=sid
newest_packages=(prometheus)

# fetch NPM TO
fetch() {
  local npm=$1 to=$2 package
  . "$here/../debian-suite.sh"
  echo "receivers: fetching ${packages[*]} of Debian $suite, ${newest_packages[*]} of Debian $newest_suite"
  work=$(mktemp -d)   # seen at the end, so not local
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/$newest_suite"
  download_from_suite $suite "$work" "${packages[@]}"
  download_from_suite $newest_suite "$work/$newest_suite" "${newest_packages[@]}"
  for package in "$work"/*.deb "$work/$newest_suite"/*.deb; do
    echo "receivers: $(dpkg-deb --field "$package" Package Version | tr '\n' ' ')"
    dpkg-deb --extract "$package" "$to"
  done
  # Of these programs the tests run two.
  find "$to/usr/bin" -type f ! -name victoria-metrics ! -name prometheus -delete
  cp -a "$npm/node_modules" "$to/"
}

if [ "${1-}" = --fetch ]; then
  fetch "$2" "$3"
  exit
fi
npm=$("$here/../npm-packages.sh" "$here")
key=$({ cat "$here/install.sh" "$here/package-lock.json"; dpkg --print-architecture; } | sha256sum | cut -c1-16)
exec "$here/../cached.sh" receivers "$key" "$here/install.sh" --fetch "$npm"
