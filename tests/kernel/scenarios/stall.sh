# The longest mmap and munmap of a busy target: without passes, with idle-page passes, with DAMON, with referenced bits; a file a case, a line a second.
start busy mmapper --hold 400
settle() { tell busy figures >/dev/null; }

# Eight times the figures of about a second, in which there are two passes.
stretch() {
  settle
  for stretch_second in 1 2 3 4 5 6 7 8; do
    stretch_until=$(($(now_ms) + 1000))
    while [ "$(now_ms)" -lt "$stretch_until" ]; do usleep 100000; done
    tell busy figures
    tail -n 1 "$RESULTS/busy.json" >>"$RESULTS/$1.json"
  done
}

stretch without-1
for method in page_idle damon referenced; do
  # As it is by default; with referenced bits the target would be left out.
  bound=10ms
  [ $method != referenced ] || bound=1m
  exporter --pid "$(field busy pid)" --no-children --method $method --collector.disable-defaults --collector.working-set --working-set-interval 500ms --max-stall $bound
  wait_for 60 has_working_set "$(field busy pid)"
  stretch $method
  scrape >"$RESULTS/$method-metrics.txt"
  end_exporter
done
stretch without-2
finish busy
