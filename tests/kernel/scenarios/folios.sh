# Large folios of the page cache: of a mapped file of 30 MB every 32nd page is read once. Idle bits are of folios.
start target cases
tell target "map 0 30 file /disk/data"
echo 1 >/proc/sys/vm/drop_caches
tell target "free 0"
tell target "map 0 30 file /disk/data"
exporter --pid "$(field target pid)" --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 2s --idle-ages 0s,2s,4s
watch passes
wait_for 60 has_working_set "$(field target pid)"
await_passes 2
tell target "skim 0 32"
await_passes 2
end_exporter
finish passes
finish target
