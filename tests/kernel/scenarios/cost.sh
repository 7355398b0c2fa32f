# What a pass costs, next to a C program that does only what no pass can avoid; in one boot, in turn, for one process and for eight.
passes=24

measure_cost() {
  cost_name=$1
  shift
  cost_pids=$*
  pagefloor --passes $passes --interval-ms 500 $cost_pids >"$RESULTS/$cost_name-floor-1.json"
  memsnoop_passes "$cost_name-1"
  pagefloor --passes $passes --interval-ms 500 $cost_pids >"$RESULTS/$cost_name-floor-2.json"
  memsnoop_passes "$cost_name-2"
}

memsnoop_passes() {
  cost_options=""
  for pid in $cost_pids; do cost_options="$cost_options --pid $pid"; done
  exporter $cost_options --no-children --collector.disable-defaults --collector.working-set --working-set-interval 500ms --idle-ages 0,1s
  cost_last=""
  cost_count=0
  # The runtime compiles the innermost loops anew after some dozens of calls; what counts is what comes then.
  while [ "$cost_count" -lt $((passes * 3)) ]; do
    cost_now=$(series memsnoop_measurement_cpu_seconds working-set)
    if [ "$cost_now" != "$cost_last" ]; then
      [ -z "$cost_now" ] || echo "$cost_now" >>"$RESULTS/$1-passes.txt"
      cost_last=$cost_now
      cost_count=$((cost_count + 1))
    fi
    usleep 150000
  done
  scrape >"$RESULTS/$1-metrics.txt"
  end_exporter
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
