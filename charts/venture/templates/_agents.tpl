{{/* What a service needs that agents call by their pods' tokens: to review tokens, to see the agents'
pods, and to see what is frozen. Takes {root, component}. */}}
{{- define "venture.callerRights" -}}
{{- $root := .root -}}
{{- $labels := include "venture.componentLabels" . -}}
{{- $clusterName := printf "%s.%s" (include "venture.clusterName" .root) .component -}}
{{- $name := printf "%s-%s" (include "venture.fullname" .root) .component -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ $clusterName }}
  labels:
    {{- $labels | nindent 4 }}
rules:
  - apiGroups: [authentication.k8s.io]
    resources: [tokenreviews]
    verbs: [create]
  - apiGroups: [venture.parpour.dev]
    resources: [freezes]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ $clusterName }}
  labels:
    {{- $labels | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ $clusterName }}
subjects:
  - kind: ServiceAccount
    name: {{ $name }}
    namespace: {{ $root.Release.Namespace }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $name }}
  namespace: {{ include "venture.workNamespace" $root }}
  labels:
    {{- $labels | nindent 4 }}
rules:
  - apiGroups: [""]
    resources: [pods]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}
  namespace: {{ include "venture.workNamespace" $root }}
  labels:
    {{- $labels | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ $name }}
    namespace: {{ $root.Release.Namespace }}
{{- end -}}

{{/* Peers: the pods of agents. */}}
{{- define "venture.agentPeers" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ include "venture.workNamespace" . }}
  podSelector:
    matchLabels:
      app.kubernetes.io/managed-by: venture
      venture.parpour.dev/job: agent
{{- end -}}


{{/* The service account of agents, in the work namespace. */}}
{{- define "venture.agentAccount" -}}
{{ include "venture.fullname" . }}-agent
{{- end -}}

{{/* The components that agents call, by what the operator calls their addresses. */}}
{{- define "venture.agentServices" -}}
llm_gateway_url: llm-gateway
egress_proxy_url: egress-proxy
tool_gateway_url: tool-gateway
treasury_url: treasury-api
{{- end -}}

{{/* What the operator is told about agents: VENTURE_AGENTS, as YAML. */}}
{{- define "venture.agentSettings" -}}
image: {{ include "venture.image" (dict "root" . "image" .Values.agents.image) | quote }}
image_pull_policy: {{ .Values.agents.image.pullPolicy }}
image_pull_secrets: {{ include "venture.pullSecrets" . }}
service_account: {{ include "venture.agentAccount" . }}
resources: {{ include "venture.quantities" .Values.agents.resources | fromYaml | toJson }}
scheduling: {{ include "venture.scheduling" (dict "root" . "values" .Values.agents) | fromYaml | toJson }}
labels: {{ toJson .Values.global.commonLabels }}
authorities_config_map: {{ include "venture.servingCa" . }}
{{- range $setting, $component := include "venture.agentServices" . | fromYaml }}
{{ $setting }}: https://{{ include "venture.serverHost" (dict "root" $ "component" $component) }}
{{- end }}
{{- end -}}
