#!/bin/bash
# Builds the lab's kernel, once, and prints the path of its image. No distribution kernel of Debian's has CONFIG_IDLE_PAGE_TRACKING.
# The cache is optional: without it, or after a change of this script or of kernel.config, the build takes some minutes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../debian-suite.sh"
series=6.12     # the first long-term series with both PAGEMAP_SCAN (6.7) and anonymous folios of any order (6.8)
suite=trixie    # the Debian release that carries it
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/kernel

key=$(cat "$here/kernel.config" "$here/build-kernel.sh" | sha256sum | cut -c1-16)
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
  (cd "$tree" && scripts/kconfig/merge_config.sh -m .config "$here/kernel.config")
  make -C "$tree" olddefconfig
} >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }

# Kconfig drops, without a word, what it cannot satisfy.
missing=$(grep '=y$' "$here/kernel.config" | grep -v -x -F -f "$tree/.config" || true)
there=$(sed -n 's/=n$/=y/p' "$here/kernel.config" | grep -x -F -f - "$tree/.config" || true)
if [ -n "$missing$there" ]; then
  say "these options of kernel.config did not take, or are there all the same:" $missing $there
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
