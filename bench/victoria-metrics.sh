#!/bin/bash
# Fetches VictoriaMetrics of Debian sid, unpacks it and notes its version in a file: bench/victoria-metrics.sh DIRECTORY
set -euo pipefail
. "$(dirname "$0")/../tests/debian-suite.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
download_from_suite sid "$work" victoria-metrics
dpkg-deb --extract "$work"/victoria-metrics_*.deb "$1"
dpkg-deb --field "$work"/victoria-metrics_*.deb Version >"$1/version"
