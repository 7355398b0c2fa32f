# 64-bit ARM: the program measures by the idle bitmap, counts events, and answers on the socket.
memsnoop --version >"$RESULTS/version.txt"
memsnoop check >"$RESULTS/check.txt" || true

start touch touch --resident 60 --hot 20 --huge never
pid=$(field touch pid)
exporter --pid "$pid" --working-set-interval 1s --interval 0s --event page-faults,task-clock

# The first window may have begun before the program had touched all of its memory.
settled() { [ "$(working_set "$pid")" -lt $((40 << 20)) ]; }
wait_for 120 has_working_set "$pid"
wait_for 120 settled
scrape >"$RESULTS/scrape.txt"
grep -H -E '^(NoNewPrivs|Seccomp|CapEff):' /proc/"$(cat /tmp/exporter.pid)"/task/*/status >"$RESULTS/threads.txt"
memsnoop wss "$pid" 1 --json >"$RESULTS/wss.json"
end_exporter
finish touch
uname -rm >"$RESULTS/kernel.txt"
