# What is taken while nobody scrapes: 1,000 idle processes, without windows, whose passes take what other tables say.

exporters=(native managed process-exporter-lean node-exporter)
seconds=$(pick 180 8)
idlers idle 1000 0
for key in "${exporters[@]}"; do start "$key"; done
# What a start leaves behind is done by then: the garbage of it is collected after a while.
sleep "$(pick 45 3)"
declare -A before
progress "nobody scrapes, $seconds s"
for key in "${exporters[@]}"; do before[$key]=$(cpu_ms "${pid_of[$key]}"); done
sleep "$seconds"
# The kernel tells CPU time in ticks: of 180 s, a tick of 10 ms is 0.006 %.
for key in "${exporters[@]}"; do
  awk -v a="${before[$key]}" -v b="$(cpu_ms "${pid_of[$key]}")" -v s="$seconds" 'BEGIN { print (b - a) / s / 10 }' >>"$work/idle.$key"
done
for key in "${exporters[@]:1}"; do compare "CPU while nobody scrapes, part of a core" %.3f ' %' "$work/idle.native" "$(title_of "$key")" "$work/idle.$key"; done
for key in "${exporters[@]}"; do stop "$key"; done
end_population idle
