#!/bin/bash
# Writes the files of deploy/ that are made of others: copies in the chart, whose package takes nothing from outside it; the rules as an object of the Prometheus
# operator; and the chart's README. A test has them made anew and compares.
#
#   deploy/generate.sh [DIRECTORY]     below DIRECTORY, by default this one
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1-$here}
chart=$out/helm/memsnoop
shopt -s nullglob

# copy DIRECTORY FILE...: these, and no others that were there before.
copy() {
  local directory=$1
  shift
  rm -rf "$directory"
  if [ $# -gt 0 ]; then
    mkdir -p "$directory"
    cp "$@" "$directory/"
  fi
}

# What else is JSON there is no dashboard.
mapfile -t dashboards < <(grep -l '"schemaVersion"' /dev/null "$here"/../grafana/*.json "$here"/../grafana/dashboards/*.json)
rules=("$here"/prometheus/rules/*.yml)
copy "$chart/files/dashboards" "${dashboards[@]}"
copy "$chart/files/rules" "${rules[@]}"

mkdir -p "$chart"
"$here/helm/readme.sh" >"$chart/README.md.new"
mv "$chart/README.md.new" "$chart/README.md"

[ ${#rules[@]} -gt 0 ] || exit 0
component=$out/kubernetes/components/prometheus-rule
mkdir -p "$component"
cat >"$component/kustomization.yaml" <<'EOF'
# The rules of deploy/prometheus/rules, for the Prometheus operator. Made by deploy/generate.sh.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component

resources:
  - prometheusrule.yaml
components:
  - ../common-labels
EOF
{
  cat <<'EOF'
# Made of deploy/prometheus/rules by deploy/generate.sh.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: memsnoop
  namespace: memsnoop
  labels:
    app.kubernetes.io/name: memsnoop
    app.kubernetes.io/instance: memsnoop
    app.kubernetes.io/component: exporter
spec:
  groups:
EOF
  # What is below `groups:` in each file, two columns to the right.
  for file in "${rules[@]}"; do
    awk 'inside && /^[^ #-]/ { inside = 0 } inside && NF { print "  " $0 } inside && !NF { print "" } /^groups:/ { inside = 1 }' "$file"
  done
} >"$component/prometheusrule.yaml"
