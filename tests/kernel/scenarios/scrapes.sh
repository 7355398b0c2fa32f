# What a scrape costs, in instructions (2 ns each): of processes that sleep, and of processes that have all run since the scrape before. For the latter, next to a C program that
# only reads the same files.
processes=300
scrapes=20

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$(cat /tmp/exporter.pid)/stat"; }

# measure NAME PERIOD: CPU milliseconds of the exporter for each scrape.
measure() {
  start "$1" idler --processes $processes --period "$2"
  MemSnoop__Web__CacheDuration=0s exporter --name '^idler$' --interval 0s --no-collector.working-set

  # Buffers grow and handles are closed in the first ones.
  for number in 1 2 3 4 5 6 7 8; do rest; scrape >"$RESULTS/$1.txt"; done
  before=$(cpu_ticks)
  number=0
  while [ $number -lt $scrapes ]; do
    rest
    scrape >"$RESULTS/$1.txt"
    number=$((number + 1))
  done
  echo $((($(cpu_ticks) - before) * 10000 / scrapes)) >"$RESULTS/$1-us.txt"
  end_exporter
}

# Longer than the period, so that every process has run.
rest() { usleep 600000; }

measure sleeping 0
finish sleeping
measure running 500
floor-scrape --rounds $scrapes >"$RESULTS/floor.json"
finish running
