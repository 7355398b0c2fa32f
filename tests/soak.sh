#!/bin/bash
# soak.sh [SECONDS]: everything at once for so long, an hour unless said otherwise: processes come and go, two scrapers, passes, pushes to a receiver that comes and goes.
# Afterwards memory, descriptors and threads must be what they were after a sixth of the time. `tests/run.sh` runs two minutes of it, `tests/run.sh --long soak` the hour.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
if [[ ! "${1-3600}" =~ ^[0-9]+$ ]] || [ "${1-3600}" -lt 60 ] || [ $# -gt 1 ]; then
  echo "soak.sh: expected a number of seconds, 60 at least" >&2
  exit 2
fi
tests/install.sh
dotnet build tests/MemSnoop.Exporter.Tests -c Release --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false
make -s -C tests/workloads OUT="$root/artifacts/workloads"
make -s native
MEMSNOOP_SOAK_SECONDS=${1-3600} exec artifacts/bin/MemSnoop.Exporter.Tests/release/MemSnoop.Exporter.Tests -noColor -noLogo -showLiveOutput -trait scenario=soak </dev/null
