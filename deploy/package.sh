#!/bin/bash
# Makes what people install, of a program that `make native` has built. It needs dpkg-dev and jq.
#
#   deploy/package.sh [OPTION...] [FORM...]
#
#   FORM              tar, deb or nuget; without one, all of them
#   --program FILE    the program to package (artifacts/native/memsnoop)
#   --runs-here FILE  a memsnoop that runs on this machine and writes manual and completions, if the program was built for another one
#   --output DIR      where packages go (artifacts/package)
#   --version V       of the packages, if it is not that of Directory.Build.props
#   --rid RID         what the program was built for (linux-x64)
#
# The same commit and the same program give the same archive and the same package: all times are that of the commit.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC0

root=$(cd "$(dirname "$0")/.." && pwd)
program=$root/artifacts/native/memsnoop
runs_here=
output=$root/artifacts/package
version=$(sed -n 's,.*<Version>\(.*\)</Version>.*,\1,p' "$root/Directory.Build.props")
rid=linux-x64
forms=()
while [ $# -gt 0 ]; do
  case $1 in
    --program) program=$(realpath "$2"); shift ;;
    --runs-here) runs_here=$(realpath "$2"); shift ;;
    --output) output=$2; shift ;;
    --version) version=$2; shift ;;
    --rid) rid=$2; shift ;;
    tar | deb | nuget) forms+=("$1") ;;
    *) echo "deploy/package.sh: $1: unknown; the head of the file says what there is" >&2; exit 2 ;;
  esac
  shift
done
[ ${#forms[@]} -gt 0 ] || forms=(tar deb nuget)
case $rid in
  linux-x64) architecture=amd64 ;;
  linux-arm64) architecture=arm64 ;;
  *) echo "deploy/package.sh: $rid: no such target; expected linux-x64 or linux-arm64" >&2; exit 2 ;;
esac

SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=$(stat -c %Y "$root/CHANGELOG.md")
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$output"
output=$(cd "$output" && pwd)
made=()

# What the program says of itself.
texts=$work/texts
mkdir "$texts"
self() { "${runs_here:-$program}" "$@"; }
self --help-man 1 >"$texts/memsnoop.1"
self --help-man 5 >"$texts/memsnoop.json.5"
self completion bash >"$texts/memsnoop.bash"
self completion zsh >"$texts/_memsnoop"
self completion fish >"$texts/memsnoop.fish"

# What others wrote of it, and by which licence.
VERSION=$version "$root/deploy/sbom.sh" "$program" "$rid" >"$texts/memsnoop.cdx.json"
"$root/deploy/notices.sh" "$rid" >"$texts/THIRD-PARTY-NOTICES"
# What goes with it: rules of Prometheus, dashboards of Grafana.
rules=("$root"/deploy/prometheus/rules/*.yml)
dashboards=("$root"/grafana/dashboards/*.json)

# pack DIRECTORY: all below it has one time and belongs to root in the archive.
pack() { tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -c "$1"; }

# fill FILE: a file of deploy/debian, with the values of this package.
fill() {
  sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/${size-}/; s/@DEPENDS@/${depends-}/" \
    -e "s/@DATE@/$(date -R -d "@$SOURCE_DATE_EPOCH")/" "$root/deploy/debian/$1"
}

make_tar() {
  local name=memsnoop-$version-$rid tree
  tree=$work/$name
  install -D -m 755 "$program" "$tree/memsnoop"
  install -m 644 "$root"/{LICENSE,README.md,CHANGELOG.md} "$root"/deploy/systemd/memsnoop.{service,json} "$tree"
  install -D -m 644 -t "$tree/man" "$texts"/memsnoop{.1,.json.5}
  install -D -m 644 -t "$tree/completions" "$texts"/{memsnoop.bash,_memsnoop,memsnoop.fish}
  install -D -m 644 -t "$tree/rules" "${rules[@]}"
  install -D -m 644 -t "$tree/dashboards" "${dashboards[@]}"
  fill copyright >"$tree/COPYRIGHT"
  install -m 644 "$texts"/{THIRD-PARTY-NOTICES,memsnoop.cdx.json} "$tree"
  pack "$name" | gzip -9n >"$output/$name.tar.gz"
  made+=("$name.tar.gz")
}

make_deb() {
  # Where dpkg-shlibdeps wants it, which takes it for what a source package builds.
  local tree=$work/source/debian/memsnoop size depends share
  share=$tree/usr/share
  install -D -m 755 "$program" "$tree/usr/bin/memsnoop"
  install -D -m 644 -t "$tree/usr/lib/systemd/system" "$root/deploy/systemd/memsnoop.service"
  install -D -m 644 -t "$tree/etc/memsnoop" "$root/deploy/systemd/memsnoop.json"
  install -D -m 644 "$texts/memsnoop.bash" "$share/bash-completion/completions/memsnoop"
  install -D -m 644 -t "$share/zsh/vendor-completions" "$texts/_memsnoop"
  install -D -m 644 -t "$share/fish/vendor_completions.d" "$texts/memsnoop.fish"
  mkdir -p "$share"/man/man{1,5} "$share/doc/memsnoop" "$share/lintian/overrides" "$tree/DEBIAN"
  gzip -9n <"$texts/memsnoop.1" >"$share/man/man1/memsnoop.1.gz"
  gzip -9n <"$texts/memsnoop.json.5" >"$share/man/man5/memsnoop.json.5.gz"
  fill copyright >"$share/doc/memsnoop/copyright"
  fill changelog | gzip -9n >"$share/doc/memsnoop/changelog.gz"
  gzip -9n <"$root/CHANGELOG.md" >"$share/doc/memsnoop/CHANGELOG.md.gz"
  gzip -9n <"$texts/THIRD-PARTY-NOTICES" >"$share/doc/memsnoop/THIRD-PARTY-NOTICES.gz"
  gzip -9n <"$texts/memsnoop.cdx.json" >"$share/doc/memsnoop/memsnoop.cdx.json.gz"
  install -D -m 644 -t "$share/memsnoop/rules" "${rules[@]}"
  install -D -m 644 -t "$share/memsnoop/dashboards" "${dashboards[@]}"
  install -m 644 "$root/deploy/debian/lintian-overrides" "$share/lintian/overrides/memsnoop"

  # What it is linked against, with the versions that it needs.
  printf 'Source: memsnoop\n\nPackage: memsnoop\nArchitecture: any\n' >"$work/source/debian/control"
  if [ "$architecture" = "$(dpkg --print-architecture)" ]; then
    depends=$(cd "$work/source" && dpkg-shlibdeps -O -e"$tree/usr/bin/memsnoop" | sed -n 's/^shlibs:Depends=//p')
  else
    depends="libc6 (>= 2.34)"   # the libraries of the other machine are not here to be asked
  fi

  size=$(du -sk --apparent-size "$tree" | cut -f1)
  fill control >"$tree/DEBIAN/control"
  echo /etc/memsnoop/memsnoop.json >"$tree/DEBIAN/conffiles"
  install -m 755 "$root"/deploy/debian/{postinst,prerm,postrm} "$tree/DEBIAN"
  (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
  dpkg-deb --root-owner-group -Zxz --build "$tree" "$output/memsnoop_${version}_$architecture.deb" >/dev/null
  made+=("memsnoop_${version}_$architecture.deb")
}

make_nuget() {
  local project package
  mkdir "$work/nuget"
  for project in MemSnoop MemSnoop.Metrics MemSnoop.Metrics.OpenTelemetry; do
    dotnet pack "$root/src/$project" -c Release -o "$work/nuget" -p:Version="$version" --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false
  done
  for package in "$work"/nuget/*; do
    mv "$package" "$output"
    made+=("$(basename "$package")")
  done
}

for form in "${forms[@]}"; do "make_$form"; done
(cd "$output" && sha256sum "${made[@]}" >SHA256SUMS)
(cd "$output" && stat -c '%s %n' "${made[@]}")
