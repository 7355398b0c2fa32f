# memsnoop has control groups aged itself. A container of 200 MB anonymous memory, of which 40 are used again and again, and a mapped file of 30: first by the
# idle bitmap, beside which nothing is aged; then by agings of memsnoop's, with 20 MB that are used once. What reclaim does to a group that was aged, and to one
# that was not. A group at its limit. A host that has no idle bitmap.
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/docker /sys/fs/cgroup/plain /sys/fs/cgroup/spared /sys/fs/cgroup/limited
echo +memory >/sys/fs/cgroup/docker/cgroup.subtree_control
known=$(container known)
mkdir "$known"
echo "$known" | sed 's/.*\///' >"$RESULTS/container.txt"
swap_on 400M
ages=0s,1s,2s,3s,4s,6s,8s,10s,15s,20s,30s,1m,2m,5m
export MemSnoop__Web__CacheDuration=0s

# step WHAT COMMAND...: runs it, and notes the time before and after.
step() {
  step_what=$1
  step_from=$(now_ms)
  shift
  "$@"
  echo "{\"what\":\"$step_what\",\"from_ms\":$step_from,\"to_ms\":$(now_ms)}" >>"$RESULTS/steps.json"
}

# show NAME GROUP: what is published now, and the group's own account.
show() { step "$1" show_now "$1" "$2"; }
show_now() {
  scrape >"$RESULTS/$1.txt"
  cat "$2/memory.stat" >"$RESULTS/$1-stat.txt"
}

# age GROUP: one aging pass over the group on each node, by somebody else.
age() {
  awk -v path="${1#/sys/fs/cgroup}" '$1 == "memcg" { inside = $3 == path; id = $2 } inside && $1 == "node" { node = $2 }
    inside && $1 ~ /^[0-9]+$/ { highest[id " " node] = $1 } END { for (each in highest) print "+", each, highest[each], 1, 1 }' /sys/kernel/debug/lru_gen >/tmp/age
  while read -r age_command; do echo "$age_command" >/sys/kernel/debug/lru_gen; done </tmp/age
}

is_past() { [ "$(now_ms)" -ge "$1" ]; }
seconds_pass() { wait_for 60 is_past $(($(now_ms) + $1 * 1000)); }
duration() { series memsnoop_measurement_duration_seconds '"working-set"'; }
has_passed() { [ "$(duration)" != "$last_duration" ]; }
# passes N: waits for so many more.
passes() {
  for passes_left in $(seq "$1"); do
    last_duration=$(duration)
    wait_for 60 has_passed
  done
}

# reclaim NAME GROUP: the kernel takes 40 MB of a group that holds 100 and uses 40; what it looked at for that, and what came back within three seconds.
reclaim() {
  cat "$2/memory.stat" >"$RESULTS/$1-before.txt"
  step "$1" reclaim_now "$2"
  seconds_pass 3
  cat "$2/memory.stat" >"$RESULTS/$1-after.txt"
}
reclaim_now() { echo 40M >"$1/memory.reclaim" || true; }

start_in "$known" known
tell known "map 0 200 anon;map 1 30 file /disk/data-known"
tell known "keep 0 0 40"
start_in /sys/fs/cgroup/plain plain
tell plain "map 0 100 anon;keep 0 0 40"

# By the idle bitmap. That it was asked to age as well is refused, as long as it uses the bitmap.
exporter --name '^cases$' --no-children --container-labels --age-generations --age-interval 6s --interval 0s --working-set-interval 2s --idle-ages $ages
passes 4
show bitmap "$known"
# Somebody else ages all the same: use from before a pass of the bitmap is not noticed by an aging after it.
age "$known"
passes 1
tell known "touch 0 100 30"
passes 2
age "$known"
show theft "$known"
end_exporter
cp "$RESULTS/exporter.log" "$RESULTS/bitmap-log.txt"

reclaim plain /sys/fs/cgroup/plain
finish plain

# The agings of memsnoop's: at least one of each group in 6 s.
ager() { exporter --pid 1 --no-children --interval 0s --collector.disable-defaults --collector.generations --age-generations --idle-ages $ages "$@"; }
agings() { series memsnoop_cgroup_agings_total; }
has_generation() { [ "$(generations "$1")" -ge "$2" ]; }
start_in /sys/fs/cgroup/spared spared
tell spared "map 0 100 anon;keep 0 0 40"
ager --age-interval 6s
wait_for 60 has_generation "$known" $(($(generations "$known") + 3))
seconds_pass 6
show settled "$known"
tell known "touch 0 100 20"
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
  seconds_pass 2
  show "touched-$number" "$known"
done

# Who wants the accessed bits meanwhile is told who has them.
target=$(field known pid)
memsnoop wss "$target" 1 >"$RESULTS/wss.txt" 2>"$RESULTS/wss.err" &
waiting=$!
has_said() { [ -s "$RESULTS/wss.err" ]; }
wait_for 60 has_said
kill $waiting
wait $waiting || true
memsnoop check --json >"$RESULTS/waits.json" 2>/dev/null || true
status=0
memsnoop serve --listen 127.0.0.1:9465 --method page_idle >"$RESULTS/second.txt" 2>&1 || status=$?
echo $status >"$RESULTS/second-status.txt"

reclaim spared /sys/fs/cgroup/spared
finish spared
# A group that is removed and made again, and has memory each time.
for number in 1 2 3; do
  mkdir /sys/fs/cgroup/passing
  start_in /sys/fs/cgroup/passing passing
  tell passing "map 0 10 anon"
  seconds_pass 3
  finish passing
  rmdir /sys/fs/cgroup/passing
done
show settled-again "$known"
end_exporter
finish known

# At the limit of its group a neighbour goes through more than it may hold, one program uses four fifths of its memory, and one rests.
limited=/sys/fs/cgroup/limited
for name in hot cold; do start_in $limited $name; done
tell hot "map 0 60 anon;keep 0 0 48"
tell cold "map 0 30 anon"
ager --age-interval 4s
wait_for 60 has_generation $limited 6
show quiet $limited
echo 130M >$limited/memory.max
start_in $limited neighbour
order neighbour "map 0 100 anon;sweep 0 60"
obeyed neighbour
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
  seconds_pass 2
  show "limited-$number" $limited
  awk '/^RssAnon/ { print $2 }' "/proc/$(field hot pid)/status" >"$RESULTS/limited-$number-hot.txt"
done
cp $limited/memory.events "$RESULTS/limited-events.txt"
end_exporter
for name in hot cold neighbour; do finish $name; done

# A host without the bitmap: aging in place of the method for processes, or that method alone.
memsnoop() { exec unshare -m sh -c 'mount -t tmpfs tmpfs /sys/kernel/mm/page_idle && exec /app/memsnoop "$@"' memsnoop "$@"; }
start other cases
tell other "map 0 10 anon"
status=0
(memsnoop check --json --age-generations >"$RESULTS/only.json" 2>/dev/null) || status=$?
echo $status >"$RESULTS/only-status.txt"
exporter --name '^cases$' --no-children --age-generations --age-interval 2s --interval 0s
has_agings() { [ "$(agings)" != "" ] && [ "$(agings)" != 0 ]; }
wait_for 60 has_agings
scrape >"$RESULTS/only.txt"
end_exporter
status=0
(memsnoop serve --listen 127.0.0.1:9465 --age-generations --method referenced >"$RESULTS/both.txt" 2>&1) || status=$?
echo $status >"$RESULTS/both-status.txt"
finish other
swap_off
