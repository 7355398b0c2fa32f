# The ancestor's proof of concept, page by page: a trace records which pages of the arrays were active in which window.
# The program goes on when it is told to; two windows lie within each phase, and one straddles each change.
record() {
  trace_program=$1
  trace_phases=$2
  start "$trace_program" "$trace_program" --advance stdin --huge never
  # Flushes the processors' queues: a page that waits in one, up to 31 each, is on no reclaim list yet and cannot be idle.
  echo 1 >/proc/sys/vm/drop_caches
  memsnoop trace --pid "$(field "$trace_program" pid)" --every 2s --pause --measure time=timestamp,used=working-set \
    --output "$RESULTS/$trace_program.jsonl" --pages "$RESULTS/$trace_program.pages" 2>"$RESULTS/$trace_program.log" &
  trace_pid=$!
  trace_number=0
  trace_samples=2
  while [ "$trace_number" -lt "$trace_phases" ]; do
    wait_for 120 has_lines "$trace_samples" "$RESULTS/$trace_program.jsonl"
    trace_number=$((trace_number + 1))
    [ "$trace_number" -eq "$trace_phases" ] || tell "$trace_program" next
    trace_samples=$(($(wc -l <"$RESULTS/$trace_program.jsonl") + 3))
  done
  finish "$trace_program"
  # The process is gone, and so the trace ends by itself.
  wait "$trace_pid"
}

# thp: what the kernel says before and after.
cat /sys/kernel/mm/transparent_hugepage/enabled >"$RESULTS/thp-before.txt"
memsnoop thp never >"$RESULTS/thp.txt"
cat /sys/kernel/mm/transparent_hugepage/enabled >"$RESULTS/thp-after.txt"

record single 3
record double 4

# A trace and another user of the bitmap at the same time: the second is told.
start busy touch --resident 8 --hot 4
memsnoop trace --pid "$(field busy pid)" --every 1s --pages "$RESULTS/busy.pages" --output "$RESULTS/busy.jsonl" &
busy_pid=$!
wait_for 60 has_lines 1 "$RESULTS/busy.jsonl"
busy_code=0
memsnoop trace --pid "$(field busy pid)" --count 1 --pages /tmp/second.pages 2>"$RESULTS/second.txt" || busy_code=$?
echo "$busy_code" >"$RESULTS/second-code.txt"
# Killed in the middle: what was written can be read.
kill -9 "$busy_pid"
wait "$busy_pid" || true
finish busy
