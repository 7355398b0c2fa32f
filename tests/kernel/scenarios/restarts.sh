# An exporter that ends in an orderly way leaves its idle ages to the next one. One that is killed does not, and those that another program measured after do not hold.
start target touch --resident 100 --hot 40 --huge never
target=$(field target pid)
restart() { exporter --pid "$target" --no-children --working-set-interval 30s --idle-ages 0,30s,90s --interval 0s; }
idle_since() { [ -n "$(series memsnoop_process_idle_bytes "pid=\"$target\"" "age=\"$1\"")" ]; }
note() { scrape >"$RESULTS/$1.txt"; ls -l /run/memsnoop >"$RESULTS/$1-files.txt"; }

restart
note first
# The rest has been left alone from before the first pass on.
wait_for 120 idle_since 30
leave_exporter
ls -l /run/memsnoop >"$RESULTS/left-files.txt"
restart
note continued

# What is accessed while no exporter runs: 30 MB of what was idle.
leave_exporter
tell target "hot 70"
restart
note gap
wait_for 150 idle_since 90
note later

kill -9 "$(cat /tmp/exporter.pid)"
wait "$(cat /tmp/exporter.pid)" || true
restart
note killed

leave_exporter
memsnoop wss "$target" 1 >"$RESULTS/beside-wss.txt"
restart
note beside

leave_exporter
printf '\377' | dd of=/run/memsnoop/ages bs=1 seek=100 conv=notrunc 2>/dev/null
restart
note damaged
end_exporter
finish target
