#!/bin/bash
# debian-packages.sh LIST...: installs the Debian packages that the files name and that this machine does not have yet, without starting what they
# would start: some are servers, and tests and benchmarks run their own with their own ports.
set -euo pipefail
mapfile -t wanted < <(sed 's/#.*//; /^[[:space:]]*$/d; s/[[:space:]]*$//' "$@")
missing=()
for package in "${wanted[@]}"; do
  # Node.js from elsewhere than Debian brings npm along, and does not get on with Debian's.
  [ "$package" = npm ] && command -v npm >/dev/null && continue
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# The policy of this machine for starting services, unless it has one: 101 is "not allowed" (invoke-rc.d(8)).
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'as_root rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
  as_root chmod 755 $policy
fi

as_root apt-get -qq update
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}"

# Nor after the next start of the machine.
for package in "${missing[@]}"; do
  for unit in $(dpkg-query -L "$package" | sed -n 's,.*/systemd/system/\([^/]*\.service\)$,\1,p'); do
    as_root systemctl disable --now --quiet "$unit" 2>/dev/null || true   # not where systemd does not run
  done
done
