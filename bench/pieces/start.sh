# What a start takes, and how large things are. Beside 1,000 idle processes, all measurements on.

now_us() { echo "${EPOCHREALTIME/./}"; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

window=1m
exporters=(native-windows managed-windows process-exporter-lean process-exporter node-exporter)
idlers idle 1000 0
for ((round = 0; round < $(pick 15 3); round++)); do
  for key in "${exporters[@]}"; do
    began=$(now_us)
    launch "$key"
    deadline=$((SECONDS + 60))
    until listens $port; do
      kill -0 "${pid_of[$key]}" 2>/dev/null && ((SECONDS < deadline)) || fail "$key does not listen: $(tail -n 2 "$work/$key.log")"
    done
    scrape "$key"
    echo $((($(now_us) - began) / 1000)) >>"$work/first.$key"
    status_of "${pid_of[$key]}" Threads >>"$work/threads.$key"
    stop "$key"
  done
  for key in native managed; do
    for ((i = 0; i < 3; i++)); do
      began=$(now_us)
      "${!key}" --version >/dev/null
      echo $((($(now_us) - began) / 100)) | awk '{ print $1 / 10 }' >>"$work/version.$key"
    done
  done
done
end_population idle

for key in "${exporters[@]:1}"; do compare "start to the first scrape's end, 1,000 processes" %.0f ' ms' "$work/first.native-windows" "$(title_of "$key")" "$work/first.$key"; done
for key in "${exporters[@]:1}"; do compare "threads after it" %.0f '' "$work/threads.native-windows" "$(title_of "$key")" "$work/threads.$key"; done
compare '`memsnoop --version`' %.1f ' ms' "$work/version.native" "$(title_of managed)" "$work/version.managed"

megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'; }
bytes_of() { stat -L -c %s "$(command -v "$1")"; }
ours=$(bytes_of "$native")
for peer in prometheus-process-exporter prometheus-node-exporter; do
  theirs=$(bytes_of $peer)
  row "size of the binary" "$(megabytes "$ours")" "${peer#prometheus-}" "$(megabytes "$theirs")" "$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f times", a / b }')"
done
if "$root/deploy/image/assemble.sh" "$native" "$work/image" >"$work/image.log" 2>&1; then
  row "size of the image, uncompressed" "$(megabytes "$(du -sb "$work/image" | cut -f 1)")" "" "" ""
  rm -rf "$work/image"
else
  fail "the image could not be put together: $(tail -n 1 "$work/image.log")"
fi
