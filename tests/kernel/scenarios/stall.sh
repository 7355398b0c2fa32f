# The longest mmap and munmap of a busy target: without passes, with idle-page passes, with referenced bits; a line a case.
start busy mmapper --hold 400
settle() { tell busy figures >/dev/null; }

# The figures since the last line, after a stretch of time that the exporter's own passes measure out.
stretch() {
  stretch_until=$(($(now_ms) + 8000))
  settle
  while [ "$(now_ms)" -lt "$stretch_until" ]; do usleep 200000; done
  tell busy figures
  tail -n 1 "$RESULTS/busy.json" >"$RESULTS/$1.json"
}

stretch without-1
for method in page_idle referenced; do
  exporter --pid "$(field busy pid)" --no-children --method $method --collector.disable-defaults --collector.working-set --working-set-interval 500ms
  wait_for 60 has_working_set "$(field busy pid)"
  stretch $method
  scrape >"$RESULTS/$method-metrics.txt"
  end_exporter
done
stretch without-2
finish busy
