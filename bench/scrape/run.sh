#!/bin/bash
# What one scrape of many processes costs: memsnoop, Debian's prometheus-process-exporter and the kernel by itself, on
# one machine, in one run, in turn. Needs gcc, make, curl, strace and prometheus-process-exporter; run it as root.
#
#     bench/scrape/run.sh [--processes 1000] [--period MS] [--scrapes 40] [--rounds 3] [--only memsnoop]
#
# --period MS     every process runs for a moment each so many milliseconds; without it, all of them sleep.
# --only WORD     leave out the rows whose name does not begin with WORD.
set -euo pipefail

# In a pid namespace of its own: both exporters see the processes started here and nobody else's.
if [[ $$ != 1 ]]; then
    exec unshare --pid --fork --mount-proc --kill-child "$0" "$@"
fi

root=$(cd "$(dirname "$0")/../.." && pwd)
processes=1000 period=0 scrapes=40 rounds=3 only=
while (($# > 0)); do
    case $1 in
        --processes) processes=$2 ;;
        --scrapes) scrapes=$2 ;;
        --rounds) rounds=$2 ;;
        --period) period=$2 ;;
        --only) only=$2 ;;
        *) echo "run.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done

for tool in gcc make curl strace prometheus-process-exporter; do
    command -v "$tool" > /dev/null || { echo "run.sh: needs $tool" >&2; exit 2; }
done

work=$(mktemp -d)
started=()
cleanup() {
    ((${#started[@]} == 0)) || kill "${started[@]}" 2> /dev/null || true
    wait
    rm -rf "$work"
}
trap cleanup EXIT

make -s -C "$root/tests/workloads" OUT="$root/artifacts/workloads"
make -s -C "$root/bench/floor-scrape" OUT="$root/artifacts/floor"
make -s -C "$root" native
dotnet build "$root/src/MemSnoop.Exporter" -c Release --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false

# The idlers end when their standard input does.
mkfifo "$work/hold"
"$root/artifacts/workloads/idler" --processes "$processes" --period "$period" < "$work/hold" > "$work/idlers.json" &
started+=($!)
exec 9> "$work/hold"
until grep -q '"pids"' "$work/idlers.json"; do sleep 0.05; done

# One group for each process. Of the three options off, two make it do what memsnoop does by default.
printf 'process_names:\n  - name: "{{.PID}}"\n    cmdline:\n    - ".+"\n' > "$work/groups.yml"

names=() pids=() urls=()
add() { # NAME PORT PATH COMMAND...
    local name=$1 port=$2 path=$3
    shift 3
    [[ $name == "$only"* ]] || return 0
    "$@" > "$work/$port.log" 2>&1 &
    started+=($!)
    names+=("$name") pids+=($!) urls+=("http://127.0.0.1:$port$path")
    local deadline=$((SECONDS + 30))
    until curl -sf -o /dev/null "http://127.0.0.1:$port$path"; do
        ((SECONDS < deadline)) || { echo "run.sh: $name does not answer:" >&2; tail -5 "$work/$port.log" >&2; exit 1; }
        sleep 0.1
    done
}
memsnoop() { # NAME PORT PROGRAM OPTION...
    local name=$1 port=$2 program=$3
    shift 3
    MemSnoop__Web__CacheDuration=0s add "$name" "$port" /metrics \
        "$root/artifacts/$program" serve --all --max-processes 30000 --interval 0s --no-collector.working-set --run-dir "$work/run-$port" --listen "127.0.0.1:$port" "$@"
}
memsnoop "memsnoop" 19464 native/memsnoop
memsnoop "memsnoop --collector.smaps" 19465 native/memsnoop --collector.smaps
add "process-exporter -gather-smaps=false -threads=false" 19256 /metrics \
    prometheus-process-exporter -config.path "$work/groups.yml" -web.listen-address 127.0.0.1:19256 -children=false -gather-smaps=false -threads=false
add "process-exporter" 19257 /metrics \
    prometheus-process-exporter -config.path "$work/groups.yml" -web.listen-address 127.0.0.1:19257 -children=false

memsnoop "memsnoop, .NET runtime" 19466 bin/MemSnoop.Exporter/release/memsnoop

# utime and stime of the process, in ticks: fields 14 and 15, counted behind the name.
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12, $13 }'; }
resident_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; }

# An answer counts only when it is whole.
scrape() { # URL COUNT GZIP
    local i header=()
    [[ $3 == plain ]] || header=(-H 'Accept-Encoding: gzip')
    for ((i = 0; i < $2; i++)); do
        curl -sf "${header[@]}" -o "$work/answer" -w '%{time_total} %{size_download}\n' "$1"
    done
}

# A just-in-time compiler needs some calls to find out what is worth its effort, a collector to find its size.
for i in "${!names[@]}"; do
    warm=5
    [[ ${names[i]} != memsnoop* ]] || warm=60
    scrape "${urls[i]}" "$warm" plain > /dev/null
    scrape "${urls[i]}" "$warm" gzip > /dev/null
done

for ((round = 0; round < rounds; round++)); do
    for i in "${!names[@]}"; do
        for encoding in plain gzip; do
            read -r user system < <(ticks "${pids[i]}")
            scrape "${urls[i]}" "$scrapes" $encoding > "$work/timings"
            read -r user_after system_after < <(ticks "${pids[i]}")
            awk -v u=$((user_after - user)) -v s=$((system_after - system)) \
                '{ wall += $1; bytes = $2 } END { print u, s, wall, bytes }' "$work/timings" >> "$work/$i.$encoding"
        done
    done
    "$root/artifacts/floor/floor-scrape" --rounds "$scrapes" >> "$work/floor"
done

hz=$(getconf CLK_TCK)
total=$((scrapes * rounds))
declare -A cpu
printf '%d processes that %s; %d scrapes each, in %d turns; %s; %s\n\n' "$processes" "$( ((period == 0)) && echo sleep || echo "run every $period ms")" "$total" "$rounds" "$(uname -sr)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1) x $(nproc)"
echo '| exporter | answer | CPU ms | user ms | system ms | wall ms | bytes | series | resident MiB |'
echo '|---|---|---:|---:|---:|---:|---:|---:|---:|'
for i in "${!names[@]}"; do
    series=$(curl -sf "${urls[i]}" | grep -vc '^#')
    for encoding in plain gzip; do
        cpu[$i.$encoding]=$(awk -v hz="$hz" -v n="$total" '{ t += $1 + $2 } END { printf "%.1f", t * 1000 / hz / n }' "$work/$i.$encoding")
        awk -v hz="$hz" -v n="$total" -v name="${names[i]}" -v encoding=$encoding -v series="$series" -v rss="$(resident_kib "${pids[i]}")" '
            { u += $1; s += $2; wall += $3; bytes = $4 }
            END { tick = 1000 / hz / n
                  printf "| %s | %s | %.1f | %.1f | %.1f | %.1f | %d | %d | %.0f |\n",
                      name, encoding, (u + s) * tick, u * tick, s * tick, wall * 1000 / n, bytes, series, rss / 1024 }' "$work/$i.$encoding"
    done
done
grep -o '"user_us":[0-9]*,"system_us":[0-9]*' "$work/floor" | tr -c '0-9\n' ' ' | awk '
    { u += $1; s += $2; n++ } END { printf "| the kernel alone (C, no parsing) | | %.1f | %.1f | %.1f | | | | |\n", (u + s) / n / 1000, u / n / 1000, s / n / 1000 }'
echo
echo "The kernel alone, one round, wall time by file: $(tail -1 "$work/floor" | sed 's/.*"wall_us"://; s/}}$/} µs/')"

if [[ -z $only ]]; then
    echo
    for encoding in plain gzip; do
        echo "$encoding: memsnoop takes 1/$(awk -v a="${cpu[2.$encoding]}" -v b="${cpu[0.$encoding]}" 'BEGIN { printf "%.1f", a / b }') of process-exporter without smaps and threads," \
            "and with smaps 1/$(awk -v a="${cpu[3.$encoding]}" -v b="${cpu[1.$encoding]}" 'BEGIN { printf "%.1f", a / b }') of process-exporter as it comes."
    done
fi

echo
echo 'System calls in one scrape:'
for i in "${!names[@]}"; do
    strace -f -c -q -o "$work/calls" -p "${pids[i]}" &
    tracer=$!
    until grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/${pids[i]}/status"; do sleep 0.05; done
    sleep 0.5
    curl -sf -o /dev/null "${urls[i]}"
    kill -INT "$tracer"
    wait "$tracer" || true
    printf '%s: ' "${names[i]}"
    # Waiting for work is no work.
    awk '$NF ~ /^[a-z_0-9]+$/ && $NF != "total" && $4 ~ /^[0-9]+$/ && $NF !~ /futex|epoll|nanosleep|poll/ { all += $4; line = line sprintf(" %s %d", $NF, $4) }
         END { printf "%d calls:%s\n", all, line }' "$work/calls"
done
