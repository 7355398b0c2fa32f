#!/bin/bash
# The one test command: installs what is missing, builds everything once, runs the tests of a tier. The last line is the result, alone:
# "N passed, N failed". Any failure, any test that was skipped and any project without tests make it fail.
#
#   tests/run.sh --fast              minutes: all but the virtual machine and what waits for seconds
#   tests/run.sh                     what a change must pass
#   tests/run.sh --long [NAME...]    what takes long by its nature, or these scenarios of it; writes their rows of docs/measured.md
#
# A test says itself by a trait which tier it is in: see tests/Shared/Tiers.cs. Several things run side by side; their output comes when
# each has ended.
set -euo pipefail
exec </dev/null   # there may be no terminal, and no standard input at all
export LC_ALL=C   # what tests print may be any bytes

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

# Tests make cgroups, become other users and read every process of the machine.
if [ "$(id -u)" -ne 0 ]; then
  exec sudo env "PATH=$PATH" "HOME=$HOME" "$root/tests/run.sh" "$@"
fi

tier=ordinary
case ${1-} in
  --fast | --long) tier=${1#--}; shift ;;
esac
scenarios=("$@")
if [ $# -gt 0 ] && [ $tier != long ] || [[ "${1-}" == -* ]]; then
  echo "usage: tests/run.sh [--fast | --long [SCENARIO...]]" >&2
  exit 2
fi

configuration=Release
results=artifacts/test-results
rm -rf "$results" artifacts/measured artifacts/reliability artifacts/reliability.md
mkdir -p "$results"
started=$SECONDS
passed=0
failed=0
say() { echo "tests/run.sh: $*"; }

# Whatever runs beside this script ends with it.
trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

# show FILE: without what a terminal would obey.
show() { tr -c '\11\12\40-\176\200-\377' '?' <"$1"; }

# step NAME COMMAND...: something that is not a test of a project: one test, passed or failed; its output is shown if it failed.
step() {
  local name=$1 begun=$SECONDS code=0
  shift
  "$@" >"$results/$name.log" 2>&1 || code=$?
  echo "$code $((SECONDS - begun))" >"$results/$name.step"
}

count_step() {
  local code seconds
  read -r code seconds <"$results/$1.step" || code=1
  if [ "$code" -eq 0 ]; then
    passed=$((passed + 1))
    say "$1: passed, ${seconds} s"
  else
    failed=$((failed + 1))
    show "$results/$1.log"
    say "$1: failed with $code, ${seconds-?} s"
  fi
}

# run PROJECT FILTER...: its tests, with the runner's report beside its output.
run() {
  local project=$1 begun=$SECONDS code=0
  shift
  # Every test has a deadline of its own; this one is for a runner that hangs. Who is started in the background ignores SIGINT, which the
  # program under test would inherit.
  timeout --foreground --kill-after=1m 90m ${lane_priority-} env --default-signal=HUP,INT,QUIT "artifacts/bin/$project/${configuration,,}/$project" -noColor -noLogo \
    -xml "$results/$project.xml" "$@" >"$results/$project.log" 2>&1 || code=$?
  echo "$code $((SECONDS - begun))" >"$results/$project.code"
}

# count PROJECT: adds what its report says. A runner that left none, or ended with an error that no test had, is a failure itself.
count() {
  local project=$1 code=none seconds=? assembly total good bad
  show "$results/$project.log"
  read -r code seconds <"$results/$project.code" || true
  assembly=$(grep -a -o -m 1 '<assembly [^>]*>' "$results/$project.xml" 2>/dev/null | head -n 1 || true)
  number() { sed -nE "s/.* $1=\"([0-9]+)\".*/\1/p" <<<"$assembly"; }
  total=$(number total) good=$(number passed)
  if [ -z "$total" ] || [ -z "$good" ]; then
    say "$project: ended with $code and left no report, $seconds s"
    failed=$((failed + 1))
    return
  fi

  # What did not run has not passed.
  bad=$((total - good + $(number errors)))
  if [ "$bad" -eq 0 ] && { [ "$code" != 0 ] || { [ "$total" -eq 0 ] && [ $tier != long ]; }; }; then
    bad=1
  fi
  say "$project: $good passed, $bad failed ($(number skipped) skipped, $(number not-run) not run), exit code $code, $seconds s"
  passed=$((passed + good))
  failed=$((failed + bad))
}

tests/install.sh
if [ $tier != fast ]; then
  # Where it is not kept from an earlier run the tests of the lab wait for it, and they take longest.
  step kernel tests/kernel/build-kernel.sh &
fi

# No server of the build stays behind: it would hold memory and files while the tests measure.
# With the packages that the lock files name, and no others.
dotnet build MemSnoop.Exporter.sln -c $configuration -p:RestoreLockedMode=true --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false
make -s -C tests/workloads OUT="$root/artifacts/workloads"
say "installed and built in $((SECONDS - started)) s"

# The program as it is shipped, which the tests of the program and of the lab run. The compiler takes a minute, in which others can run that do without.
step native make -s native &
native=$!

case $tier in
  fast)
    filter=(-trait- tier=long -trait- tier=ordinary)
    step format dotnet format whitespace MemSnoop.Exporter.sln --verify-no-changes --no-restore &
    run MemSnoop.Tests "${filter[@]}"
    count MemSnoop.Tests
    wait $native
    count_step native
    run MemSnoop.Exporter.Tests "${filter[@]}"
    count MemSnoop.Exporter.Tests
    wait
    count_step format
    ;;
  ordinary)
    # Two lanes: the tests of the lab keep an emulator busy, while those of the program mostly wait. The emulator gives way.
    filter=(-trait- tier=long)
    run MemSnoop.Tests "${filter[@]}"
    count MemSnoop.Tests
    wait $native
    count_step native
    {
      lane_priority=nice
      run MemSnoop.KernelTests "${filter[@]}"
    } &
    run MemSnoop.Exporter.Tests "${filter[@]}"
    count MemSnoop.Exporter.Tests
    step format nice dotnet format MemSnoop.Exporter.sln --verify-no-changes --no-restore
    wait
    count_step format
    count_step kernel
    count MemSnoop.KernelTests
    ;;
  long)
    filter=(-trait tier=long -trait scenario=reliability)
    if [ ${#scenarios[@]} -gt 0 ]; then
      filter=()
      for scenario in "${scenarios[@]}"; do filter+=(-trait "scenario=$scenario"); done
    fi
    run MemSnoop.Tests "${filter[@]}"
    count MemSnoop.Tests
    wait $native
    count_step native
    run MemSnoop.KernelTests "${filter[@]}" &
    run MemSnoop.Exporter.Tests "${filter[@]}"
    count MemSnoop.Exporter.Tests
    wait
    count_step kernel
    count MemSnoop.KernelTests
    [ $failed -gt 0 ] || tests/measured.sh artifacts/measured docs/measured.md
    ;;
esac

times >"$results/times"   # here, since a subshell would tell its own
say "$tier tier: all in $((SECONDS - started)) s; processor time, user and system: $(tail -n 1 "$results/times"); logs and reports in $results"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
