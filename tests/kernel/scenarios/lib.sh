# What scenarios share; read before each of them, under `sh -eu`.

die() { echo "$*" >&2; exit 1; }

# wait_for SECONDS COMMAND...: until the command succeeds. There is no other way to wait in a scenario.
wait_for() {
  wait_deadline=$(($(cut -d. -f1 /proc/uptime) + $1))
  shift
  until "$@"; do
    [ "$(cut -d. -f1 /proc/uptime)" -lt "$wait_deadline" ] || die "never became true: $*"
    usleep 20000
  done
}

has_lines() { [ -f "$2" ] && [ "$(wc -l <"$2")" -ge "$1" ]; }

# start NAME PROGRAM...: in the background; its JSON lines go to $RESULTS/NAME.json. Returns when the first one is there.
# Its stdin is open for reading and writing both, so it never sees an end: `finish` ends it. A program that fills gigabytes first may take $start_seconds.
start() {
  start_name=$1
  shift
  start_program=$1
  shift
  # By path: this shell has a `touch` of its own, which it prefers to any other.
  [ ! -x "/programs/$start_program" ] || start_program=/programs/$start_program
  mkfifo "/tmp/$start_name.in"
  "$start_program" "$@" <>"/tmp/$start_name.in" >"$RESULTS/$start_name.json" 2>"$RESULTS/$start_name.err" &
  echo $! >"/tmp/$start_name.pid"
  wait_for "${start_seconds-60}" started "$start_name"
}

started() {
  kill -0 "$(cat "/tmp/$1.pid")" 2>/dev/null || die "$1 ended at once: $(cat "$RESULTS/$1.err")"
  has_lines 1 "$RESULTS/$1.json"
}

# tell NAME LINE: one line on its stdin; returns when it has answered with a line of its own.
tell() {
  tell_lines=$(wc -l <"$RESULTS/$1.json")
  echo "$2" >"/tmp/$1.in"
  wait_for 60 has_lines $((tell_lines + 1)) "$RESULTS/$1.json"
}

finish() {
  finish_pid=$(cat "/tmp/$1.pid")
  kill "$finish_pid"
  wait "$finish_pid" || true
  rm -f "/tmp/$1.in" "/tmp/$1.pid"
}

# field NAME KEY: a number or a text from the last line NAME printed.
field() { tail -n 1 "$RESULTS/$1.json" | json_value "$2"; }

json_value() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# range NAME KEY: the two addresses of an area, as two words.
range() { tail -n 1 "$RESULTS/$1.json" | sed -n "s/.*\"$2\":\[\"\([0-9a-f]*\)\",\"\([0-9a-f]*\)\"\].*/\1 \2/p"; }

# exporter OPTION...: `memsnoop serve` in the background, answering on port 9464 when this returns.
exporter() {
  memsnoop serve --listen 127.0.0.1:9464 "$@" 2>>"$RESULTS/exporter.log" >&2 &
  echo $! >/tmp/exporter.pid
  # Beside programs that use every processor, it starts slowly; and it is ready only when it has windows.
  wait_for 180 answers
}

answers() { wget -q -O /dev/null http://127.0.0.1:9464/-/ready 2>/dev/null; }

# scrape: the metrics as they are now, on stdout.
scrape() { wget -q -O - http://127.0.0.1:9464/metrics; }

# end_exporter: the next one knows nothing of this one. leave_exporter: the next one finds the idle ages of this one.
end_exporter() {
  leave_exporter
  rm -f /run/memsnoop/ages
}
leave_exporter() {
  kill "$(cat /tmp/exporter.pid)"
  wait "$(cat /tmp/exporter.pid)" || true
}

# series NAME LABEL...: the value of the series whose line has all the labels, empty when there is none.
series() {
  series_lines=$(scrape | grep "^$1[{ ]") || true
  shift
  for series_label in "$@"; do
    series_lines=$(printf '%s\n' "$series_lines" | grep -F "$series_label") || true
  done
  printf '%s\n' "$series_lines" | head -n 1 | sed 's/.* //'
}

# working_set PID: the sum over all kinds in bytes; empty before the first window is complete.
working_set() { scrape | awk -v pid="pid=\"$1\"" '/^memsnoop_process_working_set_bytes/ && index($0, pid) { sum += $NF; found = 1 } END { if (found) printf "%.0f\n", sum }'; }

has_working_set() { [ -n "$(working_set "$1")" ]; }

now_ms() { awk '{ printf "%.0f\n", $1 * 1000 }' /proc/uptime; }

# watch NAME: a line in $RESULTS/NAME.json for each state of what the exporter says about working sets, from now on; `finish NAME` ends it.
watch() {
  watch_name=$1
  start "$1" scraper 9464 100 'memsnoop_measurement_duration_seconds{measurement="working-set"' memory_resident \
    memsnoop_process_working_set memsnoop_process_idle memsnoop_process_untracked memsnoop_process_memory_resident \
    memsnoop_container_working_set memsnoop_container_idle 'memsnoop_measurement_duration_seconds{measurement="working-set"' \
    'memsnoop_measurement_skipped_total{measurement="working-set"' 'memsnoop_measurement_errors_total{measurement="working-set"' \
    'memsnoop_measurement_info{measurement="working-set"'
}

passes_seen() { field "$watch_name" passes; }
passes_are() { [ "$(passes_seen)" -ge "$1" ]; }

# await_passes N: returns when so many more passes have been seen by what `watch` started last; the last one only just.
await_passes() { wait_for 90 passes_are $(($(passes_seen) + $1)); }

# beside COMMAND...: runs it in the background, with a touch of 40 MB by the workload "target" at the start of each window until it has ended.
beside() {
  beside_code=0
  "$@" &
  beside_pid=$!
  while kill -0 $beside_pid 2>/dev/null; do
    await_passes 1
    tell target "touch 0 0 40"
  done
  wait $beside_pid || beside_code=$?
}

# order NAME LINE: as tell, without waiting. obeyed NAME...: they have answered all they were told.
order() {
  echo "$2" >"/tmp/$1.in"
  echo >>"/tmp/$1.orders"
}
obeyed() {
  for obeyed_name in "$@"; do
    wait_for 120 has_lines $((1 + $(wc -l <"/tmp/$obeyed_name.orders"))) "$RESULTS/$obeyed_name.json"
  done
}

# container NAME: a control group with an id of 64 digits, as containers have; its directory.
container() { echo "/sys/fs/cgroup/docker/$(echo "$1" | sha256sum | cut -d' ' -f1)"; }

# generations DIRECTORY: the highest generation of a control group, on all nodes; the root is /.
generations() {
  awk -v path="${1#/sys/fs/cgroup}" '
    BEGIN { if (path == "") path = "/" }
    $1 == "memcg" { inside = $3 == path }
    inside && $1 ~ /^[0-9]+$/ && $1 > highest { highest = $1 }
    END { print highest + 0 }' /sys/kernel/debug/lru_gen
}

# start_in GROUP NAME: `cases` in a control group from its first page on; memory is charged to the group of who allocates it.
start_in() { start "$2" sh -c "echo \$\$ >'$1/cgroup.procs'; exec /programs/cases"; }

# limited_group: the directory of a control group that has an account of its memory.
limited_group() {
  echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  mkdir -p /sys/fs/cgroup/limited
  echo /sys/fs/cgroup/limited
}

# Swap on a compressed disk in memory.
swap_on() {
  echo "$1" >/sys/block/zram0/disksize
  mkswap /dev/zram0 >/dev/null
  swapon /dev/zram0
}
swap_off() {
  swapoff /dev/zram0
  echo 1 >/sys/block/zram0/reset
}

# note_generations GROUP: in $RESULTS/generations.json, over and over, the highest generation of a group and of the root, with the time, until it is
# ended. Without debugfs there are none to be seen, and the pages scanned, in the group and elsewhere, tell that there was pressure.
note_generations() {
  while :; do
    note_root=0
    note_group=0
    if [ -f /sys/kernel/debug/lru_gen ]; then
      note_root=$(generations /)
      note_group=$(generations "$1")
    fi
    note_scanned=$(awk '/^pgscan /{ print $2 }' "$1/memory.stat")
    note_elsewhere=$(awk -v group="$note_scanned" '/^pgscan_(anon|file) /{ sum += $2 } END { print sum - group }' /proc/vmstat)
    echo "{\"ms\":$(now_ms),\"root\":$note_root,\"limited\":$note_group,\"scanned\":$note_scanned,\"scanned_elsewhere\":$note_elsewhere}" \
      >>"$RESULTS/generations.json"
    usleep 300000
  done
}

# damon_on REGIONS PID: DAMON at work on a process, with its default attributes or with at least so many regions; prints its state.
damon_on() {
  damon_admin=/sys/kernel/mm/damon/admin/kdamonds
  echo 1 >$damon_admin/nr_kdamonds
  echo 1 >$damon_admin/0/contexts/nr_contexts
  damon_context=$damon_admin/0/contexts/0
  echo vaddr >$damon_context/operations
  if [ "$1" != default ]; then
    # The bound that is raised first must not cross the other.
    echo $(($1 * 2)) >$damon_context/monitoring_attrs/nr_regions/max
    echo "$1" >$damon_context/monitoring_attrs/nr_regions/min
  fi
  echo 1 >$damon_context/targets/nr_targets
  echo "$2" >$damon_context/targets/0/pid_target
  echo on >$damon_admin/0/state
  cat $damon_admin/0/state
}
damon_off() {
  echo off >$damon_admin/0/state
  echo 0 >$damon_admin/nr_kdamonds
}

# beside_floor NAME FLOOR-PASSES FIRST PASSES PID...: what a pass over the same processes costs the C program (bench/floor), a line of JSON each, and the exporter, CPU seconds, a line each.
# Where instructions are counted they are 2 ns each. The first pass of the floor only marks; so many FIRST ones of the exporter are left out, in which its buffers grow.
beside_floor() {
  floor_name=$1 floor_passes=$2 own_first=$3 own_passes=$4
  shift 4
  pagefloor --passes $((floor_passes + 1)) --interval-ms 500 "$@" | tail -n +2 >"$RESULTS/$floor_name-floor.json"
  floor_options=""
  for floor_pid in "$@"; do floor_options="$floor_options --pid $floor_pid"; done
  exporter $floor_options --no-children --max-processes 100000 --collector.disable-defaults --collector.working-set --working-set-interval 500ms --idle-ages 0,1s
  await_costs "$own_first" >/dev/null
  passes_ticks >"$RESULTS/$floor_name-ticks-before.txt"
  await_costs "$own_passes" >"$RESULTS/$floor_name-passes.txt"
  passes_ticks >"$RESULTS/$floor_name-ticks-after.txt"
  end_exporter
}

# floor_calls NAME PID...: what the calls of the C program cost, each by itself.
floor_calls() {
  floor_name=$1
  shift
  pagefloor --passes 2 --interval-ms 500 --stat "$@" | tail -n 1 >"$RESULTS/$floor_name-calls.json"
}

# await_costs N: the CPU seconds of the exporter's next passes.
await_costs() {
  cost_last=$(pass_cost)
  cost_count=0
  while [ $cost_count -lt "$1" ]; do
    cost_now=$(pass_cost)
    if [ "$cost_now" != "$cost_last" ]; then
      echo "$cost_now"
      cost_last=$cost_now
      cost_count=$((cost_count + 1))
    fi
    usleep "${cost_wait_us:-300000}"
  done
}

# Without the series of all processes: a scrape of those would take longer than a pass.
pass_cost() { wget -q -O - 'http://127.0.0.1:9464/metrics?exclude[]=working-set' | sed -n 's/^memsnoop_measurement_cpu_seconds{.*"working-set".* //p'; }

# Ticks of the thread that makes the passes, in user space and in the kernel.
passes_ticks() { cat "/proc/$(cat /tmp/exporter.pid)"/task/*/stat | sed -n 's/.*(memsnoop passes*) //p' | awk '{ print $12, $13 }'; }
