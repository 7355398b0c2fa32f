# What is charged to a container, of every kind, whoever maps it or nobody: the kinds of memory of the container, a neighbour that shares its file,
# and what memory.current says. Then the multi-generational LRU, with which reads leave no trace; the end of a container; a container that is pushed
# against its limit, and one that is killed there; and no kpagecgroup.
# What a scrape tells is compared with files that are read right after it. A fast machine scrapes twice within the 300 ms in which one collection serves all.
export MemSnoop__Web__CacheDuration=0s

echo 0 >/sys/kernel/mm/lru_gen/enabled
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/docker
echo +memory >/sys/fs/cgroup/docker/cgroup.subtree_control
container=$(container charged)
neighbour=$(container neighbour)
mkdir -p "$container" "$neighbour"

# A limit above all containers, which holds for those that have no lower one of their own.
echo 1G >/sys/fs/cgroup/docker/memory.max
echo 1000M >/sys/fs/cgroup/docker/memory.high

# As some runtimes do, the container has groups of its own.
echo +memory >"$container/cgroup.subtree_control"
mkdir "$container/main" "$container/side"

# in_group GROUP COMMAND: a line of shell in a control group.
in_group() { sh -c "echo \$\$ >'$1/cgroup.procs'; $2"; }

# The first to use a page of a file is charged for it, so nothing of the files may be in the cache.
mkdir -p /disk/data
dd if=/dev/zero of=/disk/data/mapped bs=1M count=60 2>/dev/null
dd if=/dev/zero of=/disk/data/read bs=1M count=80 2>/dev/null
dd if=/dev/zero of=/disk/data/pushed bs=1M count=60 2>/dev/null
sync
echo 3 >/proc/sys/vm/drop_caches

start_in "$container/main" main
tell main "map 0 100 anon; map 1 60 file /disk/data/mapped; keep 0 0 40; keep 1 0 12"
start_in "$container/side" side
tell side "map 1 60 file /disk/data/mapped; map 2 10 anon"
start_in "$neighbour" beside
tell beside "map 0 30 anon; map 1 60 file /disk/data/mapped; keep 0 0 5; keep 1 12 8"
in_group "$container/side" "dd if=/disk/data/read of=/dev/null bs=1M 2>/dev/null"
in_group "$container/side" "dd if=/dev/zero of=/dev/shm/charged bs=1M count=50 2>/dev/null"
again="while :; do dd if=/disk/data/read of=/dev/null bs=1M count=30 2>/dev/null; dd if=/dev/shm/charged of=/dev/null bs=1M count=10 2>/dev/null; usleep 100000; done"
in_group "$container/side" "$again" &
reader=$!

echo "$container" | sed 's/.*\///' >"$RESULTS/container.txt"
echo "$neighbour" | sed 's/.*\///' >"$RESULTS/neighbour.txt"
exporter --all --container-labels --interval 0s --working-set-interval 2s --idle-ages 0,2s,6s

duration() { series memsnoop_measurement_duration_seconds '"working-set"'; }
has_passed() { [ "$(duration)" != "$last_duration" ]; }
# passes N: waits for so many more.
passes() {
  for passes_left in $(seq "$1"); do
    last_duration=$(duration)
    wait_for 60 has_passed
  done
}

passes 6
for window in 1 2 3; do
  passes 1
  scrape >"$RESULTS/window-$window.txt"
  cat "$container/memory.current" >"$RESULTS/current-$window.txt"
  cat "$container/memory.stat" >"$RESULTS/stat-$window.txt"
done
memsnoop containers --json >"$RESULTS/asked.json"

# Reads leave no trace from now on, and then they do again.
echo 7 >/sys/kernel/mm/lru_gen/enabled
passes 3
scrape >"$RESULTS/generations.txt"
echo 0 >/sys/kernel/mm/lru_gen/enabled
passes 3
scrape >"$RESULTS/classic.txt"

finish beside
is_empty() { ! grep -q 'populated 1' "$neighbour/cgroup.events"; }
wait_for 30 is_empty
rmdir "$neighbour"
passes 2
scrape >"$RESULTS/ended.txt"

# Anonymous memory and a file, each larger than the limit, again and again: what is evicted comes back.
swap_on 256M
pushed=$(container pushed)
mkdir "$pushed"
echo 40M >"$pushed/memory.max"
echo "$pushed" | sed 's/.*\///' >"$RESULTS/pushed.txt"
start_in "$pushed" pushed
tell pushed "map 0 5 anon"
scrape >"$RESULTS/before.txt"
tell pushed "map 1 60 anon"
for round in 1 2 3; do
  tell pushed "touch 1 0 60"
  in_group "$pushed" "dd if=/disk/data/pushed of=/dev/null bs=1M 2>/dev/null"
done
scrape >"$RESULTS/pushed-metrics.txt"
for file in current swap.current stat events pressure; do
  cat "$pushed/memory.$file" >"$RESULTS/pushed-$file.txt"
done

# A tmpfs file that is larger than the limit, without swap.
killed=$(container killed)
mkdir "$killed"
echo 20M >"$killed/memory.max"
echo 0 >"$killed/memory.swap.max"
echo "$killed" | sed 's/.*\///' >"$RESULTS/killed.txt"
in_group "$killed" "dd if=/dev/zero of=/dev/shm/killed bs=1M count=40 2>/dev/null" || true
scrape >"$RESULTS/killed-metrics.txt"
cat "$killed/memory.events" >"$RESULTS/killed-events.txt"
rm -f /dev/shm/killed
rmdir "$killed"
finish pushed
swap_off
end_exporter
mv "$RESULTS/exporter.log" "$RESULTS/log.txt"

# A file that is empty in place of the kernel's: all else is measured as before.
: >/tmp/empty
mount -o bind /tmp/empty /proc/kpagecgroup
exporter --all --container-labels --interval 0s --working-set-interval 2s --idle-ages 0,2s,6s
passes 4
scrape >"$RESULTS/hidden.txt"
end_exporter
memsnoop containers 1 --json >"$RESULTS/without.json" 2>"$RESULTS/without.txt"
umount /proc/kpagecgroup

# Without an exporter, one window.
memsnoop containers 3 --json >"$RESULTS/own.json"
memsnoop containers >"$RESULTS/table.txt" 2>"$RESULTS/table-error.txt"

kill "$reader"
finish main
finish side
rm -f /dev/shm/charged
