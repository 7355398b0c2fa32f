#!/bin/bash
# Fetches the npm packages that a directory's package-lock.json pins by their hashes, and prints the directory that has them in node_modules. They come from the
# registry that npm is configured for.
#
#   tests/npm-packages.sh DIRECTORY [OPTION...]     options of npm ci
set -euo pipefail

# fetch FROM OPTION... TO
fetch() {
  local from=$1 to=${!#}
  echo "$(basename "$from"): fetching npm packages"
  cp "$from/package.json" "$from/package-lock.json" "$to/"
  # No package of ours needs the scripts it would run.
  exec npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund --loglevel=error "${@:2:$#-2}"
}

if [ "$1" = --fetch ]; then
  shift
  fetch "$@"
fi
from=$(cd "$1" && pwd)
shift
exec "$(dirname "$0")/cached.sh" "npm-$(basename "$from")" "$(sha256sum <"$from/package-lock.json" | cut -c1-16)" "$0" --fetch "$from" "$@"
