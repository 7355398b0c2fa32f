# Memory pressure of two kinds: a control group at its limit, and the whole host short of memory. In both, one program keeps touching half of
# its memory while another fills and streams more than there is, so that the kernel reclaims and ages; swap is a compressed disk in memory.
# generations.json has the highest generation of the group, over and over, with the time.
[ ! -f /sys/kernel/debug/sched/features ] || echo 0 >/proc/sys/kernel/numa_balancing 2>/dev/null || true
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
limited=/sys/fs/cgroup/limited
mkdir -p $limited
echo 400M >/sys/block/zram0/disksize
mkswap /dev/zram0 >/dev/null
swapon /dev/zram0

in_group() {
  in_group_name=$1
  start "$in_group_name" sh -c "echo \$\$ >$limited/cgroup.procs; exec /programs/cases"
}
# Generations are not to be seen without debugfs; then what was reclaimed tells that there was pressure.
note() {
  while :; do
    if [ -f /sys/kernel/debug/lru_gen ]; then
      note_root=$(generations /) note_group=$(generations $limited)
    else
      note_root=0 note_group=0
    fi
    echo "{\"ms\":$(now_ms),\"root\":$note_root,\"limited\":$note_group,\"scanned\":$(awk '/^pgscan /{ print $2 }' $limited/memory.stat),\"swapped_kb\":$(awk '/zram/{ print $4 }' /proc/swaps)}" >>"$RESULTS/generations.json"
    usleep 300000
  done
}

watch_pressure() {
  watch "$1"
  wait_for 60 has_working_set "$(field hot pid)"
  await_passes "$2"
  finish "$1"
}

for name in hot cold; do in_group $name; done
start outside cases
tell hot "map 0 60 anon;keep 0 0 30"
tell cold "map 0 30 anon"
tell outside "map 0 30 anon;keep 0 0 15"
echo 1 >/proc/sys/vm/drop_caches
exporter --name '^cases$' --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval "${PRESSURE_WINDOW:-1s}" --idle-ages 0s,2s,4s,6s,8s
note &
note_pid=$!
watch_pressure quiet 12

# The group at its limit: a neighbour in it goes through more than it may hold.
echo 130M >$limited/memory.max
in_group neighbour
order neighbour "map 0 100 anon;sweep 0 60"
obeyed neighbour
watch_pressure limited "${PRESSURE_WINDOWS:-20}"
cp $limited/memory.events "$RESULTS/limited-events.txt"
finish neighbour
echo max >$limited/memory.max

# The host: somebody outside goes through more than is free.
start hog cases
free_mb=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
order hog "map 0 $((free_mb + 60)) anon;sweep 0 60"
obeyed hog
watch_pressure host "${PRESSURE_WINDOWS:-20}"
finish hog
kill $note_pid
scrape >"$RESULTS/last.txt"
end_exporter
for name in hot cold outside; do finish $name; done
swapoff /dev/zram0
