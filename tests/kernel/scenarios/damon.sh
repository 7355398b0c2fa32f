# DAMON beside the exporter: with its default attributes, and with many regions. 40 of 60 MB are touched once in a window.
admin=/sys/kernel/mm/damon/admin/kdamonds
# With a random layout the space between libraries and stack is up to 16 GB, and takes most of the regions.
echo 0 >/proc/sys/kernel/randomize_va_space
start target cases
echo 2 >/proc/sys/kernel/randomize_va_space
target=$(field target pid)
tell target "map 0 60 anon"
echo 1 >/proc/sys/vm/drop_caches

damon_on() {
  echo 1 >$admin/nr_kdamonds
  echo 1 >$admin/0/contexts/nr_contexts
  context=$admin/0/contexts/0
  echo vaddr >$context/operations
  if [ "$1" != default ]; then
    # The bound that is raised first must not cross the other.
    echo $(($1 * 2)) >$context/monitoring_attrs/nr_regions/max
    echo "$1" >$context/monitoring_attrs/nr_regions/min
  fi
  echo 1 >$context/targets/nr_targets
  echo "$target" >$context/targets/0/pid_target
  echo on >$admin/0/state
  cat $admin/0/state >>"$RESULTS/state.txt"
}
damon_off() {
  echo off >$admin/0/state
  echo 0 >$admin/nr_kdamonds
}

exporter --pid "$target" --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 2s --idle-ages 0s,2s,4s,6s,8s,12s
watch passes
wait_for 60 has_working_set "$target"
await_passes 2
memsnoop check --json >"$RESULTS/check-off.json" || true
for regions in default 2000; do
  damon_on $regions
  [ $regions != default ] || memsnoop check --json >"$RESULTS/check-on.json" || true
  for round in 1 2 3; do
    await_passes 1
    tell target "touch 0 0 40"
    await_passes 1
  done
  damon_off
  now_ms >"$RESULTS/$regions-end.txt"
done
await_passes 3
end_exporter
finish passes
finish target
