{{- define "venture.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The prefix of every object: short enough for the longest suffix within a label's 63 characters. */}}
{{- define "venture.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "venture.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "venture.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The prefix of cluster-wide objects: two releases of one name in two namespaces do not clash. */}}
{{- define "venture.clusterName" -}}
{{- printf "%s.%s" (include "venture.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* Where Jobs run. Its own name carries a digest of the release's, so that no two releases meet. */}}
{{- define "venture.workNamespace" -}}
{{- if .Values.workNamespace.name -}}
{{- .Values.workNamespace.name -}}
{{- else -}}
{{- $release := printf "%s/%s" .Release.Namespace (include "venture.fullname" .) -}}
{{- printf "%s-work-%s" (include "venture.fullname" .) (sha256sum $release | trunc 8) -}}
{{- end -}}
{{- end -}}

{{- define "venture.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "venture.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "venture.signingSecretName" -}}
{{- default (printf "%s-signing-key" (include "venture.fullname" .)) .Values.signing.existingSecret -}}
{{- end -}}

{{- define "venture.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
app.kubernetes.io/name: {{ include "venture.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.global.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of one component. Takes {root, component}. */}}
{{- define "venture.componentLabels" -}}
{{ include "venture.labels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* What selects the pods of one component; never changes. Takes {root, component}. */}}
{{- define "venture.selector" -}}
app.kubernetes.io/name: {{ include "venture.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}
