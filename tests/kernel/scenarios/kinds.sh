# File-backed, shared-memory and commonly mapped pages: the yardstick and the workloads agree, process by process and over all of them.
start file touch --resident 100 --hot 20 --kind file --path /disk/data
start shmem touch --resident 100 --hot 20 --kind shmem
start group group --processes 3 --shared 40 --shared-hot 10 --private 30 --private-hot 5,10,15

members=$(sed 's/{"pid":/\n/g' "$RESULTS/group.json" | sed -n 's/^\([0-9]*\),"private_bytes.*/\1/p')
pagefloor --passes 4 --interval-ms 1000 "$(field file pid)" "$(field shmem pid)" $members >"$RESULTS/kinds-floor.json"
pagefloor --passes 3 --interval-ms 1000 $members >"$RESULTS/group-floor.json"

# What changes shows in the pass after.
tell shmem "hot 60"
pagefloor --passes 3 --interval-ms 1000 "$(field shmem pid)" >"$RESULTS/more-floor.json"
tell shmem idle
pagefloor --passes 3 --interval-ms 1000 "$(field shmem pid)" >"$RESULTS/idle-floor.json"
finish file
finish shmem
finish group
