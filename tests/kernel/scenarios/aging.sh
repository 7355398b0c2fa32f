# The multi-generational LRU: on and idle, and aging in the middle of windows, as the kernel does under pressure and the debugfs command at will.
# Four processes touch 40 MB of 60, or of 200: one once in a window and one again and again, each in a control group that ages; one elsewhere, again
# and again; and one in a group of which the kernel is told to reclaim memory.
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
group=/sys/fs/cgroup/aged
warm=/sys/fs/cgroup/warm
reclaimed=/sys/fs/cgroup/reclaimed
mkdir -p $group $warm $reclaimed
swap_on 100M
start elsewhere cases
start_in $group once
start_in $warm hot
start_in $reclaimed reclaimed
for name in once elsewhere reclaimed; do tell $name "map 0 60 anon"; done
tell hot "map 0 200 anon"
tell hot "keep 0 0 40"
tell elsewhere "keep 0 0 40"
echo 1 >/proc/sys/vm/drop_caches

# age: one aging pass over both control groups, on each node.
age() {
  awk '$1 == "memcg" { inside = $3 == "/aged" || $3 == "/warm"; id = $2 } inside && $1 == "node" { node = $2 }
    inside && $1 ~ /^[0-9]+$/ { highest[id " " node] = $1 } END { for (each in highest) print "+", each, highest[each], 1, 1 }' /sys/kernel/debug/lru_gen >/tmp/age
  while read -r age_command; do echo "$age_command" >/sys/kernel/debug/lru_gen; done </tmp/age
}

exporter --name '^cases$' --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 500ms --idle-ages 0s,1s,2s,3s,4s,6s,8s
wait_for 60 has_working_set "$(field once pid)"
watch idle
# Forty whole windows with nothing that disturbs, and some more: two passes between two scrapes are seen as one window.
await_passes 45
finish idle
end_exporter

# The second exporter starts while debugfs is not mounted. It has to see the generations all the same, and nobody else may see a mount of its own.
umount /sys/kernel/debug
exporter --name '^cases$' --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 2s --idle-ages 0s,2s,4s,6s,8s
watch passes
wait_for 60 has_working_set "$(field once pid)"
await_passes 1
grep debugfs /proc/mounts >"$RESULTS/debugfs.txt" || true
mount -t debugfs debugfs /sys/kernel/debug
for round in 1 2 3 4 5 6; do
  await_passes 1
  tell once "touch 0 0 40"
  aging_before=$(generations $group)
  age
  echo "{\"round\":$round,\"ms\":$(now_ms),\"before\":$aging_before,\"after\":$(generations $group)}" >>"$RESULTS/aging.json"
  # Every other window nothing happens in.
  await_passes 1
done
# The kernel takes 5 MB of what one has, who touched 40 just before.
for round in 1 2; do
  await_passes 1
  tell reclaimed "touch 0 0 40"
  echo 5M >$reclaimed/memory.reclaim || true
  await_passes 1
done
await_passes 1
end_exporter
finish passes
for name in once hot elsewhere reclaimed; do finish $name; done
swap_off
