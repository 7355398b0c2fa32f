# What a reading of the generations costs, in instructions (2 ns each), with 500 control groups that each have a process; and without them.
root=/sys/fs/cgroup
echo +memory >$root/cgroup.subtree_control

# measure NAME: CPU seconds of the last reading, ten times, and what the last one found.
measure() {
  MemSnoop__Web__CacheDuration=0s exporter --pid 1 --no-children --interval 0s --collector.disable-defaults --collector.generations --generations.max-cgroups 1000
  # Buffers grow in the first ones.
  for number in 1 2 3 4 5; do scrape >/dev/null; done
  for number in 1 2 3 4 5 6 7 8 9 10; do series memsnoop_measurement_cpu_seconds 'measurement="generations"' >>"$RESULTS/$1.txt"; done
  scrape >"$RESULTS/$1-metrics.txt"
  wc -c </sys/kernel/debug/lru_gen >"$RESULTS/$1-bytes.txt"
  end_exporter
  echo $((($(twenty /sys/kernel/debug/lru_gen) - $(twenty /dev/null)) * 50)) >"$RESULTS/$1-kernel-us.txt"
}

# twenty FILE: milliseconds for reading it twenty times; there is one processor, and nobody else wants it.
twenty() {
  twenty_from=$(now_ms)
  for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do cat "$1" >/dev/null; done
  echo $(($(now_ms) - twenty_from))
}

measure none
mkdir $root/many
echo +memory >$root/many/cgroup.subtree_control
number=0
while [ $number -lt 500 ]; do
  mkdir "$root/many/group-with-a-name-as-long-as-that-of-a-container-$number"
  sh -c "echo \$\$ >'$root/many/group-with-a-name-as-long-as-that-of-a-container-$number/cgroup.procs'; exec sleep 10000" &
  echo $! >>/tmp/sleepers
  number=$((number + 1))
done
measure many
for pid in $(cat /tmp/sleepers); do kill "$pid"; done
