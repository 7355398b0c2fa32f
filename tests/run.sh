#!/bin/bash
# The one test command: installs what is missing, builds everything once, runs all test projects. The last line is the result, alone:
# "N passed, N failed". Any failure, any test that was skipped and any project without tests make it fail.
set -euo pipefail
exec </dev/null   # there may be no terminal, and no standard input at all

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

# Tests make cgroups, become other users and read every process of the machine.
if [ "$(id -u)" -ne 0 ]; then
  exec sudo env "PATH=$PATH" "HOME=$HOME" "$root/tests/run.sh" "$@"
fi

configuration=Release
projects=(MemSnoop.Tests MemSnoop.Exporter.Tests MemSnoop.KernelTests)
results=artifacts/test-results
mkdir -p "$results"
started=$SECONDS
say() { echo "tests/run.sh: $*"; }

tests/install.sh
# No server of the build stays behind: it would hold memory and files while the tests measure.
dotnet build MemSnoop.Exporter.sln -c $configuration --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false
make -s -C tests/workloads OUT="$root/artifacts/workloads"
say "installed and built in $((SECONDS - started)) s"

passed=0
failed=0
for project in "${projects[@]}"; do
  begun=$SECONDS
  log=$results/$project.log
  code=0
  # Every test has a deadline of its own; this one is for a runner that hangs. In the foreground, so that what ends this script ends it too.
  timeout --foreground --kill-after=1m 40m "artifacts/bin/$project/${configuration,,}/$project" -noColor 2>&1 | tee "$log" || code=${PIPESTATUS[0]}

  # The runner's own summary:   MemSnoop.Tests  Total: 9, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 1.2s
  summary=$(grep -E '^ *'"$project"' +Total: [0-9]+, Errors: ' "$log" | tail -n 1 || true)
  count() { sed -nE "s/.*$1: ([0-9]+),.*/\1/p" <<<"$summary"; }
  if [ -z "$summary" ]; then
    say "$project: ended with $code and no summary"
    failed=$((failed + 1))
    continue
  fi

  total=$(count Total) errors=$(count Errors) bad=$(count Failed) skipped=$(count Skipped) left=$(count 'Not Run')
  good=$((total - bad - skipped - left))
  bad=$((bad + errors))
  say "$project: $good passed, $bad failed, $skipped skipped, $left not run, exit code $code, $((SECONDS - begun)) s"

  # What did not run has not passed, and a runner that counts no failure may still have failed.
  bad=$((bad + skipped + left))
  if [ "$total" -eq 0 ] || { [ "$code" -ne 0 ] && [ $bad -eq 0 ]; }; then
    bad=$((bad + 1))
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
done

say "all in $((SECONDS - started)) s; logs in $results"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
