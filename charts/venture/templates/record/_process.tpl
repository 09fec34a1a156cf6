{{/* One process that keeps the record moving: its Deployment, metrics Service, NetworkPolicy and,
with a standby, PodDisruptionBudget. Takes {root, component, replicas, endpoints}; endpoints are
those of the data plane that it speaks to. The rest it asks for by name:
  venture.<component>.env       environment besides what all of them take
  venture.<component>.secrets   the Secret with its keys, mounted at /etc/venture/keys; may be empty */}}
{{- define "venture.recordProcess" -}}
{{- $root := .root -}}
{{- include "venture.validate" $root -}}
{{- $name := printf "%s-%s" (include "venture.fullname" $root) .component -}}
{{- $values := index $root.Values.record .component -}}
{{- $secret := include (printf "venture.%s.secrets" .component) $root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
spec:
  replicas: {{ .replicas }}
  {{- if not $values.replicas }}
  # Two at once would share its work and lose the order.
  strategy:
    type: Recreate
  {{- end }}
  selector:
    matchLabels:
      {{- include "venture.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "venture.componentLabels" . | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $root.Values.record.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- include "venture.podSettings" (dict "root" $root "values" $root.Values.record) | nindent 6 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "venture.selector" . | nindent 14 }}
      securityContext:
        {{- include "venture.podSecurityContext" $root | nindent 8 }}
      containers:
        - name: {{ .component }}
          image: {{ include "venture.image" (dict "root" $root "image" $root.Values.image) | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: [{{ .command }}]
          env:
            - name: VENTURE_POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: VENTURE_HTTP_PORT
              value: "8080"
            - name: VENTURE_LOG_LEVEL
              value: {{ $root.Values.record.logLevel }}
            {{- range $endpoint := .endpoints }}
            {{- if eq $endpoint "s3" }}
            {{- include "venture.s3Env" $root | nindent 12 }}
            {{- else }}
            {{- include "venture.urlEnv" (dict "root" $root "endpoint" $endpoint) | nindent 12 }}
            {{- end }}
            {{- end }}
            {{- with include (printf "venture.%s.env" .component) $root }}
            {{- . | nindent 12 }}
            {{- end }}
          ports:
            - name: http
              containerPort: 8080
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 2
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            {{- include "venture.containerSecurityContext" $root | nindent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            {{- if $secret }}
            - name: keys
              mountPath: /etc/venture/keys
              readOnly: true
            {{- end }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
        {{- if $secret }}
        - name: keys
          secret:
            secretName: {{ $secret }}
            defaultMode: 0440
        {{- end }}
---
{{ include "venture.metricsService" . }}
{{- if gt (int .replicas) 1 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "venture.selector" . | nindent 6 }}
{{- end }}
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
  policyTypes: [Ingress, Egress]
  ingress:
    {{- include "venture.metricsIngress" $root | nindent 4 }}
  egress:
    {{- toYaml $root.Values.networkPolicy.dnsEgress | nindent 4 }}
    {{- range $endpoint := .endpoints }}
    {{- include "venture.endpointEgress" (dict "root" $root "endpoint" $endpoint) | nindent 4 }}
    {{- end }}
{{- end }}
{{- end -}}
