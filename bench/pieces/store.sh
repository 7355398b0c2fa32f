# What VictoriaMetrics needs for the metrics of many nodes: it scrapes one exporter under many names, once a minute. What does not fit on a machine is computed from
# what does, and says so.

. "$root/bench/node.sh"

listen=127.0.0.1:19698
# figure NAME: of its own metrics, the sum of all that begin so.
figure() { curl -sf "http://$listen/metrics" | awk -v name="$1" 'index($0, name) == 1 { sum += $NF; found = 1 } END { if (!found) exit 1; printf "%.0f\n", sum }' || fail "no $1"; }
has_all() { [ "$(figure 'vm_rows_inserted_total{type="promscrape"}')" -ge "$1" ]; }

# store PODS NODES SERIES: a row. Processor time is that of a minute in which every node is scraped once, after all series are there. Bytes are those on the disk after
# that, merged.
store() {
  local pods=$1 nodes=$2 i pid before began rows spent series resident data index
  progress "VictoriaMetrics with $nodes nodes of $pods pods"
  {
    echo 'global: { scrape_interval: 1m, scrape_timeout: 30s }'
    echo 'scrape_configs:'
    echo '  - job_name: memsnoop'
    echo '    static_configs:'
    for ((i = 0; i < nodes; i++)); do echo "      - { targets: ['127.0.0.1:$port'], labels: { instance: node-$i } }"; done
  } >"$work/scrape.yml"
  nice "$BENCH_STORE" -promscrape.config="$work/scrape.yml" -storageDataPath="$work/store" -httpListenAddr=$listen -retentionPeriod=1d -loggerLevel=WARN >"$work/store.log" 2>&1 &
  pid=$!
  wait_for 60 "VictoriaMetrics" curl -sf "http://$listen/health"
  wait_for 1500 "a sample of every series" has_all $((nodes * $3))
  sleep "$(pick 65 5)"   # and what registering them has left to do is done
  rows=$(figure 'vm_rows_inserted_total{type="promscrape"}')
  before=$(cpu_ms $pid)
  began=${EPOCHREALTIME/./}
  sleep "$(pick 60 10)"
  spent=$(awk -v a="$before" -v b="$(cpu_ms $pid)" -v s=$((${EPOCHREALTIME/./} - began)) 'BEGIN { printf "%.3f", (b - a) * 1000 / s }')
  rows=$(awk -v a="$rows" -v b="$(figure 'vm_rows_inserted_total{type="promscrape"}')" -v s=$((${EPOCHREALTIME/./} - began)) 'BEGIN { printf "%.0f", (b - a) * 1e6 / s }')
  series=$(figure 'vm_cache_entries{type="storage/hour_metric_ids"}')
  resident=$(status_of $pid VmHWM)
  curl -sf "http://$listen/internal/force_flush" >/dev/null
  curl -sf "http://$listen/internal/force_merge" >/dev/null || true
  data=$(awk -v bytes="$(figure 'vm_data_size_bytes{type="storage/')" -v rows="$(figure 'vm_rows{type="storage/')" 'BEGIN { printf "%.2f", bytes / rows }')
  index=$(awk -v bytes="$(figure 'vm_data_size_bytes{type="indexdb/')" -v series="$series" 'BEGIN { printf "%.0f", bytes / series }')
  kill $pid
  wait $pid 2>/dev/null || true
  rm -rf "$work/store"
  awk -v pods="$pods" -v nodes="$nodes" -v series="$series" -v rows="$rows" -v resident="$resident" -v spent="$spent" -v data="$data" -v index_bytes="$index" 'BEGIN {
    printf "| %s | %s | %d | %s | %.0f | %.2f | %s | %s | %s |\n", nodes, pods, series, rows, resident / 1e3 * 1.024, resident * 1024 / series / 1e3, spent, data, index_bytes }' >>"$work/store.rows"
  # The largest is what others are computed from.
  [ "$nodes" -lt 100 ] || echo "$series $rows $resident $spent $data $index" >"$work/store.largest"
}

for pods in 30 110; do
  node $pods
  exporter --working-set-interval 1s --idle-ages $ages
  wait_for 120 "idle memory of 30 s" of_age 30
  ask
  series=$(count "$work/answer")
  echo "$series" >"$work/store.$pods"
  fleets=10
  [ "$pods" != 30 ] || fleets="10 100"
  for nodes in $(pick "$fleets" 100); do
    store $pods "$nodes" "$series"
  done
  stop fleet
  end_node
done

{
  echo "VictoriaMetrics $(cat "${BENCH_STORE%/usr/bin/*}/version") of Debian sid, which scrapes the node under so many names, once a minute (measured):"
  echo
  echo "| nodes | pods a node | series | samples a second | memory MB | kB a series | processors | bytes a sample | bytes of index a series |"
  echo "|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
  cat "$work/store.rows"
  echo
  read -r series rows resident spent data index <"$work/store.largest"
  echo "Of whole fleets, computed from the largest of that table, as if each series and each sample cost the same:"
  echo
  echo "| nodes | pods a node | series | samples a second | memory GB | processors | GB a day | GB of index |"
  echo "|---:|---:|---:|---:|---:|---:|---:|---:|"
  for nodes in 10 100 1000 10000; do
    for pods in 30 110; do
      awk -v n=$nodes -v pods=$pods -v each="$(cat "$work/store.$pods")" -v series="$series" -v rows="$rows" -v resident="$resident" -v spent="$spent" -v data="$data" -v index_bytes="$index" 'BEGIN {
        all = n * each; samples = all / 60
        printf "| %d | %d | %d | %.0f | %.1f | %.2f | %.1f | %.1f |\n", n, pods, all, samples, all * resident * 1024 / series / 1e9, samples * spent / rows, samples * 86400 * data / 1e9, all * index_bytes / 1e9 }'
    done
  done
} >"$work/store.md"
