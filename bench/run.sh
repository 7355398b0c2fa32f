#!/bin/bash
# Measures memsnoop beside its peers and beside C programs that do only what cannot be avoided, in one run on one machine. Installs the peers (Debian's
# packages), builds memsnoop, and prints a Markdown table. Needs root. Nothing else should run meanwhile.
#
#     bench/run.sh [--quick] [--no-build] [PIECE...]
#
# PIECE       start, scrape, idle, memory, service; all of these without any. They take 45 minutes, `service` 31 of them.
#             fleet, if it is named: what a node of a cluster gives Prometheus to do; 20 minutes.
#             store, if it is named: what VictoriaMetrics needs for many of them; 8 minutes.
# --quick     a fraction of the rounds: to see that everything runs. The figures are too few to be kept.
# --no-build  measure what artifacts/ holds.
#
# Unless it is quick, a run writes its tables into docs/performance.md: of start, scrape, idle and memory if all four ran, of service also into README.md; of fleet
# and store into docs/fleet.md.
set -euo pipefail
exec </dev/null
export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

all=(start scrape idle memory service)
quick=false build=true pieces=()
for word in "$@"; do
  case $word in
    --quick) quick=true ;;
    --no-build) build=false ;;
    start | scrape | idle | memory | service | fleet | store) pieces+=("$word") ;;
    *) echo "run.sh: unknown word $word" >&2; exit 2 ;;
  esac
done
[ ${#pieces[@]} -gt 0 ] || pieces=("${all[@]}")
# ran PIECE...: whether these are among what runs, and their figures are to be kept.
ran() {
  local piece
  for piece in "$@"; do [[ " ${pieces[*]} " == *" $piece "* ]] || return 1; done
  [ $quick = false ]
}
[ "$(id -u)" -eq 0 ] || { echo "run.sh: needs root: memsnoop reads the memory of all processes" >&2; exit 2; }

work=$(mktemp -d /tmp/memsnoop-bench.XXXXXX)
chmod 755 "$work"   # PostgreSQL runs as a user of its own
export BENCH_ROOT=$root BENCH_WORK=$work BENCH_QUICK=$quick BENCH_ID=$$
started=$SECONDS
inside=
say() { printf '%s %4d s  %s\n' "$(date +%T)" $((SECONDS - started)) "$*" >&2; }

# Everything that is measured runs in a pid namespace. With its first process all others end, whatever state they are in.
cleanup() {
  local group deadline=$((SECONDS + 20))
  [ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null || true
  wait 2>/dev/null || true
  [ ! -s "$work/groups" ] || while read -r group; do
    while [ -d "$group" ] && ! rmdir "$group" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.1; done
  done <"$work/groups"
  while ! rm -rf "$work" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.1; done
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say "installing what is missing"
tests/debian-packages.sh bench/packages.txt >"$work/install.log" 2>&1 || { cat "$work/install.log" >&2; exit 1; }
# Not every release of Debian has it.
if apt-cache policy cadvisor 2>/dev/null | grep -q 'Candidate: [0-9]'; then
  echo cadvisor >"$work/cadvisor.txt"
  tests/debian-packages.sh "$work/cadvisor.txt" >"$work/install.log" 2>&1 || { cat "$work/install.log" >&2; exit 1; }
fi

if [[ " ${pieces[*]} " == *" store "* ]]; then
  # The newest that Debian had when it was fetched first, unpacked and not installed.
  store=$(tests/cached.sh victoria-metrics sid bench/victoria-metrics.sh 2>"$work/install.log") || { cat "$work/install.log" >&2; exit 1; }
  export BENCH_STORE=$store/usr/bin/victoria-metrics
fi

if [ $build = true ]; then
  say "building"
  { make -s native && dotnet build src/MemSnoop.Exporter -c Release --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false; } >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; exit 1; }
fi
make -s -C tests/workloads OUT="$root/artifacts/workloads"
make -s -C bench/floor-scrape OUT="$root/artifacts/floor"
for program in artifacts/native/memsnoop artifacts/bin/MemSnoop.Exporter/release/memsnoop; do
  [ -x $program ] || { echo "run.sh: $program is missing: leave out --no-build" >&2; exit 1; }
done

for piece in "${pieces[@]}"; do
  # Not the shell itself, which would wait for the namespace before it obeys a signal.
  say "$piece"
  # The kernel has no more to say of the process that is killed than that: what failed has told it before.
  unshare --pid --fork --mount-proc --kill-child bench/inside.sh "$piece" &
  inside=$!
  wait $inside || { code=$?; inside=; echo "run.sh: $piece failed with $code" >&2; exit 1; }
  inside=
done
say "done"

revision=$(artifacts/native/memsnoop --version)
version() { dpkg-query -W -f '${Package} ${Version}' "$1"; }
{
  echo "$revision; $(date -u +%F); $(uname -srm); $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo), at most $(ulimit -Hn) open files;" \
    "$(. /etc/os-release && echo "$PRETTY_NAME")."
  [ $quick = false ] || echo "**Quick: too few rounds to be kept.**"
} >"$work/head.md"
{
  cat "$work/head.md"
  if [ -s "$work/rows" ]; then
    echo "Peers: $(version prometheus-process-exporter), $(version prometheus-node-exporter). Figures are medians of rounds in which all took turns, and in brackets the smallest and the largest."
    echo
    echo '| | memsnoop | beside it | its figure | memsnoop is |'
    echo '|---|---:|---|---:|---:|'
    cat "$work/rows"
  fi
} >"$work/performance.md"
{
  if [ -s "$work/service" ]; then
    echo '| service | memsnoop | requests/s | p50 ms | p99 ms | p99.9 ms |'
    echo '|---|---|---:|---:|---:|---:|'
    cat "$work/service"
    echo
    cat "$work/service.notes"
  fi
} >"$work/service.md"

# between MARK FILE DOCUMENT: puts the file between the document's marks.
between() {
  grep -q "<!-- $1: begin" "$3" || { echo "run.sh: $3 has no mark $1" >&2; exit 1; }
  awk -v mark="$1" -v file="$2" 'index($0, "<!-- " mark ": end") { inside = 0 } !inside { print }
    index($0, "<!-- " mark ": begin") { inside = 1; while ((getline line <file) > 0) print line }' "$3" >"$work/document"
  cat "$work/document" >"$3"
}
if ran start scrape idle memory; then
  between performance "$work/performance.md" docs/performance.md
  say "written to docs/performance.md"
fi
if ran service; then
  { cat "$work/head.md"; echo; cat "$work/service.md"; } >"$work/service.page.md"
  between service "$work/service.page.md" docs/performance.md
  {
    echo "What does it cost the service beside it? Changes against memsnoop off, while clients ask as fast as they get answers ([how it was measured](docs/performance.md)):"
    echo
    echo '| | requests/s | p50 | p99 | p99.9 |'
    echo '|---|---:|---:|---:|---:|'
    cat "$work/service.changes"
  } >"$work/readme.md"
  between service "$work/readme.md" README.md
  say "written to docs/performance.md and README.md"
fi
if ran fleet; then
  { cat "$work/head.md"; echo; cat "$work/fleet.md"; } >"$work/fleet.page.md"
  between fleet "$work/fleet.page.md" docs/fleet.md
  say "written to docs/fleet.md"
fi
if ran store; then
  { cat "$work/head.md"; echo; cat "$work/store.md"; } >"$work/store.page.md"
  between store "$work/store.page.md" docs/fleet.md
  say "written to docs/fleet.md"
fi
cat "$work/performance.md"
for piece in fleet store; do
  [ ! -s "$work/$piece.md" ] || { echo; cat "$work/$piece.md"; }
done
[ ! -s "$work/service.md" ] || { echo; cat "$work/service.md"; }
