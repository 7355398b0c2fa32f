# Where the method cannot work, check says which of the possible causes it is, and auto falls back or refuses.
record_check() { memsnoop check --json >"$RESULTS/$1.json" 2>"$RESULTS/$1.err" || true; }

record_check works

start target touch --resident 40 --hot 20 --huge never
exporter --pid "$(field target pid)" --working-set-interval 1s
record_check in-use
status=0
memsnoop serve --listen 127.0.0.1:9465 --method page_idle >"$RESULTS/second.out" 2>&1 || status=$?
echo $status >"$RESULTS/second.status"
# Who does not insist goes on with what there is.
memsnoop serve --listen 127.0.0.1:9465 --pid "$(field target pid)" 2>"$RESULTS/beside.log" &
beside_is_ready() { wget -q -O "$RESULTS/beside.txt" http://127.0.0.1:9465/-/ready 2>/dev/null; }
wait_for 60 beside_is_ready
wget -q -O "$RESULTS/beside.txt" http://127.0.0.1:9465/metrics
kill $!
wait $! || true
end_exporter

without CAP_SYS_ADMIN memsnoop check --json >"$RESULTS/no-capability.json" || true
without CAP_SYS_ADMIN memsnoop wss --max-stall 1m "$(field target pid)" 2 >"$RESULTS/no-capability-wss.txt" 2>&1 || true
unshare -m sh -c 'mount -o remount,ro,bind /sys && memsnoop check --json' >"$RESULTS/read-only.json" || true
unshare -m sh -c 'mount -t tmpfs tmpfs /sys/kernel/mm && rm -rf /sys/kernel/mm/* && memsnoop check --json' >"$RESULTS/masked.json" || true
unshare -m sh -c 'mount -t tmpfs tmpfs /sys && memsnoop check --json' >"$RESULTS/hidden.json" || true
finish target
