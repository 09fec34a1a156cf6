{{/* How Prometheus finds and reaches the processes of the release. */}}

{{/* Label of every Service that is to be scraped. */}}
{{- define "venture.metricsLabel" -}}
venture.parpour.dev/metrics: "true"
{{- end -}}

{{/* The metrics Service of one component. Takes {root, component, name}. */}}
{{- define "venture.metricsService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "venture.processName" . }}-metrics
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
    {{- include "venture.metricsLabel" . | nindent 4 }}
  {{- with .root.Values.metrics.serviceAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  # Headless: every replica is scraped, not one of them.
  clusterIP: None
  selector:
    {{- include "venture.selector" . | nindent 4 }}
  ports:
    - name: http
      port: 8080
      targetPort: http
{{- end -}}

{{/* Ingress rules to the port 8080. */}}
{{- define "venture.metricsIngress" -}}
- from:
    {{- with .Values.networkPolicy.metricsFrom }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    - namespaceSelector: {}
    {{- end }}
  ports:
    - protocol: TCP
      port: 8080
{{- end -}}
