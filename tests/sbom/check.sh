#!/bin/bash
# Checks a bill of materials against CycloneDX's schema: tests/sbom/check.sh FILE. Prints what is wrong, and ends with 1 if anything is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec node "$here/check.js" "$("$here/../npm-packages.sh" "$here" --omit=optional)" "$1"
