# What each method says of memory that is used, and of memory that looks used, one case after another: a window of 5 s by `memsnoop wss` for each, in
# the middle of which the case happens. No exporter runs, so that the two methods can be compared on the same cases.
swap_on 200M
echo 20 >/proc/sys/vm/nr_hugepages
echo 10000 >/sys/kernel/mm/ksm/pages_to_scan
is_locked() { ls /run/memsnoop/*.lock >/dev/null 2>&1; }
is_merged() { [ "$(cat /sys/kernel/mm/ksm/pages_sharing)" -ge 7000 ]; }

# one CASE PREPARATION ACT: in a process of its own, by each method.
one() {
  for method in page_idle referenced; do
    start "$1-$method" cases
    [ -z "$2" ] || tell "$1-$method" "$2"
    [ "$1" != merged ] || { echo 1 >/sys/kernel/mm/ksm/run; wait_for 60 is_merged; echo 0 >/sys/kernel/mm/ksm/run; }
    # Flushes the processors' queues: pages in them are on no reclaim list yet and cannot be idle.
    echo 1 >/proc/sys/vm/drop_caches
    memsnoop wss "$(field "$1-$method" pid)" 5 --json --method $method --max-stall 1m >"$RESULTS/$1-$method-wss.json" 2>"$RESULTS/$1-$method-wss.err" &
    wss_pid=$!
    wait_for 60 is_locked
    # The window begins at once after the lock; this machine is slow.
    usleep 1500000
    tell "$1-$method" "$3"
    wait $wss_pid
    finish "$1-$method"
    echo 2 >/sys/kernel/mm/ksm/run
  done
}

one touched "map 0 30 anon" "touch 0 0 20"
one rested "map 0 30 anon" "rest"
one gone "map 0 10 anon;map 1 20 anon" "touch 1 0 20;free 1"
one huge "map 0 30 huge" "skim 0 512"
one hugetlb "map 0 20 hugetlb;map 1 10 anon" "touch 0 0 20"
one swapped-out "map 0 30 anon" "advise 0 pageout"
one swapped-in "map 0 30 anon;advise 0 pageout" "touch 0 0 20"
one twice "map 0 30 memfd;second 0 0 stay" "touch 0 0 20"
one other "map 0 30 memfd" "child-reads 0 20"
one mapped "map 0 20 file /disk/definitions" "peep 0 0 10"
one read "map 0 20 file /disk/definitions" "read 0 10"
one populated "map 0 10 anon" "populate 1 20 /disk/definitions"
one direct "map 0 30 anon" "direct 0 20 /disk/definitions"
one migrated "map 0 30 anon;migrate 0 0" "migrate 0 1"
one collapsed "map 0 30 anon" "advise 0 huge;advise 0 collapse"
one merged "map 0 30 anon;advise 0 mergeable" "skim 0 256"
one cold "map 0 30 anon" "touch 0 0 20;advise 0 cold"
echo 0 >/proc/sys/vm/nr_hugepages
swap_off
