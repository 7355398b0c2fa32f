#!/bin/bash
# Installs what the tests need: the Debian packages of packages.txt, then kubectl, the receivers of pushed metrics, the demonstration's Prometheus and what makes the dashboards, which are not installed but unpacked.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/debian-packages.sh" "$here/packages.txt"

# What receives pushed metrics is not in this release of Debian, nor is a kubectl or a Prometheus that is new enough.
"$here/../deploy/demo/fetch.sh" >/dev/null
"$here/kubectl/install.sh" >/dev/null
"$here/receivers/install.sh" >/dev/null
"$here/../grafana/generate.sh" --fetch
