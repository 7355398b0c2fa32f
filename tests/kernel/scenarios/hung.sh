# A process that does not answer, beside one that does: it has no windows until it answers again, and those of the other go on.
start hang hang --resident 60 --hot 40
start touch touch --resident 60 --hot 20 --huge never
hung=$(field hang pid)
other=$(field touch pid)
exporter --pid "$hung" --pid "$other" --no-children --method page_idle --working-set-interval 1s --interval 0s
has_both() { has_working_set "$hung" && has_working_set "$other"; }
has_other_only() { ! has_working_set "$hung" && has_working_set "$other"; }
is_told() { [ "$(series memsnoop_processes_hung)" = "$1" ]; }
passes() { series memsnoop_measurement_skipped_total 'measurement="working-set"' 'reason="hung"'; }
has_passed() { [ "$(passes)" -ge "$1" ]; }
settled() { [ "$(working_set "$1")" -lt $(($2 << 20)) ]; }
wait_for 120 has_both
wait_for 120 settled "$hung" 50
wait_for 120 settled "$other" 30
tell hang map
wait_for 25 is_told 1
wait_for 25 has_other_only
# Windows that began and ended while it hung.
wait_for 25 has_passed $(($(passes) + 2))
scrape >"$RESULTS/map.txt"
tell hang free
wait_for 120 is_told 0
wait_for 120 has_both
wait_for 120 settled "$hung" 50
scrape >"$RESULTS/after.txt"
echo "$hung $other" >"$RESULTS/pids.txt"
end_exporter
finish hang
finish touch
