{{/* The app.kubernetes.io/name of all objects. */}}
{{- define "memsnoop.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of all objects: the release's, with the chart's if it is not in it. */}}
{{- define "memsnoop.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "memsnoop.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "memsnoop.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What selects the pods. A DaemonSet's selector cannot be changed, so the version is not in it. */}}
{{- define "memsnoop.selector" -}}
app.kubernetes.io/name: {{ include "memsnoop.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: exporter
{{- end }}

{{/* Labels of all objects. */}}
{{- define "memsnoop.labels" -}}
{{ include "memsnoop.selector" . }}
app.kubernetes.io/part-of: memsnoop
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Name, namespace and labels of an object in the release's namespace; the object's own labels are the second item of the list. */}}
{{- define "memsnoop.metadata" -}}
{{- $root := index . 0 -}}
{{- $labels := index . 1 -}}
name: {{ include "memsnoop.fullname" $root }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "memsnoop.labels" $root | nindent 2 }}
  {{- with $labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "memsnoop.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "memsnoop.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "memsnoop.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The file of settings. */}}
{{- define "memsnoop.settings" -}}
{{ dict "MemSnoop" .Values.settings | toPrettyJson }}
{{- end }}

{{/* An endpoint of a monitor; the monitor's values are the second item of the list. */}}
{{- define "memsnoop.endpoint" -}}
{{- $values := index . 1 -}}
port: metrics
# The labels namespace, pod and container of memsnoop stay: they name whose memory it is. Else those of memsnoop's own pod would take their place.
honorLabels: true
interval: {{ $values.interval }}
scrapeTimeout: {{ $values.scrapeTimeout }}
relabelings:
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance   # as node_exporter, so that both can be joined
  {{- with $values.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.endpoint }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* How a probe asks; the path is the second item of the list. The kubelet has no certificate and knows no password. */}}
{{- define "memsnoop.probe" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.webConfig.secret -}}
tcpSocket:
  port: metrics
{{- else -}}
httpGet:
  path: {{ index . 1 }}
  port: metrics
{{- end }}
{{- end }}
