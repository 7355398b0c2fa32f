#!/bin/bash
# Makes a Debian whose init is systemd, as an image of an ext4 file system, once, and prints the image's path. `boot.sh --root debian` boots copies of it.
# The cache is optional: without it, or after a change of this script, it is made anew, which takes a minute.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../debian-suite.sh"
suite=trixie
# What packages want of a host whose init is systemd. Scenarios have busybox for the rest.
packages=(systemd systemd-sysv)
megabytes=1024   # of the file system; the image has holes
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/root

key=$(sha256sum "$here/debian-root.sh" | cut -c1-16)
image=$cache/$suite-$key.ext4

say() { echo "debian-root: $*" >&2; }

mkdir -p "$cache"
# Two test runs at once must not make it twice.
exec 9>"$cache/lock"
flock 9
if [ -s "$image" ]; then
  echo "$image"
  exit 0
fi
for tool in debootstrap mke2fs; do
  command -v "$tool" >/dev/null || { say "$tool is missing: tests/install.sh installs what the lab needs"; exit 2; }
done

work=$(mktemp -d "$cache/build.XXXXXX")
root=$work/root
end() {
  # debootstrap leaves /proc of its root mounted if it fails.
  umount "$root/proc" "$root/sys" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap end EXIT

started=$SECONDS
mirror=$(debian_mirror)
say "fetching Debian $suite"
log=$cache/$suite-$key.log
debootstrap --variant=minbase --include="$(IFS=,; echo "${packages[*]}")" --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
  "$suite" "$root" "$mirror" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*

# Every boot is the same machine, and not its first start. The resolver's file is the building machine's.
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
echo lab >"$root/etc/hostname"
rm -f "$root/etc/resolv.conf"
touch "$root"/{etc,var}/.updated   # else the first start makes caches of what is there
# The console is the kernel's: nobody logs in, and without udev systemd would wait for the terminal's device.
ln -s /dev/null "$root/etc/systemd/system/serial-getty@.service"
ln -s /dev/null "$root/etc/systemd/system/getty@.service"
# The lab's kernel has no modules, so that this would be a failed unit.
ln -s /dev/null "$root/etc/systemd/system/systemd-modules-load.service"

# What the host wants done is in its directory "lab". The machine goes off when that has ended, however it ends.
cat >"$root/etc/systemd/system/lab.service" <<'UNIT'
[Unit]
Description=The lab's scenarios
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=oneshot
ExecStartPre=/bin/mkdir -p /lab
ExecStartPre=/bin/mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro lab /lab
ExecStart=/bin/sh /lab/init
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console

[Install]
WantedBy=graphical.target
UNIT
ln -s /usr/lib/systemd/system/graphical.target "$root/etc/systemd/system/default.target"
mkdir -p "$root/etc/systemd/system/graphical.target.wants"
ln -s ../lab.service "$root/etc/systemd/system/graphical.target.wants/lab.service"

truncate -s "${megabytes}M" "$work/image"
mke2fs -q -t ext4 -F -d "$root" "$work/image"
mv "$work/image" "$image"
say "made in $((SECONDS - started)) s"
echo "$image"
