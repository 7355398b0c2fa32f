# Whenever the exporter is killed, its targets go on, the bitmap is free again, and the next exporter is right at once.
start target touch --resident 100 --hot 40 --huge never
target=$(field target pid)
sum_settings() { cat /sys/kernel/mm/transparent_hugepage/enabled /proc/sys/vm/* /proc/sys/kernel/numa_balancing 2>/dev/null | md5sum; }
sum_settings >"$RESULTS/settings-before.txt"
round=0
while [ $round -lt 12 ]; do
  memsnoop serve --listen 127.0.0.1:9464 --pid "$target" --working-set-interval 100ms >/dev/null 2>&1 &
  killed=$!
  # Later in each round, from before the first pass to the middle of some later one.
  usleep $((200000 + round * 137000))
  kill -9 $killed
  wait $killed || true
  awk -v round=$round '/^State/ { print round, $2 }' "/proc/$target/status" >>"$RESULTS/states.txt"
  round=$((round + 1))
done
sum_settings >"$RESULTS/settings-after.txt"
memsnoop wss "$target" 3 >"$RESULTS/after-wss.txt"
finish target
