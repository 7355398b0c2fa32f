# Nodes for the demonstration (deploy/demo), one after the other. The first has a kernel with the idle bitmap, generations, control groups of version 2 and pressure. Three pods in control groups as the kubelet makes them, whose
# names come from links as the kubelet makes them; then a scrape after each pass for some while, and for some passes more while DAMON is at work. deploy/demo/recorded/README.md says how the recordings are made of it.
#
# store uses 40 of 100 MB of its own and 12 MB of a mapped file of 60, and reads 30 of the 80 MB of a file that it does not map; archive comes back to 20 MB every 12 s; squeezed goes
# through 60 MB again and again, of which its limit leaves it 40.
#
# The second node has one pod, search, which uses 240 of 1,000 MB. A budget of processor time allows memsnoop to measure a part of that.
echo 7 >/sys/kernel/mm/lru_gen/enabled
swap_on 256M
mkdir -p /disk/data /var/log/containers
dd if=/dev/zero of=/disk/data/mapped bs=1M count=60 2>/dev/null
dd if=/dev/zero of=/disk/data/read bs=1M count=80 2>/dev/null
sync
echo 3 >/proc/sys/vm/drop_caches

# pod NAME: sets $group to the control group of its container, which has the pod's name without the number; the ids are those of deploy/demo/fleet.js.
pod() {
  pod_id=$(printf %s "data/$1-0/$1" | sha256sum | cut -d' ' -f1)
  pod_uid=$(echo "$pod_id" | sed 's/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)\(.\{12\}\).*/\1-\2-\3-\4-\5/')
  group=/sys/fs/cgroup
  for pod_part in kubepods burstable "pod$pod_uid" "$pod_id"; do
    echo +memory >$group/cgroup.subtree_control
    group=$group/$pod_part
    mkdir -p "$group"
  done
  ln -s "/var/log/pods/data_$1-0_$pod_uid/$1/0.log" "/var/log/containers/$1-0_data_$1-$pod_id.log"
}

pod store
start_in "$group" store
tell store "map 0 100 anon; map 1 60 file /disk/data/mapped; keep 0 0 40; keep 1 0 12"
sh -c "echo \$\$ >'$group/cgroup.procs'
  dd if=/disk/data/read of=/dev/null bs=1M 2>/dev/null
  while :; do dd if=/disk/data/read of=/dev/null bs=1M count=30 2>/dev/null; usleep 100000; done" &
reader=$!

pod archive
start_in "$group" archive
tell archive "map 0 20 anon; map 1 40 anon"

pod squeezed
echo 40M >"$group/memory.max"
start_in "$group" squeezed
tell squeezed "map 0 60 anon; sweep 0 20"

exporter --namespace data --container-labels --interval 0s --working-set-interval 2s --idle-ages 0s,2s,10s,30s,1m,2m,5m --generations.max-cgroups 4

duration() { series memsnoop_measurement_duration_seconds '"working-set"'; }
has_passed() { [ "$(duration)" != "$last_duration" ]; }
# pass: waits for one, and lets archive come back to its memory every sixth time, as long as it is there.
passed=0
pass() {
  last_duration=$(duration)
  wait_for 60 has_passed
  passed=$((passed + 1))
  [ $((passed % 6)) -ne 0 ] || [ ! -f /tmp/archive.pid ] || tell archive "touch 0 0 20"
}

# Until 30 s of idleness are known, and some more.
for before in $(seq 20); do pass; done
# record DIRECTORY N: so many scrapes, and their times.
record() {
  mkdir "$RESULTS/$1"
  for record_number in $(seq 11 $((10 + $2))); do
    pass
    scrape >"$RESULTS/$1/scrape-$record_number.txt"
    date +%s >>"$RESULTS/$1/seconds.txt"
  done
}
record quiet 24
damon_on default "$(field squeezed pid)" >/dev/null
pass
pass
record disturbed 8
damon_off

end_exporter
kill "$reader"
finish store
finish archive
finish squeezed
swap_off

echo 0 >/sys/kernel/mm/lru_gen/enabled
pod search
echo 2G >"$group/memory.max"
start_seconds=200
start_in "$group" search
tell search "map 0 1000 anon; keep 0 0 240"
exporter --namespace data --container-labels --interval 0s --working-set-interval 4s --idle-ages 0s,2s,10s,30s,1m,2m,5m --cpu-budget 5%
for before in $(seq 16); do pass; done
record sampled 24
end_exporter
finish search
