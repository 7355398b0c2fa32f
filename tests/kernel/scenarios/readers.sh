# Others who clear accessed bits in the middle of our windows: strangers, and ourselves from elsewhere. 40 of 60 MB are touched once in a window,
# and then the other comes. A line in acts.json says when.
start target cases
target=$(field target pid)
tell target "map 0 60 anon"
range=$(tail -n 1 "$RESULTS/target.json" | sed 's/.*"start":"\([0-9A-F]*\)","bytes":\([0-9]*\).*/\1 \2/')
range="${range% *} $(printf '%x' $((0x${range% *} + ${range#* })))"
echo 1 >/proc/sys/vm/drop_caches

# act NAME COMMAND...: in the middle of a window, after a touch.
act() {
  act_name=$1
  shift
  await_passes 1
  tell target "touch 0 0 40"
  "$@" >"$RESULTS/$act_name.out" 2>"$RESULTS/$act_name.err"
  echo "{\"act\":\"$act_name\",\"ms\":$(now_ms)}" >>"$RESULTS/acts.json"
  await_passes 2
}
# ours NAME OPTION...: memsnoop wss beside the exporter; it may take some windows to start.
ours() {
  ours_name=$1
  shift
  await_passes 1
  beside "$@" >"$RESULTS/$ours_name.out" 2>"$RESULTS/$ours_name.err"
  echo "{\"act\":\"$ours_name\",\"ms\":$(now_ms),\"code\":$beside_code}" >>"$RESULTS/acts.json"
  await_passes 2
}
clear_refs() { echo 1 >"/proc/$target/clear_refs"; }

# Of those that ask the exporter some wait for a window, and may do so beside its own.
exporter --pid "$target" --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 3s --idle-ages 0s,3s,6s,9s,12s
watch bitmap
wait_for 60 has_working_set "$target"
await_passes 1
act stranger-bitmap idlebits "$target" $range mark
act stranger-clear-refs clear_refs
ours ours-referenced memsnoop wss "$target" 1 --method referenced
ours ours-elsewhere unshare -mn memsnoop wss "$target" 1
ours ours-last unshare -mn memsnoop wss "$target"
end_exporter
finish bitmap

exporter --pid "$target" --no-children --collector.disable-defaults --collector.statm --collector.working-set --interval 0s \
  --working-set-interval 3s --method referenced --max-stall 1m
watch referenced
wait_for 60 has_working_set "$target"
await_passes 1
act referenced-clear-refs clear_refs
ours referenced-ours memsnoop wss "$target" 0.5 --method referenced
ours referenced-elsewhere unshare -mn memsnoop wss "$target" 0.5 --method referenced
act referenced-cold tell target "touch 0 0 40;advise 0 cold"
end_exporter
finish referenced
finish target
