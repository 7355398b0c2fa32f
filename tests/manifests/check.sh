#!/bin/bash
# Checks objects for Kubernetes against the types of npm packages that are made of its schemas: prints what is wrong, and ends with 1 if anything is.
#
#   tests/manifests/check.sh FILE     a JSON array of objects
#
# Where the packages are not in the cache this takes half a minute.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kept=$("$here/../npm-packages.sh" "$here")
exec node "$here/check.js" "$kept" "$1"
