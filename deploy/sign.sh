#!/bin/bash
# Signs the sums of what `make package` has built, with the key of who releases it. What is there must be what the sums say.
#
#   deploy/sign.sh ssh KEYFILE [DIRECTORY]     writes SHA256SUMS.sig, by ssh-keygen
#   deploy/sign.sh gpg KEY [DIRECTORY]         writes SHA256SUMS.asc, by GnuPG
#
#   KEYFILE     a private key of SSH, or the public one of a key in ssh-agent
#   KEY         an id, a fingerprint or a user id of GnuPG
#   DIRECTORY   where SHA256SUMS is (artifacts/package)
set -euo pipefail
fail() { echo "deploy/sign.sh: $*" >&2; exit 2; }
[ $# -eq 2 ] || [ $# -eq 3 ] || fail "expected ssh or gpg and a key; the head of the file says how"
how=$1 key=$2
directory=${3:-$(dirname "$0")/../artifacts/package}
[ "$how" != ssh ] || key=$(realpath -e -- "$key") || fail "$2: no such key"
cd "$directory" && [ -f SHA256SUMS ] || fail "$directory has no SHA256SUMS; expected what make package has written"
sha256sum --strict --quiet -c SHA256SUMS || fail "$directory has other files than SHA256SUMS says; expected those of one make package"

case $how in
  ssh)
    rm -f SHA256SUMS.sig
    ssh-keygen -q -Y sign -n memsnoop-release -f "$key" SHA256SUMS
    ;;
  gpg)
    gpg --quiet --yes --local-user "$key" --armor --output SHA256SUMS.asc --detach-sign SHA256SUMS
    ;;
  *) fail "$how: no such signature; expected ssh or gpg" ;;
esac
