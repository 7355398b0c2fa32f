# How far the method damon is off, and what it costs: 200 MB held and 40 MB touched, by the number of samples and the length of windows. A kernel that counts every page has no
# samples, and one row a length.
kdamonds=/sys/kernel/mm/damon/admin/kdamonds
uname -r >"$RESULTS/kernel.txt"
start target touch --resident 200 --hot 40 --huge never --sleep-us 100000
pid=$(field target pid)

# What the kernel's thread has used of a processor so far, in ns; nothing while there is none.
kdamond_ns() { cut -d' ' -f1 "/proc/$(cat $kdamonds/0/pid)/schedstat" 2>/dev/null || echo 0; }

# row SAMPLES SECONDS
row() {
  exporter --pid "$pid" --no-children --method damon --damon-samples "$1" --collector.disable-defaults --collector.working-set --interval 0s --working-set-interval "$2s" --idle-ages "0s,$2s"
  watch "row-$1-$2"
  await_passes 2
  row_cpu=$(kdamond_ns)
  row_ms=$(now_ms)
  await_passes 4
  echo "$(($(kdamond_ns) - row_cpu)) $(($(now_ms) - row_ms)) $(series memsnoop_measurement_cpu_seconds working-set) $(series memsnoop_working_set_stall_seconds)" >"$RESULTS/row-$1-$2.txt"
  finish "row-$1-$2"
  end_exporter
}

for seconds in 2 5; do row 8192 $seconds; done
if ! memsnoop check --method damon | grep -q 'counts every page'; then
  for seconds in 2 5; do
    row 1024 $seconds
    row 32768 $seconds
  done
fi
finish target
