#!/bin/bash
# A fleet on one machine: nodes with memsnoop, pods that use and waste memory, a Prometheus with the rules and a week of history. Ends with Ctrl-C. README.md says more.
#
#   deploy/demo/run.sh [--short] [--listen HOST:PORT] [--directory DIR]
#
#   --short      windows and scrapes of 2 s in place of 10 s
#   --listen     where Prometheus answers, by default 127.0.0.1:9090
#   --directory  where everything is kept that it writes, by default a temporary one that goes with it
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
say() { echo "demo: $*" >&2; }

if [ "$(id -u)" -ne 0 ]; then
  say "needs root: it makes control groups and namespaces, and memsnoop reads the processes of others"
  exit 2
fi
for tool in node:nodejs make:make gcc:gcc openssl:openssl unshare:util-linux; do
  command -v "${tool%:*}" >/dev/null || { say "${tool%:*} is missing: apt-get install ${tool#*:}"; exit 2; }
done

# The program as it is shipped: what this checkout has built, else what is installed.
program=$root/artifacts/native/memsnoop
[ -x "$program" ] || program=$(command -v memsnoop) || { say "there is no memsnoop: \`make native\` builds it, or install the package"; exit 2; }

tree=$("$here/fetch.sh")
make -s -C "$root/tests/workloads" OUT="$root/artifacts/workloads" "$root/artifacts/workloads/touch" "$root/artifacts/workloads/cases"
exec node "$here/run.js" --program "$program" --tree "$tree" --workloads "$root/artifacts/workloads" "$@"
