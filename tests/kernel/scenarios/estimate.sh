# The method damon: 200 MB held and 40 MB touched, by each kind of page; and what becomes of the kdamond.
# On a kernel that cannot, the exporter says why. There are fewer samples than by default: the emulator takes long for each.
samples='--damon-samples 2048'
kdamonds=/sys/kernel/mm/damon/admin/kdamonds
kdamonds_are() { [ "$(cat $kdamonds/nr_kdamonds 2>/dev/null || echo 0)" = "$1" ]; }

uname -r >"$RESULTS/kernel.txt"
memsnoop check --json >"$RESULTS/check.json" || true
cat $kdamonds/nr_kdamonds >"$RESULTS/after-check.txt" 2>/dev/null || true

start small touch --resident 200 --hot 40 --huge never
code=0
memsnoop wss "$(field small pid)" 3 --method damon $samples >"$RESULTS/small-wss.txt" 2>"$RESULTS/small-wss.err" || code=$?
echo $code >"$RESULTS/small-wss.code"
if [ $code != 0 ]; then
  finish small
  exit 0
fi

wss() { memsnoop wss "$(field "$1" pid)" "${2-3}" --method damon $samples --json >"$RESULTS/$1-wss.json"; }
wss small
finish small
measure() {
  measure_name=$1
  shift
  start "$measure_name" touch --resident 200 --hot 40 "$@"
  wss "$measure_name"
  finish "$measure_name"
}
measure huge --huge always
measure shmem --kind shmem
measure file --kind file --path /disk/data
rm -f /disk/data

# A busy target and an idle one, by the exporter; what a thread of ours costs; and nobody takes bits beside it.
start target touch --resident 200 --hot 40 --huge never
start idle touch --resident 20 --hot 0 --huge never
exporter --pid "$(field target pid)" --pid "$(field idle pid)" --no-children --method damon $samples --interval 0s --working-set-interval 4s --idle-ages 0s,4s,8s,12s,16s
wait_for 120 has_working_set "$(field target pid)"
watch passes
await_passes 6
scrape >"$RESULTS/scrape.txt"
memsnoop wss "$(field target pid)" 2 --method page_idle >"$RESULTS/beside.out" 2>"$RESULTS/beside.err" || true
memsnoop check --json >"$RESULTS/beside-check.json" || true
finish passes

# Killed: what it leaves is removed by the next one, whatever that measures by.
kill -9 "$(cat /tmp/exporter.pid)"
wait "$(cat /tmp/exporter.pid)" || true
cat $kdamonds/nr_kdamonds $kdamonds/0/state >"$RESULTS/left.txt"
exporter --pid "$(field target pid)" --no-children --method auto --interval 0s --working-set-interval 2s
wait_for 20 kdamonds_are 0
cat $kdamonds/nr_kdamonds >"$RESULTS/left-next.txt"
end_exporter
exporter --pid "$(field target pid)" --no-children --method damon $samples --interval 0s --working-set-interval 2s
kill -9 "$(cat /tmp/exporter.pid)"
wait "$(cat /tmp/exporter.pid)" || true
wss target
cat $kdamonds/nr_kdamonds >"$RESULTS/left-damon.txt"

# A stranger's: one reason, the next method, and it goes on as it was.
damon_on default "$(field idle pid)"
stranger() { cat $kdamonds/0/state $kdamonds/0/pid $kdamonds/0/contexts/0/monitoring_attrs/intervals/sample_us $kdamonds/0/contexts/0/monitoring_attrs/intervals/aggr_us $kdamonds/0/contexts/0/monitoring_attrs/intervals/update_us; }
stranger >"$RESULTS/stranger.txt"
code=0
memsnoop wss "$(field target pid)" 2 --method damon >"$RESULTS/stranger.out" 2>"$RESULTS/stranger.err" || code=$?
echo $code >"$RESULTS/stranger.code"
memsnoop check --json --method damon >"$RESULTS/stranger-check.json" || true
mount -t tmpfs none /sys/kernel/mm/page_idle 2>/dev/null || true
memsnoop wss "$(field target pid)" 2 --json --max-stall 1m >"$RESULTS/stranger-wss.json"
umount /sys/kernel/mm/page_idle 2>/dev/null || true
stranger >"$RESULTS/stranger-after.txt"
damon_off
finish target
finish idle
