# The yardstick finds exactly what was touched, whatever the page size, and what a frame costs is written down.
thp=/sys/kernel/mm/transparent_hugepage

# measure NAME TOUCH-OPTION...: nine passes, the last eight of them of use.
measure() {
  measure_name=$1
  shift
  start "$measure_name" touch --resident 200 --hot 40 --sleep-us 20000 "$@"
  pagefloor --passes 9 --interval-ms 400 "$(field "$measure_name" pid)" >"$RESULTS/$measure_name-floor.json"
  pagefloor --passes 3 --interval-ms 500 --stat "$(field "$measure_name" pid)" >"$RESULTS/$measure_name-stat.json"
  pagefloor --passes 3 --interval-ms 500 --mark frames "$(field "$measure_name" pid)" >"$RESULTS/$measure_name-mark-frames.json"
  pagefloor --passes 3 --interval-ms 500 --mark words "$(field "$measure_name" pid)" >"$RESULTS/$measure_name-mark-words.json"
  pagefloor --passes 3 --interval-ms 500 --no-scan "$(field "$measure_name" pid)" >"$RESULTS/$measure_name-no-scan.json"
  finish "$measure_name"
}

measure small --huge never
measure huge --huge always
measure holes --huge always --unmap-half
# Anonymous memory has folios of other sizes since 6.8.
if [ -d "$thp/hugepages-64kB" ]; then
  echo always >"$thp/hugepages-64kB/enabled"
  measure folios64k --huge default
  echo never >"$thp/hugepages-64kB/enabled"
fi

# Where memory ends inside a word of the bitmap, the kernel gives nothing back for it.
last=$(awk '/System RAM/ { sub(/ .*/, ""); sub(/.*-/, ""); print }' /proc/iomem | tail -n 1)
word=$(((0x$last / 4096) / 64))
dd if=/sys/kernel/mm/page_idle/bitmap bs=8 skip="$word" count=1 2>/dev/null | wc -c >"$RESULTS/last-word-bytes.txt"
echo "$last" >"$RESULTS/last-byte.txt"
