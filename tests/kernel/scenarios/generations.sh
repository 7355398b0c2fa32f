# Memory of a control group by the age of its generations, while somebody else ages it now and then, on a host that has no idle bitmap. 200 MB are anonymous,
# of which 40 are touched again, and 30 are a mapped file.
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
known="/sys/fs/cgroup/known group"
mkdir "$known"
swap_on 300M

# Of this command line alone: without the bitmap there is nothing else that takes accessed bits.
memsnoop() { exec unshare -m sh -c 'mount -t tmpfs tmpfs /sys/kernel/mm/page_idle && exec /app/memsnoop "$@"' memsnoop "$@"; }

# age: one aging pass over the group on each node.
age() {
  age_from=$(now_ms)
  awk '$1 == "memcg" { inside = $3 == "/known"; id = $2 } inside && $1 == "node" { node = $2 }
    inside && $1 ~ /^[0-9]+$/ { highest[id " " node] = $1 } END { for (each in highest) print "+", each, highest[each], 1, 1 }' /sys/kernel/debug/lru_gen >/tmp/age
  while read -r age_command; do echo "$age_command" >/sys/kernel/debug/lru_gen; done </tmp/age
  echo "{\"what\":\"age\",\"from_ms\":$age_from,\"to_ms\":$(now_ms)}" >>"$RESULTS/steps.json"
}

# show NAME: what is published now, and the group's own account.
show() {
  show_from=$(now_ms)
  scrape >"$RESULTS/$1.txt"
  [ ! -d "$known" ] || cat "$known/memory.stat" >"$RESULTS/$1-stat.txt"
  echo "{\"what\":\"$1\",\"from_ms\":$show_from,\"to_ms\":$(now_ms)}" >>"$RESULTS/steps.json"
}

is_past() { [ "$(now_ms)" -ge "$1" ]; }
seconds_pass() { wait_for 60 is_past $(($(now_ms) + $1 * 1000)); }

start_in "$known" known
MemSnoop__Web__CacheDuration=0s exporter --pid 1 --no-children --interval 0s --collector.disable-defaults --collector.generations \
  --idle-ages 0s,1s,2s,3s,4s,6s,8s,10s,15s,20s,30s,1m,2m,5m
tell known "map 0 200 anon;map 1 30 file /disk/data-known"
seconds_pass 2
show before
age
show once
seconds_pass 2
tell known "touch 0 0 40"
age
show twice
seconds_pass 2
age
show thrice
swap_off
show no-swap
echo n >/sys/kernel/mm/lru_gen/enabled
show off
echo y >/sys/kernel/mm/lru_gen/enabled
show on
# Its cache stays, charged to a group that is no more.
finish known
rmdir "$known"
show gone
end_exporter

# As it comes: the better method for processes that is left, and the generations beside it.
exporter --name '^cases$' --working-set-interval 1s
scrape >"$RESULTS/default.txt"
end_exporter
