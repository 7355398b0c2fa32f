# Memory pressure of two kinds: a control group at its limit, and the whole host short of memory. In both, one program keeps touching four fifths of
# its memory while another fills and streams more than there is, so that the kernel reclaims and ages; swap is a compressed disk in memory.
# generations.json has the highest generation of the group, over and over, with the time.
limited=$(limited_group)
swap_on 400M

watch_pressure() {
  watch "$1"
  wait_for 60 has_working_set "$(field hot pid)"
  await_passes "$2"
  finish "$1"
}

for name in hot cold; do start_in "$limited" $name; done
start outside cases
tell hot "map 0 60 anon;keep 0 0 48"
tell cold "map 0 30 anon"
tell outside "map 0 30 anon;keep 0 0 24"
echo 1 >/proc/sys/vm/drop_caches
exporter --name '^cases$' --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 3s --idle-ages 0s,3s,6s,9s,12s
note_generations "$limited" &
note_pid=$!
watch_pressure quiet 12

# The group at its limit: a neighbour in it goes through more than it may hold.
echo 130M >"$limited/memory.max"
start_in "$limited" neighbour
order neighbour "map 0 100 anon;sweep 0 60"
obeyed neighbour
watch_pressure limited 20
cp "$limited/memory.events" "$RESULTS/limited-events.txt"
finish neighbour
echo max >"$limited/memory.max"

# The host: somebody outside goes through more than is free.
start hog cases
free_mb=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
watch host
order hog "map 0 $((free_mb + 40)) anon;sweep 0 60"
wait_for 400 passes_are 15
finish host
obeyed hog
finish hog
kill $note_pid
scrape >"$RESULTS/last.txt"
end_exporter
for name in hot cold outside; do finish $name; done
swap_off
