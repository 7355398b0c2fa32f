# The first minute, with the default interval: jobs of 20 s that start at any moment, and one that was there before.
start before cases
tell before "map 0 30 anon;keep 0 0 20"
exporter --name '^cases$' --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s
first_start=$(now_ms)
echo "$first_start" >"$RESULTS/start.txt"
watch passes
wget -q -O - http://127.0.0.1:9464/-/ready >"$RESULTS/ready.txt" 2>&1 || true
scrape | grep '^memsnoop_working_set_next_window' >"$RESULTS/next-window.txt" || true
is_past() { [ "$(now_ms)" -ge $((first_start + $1)) ]; }
# job NAME: lives 20 s, touches 20 of 30 MB all the time.
job() {
  start "$1" cases
  tell "$1" "map 0 30 anon;keep 0 0 20"
  now_ms >"/tmp/$1.start"
}
end_job() {
  end_start=$(cat "/tmp/$1.start")
  is_old() { [ "$(now_ms)" -ge $((end_start + 20000)) ]; }
  wait_for 60 is_old
  echo "{\"job\":\"$1\",\"pid\":$(field "$1" pid),\"start_ms\":$end_start,\"end_ms\":$(now_ms)}" >>"$RESULTS/jobs.json"
  finish "$1"
}
for late in 1 4 7 13 17; do
  wait_for 60 is_past $((late * 1000))
  job "job$late"
done
for late in 1 4 7 13 17; do end_job "job$late"; done
cp "$RESULTS/exporter.log" "$RESULTS/log.txt"
end_exporter
finish passes
finish before
