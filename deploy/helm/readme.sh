#!/bin/bash
# Prints the chart's README, of Chart.yaml and of the comments in values.yaml: "# --" begins the description of the key below it.
#
#   deploy/helm/readme.sh >deploy/helm/memsnoop/README.md
set -euo pipefail
chart=$(cd "$(dirname "$0")" && pwd)/memsnoop
field() { sed -n "s/^$1: //p" "$chart/Chart.yaml"; }

cat <<EOF
<!-- Made by deploy/helm/readme.sh of values.yaml; change that, and run it again. -->
# $(field name)

$(field description)

\`\`\`sh
helm install memsnoop deploy/helm/memsnoop --namespace memsnoop --create-namespace --set image.repository=registry.example.com/memsnoop
\`\`\`

[docs/kubernetes.md](../../../docs/kubernetes.md) says what to do first, what a pod may do, and how much memory a node needs. Version $(field version); Kubernetes \`$(field kubeVersion | tr -d '"')\`.

## Values

A key that is not in this table, or a value of another type, ends \`helm install\`, \`helm template\` and \`helm lint\` with a line that names it.

| key | default | meaning |
|---|---|---|
EOF

awk '
  # A value of several lines has no room in a table.
  function flush() {
    if (key != "") print "| `" key "` | " (value == "" ? "see values.yaml" : "`" value "`") " | " description " |"
    key = ""
  }
  { gsub(/\|/, "\\|") }
  /^ *# -- / { flush(); pending = $0; sub(/^ *# -- /, "", pending); next }
  /^ *[A-Za-z][A-Za-z0-9]*:/ {
    depth = match($0, /[^ ]/) - 1
    name = $0; sub(/:.*/, "", name); sub(/^ */, "", name)
    rest = $0; sub(/^[^:]*: */, "", rest); if (rest == $0) rest = ""
    if (pending != "") {
      flush()
      key = (depth > 0 ? parent "." : "") name
      value = rest; sub(/^[^:]*:$/, "", value)
      description = pending
      pending = ""
    }
    if (depth == 0) parent = name
  }
  END { flush() }
' "$chart/values.yaml"
