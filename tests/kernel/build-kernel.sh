#!/bin/bash
# Builds a kernel of the lab, once, and prints the path of its image. No distribution kernel of Debian's has CONFIG_IDLE_PAGE_TRACKING.
# The cache is optional: without it, or after a change of this script or of a configuration, the build takes some minutes.
#
#   build-kernel.sh [SERIES]
#
# kernel-SERIES.config has what a series needs beside kernel.config; its lines "# no CONFIG_X" name what the series does not know.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../debian-suite.sh"
series=${1-6.12}   # the first long-term series with both PAGEMAP_SCAN (6.7) and anonymous folios of any order (6.8)
case $series in    # the Debian release that carries it
  6.1) suite=bookworm ;;
  6.12) suite=trixie ;;
  7.*) suite=sid ;;
  *) echo "build-kernel: $series: expected 6.1, 6.12 or 7.x" >&2; exit 2 ;;
esac
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/kernel

configurations=("$here/kernel.config")
[ ! -e "$here/kernel-$series.config" ] || configurations+=("$here/kernel-$series.config")
key=$(cat "${configurations[@]}" "$here/build-kernel.sh" | sha256sum | cut -c1-16)
kept=$cache/$series-$key
image=$kept/bzImage

say() { echo "build-kernel: $*" >&2; }

mkdir -p "$cache"
# Two test runs at once must not build it twice.
exec 9>"$cache/lock"
flock 9
if [ -s "$image" ]; then
  echo "$image"
  exit 0
fi

work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT

fetch_source() {
  download_from_suite $suite "$work" "linux-source-$series"
  dpkg-deb --field "$work"/linux-source-*.deb Version >"$work/version"
  dpkg-deb --fsys-tarfile "$work"/linux-source-*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" | tar -xJ -C "$work"
}

started=$SECONDS
say "fetching linux-source-$series of Debian $suite"
fetch_source
tree=$work/linux-source-$series
log=$cache/$series-$key.log

say "building $(cat "$work/version"), log in $log"
{
  make -C "$tree" tinyconfig
  (cd "$tree" && scripts/kconfig/merge_config.sh -m .config "${configurations[@]}")
  make -C "$tree" olddefconfig
} >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }

# Kconfig drops, without a word, what it cannot satisfy.
unknown=$(sed -n 's/^# no \(CONFIG_[A-Z0-9_]*\)$/\1=y/p' "${configurations[@]}")
missing=$(grep -h '=y$' "${configurations[@]}" | grep -v -x -F -f "$tree/.config" -e "$unknown" || true)
there=$(sed -n 's/=n$/=y/p' "${configurations[@]}" | grep -x -F -f - "$tree/.config" || true)
if [ -n "$missing$there" ]; then
  say "these options did not take, or are there all the same:" $missing $there
  exit 1
fi

make -C "$tree" -j"$(nproc)" bzImage >>"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }

mkdir -p "$kept"
cp "$work/version" "$kept/version"
cp "$tree/.config" "$kept/config"
cp "$tree/arch/x86/boot/bzImage" "$image.new"
mv "$image.new" "$image"
say "built in $((SECONDS - started)) s"
echo "$image"
