#!/bin/sh
# What lab.service of debian-root.sh runs: the scenarios, in order, where guest-init.sh has them. systemd has mounted what programs expect, and switches
# the machine off when this has ended.
set -eu
mkdir -p /results /busybox
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 results /results
cp -r /lab/scenarios /lab/programs /
[ ! -d /lab/packages ] || cp -r /lab/packages /
[ ! -d /lab/app ] || cp -r /lab/app /
# What Debian has itself is Debian's.
/lab/bin/busybox --install -s /busybox

# A unit of its own: what a scenario forgets ends with it.
cat >/run/systemd/system/scenario@.service <<'UNIT'
[Service]
Type=oneshot
WorkingDirectory=/tmp
Environment=PATH=/programs:/usr/sbin:/usr/bin:/app:/busybox HOME=/root DEBIAN_FRONTEND=noninteractive RESULTS=/results/%i
ExecStart=sh -eu -c '. /scenarios/lib.sh; . /scenarios/%i.sh'
StandardOutput=file:/results/%i/output
StandardError=file:/results/%i/output
UNIT

while read -r name; do
  echo "== $name, $(cut -d' ' -f1 /proc/uptime) s after the kernel's start"
  ended=0
  systemctl start "scenario@$name.service" || ended=$(systemctl show --property=ExecMainStatus --value "scenario@$name.service")
  cat "/results/$name/output"
  [ "$ended" -eq 0 ] || journalctl --no-pager --boot --output=short-monotonic | tail -n 150
  echo "== $name ended with $ended, at $(cut -d' ' -f1 /proc/uptime) s"
  echo "$ended" >"/results/$name/status"
done </scenarios/order
sync
