#!/bin/bash
# Publishes the exporter as the lab's guest needs it, with its own runtime: publish.sh DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# A server of the build would outlive it, and whoever reads this script's output would wait for the server to end.
dotnet publish "$here/../../src/MemSnoop.Exporter" -c Release -r linux-x64 --self-contained -p:PublishReadyToRun=true \
  -p:CopyOutputSymbolsToPublishDirectory=false --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false -o "$1"
