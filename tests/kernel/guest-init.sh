#!/bin/busybox sh
# The guest's first process: mounts what the programs under test expect, runs the scenarios in order, powers off.
/bin/busybox --install -s /bin
export PATH=/programs:/bin:/app HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/shm
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ifconfig lo 127.0.0.1 up
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 results /results || poweroff -f
if [ -b /dev/vda ]; then
  filesystem=$(sed -n 's/.*\bfilesystem=\([a-z0-9]*\).*/\1/p' /proc/cmdline)
  mount -t "$filesystem" /dev/vda /disk || poweroff -f
fi
# Time enough for programs that dump their diagnostics; a core file would fill the memory under test.
ulimit -c 0

thp=/sys/kernel/mm/transparent_hugepage
thp_mode=$(sed 's/.*\[\(.*\)\].*/\1/' $thp/enabled)
map_count=$(cat /proc/sys/vm/max_map_count)
# Each scenario finds the machine as the first one did.
put_back() {
  echo 0 >/proc/sys/vm/nr_hugepages
  echo "$thp_mode" >$thp/enabled
  echo never >$thp/hugepages-64kB/enabled
  echo "$map_count" >/proc/sys/vm/max_map_count
  echo 10000 >$thp/khugepaged/scan_sleep_millisecs
  echo 0 >/sys/kernel/mm/ksm/run
  echo 7 >/sys/kernel/mm/lru_gen/enabled
  ! grep -q zram0 /proc/swaps || swapoff /dev/zram0
  [ ! -e /sys/block/zram0/reset ] || echo 1 >/sys/block/zram0/reset
  echo 0 >/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds
  echo 2 >/proc/sys/kernel/randomize_va_space
  rm -f /run/memsnoop/ages
  # A scenario that wants NUMA balancing, which takes accessed bits, switches it on.
  echo 0 >/proc/sys/kernel/numa_balancing
  # With debugfs=off there is none to be mounted.
  grep -q ' /sys/kernel/debug ' /proc/mounts || mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
  rm -rf /tmp/* /disk/data
}

put_back
while read -r name; do
  echo "== $name, $(cut -d' ' -f1 /proc/uptime) s after the kernel's start"
  export RESULTS=/results/$name
  cd /tmp
  # A group of its own, so that what a scenario forgets does not disturb the next one.
  setsid sh -eu -c '. /scenarios/lib.sh; . "/scenarios/$0.sh"' "$name" >"$RESULTS/output" 2>&1 </dev/null
  ended=$?
  cat "$RESULTS/output"
  echo "== $name ended with $ended, at $(cut -d' ' -f1 /proc/uptime) s"
  stop_left_over() { for pid in $(ps -o pid,comm | awk -v self=$$ '$1 > self && $2 !~ /^(ps|awk)$/ { print $1 }'); do kill -9 "$pid" 2>/dev/null; done; }
  stop_left_over
  put_back
  echo "$ended" >"$RESULTS/status"
done </scenarios/order
sync
poweroff -f
