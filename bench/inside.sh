#!/bin/bash
# inside.sh PIECE: what run.sh starts in a pid namespace of its own, in which all exporters see the same processes and nobody else's.
set -euo pipefail
piece=$1 root=$BENCH_ROOT work=$BENCH_WORK quick=$BENCH_QUICK
ulimit -n "$(ulimit -Hn)"   # six handles for each of 10,000 processes
native=$root/artifacts/native/memsnoop
managed=$root/artifacts/bin/MemSnoop.Exporter/release/memsnoop
. "$root/bench/measure.sh"
. "$root/bench/pieces/$piece.sh"
