# What the kernel has for scenarios to use beside the bitmap; one line a feature that works.
works() { echo "$1" >>"$RESULTS/works.txt"; }

nodes=$(ls -d /sys/devices/system/node/node[0-9]* | wc -l)
[ "$nodes" -eq 2 ] && works numa
[ -f /proc/sys/kernel/numa_balancing ] && works numa-balancing
[ "$(cat /sys/kernel/mm/lru_gen/enabled)" != 0x0000 ] && [ -f /sys/kernel/debug/lru_gen ] && works mglru
[ -d /sys/kernel/mm/damon/admin ] && works damon
[ -f /sys/kernel/mm/ksm/run ] && works ksm
grep -qw fuse /proc/filesystems && works fuse
grep -q '^some ' /proc/pressure/memory && works psi
[ -d /sys/kernel/mm/transparent_hugepage/hugepages-64kB ] && works large-folios

echo +memory +pids >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/lab
sh -c 'echo $$ >/sys/fs/cgroup/lab/cgroup.procs; exec sleep 1000' &
in_cgroup() { [ "$(cat /sys/fs/cgroup/lab/pids.current)" -eq 1 ] && [ "$(cat /sys/fs/cgroup/lab/memory.current)" -gt 0 ]; }
wait_for 10 in_cgroup
works cgroup-memory
kill $!
# A signal that comes while huge pages are reserved cuts the reservation short: let the child's end be over.
wait $! || true

echo 4 >/proc/sys/vm/nr_hugepages
[ "$(cat /proc/sys/vm/nr_hugepages)" -eq 4 ] && works hugetlb

echo 64M >/sys/block/zram0/disksize
mkswap /dev/zram0 >/dev/null
swapon /dev/zram0
grep -q zram0 /proc/swaps && works swap

start soft touch --resident 4
echo 1 >"/proc/$(field soft pid)/clear_refs"
grep -q '^Referenced:' "/proc/$(field soft pid)/smaps" && works referenced
finish soft
unshare -p -f true && works pid-namespace
