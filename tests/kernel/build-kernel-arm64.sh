#!/bin/bash
# Builds the lab's kernel for 64-bit ARM, once, and prints the path of its image: the same source and options as build-kernel.sh, less what is about x86.
# Cross-compiled; for the long tier alone.
#
#     build-kernel-arm64.sh [16|64]    the size of a page in kB; 64 without it
set -euo pipefail

pages=${1:-64}
case $pages in
  16 | 64) ;;
  *) echo "build-kernel-arm64.sh: $pages is no size of a page: expected 16 or 64" >&2; exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../debian-suite.sh"
series=6.12
suite=trixie
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/kernel
export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-

key=$(cat "$here/kernel.config" "$here/kernel-arm64.config" "$here/build-kernel-arm64.sh" | sha256sum | cut -c1-16)
kept=$cache/$series-arm64-${pages}k-$key
image=$kept/Image

say() { echo "build-kernel-arm64: $*" >&2; }

mkdir -p "$cache"
exec 9>"$cache/lock-arm64"
flock 9
if [ -s "$image" ]; then
  echo "$image"
  exit 0
fi

work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
started=$SECONDS
say "fetching linux-source-$series of Debian $suite"
download_from_suite $suite "$work" "linux-source-$series"
dpkg-deb --fsys-tarfile "$work"/linux-source-*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" | tar -xJ -C "$work"
tree=$work/linux-source-$series
log=$cache/$series-arm64-${pages}k-$key.log

# What the architecture does not have. Everything else must take, as there.
grep -vE '_(NUMA_EMU|HYPERVISOR_GUEST|PARAVIRT|SERIAL_8250[A-Z_]*|PROCESSOR_SELECT|CPU_SUP_[A-Z]+|ISA_DMA_API|PCC|ACPI[A-Z_]*|SCHED_MC_PRIO|MEM_SOFT_DIRTY|KERNEL_GZIP)=|INTEL' \
  "$here/kernel.config" >"$work/common.config"
{ cat "$here/kernel-arm64.config"; echo "CONFIG_ARM64_${pages}K_PAGES=y"; } >"$work/arm64.config"
say "building, log in $log"
{
  make -C "$tree" tinyconfig
  (cd "$tree" && scripts/kconfig/merge_config.sh -m .config "$work/common.config" "$work/arm64.config")
  make -C "$tree" olddefconfig
} >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
missing=$(cat "$work/common.config" "$work/arm64.config" | grep '=y$' | grep -v -x -F -f "$tree/.config" || true)
if [ -n "$missing" ]; then
  say "these options did not take:" $missing
  exit 1
fi

make -C "$tree" -j"$(nproc)" Image >>"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
mkdir -p "$kept"
cp "$tree/.config" "$kept/config"
cp "$tree/arch/arm64/boot/Image" "$image.new"
mv "$image.new" "$image"
say "built in $((SECONDS - started)) s"
echo "$image"
