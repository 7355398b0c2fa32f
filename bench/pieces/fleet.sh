# What a node of a cluster gives Prometheus to do: series and bytes of a scrape with 30 and with 110 pods, what each setting changes, and what servers need that scrape
# 10 and 100 such nodes. What more nodes make is computed from that, and says so.

. "$root/bench/node.sh"

# size PODS SETTING AGES OPTION...: a row of what a scrape has; the series of the first row are what others are compared with.
all=0
size() {
  local pods=$1 setting=$2 series bytes packed
  progress "$pods pods: $setting"
  exporter --working-set-interval 1s --idle-ages "$3" "${@:4}"
  case " $* " in
    *" --no-collector.working-set "* | *" --per-process off "*) sleep 35 ;;
    *) wait_for 120 "idle memory of 30 s" of_age 30 ;;
  esac
  ask
  as_by_default >"$work/scrape"
  stop fleet
  series=$(count "$work/scrape")
  bytes=$(stat -c %s "$work/scrape")
  packed=$(gzip -c "$work/scrape" | wc -c)
  [ "$all" != 0 ] || all=$series
  awk -v pods="$pods" -v setting="$setting" -v series="$series" -v all="$all" -v bytes="$bytes" -v packed="$packed" 'BEGIN {
    printf "| %s | %s | %d | %.0f %% | %.0f | %.0f |\n", pods, setting, series, series * 100 / all, bytes / 1000, packed / 1000 }' >>"$work/fleet.rows"
  echo "$series $bytes $packed" >"$work/fleet.last"
}

# spent PODS: what a scrape takes of the processor: the difference between a time with scrapes and one without, each with as many passes. And what memsnoop holds.
spent() {
  local pods=$1 round before number rounds seconds scrapes
  rounds=$(pick 5 1) seconds=20 scrapes=16
  progress "$pods pods: CPU"
  exporter --working-set-interval 10s --idle-ages 0s,10s,20s,30s,40s,50s,60s --interval 0s
  wait_for 180 "idle memory of 60 s" of_age 60
  for ((round = 0; round < rounds; round++)); do
    before=$(cpu_ms "${pid_of[fleet]}")
    sleep "$seconds"
    without=$(awk -v a="$before" -v b="$(cpu_ms "${pid_of[fleet]}")" 'BEGIN { print b - a }')
    before=$(cpu_ms "${pid_of[fleet]}")
    local began=${EPOCHREALTIME/./}
    for ((number = 0; number < scrapes; number++)); do
      ask gzip
      sleep 1.1   # all processes have run then
    done
    sleep "$(awk -v a="$began" -v b="${EPOCHREALTIME/./}" -v s="$seconds" 'BEGIN { rest = s - (b - a) / 1e6; print (rest > 0 ? rest : 0) }')"
    awk -v a="$before" -v b="$(cpu_ms "${pid_of[fleet]}")" -v without="$without" -v n="$scrapes" 'BEGIN { print (b - a - without) / n }' >>"$work/fleet.cpu.$pods"
  done
  printf '| %s | %s | %s |\n' "$pods" "$(summary %.1f '' <"$work/fleet.cpu.$pods")" "$(status_of "${pid_of[fleet]}" VmRSS | awk '{ printf "%.0f", $1 * 1024 / 1e6 }')" >>"$work/fleet.spent"
  stop fleet
}

# server NODES: a Prometheus that scrapes the same exporter under so many names. Its processor time is that of two whole minutes, in which each is scraped twice.
prometheus_figure() { curl -sf "http://127.0.0.1:19699/api/v1/query" --data-urlencode "query=$1" | grep -o '"value":\[[^]]*' | grep -o '[0-9.e+]*"$' | tr -d '"'; }
server() {
  local nodes=$1 pid i before spent series resident
  progress "Prometheus with $nodes nodes"
  {
    echo 'global: { scrape_interval: 1m, scrape_timeout: 30s }'
    echo 'scrape_configs:'
    echo '  - job_name: memsnoop'
    echo '    static_configs:'
    for ((i = 0; i < nodes; i++)); do echo "      - { targets: ['127.0.0.1:$port'], labels: { instance: node-$i } }"; done
    echo '  - { job_name: self, scrape_interval: 15s, static_configs: [{ targets: ["127.0.0.1:19699"] }] }'
  } >"$work/prometheus.yml"
  prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --web.listen-address=127.0.0.1:19699 >"$work/prometheus.log" 2>&1 &
  pid=$!
  sleep "$(pick 80 20)"   # all series are there
  before=$(cpu_ms $pid)
  sleep "$(pick 120 20)"
  spent=$(awk -v a="$before" -v b="$(cpu_ms $pid)" -v s="$(pick 120 20)" 'BEGIN { printf "%.3f", (b - a) / s / 1000 }')
  series=$(prometheus_figure 'prometheus_tsdb_head_series')
  resident=$(prometheus_figure 'max_over_time(process_resident_memory_bytes{job="self"}[2m])')
  awk -v nodes="$nodes" -v series="$series" -v resident="$resident" -v spent="$spent" 'BEGIN {
    printf "| %s | %d | %.0f | %.1f | %s |\n", nodes, series, resident / 1e6, resident / series / 1000, spent }' >>"$work/fleet.servers"
  kill $pid
  wait $pid 2>/dev/null || true
  rm -rf "$work/tsdb"
}

has_option() { [[ $("$native" serve --help) == *"$1"* ]]; }

for pods in 30 110; do
  all=0
  node $pods
  size $pods "as it comes" $ages
  cp "$work/fleet.last" "$work/fleet.$pods"
  spent $pods
  if [ $pods = 110 ]; then
    size $pods '`--idle-ages 0s,5m,1h`' $few
    for name in working-set process-io stat statm scheduling open-files; do
      size $pods "\`--no-collector.$name\`" $ages --no-collector.$name
    done
    size $pods '`--collector.disable-defaults --collector.working-set --collector.statm`' $ages --collector.disable-defaults --collector.working-set --collector.statm
    size $pods 'the same with `--idle-ages 0s,5m,1h`' $few --collector.disable-defaults --collector.working-set --collector.statm
    if has_option --per-process; then
      size $pods '`--per-process top=50`' $ages --per-process top=50
      size $pods '`--per-process off`' $ages --per-process off
    fi
    exporter --working-set-interval 1s --idle-ages $ages
    wait_for 120 "idle memory of 30 s" of_age 30
    server 10
    server 100
    stop fleet
  fi
  end_node
done

{
  echo "| pods | setting | series | of all | kB | kB compressed |"
  echo "|---:|---|---:|---:|---:|---:|"
  cat "$work/fleet.rows"
  echo
  echo "| pods | CPU of a scrape, ms | memory of memsnoop, MB |"
  echo "|---:|---:|---:|"
  cat "$work/fleet.spent"
  echo
  echo "Of whole fleets, computed from that (one scrape a minute):"
  echo
  echo "| nodes | pods a node | series | samples a second | MB a minute, compressed |"
  echo "|---:|---:|---:|---:|---:|"
  for nodes in 10 100 1000 10000; do
    for pods in 30 110; do
      read -r series bytes packed <"$work/fleet.$pods"
      awk -v n=$nodes -v pods=$pods -v series="$series" -v packed="$packed" 'BEGIN { printf "| %d | %d | %d | %.0f | %.1f |\n", n, pods, n * series, n * series / 60, n * packed / 1e6 }'
    done
  done
  echo
  echo "A Prometheus that scrapes the node of 110 pods, under so many names, once a minute (measured):"
  echo
  echo "| nodes | series | memory MB | kB a series | processors |"
  echo "|---:|---:|---:|---:|---:|"
  cat "$work/fleet.servers"
} >"$work/fleet.md"
