# What memsnoop costs a service beside it: throughput and latency of PostgreSQL and of Redis, each with a client that asks as fast as it gets answers.
# Rounds take turns: memsnoop off, off once more (the noise), and on with windows of 10 s. Then windows of 60 s, in longer turns: each turn has one pass.

short=10 long=60
rounds=$(pick 12 2) long_rounds=$(pick 4 1)
[ "$quick" = false ] || long=12

# The method that this kernel offers, as memsnoop chooses it.
window=10s
start native-windows
method=$(curl -sf "${url_of[native-windows]}" | sed -n 's/^memsnoop_measurement_info{measurement="working-set",method="\([a-z_]*\)",.*,state="on"} 1$/\1/p' | head -n 1)
stop native-windows
[ -n "$method" ] || fail "memsnoop has no method for working sets here"

postgres() { (cd / && runuser -u postgres -- "$@"); }
postgres_start() {
  bin=$(dirname "$(find /usr/lib/postgresql -name initdb | sort -V | tail -n 1)")
  data=$work/postgres socket=$work/postgres-socket
  install -d -o postgres -m 700 "$data" "$socket"
  postgres "$bin/initdb" -D "$data" --auth=trust --no-sync >"$work/initdb.log"
  # The tables fit into its buffers: nothing is measured but memory and processor.
  postgres "$bin/pg_ctl" -D "$data" -s -w -l "$socket/log" -o "-c listen_addresses='' -c unix_socket_directories=$socket -c shared_buffers=1GB -c autovacuum=off" start
  postgres "$bin/pgbench" -h "$socket" -i -q -s 40 postgres 2>"$work/pgbench.log"
}
postgres_load() { # SECONDS: requests a second, then p50, p99 and p99.9 in milliseconds
  rm -f "$socket"/log.*
  postgres "$bin/pgbench" -h "$socket" -S -M prepared -c 4 -j 1 -T "$1" --log --log-prefix="$socket/log" postgres >"$work/pgbench.out" 2>&1
  awk '/^tps/ { printf "%s ", $3 }' "$work/pgbench.out"
  # A line for each transaction; the third word is what it took, in microseconds.
  cut -d ' ' -f 3 "$socket"/log.* | sort -n | awk '{ v[NR] = $1 } END { print v[int(NR * 0.5)] / 1000, v[int(NR * 0.99)] / 1000, v[int(NR * 0.999)] / 1000 }'
}
postgres_stop() { postgres "$bin/pg_ctl" -D "$data" -s -m immediate stop; }
postgres_title() { echo "PostgreSQL, pgbench -S, 4 clients"; }

redis_start() {
  local keys=1000000
  redis-server --port 0 --unixsocket "$work/redis.socket" --save '' --appendonly no --dir "$work" >"$work/redis.log" &
  redis=$!
  wait_for 20 "Redis" redis-cli -s "$work/redis.socket" ping
  # Values of 512 bytes under the names that redis-benchmark asks for: 650 MB.
  awk -v keys=$keys 'BEGIN { value = sprintf("%512s", ""); gsub(/ /, "x", value); for (i = 0; i < keys; i++) printf "SET key:%012d %s\r\n", i, value }' |
    redis-cli -s "$work/redis.socket" --pipe >"$work/redis-fill.log"
  rate=$(redis_run 200000 | awk '{ print $1 }')
}
redis_run() { # REQUESTS
  redis-benchmark -s "$work/redis.socket" -t get -r 1000000 -c 20 -n "$1" >"$work/redis-benchmark.out"
  tr '\r' '\n' <"$work/redis-benchmark.out" | awk '
    /throughput summary:/ { rate = $3 }
    /% <= .* milliseconds/ && $1 + 0 >= 99.9 && !tail { tail = $3 }
    $1 == "avg" && $2 == "min" { getline; middle = $3; most = $5 }
    END { print rate, middle, most, tail }'
}
redis_load() { redis_run "$(awk -v r="$rate" -v s="$1" 'BEGIN { printf "%d", r * s }')"; }
redis_stop() { kill "$redis"; wait "$redis" || true; }
redis_title() { echo "Redis, 650 MB, redis-benchmark GET, 20 clients"; }

# turn SERVICE SECONDS CONDITION: one line of four figures in a file for the condition.
turn() {
  local service=$1 seconds=$2 condition=$3 scraper=
  if [[ $condition == on-* ]]; then
    window=${condition#on-}
    start native-windows
    # A pass ends each window, so one falls into the turn. So does a scrape.
    (sleep $((seconds / 2)) && scrape native-windows) &
    scraper=$!
  fi
  "${service}_load" "$seconds" >"$work/turn"
  awk 'NF == 4 { whole = 1 } END { exit !whole }' "$work/turn" || fail "$service: no four figures: $(cat "$work/turn")"
  cat "$work/turn" >>"$work/service.$service.$condition"
  if [ -n "$scraper" ]; then
    wait "$scraper" || fail "memsnoop did not answer beside $service"
    stop native-windows
  fi
}

# cells OFF ON: the figures of ON; each with its change against OFF in the same round: the median, and its interval of 95 % by the order of the rounds.
cells() {
  local column format
  for column in 1 2 3 4; do
    [ $column = 1 ] && format=%.0f || format=%.3f
    printf ' %s' "$(cut -d ' ' -f $column "$2" | summary $format '' | sed 's/ (.*//')"
    paste -d ' ' "$1" "$2" | awk -v c=$column '{ print ($(c + 4) / $c - 1) * 100 }' | sort -g | awk '{ v[NR] = $1 } END {
      k = int((NR - 1.96 * sqrt(NR)) / 2); if (k < 0) k = 0
      printf " (%+.1f %%; %+.1f to %+.1f) |", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2, v[k + 1], v[NR - k] }'
  done
}
# changes OFF ON: the medians of the changes alone.
changes() {
  local column
  for column in 1 2 3 4; do
    paste -d ' ' "$1" "$2" | awk -v c=$column '{ print ($(c + 4) / $c - 1) * 100 }' | sort -g | awk '{ v[NR] = $1 } END {
      printf " %+.1f %% |", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
  done
}
plain() {
  local column
  for column in 1 2 3 4; do printf ' %s |' "$(cut -d ' ' -f $column "$1" | summary "$([ $column = 1 ] && echo %.0f || echo %.3f)" '' | sed 's/ (.*//')"; done
}

rotate() { local by=$1; shift; local words=("$@" "$@"); echo "${words[@]:by % $#:$#}"; }

for service in postgres redis; do
  progress "$service: starting"
  "${service}_start"
  "${service}_load" 5 >/dev/null
  for ((round = 0; round < rounds; round++)); do
    progress "$service: round $((round + 1)) of $rounds, windows of 10 s"
    for condition in $(rotate "$round" off again on-10s); do turn $service $short "$condition"; done
  done
  for ((round = 0; round < long_rounds; round++)); do
    progress "$service: round $((round + 1)) of $long_rounds, windows of 60 s"
    for condition in $(rotate "$round" off-long on-60s); do turn $service $long "$condition"; done
  done
  "${service}_stop"
  files=$work/service.$service
  {
    echo "| $("${service}_title") | off |$(plain "$files.off")"
    echo "| | off, once more |$(cells "$files.off" "$files.again")"
    echo "| | on, \`$method\`, windows of 10 s |$(cells "$files.off" "$files.on-10s")"
    echo "| | on, \`$method\`, windows of 60 s |$(cells "$files.off-long" "$files.on-60s")"
  } >>"$work/service"
  name=$("${service}_title")
  {
    echo "| ${name%%,*}: off, once more (the noise) |$(changes "$files.off" "$files.again")"
    echo "| ${name%%,*}: windows of 10 s |$(changes "$files.off" "$files.on-10s")"
    echo "| ${name%%,*}: windows of 60 s |$(changes "$files.off-long" "$files.on-60s")"
  } >>"$work/service.changes"
done
cat >"$work/service.notes" <<END
In brackets: the change against memsnoop off in the same round, as the median of $rounds rounds, and the interval that holds it with 95 % certainty. "Off, once more" is the noise. Of windows of
60 s: the median of $long_rounds rounds, the smallest and the largest. memsnoop watches every process of the host and is scraped once a turn.
END
