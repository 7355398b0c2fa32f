# A region that was touched and is then left alone moves through the bands at the right seconds; so does one under a spread pass.
# A line for each scrape: milliseconds since the region was left, then the bands in order of their age, then working set, resident by statm.
watch_ages() {
  ages_name=$1
  shift
  start "$ages_name" touch --resident 100 --hot 40 --huge never
  ages_pid=$(field "$ages_name" pid)
  exporter --pid "$ages_pid" --no-children --working-set-interval 2s --idle-ages 0,2s,4s,8s,12s --interval 0s "$@"
  wait_for 60 has_working_set "$ages_pid"
  # As long as the hot part is touched it must not age, whatever the rest does.
  ages_until=$(($(now_ms) + 14000))
  record "$RESULTS/$ages_name-hot.json.txt"
  tell "$ages_name" idle
  ages_until=$(($(now_ms) + 22000))
  record "$RESULTS/$ages_name-left.json.txt"
  end_exporter
  finish "$ages_name"
}

record() {
  ages_start=$(now_ms)
  while [ "$(now_ms)" -lt "$ages_until" ]; do
    ages_now=$(($(now_ms) - ages_start))
    scrape | awk -v pid="pid=\"$ages_pid\"" -v now="$ages_now" '
      index($0, pid) == 0 { next }
      /^memsnoop_process_idle_bytes/ { match($0, /age="[0-9.]*"/); age = substr($0, RSTART + 5, RLENGTH - 6); idle[age] = $NF }
      /^memsnoop_process_working_set_bytes/ { used += $NF }
      /^memsnoop_process_memory_resident_bytes/ { resident = $NF }
      /^memsnoop_process_working_set_window_seconds/ { window = $NF }
      END { printf "{\"ms\":%d,\"window\":%s,\"used\":%.0f,\"resident\":%.0f", now, window, used, resident
            for (age in idle) printf ",\"%s\":%.0f", age, idle[age]
            print "}" }' >>"$1"
    usleep 500000
  done
}

watch_ages whole
watch_ages spread --spread
