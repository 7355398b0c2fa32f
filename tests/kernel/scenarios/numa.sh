# NUMA balancing, which unmaps pages to see who uses them: 20 of 30 MB touched again and again, and once in a window.
echo 1 >/proc/sys/kernel/numa_balancing
balancing=/sys/kernel/debug/sched/numa_balancing
for file in scan_delay_ms scan_period_min_ms; do cat $balancing/$file >/tmp/numa-$file; echo 100 >$balancing/$file; done
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
group=/sys/fs/cgroup/balanced
mkdir -p $group
for name in hot once; do
  start $name sh -c "echo \$\$ >$group/cgroup.procs; exec /programs/cases"
  tell $name "map 0 30 anon;migrate 0 1"
done
tell hot "keep 0 0 20"
echo 1 >/proc/sys/vm/drop_caches
exporter --name '^cases$' --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 2s --idle-ages 0s,2s,4s,6s,8s
watch passes
wait_for 60 has_working_set "$(field hot pid)"
memsnoop check --json >"$RESULTS/check.json" || true
for round in 1 2 3 4; do
  await_passes 1
  tell once "touch 0 0 20"
done
await_passes 1
grep '^numa' $group/memory.stat >"$RESULTS/numa.txt" || true
end_exporter
finish passes
finish hot
finish once
for file in scan_delay_ms scan_period_min_ms; do cat /tmp/numa-$file >$balancing/$file; done
