# What a scrape costs: CPU time, of processes that sleep and of processes that have all run since the scrape before.

declare -A input_of output_of
start_floor() { # KEY OPTION...
  local key=$1 input output
  shift
  mkfifo "$work/$key.in" "$work/$key.out"
  "$root/artifacts/floor/floor-scrape" "$@" --paced <"$work/$key.in" >"$work/$key.out" &
  pid_of[$key]=$!
  exec {input}>"$work/$key.in" {output}<"$work/$key.out"
  input_of[$key]=$input output_of[$key]=$output
  rm "$work/$key.in" "$work/$key.out"
}
stop_floor() {
  local input=${input_of[$1]} output=${output_of[$1]}
  exec {input}>&- {output}<&-
  # The end of its input need not do: whoever was started after it holds the other end, too.
  kill "${pid_of[$1]}" 2>/dev/null || true
  wait "${pid_of[$1]}" 2>/dev/null || true
}
floor() { # KEY: a round; its CPU milliseconds
  local line
  echo >&"${input_of[$1]}"
  read -r -t 60 line <&"${output_of[$1]}" || fail "the C program does not answer"
  sed 's/.*"cpu_us":\([0-9]*\).*/\1/' <<<"$line" | awk '{ print $1 / 1000 }'
}

# scrapes NAME PROCESSES PERIOD ROUNDS CYCLES WARM EXPORTER...: in each cycle each is scraped once. A file NAME.EXPORTER gets a line for each round:
# CPU milliseconds a scrape.
scrapes() {
  local name=$1 processes=$2 period=$3 rounds=$4 cycles=$5 warm=$6
  shift 6
  local exporters=("$@") key round cycle i floors=(floor)
  [[ " $* " != *" native-smaps "* ]] || floors+=(floor-smaps)
  # Of a crowd it would need more open files than one may have here.
  [ "$processes" -le 1000 ] || floors=()
  progress "$processes processes, $name: starting $*"
  idlers "$name" "$processes" "$period"
  for key in "${exporters[@]}"; do start "$key"; done
  # A compiler at run time needs some calls to find out what is worth its effort; buffers grow to their size.
  for key in "${exporters[@]}"; do
    case $key in
      managed) i=$((warm * 5)) ;;
      native*) i=$warm ;;
      *) i=2 ;;
    esac
    for ((; i > 0; i--)); do scrape "$key"; done
  done
  # When everybody has started: they open what there is then.
  [ ${#floors[@]} -eq 0 ] || start_floor floor
  [[ " $* " != *" native-smaps "* ]] || start_floor floor-smaps --smaps

  local -A before spent
  for ((round = 0; round < rounds; round++)); do
    progress "$processes processes, $name: round $((round + 1)) of $rounds"
    for key in "${exporters[@]}"; do before[$key]=$(cpu_ms "${pid_of[$key]}"); done
    : >"$work/floors"
    for ((cycle = 0; cycle < cycles; cycle++)); do
      for key in "${exporters[@]}"; do scrape "$key"; done
      for key in "${floors[@]}"; do echo "$key $(floor "$key")" >>"$work/floors"; done
      # So that all have run, however fast the others were.
      [ "$period" -eq 0 ] || sleep "$(awk -v ms="$period" 'BEGIN { print ms * 1.2 / 1000 }')"
    done
    for key in "${exporters[@]}"; do
      spent[$key]=$(cpu_ms "${pid_of[$key]}")
      awk -v a="${before[$key]}" -v b="${spent[$key]}" -v n="$cycles" 'BEGIN { print (b - a) / n }' >>"$work/$name.$key"
    done
    for key in "${floors[@]}"; do awk -v key="$key" '$1 == key { sum += $2; n++ } END { print sum / n }' "$work/floors" >>"$work/$name.$key"; done
  done
  [ ${#floors[@]} -lt 2 ] || paste "$work/$name.floor" "$work/$name.floor-smaps" | awk '{ print $1 + $2 }' >"$work/$name.floor-both"

  series=$(scrape native && grep -vc '^#' "$work/answer")
  if [[ " $* " == *" native-protobuf "* ]]; then
    for key in native native-protobuf; do
      length "$key" >"$work/$name.bytes.$key"
      length "$key" gzip >"$work/$name.gzip.$key"
    done
  fi
  for key in "${exporters[@]}"; do stop "$key"; done
  for key in "${floors[@]}"; do stop_floor "$key"; done
  end_population "$name"
}

# rows NAME WHAT OURS BESIDE...
rows() {
  local name=$1 what=$2 ours=$3 key
  shift 3
  for key in "$@"; do compare "$what" %.1f ' ms' "$work/$name.$ours" "$(title_of "$key")" "$work/$name.$key"; done
}

rounds=$(pick 5 2) cycles=$(pick 10 3)
others=(process-exporter-lean process-exporter node-exporter)
[ ! -e "$work/cadvisor.txt" ] || others+=(cadvisor)

scrapes asleep 1000 0 "$rounds" "$cycles" 10 native native-protobuf native-smaps managed "${others[@]}"
rows asleep "CPU of a scrape, 1,000 processes asleep ($series series)" native floor managed "${others[@]}"
[ -e "$work/cadvisor.txt" ] || row "CPU of a scrape, 1,000 processes asleep ($series series)" "$(summary %.1f ' ms' <"$work/asleep.native")" "cAdvisor" "no package of it in this release of Debian" ""
rows asleep "the same as protobuf" native-protobuf native
for wire in bytes gzip; do
  compare "its bytes$([ $wire = bytes ] || echo ', compressed')" %.0f '' "$work/asleep.$wire.native-protobuf" "$(title_of native)" "$work/asleep.$wire.native"
done
rows asleep "the same with smaps" native-smaps floor-smaps floor-both process-exporter

scrapes running 1000 500 "$rounds" "$cycles" 10 native native-protobuf native-smaps managed process-exporter-lean process-exporter
rows running "CPU of a scrape, 1,000 processes that have all run" native floor managed process-exporter-lean process-exporter
rows running "the same as protobuf" native-protobuf native
rows running "the same with smaps" native-smaps floor-smaps floor-both process-exporter

scrapes crowd 10000 0 "$(pick 3 1)" "$(pick 2 1)" 4 native process-exporter-lean
rows crowd "CPU of a scrape, 10,000 processes asleep" native process-exporter-lean
row "CPU of a scrape, 10,000 processes asleep" "$(summary %.1f ' ms' <"$work/crowd.native")" "memsnoop, 1,000 processes asleep" "$(summary %.1f ' ms' <"$work/asleep.native")" \
  "$(awk -v a="$(middle "$work/crowd.native")" -v b="$(middle "$work/asleep.native")" 'BEGIN { printf "%.1f times", a / b }')"
