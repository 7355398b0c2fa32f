# What a pass over the frames of the host costs beside one over page tables, in instructions (2 ns each): by what is charged to a container, and by what a process maps.
echo 0 >/sys/kernel/mm/lru_gen/enabled
root=/sys/fs/cgroup
echo +memory >$root/cgroup.subtree_control
mkdir -p $root/docker
echo +memory >$root/docker/cgroup.subtree_control
container=$(container frames)
mkdir "$container"
sh -c "echo \$\$ >'$container/cgroup.procs'; exec sleep 100000" &
sleeper=$!

# passes NAME OPTION...: CPU seconds of twelve passes, when those that grow buffers are over.
passes() {
  passes_name=$1
  shift
  exporter "$@" --no-children --collector.disable-defaults --collector.working-set --collector.container-memory --working-set-interval 500ms --idle-ages 0,1s
  passes_count=0 passes_last=""
  while [ $passes_count -lt 20 ]; do
    passes_now=$(series memsnoop_measurement_cpu_seconds 'measurement="working-set"')
    if [ "$passes_now" != "$passes_last" ]; then
      [ $passes_count -lt 8 ] || echo "$passes_now" >>"$RESULTS/$passes_name.txt"
      passes_last=$passes_now
      passes_count=$((passes_count + 1))
    fi
    usleep 400000
  done
  scrape >"$RESULTS/$passes_name-metrics.txt"
  end_exporter
}

# The same process is watched in both, so the difference is the pass over the frames: first with next to nothing charged to the container.
passes without --pid $sleeper --no-container-labels
passes empty --pid $sleeper --container-labels
dd if=/dev/zero of=/tmp/nobody bs=1M count=200 2>/dev/null
sh -c "echo \$\$ >'$container/cgroup.procs'; exec dd if=/dev/zero of=/dev/shm/charged bs=1M count=200" 2>/dev/null
passes charged --pid $sleeper --container-labels
rm -f /dev/shm/charged /tmp/nobody
start mapper touch --resident 200 --hot 40 --huge never --sleep-us 100000
passes mapped --pid "$(field mapper pid)" --no-container-labels
finish mapper

# The kernel's part: each file once from its beginning to its end, in pieces as large as memsnoop's.
for file in kpagecgroup kpageflags; do
  from=$(now_ms)
  for number in 1 2 3 4 5; do dd if=/proc/$file of=/dev/null bs=256k 2>/dev/null; done
  echo $((($(now_ms) - from) * 200)) >"$RESULTS/$file-us.txt"
done
dd if=/proc/kpagecgroup bs=256k 2>/dev/null | wc -c >"$RESULTS/bytes.txt"
kill $sleeper
