{{/* One component of the development data plane: a StatefulSet of one pod with a volume, its Service
and its NetworkPolicy. Takes {root, component, port, mountPath}. The rest it asks for by name:
  venture.<component>.container   what is particular to the container (args, env, probes, mounts)
  venture.<component>.volumes     volumes besides the data and /tmp
  venture.<component>.peers       who may connect (NetworkPolicyPeers)
  venture.<component>.init        init containers, may be empty
  venture.<component>.config      text whose change restarts the pod, may be empty */}}
{{- define "venture.dataPlaneComponent" -}}
{{- $root := .root -}}
{{- include "venture.validate" $root -}}
{{- $name := printf "%s-%s" (include "venture.fullname" $root) .component -}}
{{- $values := index $root.Values.dataPlane .component -}}
{{- $image := include "venture.image" (dict "root" $root "image" $values.image) -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
spec:
  replicas: 1
  serviceName: {{ $name }}
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: {{ ternary "Retain" "Delete" $root.Values.dataPlane.retain }}
    whenScaled: Retain
  selector:
    matchLabels:
      {{- include "venture.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "venture.selector" . | nindent 8 }}
      {{- with include (printf "venture.%s.config" .component) $root }}
      annotations:
        {{- $users := eq $.component "nats" | ternary (include "venture.nats.authorization" $root) "" }}
        venture.parpour.dev/config: {{ printf "%s%s" . $users | sha256sum | trunc 16 | quote }}
      {{- end }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- include "venture.podSettings" (dict "root" $root "values" dict) | nindent 6 }}
      securityContext:
        {{- include "venture.podSecurityContext" $root | nindent 8 }}
      {{- with include (printf "venture.%s.init" .component) (dict "root" $root "image" $image) }}
      initContainers:
        {{- . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ $image | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          ports:
            - name: main
              containerPort: {{ .port }}
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            {{- include "venture.containerSecurityContext" $root | nindent 12 }}
          {{- include (printf "venture.%s.container" .component) $root | nindent 10 }}
            - name: data
              mountPath: {{ .mountPath }}
            - name: tmp
              mountPath: /tmp
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
        {{- include (printf "venture.%s.volumes" .component) $root | nindent 8 }}
  volumeClaimTemplates:
    - apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $root.Values.dataPlane.storageClassName }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ $values.size }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
spec:
  selector:
    {{- include "venture.selector" . | nindent 4 }}
  ports:
    - name: main
      port: {{ .port }}
      targetPort: main
{{- if $root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "venture.selector" . | nindent 6 }}
  # It answers, and calls nobody.
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        {{- include (printf "venture.%s.peers" .component) $root | nindent 8 }}
      ports:
        - protocol: TCP
          port: {{ .port }}
{{- end }}
{{- end -}}

{{/* Peers: the pods of one component of the release. Takes {root, component}. */}}
{{- define "venture.componentPeer" -}}
- podSelector:
    matchLabels:
      {{- include "venture.selector" . | nindent 6 }}
{{- end -}}
