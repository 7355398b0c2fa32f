# What a pass costs the service beside it, by each method that this kernel has: Redis, asked as fast as it answers. On one processor and by a clock of its instructions, so
# figures repeat. A turn takes almost four seconds, and a pass comes each second.
keys=100000
requests=80000
window=1s
socket=/tmp/redis.socket

redis-server --port 0 --unixsocket $socket --save '' --appendonly no --dir /tmp >"$RESULTS/redis.log" 2>&1 &
answered() { [ "$(redis-cli -s $socket ping 2>/dev/null)" = PONG ]; }
wait_for 60 answered
redis-benchmark -s $socket -t set -r $keys -n $((keys * 2)) -P 32 -d 512 --csv >"$RESULTS/fill.csv"
redis-cli -s $socket info memory | sed -n 's/^used_memory_rss:\([0-9]*\).*/\1/p' >"$RESULTS/resident.txt"

ask() { redis-benchmark -s $socket -t get -r $keys -n $requests -c 20 --csv | grep '^"GET"' >>"$RESULTS/$1.csv"; }
ask warm

for round in 1 2 3 4 5; do
  ask off
  ask again
  for method in page_idle referenced; do
    exporter --all --method $method --working-set-interval $window
    ask $method
    series memsnoop_measurement_cpu_seconds 'measurement="working-set"' >>"$RESULTS/$method-pass.txt"
    end_exporter
  done
done
