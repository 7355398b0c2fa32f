# Ten minutes of windows for a control group at its limit, after a hundred with generations on and idle. One keeps touching four fifths of its memory,
# one rests, and a neighbour in the group goes through more than it may hold.
limited=$(limited_group)
swap_on 400M
for name in hot cold; do start_in "$limited" $name; done
tell hot "map 0 60 anon;keep 0 0 48"
tell cold "map 0 30 anon"
echo 1 >/proc/sys/vm/drop_caches
exporter --name '^cases$' --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s --working-set-interval 2s \
  --idle-ages 0s,2s,4s,8s,30s,1m
wait_for 60 has_working_set "$(field hot pid)"
watch quiet
wait_for 600 passes_are 102
finish quiet
note_generations "$limited" &
note_pid=$!
echo 130M >"$limited/memory.max"
start_in "$limited" neighbour
order neighbour "map 0 100 anon;sweep 0 60"
obeyed neighbour
watch limited
wait_for 1200 passes_are 300
finish limited
kill $note_pid
end_exporter
for name in hot cold neighbour; do finish $name; done
swap_off
