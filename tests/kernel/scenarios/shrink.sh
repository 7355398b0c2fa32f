# Is it safe to shrink? Workloads whose need is known, each in a container of its own, measured without limits. With a file `limits` among the programs, those that it
# names run under the limit that it gives them, and beside each a twin without one: what disturbs one disturbs the other.
#
# One second here stands for half an hour: who reads the scrapes stretches their times, and the ages. So the run is six days long, and the batch comes every thirty hours.
echo 0 >/sys/kernel/mm/lru_gen/enabled   # with it, what is read by read(2) could not be told from what is not
shrink_names='cache heap reader batch leak seldom'
shrink_seconds=300   # watched without limits
shrink_warm_up=75    # of the second boot: a period of each, so that what nobody needs is out
shrink_limited=150   # watched at the limits
shrink_window=5

echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/docker /tmp/logs /disk/data
echo +memory >/sys/fs/cgroup/docker/cgroup.subtree_control

is_past() { [ "$(now_ms)" -ge "$1" ]; }

# run_work NAME WORK: starts it, in a group of its own that bears its name; the kubelet's link tells memsnoop the name.
run_work() {
  run_name=$1
  run_group=$(container "$run_name")
  mkdir "$run_group"
  [ -z "${3-}" ] || echo "$3" >"$run_group/memory.max"
  ln -s /var/log/pods/none "/tmp/logs/$run_name-0_lab_app-${run_group##*/}.log"
  case $2 in
    cache) set -- --work cache --resident 40 --rate 2000 ;;
    heap) set -- --work heap --resident 60 --hot 8 --rate 50 --period 23 --busy $((shrink_window + 1)) ;;
    reader)
      dd if=/dev/zero of="/disk/data/$run_name" bs=1M count=128 2>/dev/null
      sync
      echo 3 >/proc/sys/vm/drop_caches
      set -- --work reader --resident 128 --hot 48 --rate 96 --path "/disk/data/$run_name"
      ;;
    batch) set -- --work batch --resident 96 --hot 8 --part 56 --rate 50 --period 60 --busy 10 ;;
    leak) set -- --work leak --resident 200 --hot 20 --part 15 --rate 50 ;;
    seldom) set -- --work batch --resident 64 --hot 24 --part 32 --rate 50 --period 240 --busy 10 ;;
  esac
  start "$run_name" sh -c "echo \$\$ >'$run_group/cgroup.procs'; exec /programs/paced $*"
}

# note_all WORD NAME...: what each has done so far, and its control group's files.
note_all() {
  note_word=$1
  shift
  for note_name in "$@"; do
    tell "$note_name" "$note_word"
    for note_file in stat events current peak swap.current pressure; do
      cat "$(container "$note_name")/memory.$note_file" >"$RESULTS/$note_name-$note_word-$note_file.txt"
    done
  done
}

if [ ! -f /programs/limits ]; then
  for name in $shrink_names; do run_work "$name" "$name"; done
  exporter --all --per-process off --container-labels --container-logs /tmp/logs --interval 0s --working-set-interval ${shrink_window}s --idle-ages 0,5s,10s,15s,20s,30s,45s,60s,90s,120s,165s,240s
  duration() { series memsnoop_measurement_duration_seconds '"working-set"'; }
  has_passed() { [ "$(duration)" != "$last_duration" ]; }
  note_all before $shrink_names
  mkdir "$RESULTS/scrapes"
  begin=$(now_ms)
  until is_past $((begin + shrink_seconds * 1000)); do
    last_duration=$(duration)
    wait_for 120 has_passed
    at=$(now_ms)
    scrape | grep '^memsnoop_\(container\|measurement\)' >"$RESULTS/scrapes/$((at - begin)).txt"
  done
  note_all after $shrink_names
  end_exporter
else
  swap_on 1G
  names=''
  while read -r name limit; do
    run_work "$name" "$name" "$limit"
    run_work "$name-free" "$name"
    names="$names $name $name-free"
  done </programs/limits
  begin=$(now_ms)
  wait_for $((shrink_warm_up * 3)) is_past $((begin + shrink_warm_up * 1000))
  note_all before $names
  begin=$(now_ms)
  wait_for $((shrink_limited * 3)) is_past $((begin + shrink_limited * 1000))
  note_all after $names
  for name in $names; do finish "$name"; done
  swap_off
fi
