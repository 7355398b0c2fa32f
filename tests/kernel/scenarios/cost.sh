# What a pass costs, next to a C program that does only what no pass can avoid; in one boot, for one process and for eight.
measure_cost() {
  cost_name=$1
  shift
  # The first pass only marks.
  pagefloor --passes 12 --interval-ms 500 "$@" | tail -n +2 >"$RESULTS/$cost_name-floor.json"

  cost_options=""
  for pid in "$@"; do cost_options="$cost_options --pid $pid"; done
  exporter $cost_options --no-children --collector.disable-defaults --collector.working-set --working-set-interval 500ms --idle-ages 0,1s
  passes 12 >"$RESULTS/$cost_name-first-passes.txt"
  passes 12 >"$RESULTS/$cost_name-passes.txt"
  scrape >"$RESULTS/$cost_name-metrics.txt"
  end_exporter

  # The same, and what is accessed again is counted.
  exporter $cost_options --no-children --collector.disable-defaults --collector.working-set --collector.reaccessed --process-reaccessed \
    --working-set-interval 500ms --idle-ages 0,1s
  passes 12 >/dev/null
  passes 12 >"$RESULTS/$cost_name-reaccessed-passes.txt"
  end_exporter
}

# passes N: the CPU seconds of the exporter's next passes, a line each.
passes() {
  passes_last=$(pass_seconds)
  passes_count=0
  while [ $passes_count -lt "$1" ]; do
    passes_now=$(pass_seconds)
    if [ "$passes_now" != "$passes_last" ]; then
      echo "$passes_now"
      passes_last=$passes_now
      passes_count=$((passes_count + 1))
    fi
    usleep 400000
  done
}

pass_seconds() { series memsnoop_measurement_cpu_seconds working-set; }

start one touch --resident 200 --hot 40 --huge never --sleep-us 100000
measure_cost one "$(field one pid)"
finish one
eight=""
for number in 1 2 3 4 5 6 7 8; do
  start "eight$number" touch --resident 100 --hot 20 --huge never --sleep-us 400000
  eight="$eight $(field "eight$number" pid)"
done
measure_cost eight $eight
