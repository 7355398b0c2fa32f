#!/bin/bash
# Prints the notices of what .NET brings along of others, which are compiled into the program: as the packages have them in which .NET comes.
#
#   deploy/notices.sh RID
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
nuget=${NUGET_PACKAGES:-$HOME/.nuget/packages}
version=$(sed -n 's,.*<RuntimePackVersion>\(.*\)</RuntimePackVersion>.*,\1,p' "$here/Directory.Packages.props")
for pack in Microsoft.NETCore.App.Runtime.NativeAOT.$1 Microsoft.AspNetCore.App.Runtime.$1; do
  printf '# %s %s\n\n' "$pack" "$version"
  # Some lines have the end of another system.
  sed 's/\r$//' "$nuget/${pack,,}/$version/THIRD-PARTY-NOTICES.TXT"
  echo
done
