# Eight processes that share a segment and have memory of their own, in one container: each right, and the container counts a shared page once.
container=/sys/fs/cgroup/docker/$(printf '%064d' 7)
mkdir -p "$container"
start group group --processes 8 --shared 40 --shared-hot 10 --private 20 --private-hot 1,2,3,4,5,6,7,8
for pid in $(sed 's/{"pid":/\n/g' "$RESULTS/group.json" | sed -n 's/^\([0-9]*\),"private_bytes.*/\1/p'); do
  echo "$pid" >"$container/cgroup.procs"
done
exporter --cgroup '/docker/**' --no-children --container-labels --working-set-interval 2s --idle-ages 0,2s
wait_for 60 has_working_set "$(sed 's/{"pid":/\n/g' "$RESULTS/group.json" | sed -n 's/^\([0-9]*\),"private_bytes.*/\1/p' | head -n 1)"
# The second window: the first one also has what happened while the processes were taken in.
first_pass=$(series memsnoop_measurement_duration_seconds working-set)
next_pass() { [ "$(series memsnoop_measurement_duration_seconds working-set)" != "$first_pass" ]; }
wait_for 30 next_pass
scrape >"$RESULTS/metrics.txt"
end_exporter
# The same without a series of any process, then with all of them as one group on a host without containers.
next_sum() { [ -n "$(series "$1")" ] && first_pass=$(series memsnoop_measurement_duration_seconds working-set); }
exporter --cgroup '/docker/**' --no-children --container-labels --per-process off --working-set-interval 2s --idle-ages 0,2s
wait_for 60 next_sum memsnoop_container_idle_bytes
wait_for 30 next_pass
scrape >"$RESULTS/metrics-off.txt"
end_exporter
exporter --cgroup '/docker/**' --no-children --no-container-labels --group-by name --working-set-interval 2s --idle-ages 0,2s
wait_for 60 next_sum memsnoop_group_idle_bytes
wait_for 30 next_pass
scrape >"$RESULTS/metrics-group.txt"
end_exporter
finish group
