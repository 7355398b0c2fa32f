# Regions that a program comes back to after known times: 20 MB each every 8, 16 and 32 s, after they had all been left alone for more than 20 s.
# Windows of 1 s, which may be seconds late: an age counts from the end of the window that saw the last use; counted for the process and for its container, by whole passes and by spread ones, and by wss, which asks the exporter or measures itself.
returns_group=$(container returns)
mkdir -p /sys/fs/cgroup/docker "$returns_group"
echo "$returns_group" | sed 's/.*\///' >"$RESULTS/container.txt"

is_past() { [ "$(now_ms)" -ge "$1" ]; }

# begin NAME: the program, which then waits.
begin() {
  start_in "$returns_group" "$1"
  tell "$1" "map 0 20 anon; map 1 20 anon; map 2 20 anon; map 3 40 anon"
}

# come_back NAME: 9 times to the first region, 5 times to the second, 3 times to the third; then two windows more.
come_back() {
  come_start=$(now_ms)
  for come_second in 0 8 16 24 32 40 48 56 64; do
    come_orders="touch 0 0 20"
    [ $((come_second % 16)) -ne 0 ] || come_orders="$come_orders; touch 1 0 20"
    [ $((come_second % 32)) -ne 0 ] || come_orders="$come_orders; touch 2 0 20"
    wait_for 60 is_past $((come_start + come_second * 1000))
    tell "$1" "$come_orders"
  done
  wait_for 60 is_past $(($(now_ms) + 6000))
}

# run_wss NAME: for 120 s, in the background.
run_wss() {
  memsnoop wss "$(field "$1" pid)" 120 --ages 1s,10s,20s --json >"$RESULTS/$1-wss.json.txt" 2>"$RESULTS/$1-wss.err" &
  echo $! >/tmp/wss.pid
}

knows_oldest() { [ -n "$(series memsnoop_process_reaccessed_bytes_total "pid=\"$knows_pid\"" 'age="20"')" ]; }

count_returns() {
  count_name=$1
  shift
  begin "$count_name"
  knows_pid=$(field "$count_name" pid)
  exporter --pid "$knows_pid" --no-children --container-labels --process-reaccessed --working-set-interval 1s --idle-ages 0,2s,10s,20s --interval 0s "$@"
  [ "$count_name" != whole ] || run_wss "$count_name"
  wait_for 90 knows_oldest
  wait_for 60 is_past $(($(now_ms) + 5000))
  scrape >"$RESULTS/$count_name-before.txt"
  come_back "$count_name"
  scrape >"$RESULTS/$count_name-after.txt"
  [ "$count_name" != whole ] || wait "$(cat /tmp/wss.pid)"
  finish "$count_name"
  is_gone() { [ -z "$(series memsnoop_process_reaccessed_bytes_total "pid=\"$knows_pid\"")" ]; }
  wait_for 60 is_gone
  wait_for 60 is_past $(($(now_ms) + 3000))
  scrape >"$RESULTS/$count_name-ended.txt"
  end_exporter
}

count_returns whole
count_returns spread --spread

# Without an exporter.
begin own
run_wss own
own_start=$(now_ms)
wait_for 60 is_past $((own_start + 30000))
come_back own
wait "$(cat /tmp/wss.pid)"
finish own
