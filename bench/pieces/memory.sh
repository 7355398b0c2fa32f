# What is held, each in a control group of its own: 1,000 idle processes, 100 more that start and end each second, windows of 10 s.

# The memory controller: of version 1 where it is mounted, else of version 2.
mount=$(awk '$3 == "cgroup" && ("," $4 ",") ~ /,memory,/ { print $2; exit }' /proc/self/mounts)
if [ -n "$mount" ]; then
  total=memory.usage_in_bytes
else
  mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
  total=memory.current
  [ -n "$mount" ] || fail "no control groups are mounted"
  grep -qw memory "$mount/cgroup.subtree_control" || echo +memory >"$mount/cgroup.subtree_control" || fail "$mount has no memory controller"
fi
kernel_bytes() {
  if [ -e "$1/memory.kmem.usage_in_bytes" ]; then cat "$1/memory.kmem.usage_in_bytes"; else awk '$1 == "kernel" { print $2 }' "$1/memory.stat"; fi
}

# A figure depends on when garbage was last collected, which memsnoop does every 20 s: each is the middle one of as many scrapes as that takes at least.
goal=$(pick 1000 60) early=$(pick 100 40) around=$(pick 80 20) limit=$(pick 290 60)
loop() { # KEY GROUP
  local key=$1 group=$2 number pid=${pid_of[$1]} mark began=$SECONDS
  for ((number = 1; number <= goal && SECONDS - began < limit; number++)); do
    curl -sf --compressed -o "$work/answer.$key" "${url_of[$key]}" || fail "$key did not answer"
    if ((number > early - around)); then
      mark=late
      ((number > early)) || mark=early
      awk -v total="$(cat "$group/$total")" -v kernel="$(kernel_bytes "$group")" '/^VmRSS:/ { resident = $2 * 1024 } /^RssAnon:/ { anonymous = $2 * 1024 }
        END { print anonymous / 1e6, resident / 1e6, kernel / 1e6, total / 1e6 }' "/proc/$pid/status" >>"$work/memory.$key.$mark"
    fi
    sleep 0.2
  done
  echo $((number - 1)) >"$work/memory.$key.count"
}

window=10s
exporters=(native-windows managed-windows process-exporter-lean process-exporter)
idlers idle 1000 0
population churn churn --count 1000000 --rate 100 --alive 50 --life-ms 100
declare -A group_of
for key in "${exporters[@]}"; do
  group_of[$key]=$mount/memsnoop-bench-$BENCH_ID-$key
  echo "${group_of[$key]}" >>"$work/groups"
  mkdir "${group_of[$key]}"
  start "$key" "${group_of[$key]}"
done
progress "up to $goal scrapes of each, at most $limit s"
loops=()
for key in "${exporters[@]}"; do
  loop "$key" "${group_of[$key]}" &
  loops+=($!)
done
for loop in "${loops[@]}"; do wait "$loop" || fail "a loop of scrapes failed"; done

# late KEY: the last twenty.
columns=(anonymous resident "kernel memory" "control group, kernel memory included")
for column in 1 2 3 4; do
  for key in "${exporters[@]}"; do
    for mark in early late; do
      [ -s "$work/memory.$key.$mark" ] || fail "$key was scraped $(cat "$work/memory.$key.count") times only"
      tail -n $around "$work/memory.$key.$mark" | cut -d ' ' -f $column >"$work/memory.$key.$mark.$column"
    done
  done
  for key in "${exporters[@]:1}"; do
    ours=$work/memory.native-windows theirs=$work/memory.$key
    row "memory under churn, ${columns[column - 1]}: scrape $early, then scrape $(cat "$ours.count")" \
      "$(summary %.1f ' MB' <"$ours.early.$column"), then $(summary %.1f ' MB' <"$ours.late.$column")" \
      "$(title_of "$key"): scrape $early, then $(cat "$theirs.count")" \
      "$(summary %.1f ' MB' <"$theirs.early.$column"), then $(summary %.1f ' MB' <"$theirs.late.$column")" \
      "$(awk -v a="$(middle "$ours.late.$column")" -v b="$(middle "$theirs.late.$column")" 'BEGIN { printf "%.2f times", a / b }')"
  done
done
for key in "${exporters[@]}"; do stop "$key"; done
end_population churn
end_population idle
