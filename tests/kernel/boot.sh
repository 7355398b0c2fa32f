#!/bin/bash
# Boots the lab's kernel in QEMU and runs scenarios inside, one after the other. Exit status: that of the first scenario that failed,
# 124 when the deadline passed, 125 when the guest died or never came to the end. The console is shown for anything but success.
#
#   boot.sh --results DIR [--app FILE] [--programs DIR]... [--memory MB] [--append "KERNEL ARGUMENTS"] [--deadline SECONDS]
#           [--disk MB [--filesystem ext4|xfs]] [--kernel IMAGE] [--count-instructions]
#           [--root memory|debian] [--packages DIR] [--arch x86_64|arm64] SCENARIO.sh...
#
# --app       the exporter, one native binary, in the guest as /app/memsnoop
# --programs  workloads and other programs, in the guest on the PATH
# --root      memory: busybox, in memory. debian: a Debian whose init is systemd, see debian-root.sh; the guest writes to a copy
# --packages  Debian packages, in the guest in /packages; for the root debian
# --arch      arm64: another machine with a kernel, a shell, libraries and programs of its own (build-kernel-arm64.sh); without disks
# --count-instructions  one processor, and a clock of its instructions, 2 ns each: for costs, since times depend on what else the host does
# --disk      a fresh disk, in the guest at /disk: file-backed pages need a file system that is not in memory
#
# Each scenario NAME.sh finds its own directory in $RESULTS; what it writes there is in DIR/NAME on the host, with its output in
# DIR/NAME/output and its exit status in DIR/NAME/status. The console is in DIR/console.log.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin   # the makers of file systems are there

here=$(cd "$(dirname "$0")" && pwd)
results='' app='' memory=2048 append='' deadline=300 disk=0 filesystem=ext4 kernel='' count_instructions='' system=memory packages='' arch=x86_64
programs=() scenarios=()

wrong() { echo "boot: $*" >&2; exit 2; }

while [ $# -gt 0 ]; do
  case $1 in
    --count-instructions) count_instructions=yes; shift; continue ;;
    --*) [ $# -ge 2 ] || wrong "$1 wants a value" ;;&
    --results) results=$2; shift 2 ;;
    --app) app=$2; shift 2 ;;
    --programs) programs+=("$2"); shift 2 ;;
    --memory) memory=$2; shift 2 ;;
    --append) append=$2; shift 2 ;;
    --deadline) deadline=$2; shift 2 ;;
    --disk) disk=$2; shift 2 ;;
    --filesystem) filesystem=$2; shift 2 ;;
    --kernel) kernel=$2; shift 2 ;;
    --root) system=$2; shift 2 ;;
    --packages) packages=$2; shift 2 ;;
    --arch) arch=$2; shift 2 ;;
    --*) wrong "unknown option $1" ;;
    *) scenarios+=("$1"); shift ;;
  esac
done
[ -n "$results" ] || wrong "--results DIR is needed"
[ ${#scenarios[@]} -gt 0 ] || wrong "name at least one scenario"
case $system in
  memory) [ -z "$packages" ] || wrong "--packages is for --root debian" ;;
  debian) [ "$disk" -eq 0 ] || wrong "--disk is for --root memory: the root debian is on a disk itself" ;;
  *) wrong "--root is memory or debian" ;;
esac
case $arch in
  x86_64)
    machine=(qemu-system-x86_64 -M q35) console=ttyS0 build_kernel=build-kernel.sh
    # On a busy host the emulator's timer can be too late for the kernel's test of it, which then panics.
    append="no_timer_check $append"
    shell=$(command -v busybox) || wrong "busybox is missing: tests/install.sh installs what the lab needs"
    ;;
  arm64)
    [ $system = memory ] && [ "$disk" -eq 0 ] || wrong "--arch arm64 has neither disks nor --root debian"
    machine=(qemu-system-aarch64 -M virt) console=ttyAMA0 build_kernel=build-kernel-arm64.sh
    shell=$("$here/busybox-arm64.sh")
    ;;
  *) wrong "--arch is x86_64 or arm64" ;;
esac
for tool in "${machine[0]}" cpio; do
  command -v "$tool" >/dev/null || wrong "$tool is missing: tests/install.sh installs what the lab needs"
done
[ -n "$kernel" ] || kernel=$("$here/$build_kernel")
[ $system = memory ] || image=$("$here/debian-root.sh")

mkdir -p "$results"
results=$(cd "$results" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# The libraries a directory's programs and libraries ask for, asked of the dynamic linker rather than listed. Debian has its own.
copy_libraries() {
  [ $system = memory ] || return 0
  if [ $arch = arm64 ]; then
    # This machine's linker cannot ask its programs: what Debian's cross compiler links with is all there is.
    mkdir -p "$root/lib"
    cp -L /usr/aarch64-linux-gnu/lib/{ld-linux-aarch64.so.1,libc.so.6,libm.so.6,libdl.so.2,libpthread.so.0,librt.so.1,libgcc_s.so.1} "$root/lib/"
    return 0
  fi
  # ldd fails for files that are no dynamic programs, of which a directory may well have some.
  { find "$1" -type f \( -perm -u+x -o -name '*.so' \) -exec ldd {} + 2>/dev/null || true; } |
    awk -v own="$1/" '{ path = $2 == "=>" ? $3 : $1 } path ~ /^\// && path !~ /:$/ && index(path, own) != 1 { print path }' | sort -u |
    while read -r library; do
      mkdir -p "$root$(dirname "$library")"
      cp -L "$library" "$root$library"
    done
}

mkdir -p "$root"/{bin,results,scenarios,programs}
cp -L "$shell" "$root/bin/busybox"
case $system in
  memory)
    mkdir -p "$root"/{proc,sys,dev,tmp,etc,disk}
    cp "$here/guest-init.sh" "$root/init"
    echo 'root:x:0:0:root:/tmp:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    echo '127.0.0.1 localhost' >"$root/etc/hosts"
    ;;
  debian)
    cp "$here/guest-debian.sh" "$root/init"
    [ -z "$packages" ] || cp -rL "$packages" "$root/packages"
    ;;
esac
cp "$here/scenarios/lib.sh" "$root/scenarios/lib.sh"
for directory in ${programs[@]+"${programs[@]}"}; do
  cp -L "$directory"/* "$root/programs/"
done
copy_libraries "$root/programs"
if [ -n "$app" ]; then
  mkdir "$root/app"
  cp -L "$app" "$root/app/memsnoop"
  copy_libraries "$root/app"
  # .NET opens it by its name, for passwords.
  if [ $system = memory ] && [ $arch = x86_64 ]; then
    mkdir -p "$root/usr/lib/x86_64-linux-gnu"
    cp -L /usr/lib/x86_64-linux-gnu/lib{ssl,crypto}.so.3 "$root/usr/lib/x86_64-linux-gnu/"
  fi
fi
for scenario in "${scenarios[@]}"; do
  name=$(basename "$scenario" .sh)
  cp "$scenario" "$root/scenarios/$name.sh"
  echo "$name" >>"$root/scenarios/order"
  # Results of an earlier boot must not pass for this one's.
  rm -rf "${results:?}/$name"
  mkdir "$results/$name"
done
case $system in
  memory)
    # Not compressed: unpacking costs more in the emulator than the bytes do.
    (cd "$root" && find . | cpio --quiet -o -H newc) >"$work/initrd"
    rm -rf "$root"
    start=(-initrd "$work/initrd")
    ;;
  debian)
    start=(-virtfs "local,path=$root,mount_tag=lab,security_model=none,readonly=on"
      -drive "file=$image,format=raw,if=virtio,snapshot=on,cache=unsafe")
    append="root=/dev/vda rw init=/lib/systemd/systemd systemd.show_status=no $append"
    ;;
esac

# Counting instructions, the emulator's clock does not go on while its host does other things; only one processor can be counted.
processors=(-accel tcg,thread=multi -smp 2)
[ -z "$count_instructions" ] || processors=(-accel tcg,thread=single -icount shift=1,sleep=on -smp 1)

drive=()
if [ "$disk" -gt 0 ]; then
  truncate -s "${disk}M" "$work/disk"
  case $filesystem in
    ext4) mke2fs -q -t ext4 -F "$work/disk" ;;
    xfs) mkfs.xfs -q "$work/disk" ;;
    *) wrong "--filesystem is ext4 or xfs" ;;
  esac
  drive=(-drive "file=$work/disk,format=raw,if=virtio,cache=unsafe")
fi

# No reboot and panic=-1: a panic ends QEMU at once. oops=panic: a bug that the kernel would survive is a failure all the same.
status=0
timeout --kill-after=5 "$deadline" "${machine[@]}" "${processors[@]}" -cpu max -m "$memory" \
  -display none -monitor none -serial "file:$results/console.log" -no-reboot -nodefaults \
  -virtfs "local,path=$results,mount_tag=results,security_model=none" "${drive[@]}" \
  -kernel "$kernel" "${start[@]}" \
  -append "console=$console panic=-1 oops=panic quiet filesystem=$filesystem $append" </dev/null >"$results/qemu.log" 2>&1 || status=$?

show() {
  echo "boot: $1; the console said:" >&2
  tail -n 200 "$results/console.log" >&2 || true
  cat "$results/qemu.log" >&2
}

if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
  show "not done after $deadline s"
  exit 124
fi
for scenario in "${scenarios[@]}"; do
  name=$(basename "$scenario" .sh)
  if [ ! -s "$results/$name/status" ]; then
    show "the guest ended before scenario $name did (QEMU's status: $status)"
    exit 125
  fi
  ended=$(cat "$results/$name/status")
  if [ "$ended" -ne 0 ]; then
    show "scenario $name failed with status $ended"
    exit "$ended"
  fi
done
