# The exporter's Debian package under systemd: installed, configured, killed, upgraded, stopped, without the bitmap, removed, purged. For --root debian.
settings=/etc/memsnoop/memsnoop.json

# unit NAME: the service's state in $RESULTS/NAME.unit.
unit() {
  systemctl show memsnoop >"$RESULTS/all"
  grep -E '^(LoadState|UnitFileState|ActiveState|SubState|Type|StatusText|MainPID|NRestarts|Result|MemoryCurrent)=' "$RESULTS/all" >"$RESULTS/$1.unit"
  rm "$RESULTS/all"
  echo "$1, $(cut -d' ' -f1 /proc/uptime) s after the kernel's start"
}
main_pid() { systemctl show --property=MainPID --value memsnoop; }
journal() { journalctl --quiet --no-pager --output=cat --unit=memsnoop --since="@$1"; }

# A process of another user than root.
start touch setpriv --reuid=65534 --regid=65534 --clear-groups /programs/touch --resident 20 --hot 4 --huge never
pid=$(field touch pid)

# dpkg returns when the service is ready, so it answers at once.
dpkg -i /packages/first.deb
unit installed
scrape >"$RESULTS/installed.metrics"
dpkg --verify memsnoop >"$RESULTS/verify.txt" || true
cat "/proc/$(main_pid)/status" >"$RESULTS/status.txt"
# What the service could write to, as root and seen from inside.
for path in /etc /usr /var/lib /root /run /run/systemd/system /run/memsnoop /proc/sys/vm/swappiness \
  /sys/bus /sys/devices /sys/fs /sys/module /sys/kernel/mm/ksm/run /sys/kernel/mm/page_idle/bitmap /sys/fs/cgroup/cgroup.procs; do
  nsenter --mount --target "$(main_pid)" test -w $path && echo $path
done >"$RESULTS/writable.txt" || true

# An administrator's change, with windows that are short enough to be waited for.
cat >$settings <<'JSON'
// An administrator's.
{ "MemSnoop": { "WorkingSet": { "Interval": "2s" } } }
JSON
cp $settings "$RESULTS/edited.json"
systemctl restart memsnoop
wait_for 60 answers
wait_for 60 has_working_set "$pid"
unit configured
scrape >"$RESULTS/configured.metrics"
ls -A /run/memsnoop >"$RESULTS/running.txt"
memsnoop check --json >"$RESULTS/check.json" || true
memsnoop wss "$pid" 2 --json >"$RESULTS/wss.json"
cat /sys/fs/cgroup/system.slice/memsnoop.service/memory.current >"$RESULTS/memory.current"
cp /sys/fs/cgroup/system.slice/memsnoop.service/memory.stat "$RESULTS/memory.stat"

killed=$(main_pid)
kill -9 "$killed"
# It is some seconds until systemd starts it again.
systemd-analyze security --no-pager memsnoop >"$RESULTS/security.txt"
is_another() { [ "$(main_pid)" -ne "$1" ] && [ "$(main_pid)" -ne 0 ] && systemctl --quiet is-active memsnoop; }
wait_for 60 is_another "$killed"
unit restarted
wait_for 60 answers
memsnoop wss "$pid" 1 --json >"$RESULTS/wss-restarted.json"

# As unattended upgrades do it: the administrator's file stays.
dpkg --force-confdef --force-confold -i /packages/later.deb
unit upgraded
cp $settings "$RESULTS/upgraded.json"
dpkg-query -W -f '${Version}\n' memsnoop >"$RESULTS/upgraded.version"
readlink "/proc/$(main_pid)/exe" >"$RESULTS/upgraded.exe"
tail -c 5 "/proc/$(main_pid)/exe" >>"$RESULTS/upgraded.exe"
scrape >"$RESULTS/upgraded.metrics"

systemctl stop memsnoop
unit stopped
ls -A /run/memsnoop >"$RESULTS/stopped.txt"

# A host whose kernel has no bitmap.
mount -t tmpfs tmpfs /sys/kernel/mm/page_idle
since=$(date +%s)
systemctl start memsnoop
wait_for 60 has_working_set "$pid"
unit without-bitmap
scrape >"$RESULTS/without-bitmap.metrics"
memsnoop check >"$RESULTS/without-bitmap.check" 2>&1 || true
journal "$since" >"$RESULTS/without-bitmap.log"
umount /sys/kernel/mm/page_idle
finish touch

left() { find /etc /usr /var/lib /run /tmp -name '*memsnoop*' -o -path '/etc/memsnoop/*' -o -path '/run/memsnoop/*' | sort; }

dpkg -r memsnoop
unit removed
left >"$RESULTS/removed.txt"
cp $settings "$RESULTS/removed.json"
pidof memsnoop >"$RESULTS/removed.pids" || true

dpkg -P memsnoop
unit purged
left >"$RESULTS/purged.txt"
ls -d /sys/fs/cgroup/system.slice/memsnoop.service >>"$RESULTS/purged.txt" 2>/dev/null || true
cut -d' ' -f1 /proc/uptime >"$RESULTS/uptime.txt"
