# What the pieces share: populations of processes, exporters, and how figures are read and written.

declare -A pid_of url_of
hz=$(getconf CLK_TCK)

progress() { printf '%s         %s\n' "$(date +%T)" "$*" >&2; }
fail() { echo "$piece: $*" >&2; exit 1; }
# pick FULL QUICK
pick() { [ "$quick" = true ] && echo "$2" || echo "$1"; }

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "$what: not after the time it was given"
    sleep 0.02
  done
}

# population NAME WORKLOAD OPTION...: a workload, which ends when its standard input does.
declare -A population_of population_input
population() {
  local name=$1 workload=$2 input
  shift 2
  mkfifo "$work/$name.hold"
  "$root/artifacts/workloads/$workload" "$@" <"$work/$name.hold" >"$work/$name.json" &
  population_of[$name]=$!
  exec {input}>"$work/$name.hold"
  population_input[$name]=$input
  rm "$work/$name.hold"
}
idlers() { # NAME PROCESSES PERIOD
  population "$1" idler --processes "$2" --period "$3"
  wait_for 60 "$2 processes" grep -q '"pids"' "$work/$1.json"
}
end_population() {
  local input=${population_input[$1]}
  exec {input}>&-
  wait "${population_of[$1]}" || true
}

# One group for each process, as memsnoop has one set of series for each.
printf 'process_names:\n  - name: "{{.PID}}"\n    cmdline:\n    - ".+"\n' >"$work/groups.yml"

# command_of KEY PORT: sets `command`, and the path of its metrics.
command_of() {
  local address=127.0.0.1:$2
  local serve=(serve --all --max-processes 30000 --interval 0s --run-dir "$work/run-$2" --listen "$address")
  path=/metrics
  case $1 in
    native | native-protobuf) command=("$native" "${serve[@]}" --no-collector.working-set) ;;
    native-smaps) command=("$native" "${serve[@]}" --no-collector.working-set --collector.smaps) ;;
    native-windows) command=("$native" "${serve[@]}" --working-set-interval "${window:-10s}") ;;
    managed) command=("$managed" "${serve[@]}" --no-collector.working-set) ;;
    managed-windows) command=("$managed" "${serve[@]}" --working-set-interval "${window:-10s}") ;;
    process-exporter-lean)
      command=(prometheus-process-exporter -config.path "$work/groups.yml" -web.listen-address "$address" -children=false -gather-smaps=false -threads=false) ;;
    process-exporter) command=(prometheus-process-exporter -config.path "$work/groups.yml" -web.listen-address "$address" -children=false) ;;
    node-exporter) command=(prometheus-node-exporter --web.listen-address "$address") ;;
    cadvisor) command=(cadvisor -listen_ip 127.0.0.1 -port "$2") ;;
    *) fail "no exporter $1" ;;
  esac
}
title_of() {
  case $1 in
    native) echo "memsnoop, as text" ;;
    managed*) echo "memsnoop on the .NET runtime" ;;
    process-exporter-lean) echo "process-exporter without smaps and threads" ;;
    process-exporter) echo "process-exporter as it comes" ;;
    node-exporter) echo "node_exporter (the host alone)" ;;
    cadvisor) echo "cAdvisor (control groups)" ;;
    floor) echo "C program that reads the same files" ;;
    floor-smaps) echo "C program that reads smaps_rollup alone" ;;
    floor-both) echo "C program that reads the same files and smaps_rollup" ;;
  esac
}

port=19500
# launch KEY [GROUP]: starts it, perhaps in a control group of its own, and does not wait.
launch() {
  local key=$1 group=${2-}
  local command path
  port=$((port + 1))
  command_of "$key" $port
  command -v "${command[0]}" >/dev/null || fail "${command[0]} is missing"
  (
    [ -z "$group" ] || echo "$BASHPID" >"$group/cgroup.procs"
    MemSnoop__Web__CacheDuration=0s exec "${command[@]}" >"$work/$key.log" 2>&1
  ) &
  pid_of[$key]=$!
  url_of[$key]=http://127.0.0.1:$port$path
}
answers() { curl -sf --compressed -o /dev/null "${url_of[$1]}"; }
start() {
  launch "$@"
  local deadline=$((SECONDS + 60))
  until answers "$1"; do
    if ! kill -0 "${pid_of[$1]}" 2>/dev/null || ((SECONDS >= deadline)); then
      tail -n 5 "$work/$1.log" >&2
      fail "$1 does not answer"
    fi
    sleep 0.05
  done
}
stop() {
  kill "${pid_of[$1]}"
  wait "${pid_of[$1]}" 2>/dev/null || true
  unset "pid_of[$1]" "url_of[$1]"
}

# What is asked for: text, unless the key says otherwise.
accept_of() {
  case $1 in
    *-protobuf) echo 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited' ;;
    *) echo '*/*' ;;
  esac
}
# An answer counts only when it is whole.
scrape() { curl -sf --compressed -H "Accept: $(accept_of "$1")" -o "$work/answer" "${url_of[$1]}" || fail "$1 did not answer"; }
# length KEY [gzip]: how many bytes an answer has on the wire.
length() { curl -sf -H "Accept: $(accept_of "$1")" ${2:+-H "Accept-Encoding: $2"} "${url_of[$1]}" | wc -c; }

# CPU milliseconds of a process so far: utime and stime, fields 14 and 15, counted behind the name. The kernel makes their sum that of its exact account.
cpu_ms() { sed 's/.*) //' "/proc/$1/stat" | awk -v hz="$hz" '{ print ($12 + $13) * 1000 / hz }'; }
status_of() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }

# summary FORMAT UNIT: of numbers on standard input, "median (smallest to largest) unit".
summary() {
  sort -g | awk -v format="$1" -v unit="$2" '{ v[NR] = $1 } END {
    if (NR == 0) { print "?"; exit }
    middle = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
    printf format "%s", middle, unit
    if (NR > 1 && sprintf(format, v[1]) != sprintf(format, v[NR])) printf " (" format " to " format ")", v[1], v[NR] }'
}
middle() { sort -g "$@" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# ratio OURS THEIRS: of two files with a line for each round. What is many times less is told as a part.
ratio() {
  if ! awk -v a="$(middle "$1")" -v b="$(middle "$2")" 'BEGIN { exit !(a > 0 && b > 0) }'; then
    echo "less than can be told"
  elif awk -v a="$(middle "$1")" -v b="$(middle "$2")" 'BEGIN { exit !(a * 2 < b) }'; then
    echo "1/$(paste "$1" "$2" | awk '$1 > 0 { print $2 / $1 }' | summary %.1f '')"
  else
    paste "$1" "$2" | awk '$2 > 0 { print $1 / $2 }' | summary %.2f ' times'
  fi
}

# row WHAT FIGURE BESIDE FIGURE RATIO: what stands in the row above is not said again.
said=
row() {
  if [ "$1$2" = "$said" ]; then
    printf '| | | %s | %s | %s |\n' "${@:3}" >>"$work/rows"
  else
    printf '| %s | %s | %s | %s | %s |\n' "$@" >>"$work/rows"
  fi
  said=$1$2
}
# compare WHAT FORMAT UNIT OURS BESIDE THEIRS: a row of two files with a line for each round.
compare() { row "$1" "$(summary "$2" "$3" <"$4")" "$5" "$(summary "$2" "$3" <"$6")" "$(ratio "$4" "$6")"; }
