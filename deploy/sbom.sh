#!/bin/bash
# Prints the bill of materials of a program that `make native` has built, or of the image's root: what is in it, by which licence, with hashes. CycloneDX 1.6, as JSON.
# The same input makes the same bytes. It needs jq, and the packages where NuGet has put them for the build.
#
#   deploy/sbom.sh PROGRAM RID [ROOT]
set -euo pipefail
export LC_ALL=C
program=$1 rid=$2 image=${3-}
here=$(cd "$(dirname "$0")/.." && pwd)
version=${VERSION:-$(sed -n 's,.*<Version>\(.*\)</Version>.*,\1,p' "$here/Directory.Build.props")}
nuget=${NUGET_PACKAGES:-$HOME/.nuget/packages}

fail() { echo "deploy/sbom.sh: $*" >&2; exit 1; }
hexadecimal() { od -An -v -tx1 | tr -d ' \n'; }
sha256() { sha256sum "$1" | cut -d' ' -f1; }
# licence ID VERSION: what the package itself says.
licence() {
  local nuspec=$nuget/${1,,}/$2/${1,,}.nuspec
  [ -f "$nuspec" ] || fail "$nuspec is missing: build the program first"
  sed -n 's,.*<license type="expression">\(.*\)</license>.*,\1,p' "$nuspec" | grep . || fail "$nuspec names no licence"
}

# NAME VERSION SCOPE LICENCE SHA512, of packages of NuGet. What only builds is excluded.
packages() {
  local lock=$here/src/MemSnoop.Exporter/packages.$rid.lock.json name resolved hash scope pack terms
  # The same package is there for the framework and for the machine.
  jq -r '[.dependencies[] | to_entries[] | select(.value.type != "Project")] | unique_by(.key)[] | [.key, .value.resolved, .value.contentHash] | @tsv' "$lock" |
    while IFS=$'\t' read -r name resolved hash; do
      case $name in
        Microsoft.CodeAnalysis.*Analyzers | Microsoft.NET.ILLink.Tasks | *Microsoft.DotNet.ILCompiler) scope=excluded ;;
        *) scope=required ;;
      esac
      terms=$(licence "$name" "$resolved")
      printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$resolved" $scope "$terms" "$(base64 -d <<<"$hash" | hexadecimal)"
    done
  # What .NET's libraries come in is not in a lock file, since the SDK asks for it.
  resolved=$(sed -n 's,.*<RuntimePackVersion>\(.*\)</RuntimePackVersion>.*,\1,p' "$here/Directory.Packages.props")
  for pack in Microsoft.NETCore.App.Runtime.NativeAOT.$rid Microsoft.AspNetCore.App.Runtime.$rid; do
    terms=$(licence "$pack" "$resolved")
    hash=$(base64 -d "$nuget/${pack,,}/$resolved/${pack,,}.$resolved.nupkg.sha512" | hexadecimal)
    printf '%s\t%s\trequired\t%s\t%s\n' "$pack" "$resolved" "$terms" "$hash"
  done
}

# PACKAGE VERSION ARCHITECTURE FILE SHA256, of files in the image that the system's packages have brought.
files() {
  local path package
  [ -n "$image" ] || return 0
  find "$image" -type f ! -path "$image/usr/share/doc/*" -printf '/%P\n' | sort >"$work/paths"
  # Once for all, since each question takes long. A path may be known with or without /usr.
  { cat "$work/paths"; sed 's,^,/usr,' "$work/paths"; } | xargs dpkg-query -S 2>/dev/null >"$work/owners" || true
  # Made by a package's script.
  echo 'ca-certificates: /etc/ssl/certs/ca-certificates.crt' >>"$work/owners"
  while read -r path; do
    package=$(awk -F': ' -v path="$path" '$2 == path || $2 == "/usr" path { print $1; exit }' "$work/owners")
    [ -z "$package" ] || dpkg-query -W -f "\${Package}\t\${Version}\t\${Architecture}\t$path\t$(sha256 "$image$path")\n" "$package"
  done <"$work/paths"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packages >"$work/packages"
# As assignments, since a command that fails within another's arguments does not end the script.
program_digest=$(sha256 "$program")
plot_digest=$(sha256 "$here/src/MemSnoop.Exporter/Page/uPlot/uPlot.iife.min.js")
files >"$work/files"
jq -n --sort-keys \
  --arg version "$version" --arg rid "$rid" --arg kind "${image:+container}" --arg program "$program_digest" \
  --arg timestamp "${SOURCE_DATE_EPOCH:+$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)}" --arg system "$(. /etc/os-release && echo "$ID")" \
  --arg plot "$plot_digest" \
  --rawfile packages "$work/packages" --rawfile files "$work/files" '
  def rows: split("\n") | map(select(. != "") | split("\t"));
  def expression: [{expression: .}];
  def escaped: @uri | gsub("%7E"; "~");
  # Of .NET, without a version of their own: they come with it.
  def native: [
    {type: "library", name: "brotli", licenses: ("MIT" | expression)},
    {type: "library", name: "llvm-libunwind", licenses: ("Apache-2.0 WITH LLVM-exception" | expression)},
    {type: "library", name: "zlib-ng", licenses: ("Zlib" | expression)}];
  {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: ({
      component: ({
        type: (if $kind == "" then "application" else $kind end),
        "bom-ref": "memsnoop", name: "memsnoop", version: $version, purl: "pkg:generic/memsnoop@\($version)", licenses: ("MIT" | expression),
        hashes: [{alg: "SHA-256", content: $program}],
        properties: [{name: "memsnoop:rid", value: $rid}]
      })
    } + if $timestamp == "" then {} else {timestamp: $timestamp} end),
    components: ([
      ($packages | rows[] | {
        type: "library", name: .[0], version: .[1], scope: .[2], licenses: (.[3] | expression), hashes: [{alg: "SHA-512", content: .[4]}],
        purl: "pkg:nuget/\(.[0])@\(.[1])", "bom-ref": "pkg:nuget/\(.[0])@\(.[1])"
      } + if .[0] | startswith("Microsoft.NETCore.App.Runtime.NativeAOT.") then {components: native} else {} end),
      {
        type: "library", name: "uplot", version: "1.6.32", scope: "required", licenses: ("MIT" | expression), hashes: [{alg: "SHA-256", content: $plot}],
        purl: "pkg:npm/uplot@1.6.32", "bom-ref": "pkg:npm/uplot@1.6.32"
      },
      ($files | rows | group_by(.[0])[] | .[0] as [$name, $package, $architecture] | {
        type: "library", name: $name, version: $package, scope: "required", licenses: [{license: {name: "usr/share/doc/\($name)/copyright"}}],
        purl: "pkg:deb/\($system)/\($name)@\($package | escaped)?arch=\($architecture)",
        "bom-ref": "pkg:deb/\($system)/\($name)@\($package | escaped)?arch=\($architecture)",
        components: [.[] | {type: "file", name: .[3], hashes: [{alg: "SHA-256", content: .[4]}]}]
      })
    ] | sort_by(.purl))
  }'
