{{/* Certificates of what the release serves. The operator's leader issues them and keeps whom to
trust; with `certificates.issuerRef.name` cert-manager issues them. */}}

{{/* The components that serve an API on 8443, as a YAML list. What follows from it: their Secrets
<fullname>-<component>-tls, the operator's rights to them, and what it issues. */}}
{{- define "venture.servers" -}}
- control-plane-api
- egress-proxy
{{ if .Values.llmGateway.enabled }}- llm-gateway{{ end }}
{{ if .Values.toolGateway.enabled }}- tool-gateway{{ end }}
- policy-engine
- treasury-api
{{ if .Values.webhooks.enabled }}- webhooks{{ end }}
{{- end -}}

{{/* The APIService of what users ask for by the API server. */}}
{{- define "venture.contentApiService" -}}
v1alpha1.content.venture.parpour.dev
{{- end -}}

{{/* What tells the API server to call a component of the release, as a YAML list of {resource, name}:
the operator keeps its `caBundle`. */}}
{{- define "venture.registrations" -}}
{{ if .Values.controlPlaneApi.apiService }}- {resource: apiservices, name: {{ include "venture.contentApiService" . }}}{{ end }}
{{ if .Values.webhooks.enabled }}- {resource: mutatingwebhookconfigurations, name: {{ include "venture.clusterName" . }}.webhooks}{{ end }}
{{- end -}}

{{/* The Secret with a component's certificate. Takes {root, component}. */}}
{{- define "venture.tlsSecret" -}}
{{ include "venture.fullname" .root }}-{{ .component }}-tls
{{- end -}}

{{/* The name by which a component is called over TLS. Takes {root, component}. */}}
{{- define "venture.serverHost" -}}
{{ include "venture.fullname" .root }}-{{ .component }}.{{ .root.Release.Namespace }}.svc
{{- end -}}

{{- define "venture.authoritySecret" -}}
{{ include "venture.fullname" . }}-serving-authority
{{- end -}}

{{/* The ConfigMap that says whom to trust, in the release's namespace and in the work namespace. */}}
{{- define "venture.servingCa" -}}
{{ include "venture.fullname" . }}-serving-ca
{{- end -}}

{{/* The Secrets that the operator fills, as a YAML list. */}}
{{- define "venture.servingSecrets" -}}
{{- $names := list -}}
{{- if not .Values.certificates.issuerRef.name -}}
{{- $names = append $names (include "venture.authoritySecret" .) -}}
{{- end -}}
{{- range $component := include "venture.servers" . | fromYamlArray -}}
{{- $names = append $names (include "venture.tlsSecret" (dict "root" $ "component" $component)) -}}
{{- end -}}
{{- toYaml $names -}}
{{- end -}}

{{/* What the operator is told: VENTURE_SERVING, as YAML. */}}
{{- define "venture.servingSettings" -}}
{{- $servers := dict -}}
{{- range $component := include "venture.servers" . | fromYamlArray -}}
{{- $arguments := dict "root" $ "component" $component -}}
{{- $_ := set $servers (include "venture.tlsSecret" $arguments) (list (include "venture.serverHost" $arguments)) -}}
{{- end -}}
authority: {{ include "venture.authoritySecret" . }}
config_map: {{ include "venture.servingCa" . }}
namespaces: [{{ .Release.Namespace }}, {{ include "venture.workNamespace" . }}]
servers: {{ toJson $servers }}
registrations: {{ include "venture.registrations" . | fromYamlArray | toJson }}
issued_elsewhere: {{ not (empty .Values.certificates.issuerRef.name) }}
{{- end -}}

{{/* For whoever calls a component of the release: the authorities to trust. */}}
{{- define "venture.servingCaEnv" -}}
- name: VENTURE_SERVING_CA_FILE
  value: /etc/venture/serving-ca/ca.crt
{{- end -}}

{{- define "venture.servingCaMount" -}}
- name: serving-ca
  mountPath: /etc/venture/serving-ca
  readOnly: true
{{- end -}}

{{/* The kubelet waits until the operator has written it. */}}
{{- define "venture.servingCaVolume" -}}
- name: serving-ca
  configMap:
    name: {{ include "venture.servingCa" . }}
    items:
      - {key: ca.crt, path: ca.crt}
{{- end -}}
