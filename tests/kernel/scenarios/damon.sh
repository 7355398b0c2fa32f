# DAMON beside the exporter: with its default attributes, and with many regions. 40 of 60 MB are touched once in a window.
# With a random layout the space between libraries and stack is up to 16 GB, and takes most of the regions.
echo 0 >/proc/sys/kernel/randomize_va_space
start target cases
echo 2 >/proc/sys/kernel/randomize_va_space
target=$(field target pid)
tell target "map 0 60 anon"
echo 1 >/proc/sys/vm/drop_caches


exporter --pid "$target" --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 2s --idle-ages 0s,2s,4s,6s,8s,12s
watch passes
wait_for 60 has_working_set "$target"
await_passes 2
for regions in default 2000; do
  damon_on $regions "$target" >>"$RESULTS/state.txt"
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
