{{/* A long-running component: Deployment, metrics Service, NetworkPolicy, with a standby a
PodDisruptionBudget, and where it needs them a service account and a Service for its API. Takes
  root, component, command, replicas
  name        of its objects; default: the release's with the component's
  alone       never runs two
  values      resources; where its users may say so podLabels, podAnnotations, podDisruptionBudget,
              topologySpreadConstraints, terminationGracePeriodSeconds
  shared      priorityClassName, nodeSelector, tolerations, affinity, logLevel
  endpoints   those of the data plane besides Postgres and NATS, which follow from its logins: redis, s3
  token       whether it speaks to the API server: a service account of its own, with a token
  account     the name of that account, where it is made elsewhere
  api         {from}: serve an API on 8443 behind a Service, for these NetworkPolicyPeers; its name has to be in
              venture.servers, from which its certificate follows
  people      {from}: serve another API on 8444 behind the same Service, with the same certificate, for these peers
  egress      further NetworkPolicyEgressRules
  calls       components whose APIs it calls: it may reach them, and has the authorities to trust
  issues      it writes those authorities itself: it starts without them
  tokens      audiences of tokens by which it proves who it is to those, at /var/run/venture/tokens/<audience>
The rest it asks for by name:
  venture.<component>.env       environment besides what all of them take
  venture.<component>.secrets   the Secret with its keys, mounted at /etc/venture/keys; may be empty
Logins, egress rules, authorities, proxies and checksums follow from venture.logins and the values. */}}
{{- define "venture.process" -}}
{{- $root := .root -}}
{{- include "venture.validate" $root -}}
{{- $name := include "venture.processName" . -}}
{{- $secret := include (printf "venture.%s.secrets" .component) $root -}}
{{- $endpoints := include "venture.endpointsOf" . | fromYamlArray -}}
{{- $identity := and (has "s3" $endpoints) (eq $root.Values.s3.credentials "WorkloadIdentity") -}}
{{- $account := default (ternary $name "" (or .token $identity | empty | not)) .account -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
spec:
  replicas: {{ .replicas }}
  {{- if .alone }}
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
        {{- with .values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        {{- include "venture.secretsAnnotation" (dict "root" $root "component" .component "endpoints" $endpoints "secrets" (list $secret)) | nindent 8 }}
        {{- with .values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- with $account }}
      serviceAccountName: {{ . }}
      {{- end }}
      {{- if not .token }}
      automountServiceAccountToken: false
      {{- end }}
      enableServiceLinks: false
      {{- with .values.terminationGracePeriodSeconds }}
      terminationGracePeriodSeconds: {{ . }}
      {{- end }}
      {{- include "venture.podSettings" (dict "root" $root "values" .shared) | nindent 6 }}
      topologySpreadConstraints:
        {{- with .values.topologySpreadConstraints }}
        {{- toYaml . | nindent 8 }}
        {{- else }}
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "venture.selector" . | nindent 14 }}
        {{- end }}
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
              value: {{ .shared.logLevel }}
            {{- if .api }}
            - name: VENTURE_API_PORT
              value: "8443"
            - name: VENTURE_TLS_CERTIFICATE_FILE
              value: /etc/venture/tls/tls.crt
            - name: VENTURE_TLS_KEY_FILE
              value: /etc/venture/tls/tls.key
            {{- end }}
            {{- if .calls }}
            {{- include "venture.servingCaEnv" $root | nindent 12 }}
            {{- end }}
            {{- include "venture.loginEnv" . | nindent 12 }}
            {{- include "venture.endpointEnv" (dict "root" $root "endpoints" $endpoints) | nindent 12 }}
            {{- with include (printf "venture.%s.env" .component) $root }}
            {{- . | nindent 12 }}
            {{- end }}
          ports:
            - name: http
              containerPort: 8080
            {{- if .api }}
            - name: api
              containerPort: 8443
            {{- end }}
            {{- if .people }}
            - name: people
              containerPort: 8444
            {{- end }}
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
            # An installation and every upgrade wait for it.
            periodSeconds: 2
            timeoutSeconds: 5
            failureThreshold: 5
          resources:
            {{- toYaml .values.resources | nindent 12 }}
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
            {{- if .api }}
            - name: tls
              mountPath: /etc/venture/tls
              readOnly: true
            {{- end }}
            {{- if .calls }}
            {{- include "venture.servingCaMount" $root | nindent 12 }}
            {{- end }}
            {{- if .tokens }}
            - name: tokens
              mountPath: /var/run/venture/tokens
              readOnly: true
            {{- end }}
            {{- include "venture.endpointMounts" (dict "root" $root "endpoints" $endpoints) | nindent 12 }}
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
        {{- if .api }}
        - name: tls
          secret:
            secretName: {{ include "venture.tlsSecret" . }}
            defaultMode: 0440
            # The kubelet waits until the operator has issued it.
            items:
              - {key: tls.crt, path: tls.crt}
              - {key: tls.key, path: tls.key}
        {{- end }}
        {{- if .calls }}
        {{- include "venture.servingCaVolume" $root | nindent 8 }}
        {{- if .issues }}
            optional: true
        {{- end }}
        {{- end }}
        {{- with .tokens }}
        - name: tokens
          projected:
            sources:
              {{- range . }}
              - serviceAccountToken: {audience: {{ . }}, expirationSeconds: 600, path: {{ . }}}
              {{- end }}
        {{- end }}
        {{- include "venture.endpointVolumes" (dict "root" $root "endpoints" $endpoints) | nindent 8 }}
---
{{ include "venture.metricsService" . }}
{{- if and $account (not .account) }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
  {{- if has "s3" $endpoints }}
  {{- with $root.Values.s3.serviceAccountAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}
{{- if .api }}
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
    - name: https
      port: 443
      targetPort: api
    {{- if .people }}
    - name: people
      port: 8444
      targetPort: people
    {{- end }}
{{- end }}
{{- if and (gt (int .replicas) 1) (dig "podDisruptionBudget" "enabled" true .values) }}
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
    {{- if .api }}
    - ports:
        - protocol: TCP
          port: 8443
      {{- /* Everybody, where it is left out; an empty list would be a change at every upgrade. */}}
      {{- with .api.from }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- end }}
    {{- if .people }}
    - ports:
        - protocol: TCP
          port: 8444
      {{- with .people.from }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- end }}
  egress:
    {{- toYaml $root.Values.networkPolicy.dnsEgress | nindent 4 }}
    {{- if .token }}
    {{- toYaml $root.Values.networkPolicy.apiServerEgress | nindent 4 }}
    {{- end }}
    {{- include "venture.egressOf" (dict "root" $root "endpoints" $endpoints) | nindent 4 }}
    {{- with .egress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- range .calls }}
    - to:
        - podSelector:
            matchLabels:
              {{- include "venture.selector" (dict "root" $root "component" .) | nindent 14 }}
      ports:
        - protocol: TCP
          port: 8443
    {{- end }}
{{- end }}
{{- end -}}

{{/* The name of a process's objects. Takes {root, component, name}. */}}
{{- define "venture.processName" -}}
{{- default (printf "%s-%s" (include "venture.fullname" .root) .component) .name -}}
{{- end -}}

{{/* The pod of a component that works once and ends. Takes
  root, component, command, resources
  shared      priorityClassName, nodeSelector, tolerations, affinity; may be empty
  endpoints   those of the data plane that it speaks to
  env, volumes, mounts   further ones, as YAML text; may be empty
  containers  further ones, as YAML text; may be empty
  deadlineSeconds   after which the pod ends, whatever it does; may be empty
  scratch     size of /tmp; default 64Mi
  hookSecret  what holds the URLs of the values, where the release's own Secrets are not there yet
  account     name of its service account; empty: none of its own
  token       whether it speaks to the API server: the pod gets that account's token */}}
{{- define "venture.jobPod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "venture.componentLabels" . | nindent 4 }}
spec:
  restartPolicy: Never
  {{- with .deadlineSeconds }}
  activeDeadlineSeconds: {{ . }}
  {{- end }}
  {{- if not .token }}
  automountServiceAccountToken: false
  {{- end }}
  {{- with .account }}
  serviceAccountName: {{ . }}
  {{- end }}
  enableServiceLinks: false
  {{- include "venture.podSettings" (dict "root" $root "values" .shared) | nindent 2 }}
  securityContext:
    {{- include "venture.podSecurityContext" $root | nindent 4 }}
  containers:
    - name: {{ .component }}
      image: {{ include "venture.image" (dict "root" $root "image" $root.Values.image) | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: {{ toJson .command }}
      terminationMessagePolicy: FallbackToLogsOnError
      env:
        {{- with .env }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- include "venture.endpointEnv" (dict "root" $root "endpoints" .endpoints "hookSecret" .hookSecret) | nindent 8 }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      securityContext:
        {{- include "venture.containerSecurityContext" $root | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- with .mounts }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- include "venture.endpointMounts" (dict "root" $root "endpoints" .endpoints) | nindent 8 }}
    {{- with .containers }}
    {{- . | nindent 4 }}
    {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: {{ default "64Mi" .scratch }}
    {{- with .volumes }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- include "venture.endpointVolumes" (dict "root" $root "endpoints" .endpoints) | nindent 4 }}
{{- end -}}
