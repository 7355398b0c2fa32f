# A reservation of 64 TiB costs nothing, 100,000 areas cost what they are: the same 10 MB in use, plain, in a reservation, among areas.
echo 300000 >/proc/sys/vm/max_map_count
measure() {
  start "$1" sparse --hot 10 "$2" "$3"
  memsnoop wss "$(field "$1" pid)" 3 >"$RESULTS/$1-wss.txt"
  wc -l <"/proc/$(field "$1" pid)/maps" >"$RESULTS/$1-areas.txt"
  exporter --pid "$(field "$1" pid)" --no-children --collector.disable-defaults --collector.working-set --working-set-interval 2s
  wait_for 120 has_working_set "$(field "$1" pid)"
  sparse_cpu=$(series memsnoop_measurement_cpu_seconds working-set)
  # Three more passes; the least CPU time of all is what one costs.
  : >"$RESULTS/$1-passes.txt"
  while [ "$(wc -l <"$RESULTS/$1-passes.txt")" -lt 3 ]; do
    sparse_now=$(series memsnoop_measurement_cpu_seconds working-set)
    [ "$sparse_now" = "$sparse_cpu" ] || echo "$sparse_now" >>"$RESULTS/$1-passes.txt"
    sparse_cpu=$sparse_now
    usleep 300000
  done
  end_exporter
  finish "$1"
}
measure plain --reserve-tib 0
measure reserved --reserve-tib 64
measure areas --areas 100000
