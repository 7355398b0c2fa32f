# The published program measures what the workloads touch, whatever the pages: as a command, and as an exporter for all at once.
thp=/sys/kernel/mm/transparent_hugepage

# case NAME TOUCH-OPTION...
measure() {
  measure_name=$1
  shift
  start "$measure_name" touch --resident 200 --hot 40 "$@"
  memsnoop wss "$(field "$measure_name" pid)" 3 >"$RESULTS/$measure_name-wss.txt"
  finish "$measure_name"
}

memsnoop check --json >"$RESULTS/check.json"
measure small --huge never
measure huge --huge always
measure holes --huge always --unmap-half
measure shmem --kind shmem
measure file --kind file --path /disk/data
rm -f /disk/data
# Anonymous memory has folios of other sizes since 6.8.
if [ -d "$thp/hugepages-64kB" ]; then
  echo always >"$thp/hugepages-64kB/enabled"
  measure folios64k --huge default
  echo never >"$thp/hugepages-64kB/enabled"
fi
echo 20 >/proc/sys/vm/nr_hugepages
measure_untracked() {
  start "$1" touch --resident 20 --hot 20 --kind "$1" --huge "$2"
  memsnoop wss "$(field "$1" pid)" 2 >"$RESULTS/$1-wss.txt"
  finish "$1"
}
measure_untracked hugetlb default
measure_untracked zero never
echo 0 >/proc/sys/vm/nr_hugepages
