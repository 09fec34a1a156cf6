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
