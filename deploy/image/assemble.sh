#!/bin/bash
# Puts together the root of the container image: the program, the libraries that it is linked against or opens while it runs, and certificates.
#
#   deploy/image/assemble.sh PROGRAM ROOT
set -euo pipefail
umask 022
program=$1 root=$2
here=$(cd "$(dirname "$0")/../.." && pwd)

# What the program opens by name while it runs: TLS, and events of the processor.
# To its end: who writes into a pipe that is closed fails.
opened() { ldconfig -p | awk -v name="$1" '!found && $1 ~ "^" name "$" { print $NF; found = 1 }'; }
libraries=()
for name in 'libssl[.]so[.]3' 'libcrypto[.]so[.]3' 'libpapi[.]so[.][0-9.]+'; do
  path=$(opened "$name")
  [ -n "$path" ] || { echo "assemble.sh: no library $name here" >&2; exit 1; }
  libraries+=("$path")
done

# Each at the path at which the loader finds it without a cache: the one by which it was found here, whatever links are on it.
install -D -m 755 "$program" "$root/usr/bin/memsnoop"
{
  printf '%s\n' "${libraries[@]}"
  for file in "$program" "${libraries[@]}"; do ldd "$file" | grep -o '/[^ ]*'; done
} | sort -u | while read -r library; do
  install -D -m 755 "$library" "$root$library"
  # Its licence, where this system has it in the place that Debian uses.
  package=$(dpkg-query -S "$library" 2>/dev/null || dpkg-query -S "/usr$library" 2>/dev/null || true)
  package=${package%%:*}
  if [ -n "$package" ] && [ -e "/usr/share/doc/$package/copyright" ]; then
    install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
  fi
done
install -D -m 644 -t "$root/usr/share/doc/memsnoop" "$here/LICENSE" "$here/deploy/debian/copyright"

install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
# Without it the C library asks name servers first, and /etc/hosts only if there are none.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# What others wrote of all that, and by which licence.
case $(uname -m) in
  x86_64) rid=linux-x64 ;;
  aarch64) rid=linux-arm64 ;;
  *) echo "assemble.sh: $(uname -m): no such target; expected x86_64 or aarch64" >&2; exit 1 ;;
esac
"$here/deploy/notices.sh" $rid >"$root/usr/share/doc/memsnoop/THIRD-PARTY-NOTICES"
"$here/deploy/sbom.sh" "$program" $rid "$root" >"$root/usr/share/doc/memsnoop/memsnoop.cdx.json"

install -d -m 755 "$root/run/memsnoop"
install -d -m 1777 "$root/tmp"
