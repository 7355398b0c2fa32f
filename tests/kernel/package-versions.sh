#!/bin/bash
# package-versions.sh PROGRAM DIRECTORY: makes the exporter's Debian package, first.deb, and one to upgrade to, later.deb: a higher version, whose
# program ends with the word "later" and whose memsnoop.json differs.
set -euo pipefail
umask 022
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "$1") directory=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/../../deploy/package.sh" --program "$program" --output "$work/made" deb >&2
mkdir -p "$directory"
mv "$work"/made/memsnoop_*.deb "$directory/first.deb"

tree=$work/later
dpkg-deb -R "$directory/first.deb" "$tree"
sed -i 's/^Version: .*/&+later/' "$tree/DEBIAN/control"
printf later >>"$tree/usr/bin/memsnoop"
echo '// This line is of a later version.' >>"$tree/etc/memsnoop/memsnoop.json"
(cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
# Not compressed: it saves seconds here and in the emulator.
dpkg-deb --root-owner-group -Znone --build "$tree" "$directory/later.deb" >/dev/null
