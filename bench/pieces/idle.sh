# What is taken while nobody scrapes: 1,000 idle processes, and windows so long that no pass falls into the time.

window=30m
exporters=(native-windows managed-windows process-exporter-lean node-exporter)
seconds=$(pick 60 8)
idlers idle 1000 0
for key in "${exporters[@]}"; do start "$key"; done
# What a start leaves behind is done by then: the garbage of it is collected after a while.
sleep "$(pick 45 3)"
declare -A before
for ((round = 0; round < $(pick 2 1); round++)); do
  progress "nobody scrapes, $seconds s"
  for key in "${exporters[@]}"; do before[$key]=$(cpu_exact_ms "${pid_of[$key]}"); done
  sleep "$seconds"
  for key in "${exporters[@]}"; do
    awk -v a="${before[$key]}" -v b="$(cpu_exact_ms "${pid_of[$key]}")" -v s="$seconds" 'BEGIN { print (b - a) / s / 10 }' >>"$work/idle.$key"
  done
done
for key in "${exporters[@]:1}"; do compare "CPU while nobody scrapes, beside the passes, part of a core" %.4f ' %' "$work/idle.native-windows" "$(title_of "$key")" "$work/idle.$key"; done
for key in "${exporters[@]}"; do stop "$key"; done
end_population idle
