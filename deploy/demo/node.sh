#!/bin/sh
# node.sh GROUPS NAME COMMAND...: runs the command as the first process of the node NAME, in a pid namespace of its own, and in a mount namespace in which the control groups of other nodes,
# directories beside its own, are empty.
set -eu
export groups="$1" name="$2"
shift 2
exec unshare --pid --mount-proc --fork --kill-child sh -ceu '
  for other in "$groups"/node-*; do
    [ "$other" = "$groups/$name" ] || mount -t tmpfs -o ro none "$other"
  done
  exec "$@"' sh "$@"
