{{/* Reference of an image. Takes {root, image}. */}}
{{- define "venture.image" -}}
{{- $name := printf "%s/%s" (default .root.Values.global.imageRegistry .image.registry) .image.repository -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Pod Security "restricted", for a pod. */}}
{{- define "venture.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Pod Security "restricted" and a read-only root, for a container. */}}
{{- define "venture.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Pull secrets and the scheduling that every pod shares. Takes {root, values}, values being those
of a component that may refine nodeSelector, tolerations, affinity and priorityClassName, or empty. */}}
{{- define "venture.podSettings" -}}
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $scheduling := include "venture.scheduling" . | fromYaml }}
{{- with $scheduling }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end -}}

{{- define "venture.scheduling" -}}
{{- $scheduling := dict -}}
{{- with merge (deepCopy (default dict .values.nodeSelector)) .root.Values.global.nodeSelector -}}
{{- $_ := set $scheduling "nodeSelector" . -}}
{{- end -}}
{{- with concat .root.Values.global.tolerations (default list .values.tolerations) -}}
{{- $_ := set $scheduling "tolerations" . -}}
{{- end -}}
{{- with .values.affinity -}}
{{- $_ := set $scheduling "affinity" . -}}
{{- end -}}
{{- with default .root.Values.global.priorityClassName .values.priorityClassName -}}
{{- $_ := set $scheduling "priorityClassName" . -}}
{{- end -}}
{{- toYaml $scheduling -}}
{{- end -}}

{{/* The names of the pull secrets, as JSON. */}}
{{- define "venture.pullSecrets" -}}
{{- $names := list -}}
{{- range .Values.global.imagePullSecrets -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/* Requests and limits with every quantity as a string, as a strict reader wants them. */}}
{{- define "venture.quantities" -}}
{{- range $kind, $quantities := . }}
{{ $kind }}:
  {{- range $name, $quantity := $quantities }}
  {{ $name }}: {{ $quantity | toString | quote }}
  {{- end }}
{{- end }}
{{- end -}}
