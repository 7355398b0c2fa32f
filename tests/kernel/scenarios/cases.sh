# What can make memory look used or unused: a process for each case, all watched by one exporter, all at once. Each has 30 MB, which rest
# for some windows before the case happens to them. The workloads' lines say when; the test knows what is then true. What leaves a trace on the whole
# host, or in the control group that all are in, comes later than what does not: each part has its own window.
echo 10000 >/sys/kernel/mm/ksm/pages_to_scan

all=""
# case NAME LINE: a process that has obeyed the line.
new() {
  start "$1" cases
  order "$1" "$2"
  all="$all $1"
}
new still "map 0 30 anon"
new plain "map 0 30 anon"
new cold "map 0 30 anon"
new free "map 0 30 anon"
new migrated "map 0 30 anon;migrate 0 0"
new touched-migrated "map 0 30 anon;migrate 0 0"
new collapsed "map 0 30 anon"
new touched-collapsed "map 0 30 anon"
new merged "map 0 30 anon"
new merged-read "map 0 30 anon;advise 0 mergeable"
new hole "map 0 20 anon;map 1 30 anon"
new equal "map 0 20 anon;map 1 20 anon"
new down "map 1 30 anon"
new up "map 1 30 anon"
new twin "map 0 30 anon"
new forked "map 0 30 anon"
new peek "map 0 30 anon"
new direct "map 0 30 anon"
new twice "map 0 30 memfd;second 0 0 stay"
new leaderless "map 0 30 anon"
new holes "map 0 30 anon;holes 0"
new khugepaged "map 0 30 anon"
for name in read send second child-reads; do new $name "map 0 20 file /disk/data-$name"; done
new populate "map 0 20 file /disk/data-populate;free 0"
obeyed $all
for name in twin forked; do
  mkdir -p "$(container $name)"
  field $name pid >"$(container $name)/cgroup.procs"
  container $name >"$RESULTS/$name-container.txt"
done
order twin twin
obeyed twin
tell twin "keep 0 0 20"
tell forked "keep 0 0 10"
tell leaderless "keep 0 0 20"
echo 1 >/sys/kernel/mm/ksm/run
merged() { [ "$(cat /sys/kernel/mm/ksm/pages_sharing)" -ge "$1" ]; }
wait_for 60 merged 7600
# Flushes the processors' queues: pages in them are on no reclaim list yet and cannot be idle.
echo 1 >/proc/sys/vm/drop_caches
for name in read send second child-reads; do tell $name "peep 0 0 20"; done

exporter --name '^cases$' --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s --container-labels \
  --working-set-interval 2s --idle-ages 0s,2s,4s,6s,8s,10s,12s,16s,20s,30s
has_ages() { scrape | grep -q "^memsnoop_process_idle_bytes.*age=\"8\""; }
watch passes
wait_for 120 has_ages
await_passes 1

# Touched, and moved two windows later: the age has to move along.
for name in hole equal; do order $name "touch 0 0 20"; done
obeyed hole equal
await_passes 2

order plain "touch 0 0 20"
order hole "free 1;move 0 1 30"
order equal "free 1;move 0 16;map 2 20 anon;move 2 0"
order down "move 1 0"
order up "move 1 8"
order forked "fork 20"
order twice "touch 0 0 20"
order populate "populate 0 20 /disk/data-populate"
obeyed $all
order leaderless leaderless
await_passes 2

order migrated "migrate 0 1"
order touched-migrated "touch 0 0 20;migrate 0 1"
obeyed $all
await_passes 2

order peek "peek 0 20"
order direct "direct 0 20 /disk/data-populate"
order read "read 0 10"
order send "send 0 10"
order second "second 0 10"
order child-reads "child-reads 0 10"
obeyed $all
await_passes 2

order collapsed "advise 0 huge;advise 0 collapse"
order touched-collapsed "touch 0 0 20;advise 0 huge;advise 0 collapse"
order merged-read "skim 0 256"
order merged "advise 0 mergeable"
obeyed $all
wait_for 60 merged 15200
await_passes 2

order cold "touch 0 0 20;advise 0 cold"
order free "touch 0 0 20;advise 0 free"
obeyed $all
await_passes 2

echo 1 >/proc/sys/vm/compact_memory
await_passes 2
order khugepaged "advise 0 huge"
echo 1000 >/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
collapsed() { [ "$(awk '/^AnonHugePages/ { sum += $2 } END { print sum + 0 }' "/proc/$(field khugepaged pid)/smaps")" -ge 28000 ]; }
wait_for 60 collapsed
await_passes 2
end_exporter
finish passes
for name in $all; do finish "$name"; done
