# The lab itself: the bitmap is there and means what it should, and a .NET program runs.
[ -f /sys/kernel/mm/page_idle/bitmap ] || die "this kernel has no idle bitmap"

start touch touch --resident 20 --hot 4 --huge never
pid=$(field touch pid)

read_range() { idlebits "$pid" $(range touch "$1_range") read >"$RESULTS/$1.json"; }

# Nothing touches the cold part; the hot part becomes active again within a round of touching.
idlebits "$pid" $(range touch cold_range) mark >"$RESULTS/marked.json"
idlebits "$pid" $(range touch hot_range) mark >>"$RESULTS/marked.json"
all_hot() { read_range hot; [ "$(json_value idle <"$RESULTS/hot.json")" -eq 0 ]; }
wait_for 30 all_hot
read_range cold
finish touch

if [ -x /app/memsnoop ]; then
  memsnoop --version >"$RESULTS/memsnoop.txt"
fi
uname -r >"$RESULTS/kernel.txt"
cut -d' ' -f1 /proc/uptime >"$RESULTS/uptime.txt"
