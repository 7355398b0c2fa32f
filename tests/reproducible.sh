#!/bin/bash
# Builds the program, the archive and the package of the commit that is checked out twice, in two directories, and compares them byte by byte. Ends with 1 if they
# differ, and says where.
#
#   tests/reproducible.sh DIRECTORY     which is made, and has both checkouts afterwards
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)

# Of other lengths, and below other directories.
checkouts=("$work/one" "$work/another/directory/with a longer name")
for checkout in "${checkouts[@]}"; do
  git clone -q "$root" "$checkout"
  make -s -C "$checkout" native
  "$checkout/deploy/package.sh" --output "$checkout/artifacts/package" tar deb >/dev/null
done

differs=0
cd "${checkouts[0]}/artifacts"
for file in native/memsnoop package/*; do
  if cmp "$file" "${checkouts[1]}/artifacts/$file"; then
    printf '%s  %s\n' "$(sha256sum <"$file" | cut -c1-64)" "$file"
  else
    differs=1
  fi
done
exit $differs
