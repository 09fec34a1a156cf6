{{/* Egress rules, each a YAML list of NetworkPolicyEgressRules. */}}

{{/* To one endpoint of the data plane. Takes {root, endpoint}: postgres, nats, redis or s3. */}}
{{- define "venture.endpointEgress" -}}
{{- if .root.Values.dataPlane.enabled -}}
{{- $pods := dict "postgres" "postgres" "nats" "nats" "redis" "valkey" "s3" "s3" -}}
{{- $ports := dict "postgres" 5432 "nats" 4222 "redis" 6379 "s3" 7070 -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .root.Release.Namespace }}
      podSelector:
        matchLabels:
          {{- include "venture.selector" (dict "root" .root "component" (index $pods .endpoint)) | nindent 10 }}
  ports:
    - protocol: TCP
      port: {{ index $ports .endpoint }}
{{- else -}}
{{- toYaml (index .root.Values .endpoint).egress -}}
{{- end -}}
{{- end -}}

{{/* All that a compile Job may reach: S3 and DNS. */}}
{{- define "venture.compileEgress" -}}
{{ include "venture.endpointEgress" (dict "root" . "endpoint" "s3") }}
{{ toYaml .Values.networkPolicy.dnsEgress }}
{{- end -}}

{{/* Peers: the pods of compile Jobs. */}}
{{- define "venture.compilePeers" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ include "venture.workNamespace" . }}
  podSelector:
    matchLabels:
      app.kubernetes.io/managed-by: venture
      venture.parpour.dev/job: compile
{{- end -}}
