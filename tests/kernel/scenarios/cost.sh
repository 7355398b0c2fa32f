# What a pass costs, next to a C program that does only what no pass can avoid; in one boot, for one process and for eight.
#
# The least of many passes is what the work costs: what comes on top is the emulator's host, whose processors have other things to do. So both
# run in short turns under the same luck, the exporter standing still in the other's, until the least of each agree or enough turns are over:
# more passes only bring either closer to its true cost.
turns_least=6
turns_most=24

measure_cost() {
  cost_name=$1
  shift
  cost_options=""
  for pid in "$@"; do cost_options="$cost_options --pid $pid"; done
  exporter $cost_options --no-children --collector.disable-defaults --collector.working-set --working-set-interval 500ms --idle-ages 0,1s
  # The runtime compiles the innermost loops anew after some dozens of calls; what counts is what comes then.
  passes 30 >/dev/null

  cost_turn=0
  while [ $cost_turn -lt $turns_least ] || { [ $cost_turn -lt $turns_most ] && ! agree "$cost_name"; }; do
    kill -STOP "$(cat /tmp/exporter.pid)"
    # The first pass only marks.
    pagefloor --passes 9 --interval-ms 500 "$@" | tail -n +2 >>"$RESULTS/$cost_name-floor.json"
    kill -CONT "$(cat /tmp/exporter.pid)"
    # The first window lasted for the other's turn as well.
    passes 12 | tail -n +3 >>"$RESULTS/$cost_name-passes.txt"
    cost_turn=$((cost_turn + 1))
  done
  scrape >"$RESULTS/$cost_name-metrics.txt"
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

# agree NAME: whether the exporter's least pass is within a tenth of the floor's.
agree() {
  json_value cpu_us <"$RESULTS/$1-floor.json" | awk -v passes="$RESULTS/$1-passes.txt" '
    { if (floor == "" || $1 < floor) floor = $1 }
    END { while ((getline line <passes) > 0) if (least == "" || line < least) least = line; exit !(least * 1e6 <= floor * 1.1) }'
}

start one touch --resident 200 --hot 40 --huge never --sleep-us 100000
measure_cost one "$(field one pid)"
finish one
eight=""
for number in 1 2 3 4 5 6 7 8; do
  start "eight$number" touch --resident 100 --hot 20 --huge never --sleep-us 400000
  eight="$eight $(field "eight$number" pid)"
done
measure_cost eight $eight
