# What check says of four hosts: the bitmap alone, the bitmap beside generations, DAMON at work, no bitmap, nothing at all.
check_as() { memsnoop check --json >"$RESULTS/$1.json" 2>"$RESULTS/$1.err" || true; }
echo n >/sys/kernel/mm/lru_gen/enabled
check_as bitmap
echo y >/sys/kernel/mm/lru_gen/enabled
check_as generations
damon_on default $$ >/dev/null
check_as damon
damon_off
unshare -m sh -c 'mount -t tmpfs tmpfs /sys/kernel/mm/page_idle && memsnoop check --json' >"$RESULTS/no-bitmap.json" 2>"$RESULTS/no-bitmap.err" || true
# A kernel without CONFIG_PROC_PAGE_MONITOR: its files of a process are not there.
mkdir -p /tmp/proc/self
for entry in /proc/*; do
  [ "$entry" = /proc/self ] || ln -s "$entry" "/tmp/proc/${entry#/proc/}"
done
unshare -m sh -c 'mount -t tmpfs tmpfs /sys/kernel/mm && memsnoop check --json --procfs /tmp/proc' >"$RESULTS/nothing.json" 2>"$RESULTS/nothing.err" || true
rm -rf /tmp/proc
# debugfs is there and is not: a mount of our own, which is gone with us.
mount | grep debugfs >"$RESULTS/debugfs-before.txt" || true
umount /sys/kernel/debug
check_as unmounted
mount | grep debugfs >"$RESULTS/debugfs-unmounted.txt" || true
