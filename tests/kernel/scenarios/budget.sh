# A budget of a quarter of what a full pass takes: whether it is kept, and whether the errors hold the truth. Processor time here is a number of instructions.
# Where memory is mapped is not random here, so that the same units are chosen in each boot.
echo 0 >/proc/sys/kernel/randomize_va_space
echo 0 >/sys/kernel/mm/lru_gen/enabled
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/docker
echo +memory >/sys/fs/cgroup/docker/cgroup.subtree_control
container=$(container budget)
mkdir "$container"
echo "$container" | sed 's/.*\///' >"$RESULTS/container.txt"
memory=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) / 1024))
resident=$((memory * 6 / 10))
hot=$((resident * 3 / 10))
start_seconds=$((60 + memory / 20))

# The container has the large process, with small pages, and one with huge pages.
echo "#!/bin/sh
echo \$\$ >'$container/cgroup.procs'
exec /programs/touch \"\$@\"" >/tmp/touch-in-container
chmod +x /tmp/touch-in-container
start large /tmp/touch-in-container --resident "$resident" --hot "$hot" --huge never --sleep-us 2000000
start huge /tmp/touch-in-container --resident 256 --hot 64 --huge always --sleep-us 2000000
start small touch --resident 20 --hot 8 --huge never --sleep-us 2000000
for process in large huge small; do field $process pid >"$RESULTS/$process-pid.txt"; done

# A full pass takes about a quarter of a core, however large the guest is.
interval=$(((memory + 511) / 512))
measured="--pid $(field large pid) --pid $(field huge pid) --pid $(field small pid) --no-children --container-labels --collector.disable-defaults --collector.working-set --collector.container-memory"

pass_number() { series memsnoop_measurement_duration_seconds 'measurement="working-set"'; }
has_passed() { [ "$(pass_number)" != "$passes_last" ]; }
# windows NAME N: the metrics after each of the next passes.
windows() {
  for windows_left in $(seq "$2"); do
    passes_last=$(pass_number)
    # A scrape takes its time in this guest: not too often.
    until has_passed; do usleep 1500000; done
    scrape >"$RESULTS/$1-$windows_left.txt"
  done
}

exporter $measured --working-set-interval ${interval}s --idle-ages 0,$((interval * 5))s
windows full 6
full=$(series memsnoop_measurement_cpu_seconds 'measurement="working-set"')
end_exporter

budget=$(awk -v cpu="$full" -v interval=$interval 'BEGIN { printf "%.4f", 100 * cpu / interval / 4 }')
echo "$budget" >"$RESULTS/budget.txt"
exporter $measured --working-set-interval ${interval}s --idle-ages 0,$((interval * 5))s --cpu-budget "$budget%"
windows settling 16
windows share 6

# The next one goes on with the ages of the share, and with the share.
leave_exporter
exporter $measured --working-set-interval ${interval}s --idle-ages 0,$((interval * 5))s --cpu-budget "$budget%"
windows restarted 1
end_exporter

# With next to nothing there is no number, and it is said what it would take.
exporter $measured --working-set-interval 1s --idle-ages 0,$((interval * 5))s --cpu-budget 0.001%
windows nothing 6
end_exporter
for process in large huge small; do finish $process; done
