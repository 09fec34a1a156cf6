{{/* Where the data plane is. An endpoint lives in a Secret: the user's own, or one of the release,
filled from a URL in the values or by the development data plane. */}}

{{/* Name of the Secret of one endpoint. Takes {root, endpoint}: postgres, nats, redis or s3. */}}
{{- define "venture.endpointSecretName" -}}
{{- default (printf "%s-%s" (include "venture.fullname" .root) .endpoint) (index .root.Values .endpoint).existingSecret -}}
{{- end -}}

{{/* Environment variable with the URL of redis. Takes {root, endpoint, hookSecret}: what runs before
the release's own Secrets exist has a copy. */}}
{{- define "venture.urlEnv" -}}
{{- $values := index .root.Values .endpoint -}}
- name: VENTURE_{{ upper .endpoint }}_URL
  valueFrom:
    secretKeyRef:
      {{- if and .hookSecret $values.url }}
      name: {{ .hookSecret }}
      key: {{ .endpoint }}-url
      {{- else }}
      name: {{ include "venture.endpointSecretName" . }}
      key: {{ ternary $values.existingSecretKey "url" (not (empty $values.existingSecret)) }}
      {{- end }}
      optional: true
{{- end -}}

{{- define "venture.s3Endpoint" -}}
{{- if .Values.dataPlane.enabled -}}
{{- printf "http://%s-s3.%s.svc:7070" (include "venture.fullname" .) .Release.Namespace -}}
{{- else -}}
{{- .Values.s3.endpoint -}}
{{- end -}}
{{- end -}}

{{- define "venture.s3Bucket" -}}
{{- if .Values.dataPlane.enabled -}}
{{- default "venture" .Values.s3.bucket -}}
{{- else -}}
{{- .Values.s3.bucket -}}
{{- end -}}
{{- end -}}

{{/* The endpoints that a component speaks to, as a YAML list: by its logins, and `endpoints`. */}}
{{- define "venture.endpointsOf" -}}
{{- $login := default dict (index (include "venture.logins" .root | fromYaml) .component) -}}
{{- $found := default list .endpoints -}}
{{- range $endpoint := list "nats" "postgres" -}}
{{- if hasKey $login $endpoint -}}
{{- $found = prepend $found $endpoint -}}
{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{/* Environment of whoever speaks to these endpoints, logins apart: S3, Redis, the authorities to
trust, proxies, and what the values add to every process. Takes {root, endpoints}. */}}
{{- define "venture.endpointEnv" -}}
{{- $root := .root }}
{{- if has "redis" .endpoints }}
{{ include "venture.urlEnv" (dict "root" $root "endpoint" "redis" "hookSecret" .hookSecret) }}
{{- end }}
{{- if has "s3" .endpoints }}
{{ include "venture.s3Env" $root }}
{{- end }}
{{- range .endpoints }}
{{- if (index $root.Values .).caSecret.name }}
- name: VENTURE_{{ upper . }}_CA_FILE
  value: /etc/venture/ca/{{ . }}/ca.crt
{{- end }}
{{- end }}
{{- with $root.Values.global.proxy }}
{{- if or .httpProxy .httpsProxy }}
{{- range $name, $value := dict "HTTP_PROXY" .httpProxy "HTTPS_PROXY" .httpsProxy "NO_PROXY" .noProxy }}
{{- if $value }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with $root.Values.global.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "venture.endpointMounts" -}}
{{- $root := .root }}
{{- range .endpoints }}
{{- if (index $root.Values .).caSecret.name }}
- name: ca-{{ . }}
  mountPath: /etc/venture/ca/{{ . }}
  readOnly: true
{{- end }}
{{- end }}
{{- with $root.Values.global.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "venture.endpointVolumes" -}}
{{- $root := .root }}
{{- range $endpoint := .endpoints }}
{{- $authority := (index $root.Values $endpoint).caSecret }}
{{- if $authority.name }}
- name: ca-{{ $endpoint }}
  secret:
    secretName: {{ $authority.name }}
    defaultMode: 0440
    items:
      - {key: {{ $authority.key }}, path: ca.crt}
{{- end }}
{{- end }}
{{- with $root.Values.global.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Egress rules to these endpoints. Takes {root, endpoints}. */}}
{{- define "venture.egressOf" -}}
{{- $root := .root }}
{{- range .endpoints }}
{{ include "venture.endpointEgress" (dict "root" $root "endpoint" .) }}
{{- end }}
{{- end -}}

{{/* Environment variables of whoever speaks to S3. */}}
{{- define "venture.s3Env" -}}
{{- $secret := include "venture.endpointSecretName" (dict "root" . "endpoint" "s3") -}}
{{- $own := empty .Values.s3.existingSecret -}}
- name: VENTURE_S3_ENDPOINT
  value: {{ include "venture.s3Endpoint" . | quote }}
- name: VENTURE_S3_REGION
  value: {{ .Values.s3.region | quote }}
- name: VENTURE_S3_BUCKET
  value: {{ include "venture.s3Bucket" . | quote }}
- name: VENTURE_S3_CREDENTIALS
  value: {{ .Values.s3.credentials }}
{{- if eq .Values.s3.credentials "AccessKey" }}
- name: VENTURE_S3_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ ternary "accessKeyId" .Values.s3.existingSecretAccessKeyIdKey $own }}
      optional: true
- name: VENTURE_S3_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ ternary "secretAccessKey" .Values.s3.existingSecretSecretAccessKeyKey $own }}
      optional: true
{{- end }}
{{- end -}}

{{/* A generated credential: what the cluster's Secret already holds, else a new one, and the same
wherever this rendering asks for it. It begins with a letter, because configuration languages read a
leading digit as a number. Takes {root, secret, key}. */}}
{{- define "venture.credential" -}}
{{- $made := default dict .root.Values.global.made -}}
{{- $id := printf "%s/%s" .secret .key -}}
{{- if not (hasKey $made $id) -}}
{{- $kept := dig "data" .key "" (lookup "v1" "Secret" .root.Release.Namespace .secret) -}}
{{- $_ := set $made $id (ternary (b64dec $kept) (printf "v%s" (randAlphaNum 39)) (not (empty $kept))) -}}
{{- $_ := set .root.Values.global "made" $made -}}
{{- end -}}
{{- get $made $id -}}
{{- end -}}

{{/* Annotations of what outlives the release together with the volumes. */}}
{{- define "venture.retainAnnotations" -}}
{{- if .Values.dataPlane.retain -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end -}}

{{/* The service account of a Job that speaks to S3 as a workload; empty with an access key. Takes
{root, component}. */}}
{{- define "venture.s3AccountName" -}}
{{- if eq .root.Values.s3.credentials "WorkloadIdentity" -}}
{{- include "venture.fullname" .root }}-{{ .component }}
{{- end -}}
{{- end -}}

{{/* That service account, as a document. Takes {root, component, hook}: annotations of a hook. */}}
{{- define "venture.s3Account" -}}
{{- with include "venture.s3AccountName" . -}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ . }}
  namespace: {{ $.root.Release.Namespace }}
  labels:
    {{- include "venture.componentLabels" $ | nindent 4 }}
  annotations:
    {{- toYaml (merge (dict) (default dict $.hook) $.root.Values.s3.serviceAccountAnnotations) | nindent 4 }}
{{- end -}}
{{- end -}}

{{/* Logins as files, for those that look after all of them. Takes {root, secret, endpoints}: the
hook's Secret that holds those of the release. What the user has made is read from the user's Secrets;
what lacks there, the program names. */}}
{{- define "venture.loginsVolume" -}}
{{- $root := .root -}}
{{- $endpoints := .endpoints -}}
- name: logins
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ .secret }}
          optional: true
      {{- range $component, $login := include "venture.logins" .root | fromYaml }}
      {{- range $endpoint := $endpoints }}
      {{- $arguments := dict "root" $root "component" $component "endpoint" $endpoint }}
      {{- $secret := include "venture.loginSecret" $arguments | fromYaml }}
      {{- $shared := and (eq $endpoint "nats") $root.Values.nats.url (eq (default "" $secret.name) (printf "%s-nats" (include "venture.fullname" $root))) }}
      {{- if and (hasKey $login $endpoint) (not (include "venture.ownLogin" $arguments)) (not $shared) }}
      - secret:
          name: {{ $secret.name }}
          optional: true
          items:
            - {key: {{ $secret.key }}, path: {{ $component }}.{{ $endpoint }}-url}
      {{- end }}
      {{- end }}
      {{- end }}
{{- end -}}

{{- define "venture.loginsMount" -}}
- name: logins
  mountPath: /etc/venture/logins
  readOnly: true
{{- end -}}

{{/* The URLs of logins that the release makes, as the data of a Secret. Takes {root, endpoints}. */}}
{{- define "venture.loginsData" -}}
{{- $root := .root -}}
{{- $endpoints := .endpoints -}}
{{- range $component, $login := include "venture.logins" .root | fromYaml }}
{{- range $endpoint := $endpoints }}
{{- $arguments := dict "root" $root "component" $component "endpoint" $endpoint }}
{{- if and (hasKey $login $endpoint) (include "venture.ownLogin" $arguments) }}
{{ $component }}.{{ $endpoint }}-url: {{ include "venture.loginUrl" $arguments | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The URL of the login that owns the schema, as an environment variable. Takes {root, secret}: the
hook's Secret, which holds it where the values do. */}}
{{- define "venture.ownerEnv" -}}
{{- $migration := .root.Values.migration -}}
- name: VENTURE_POSTGRES_URL
  valueFrom:
    secretKeyRef:
      {{- if .root.Values.dataPlane.enabled }}
      name: {{ include "venture.fullname" .root }}-postgres
      key: url
      {{- else if $migration.url }}
      name: {{ .secret }}
      key: owner-url
      {{- else }}
      name: {{ $migration.existingSecret }}
      key: {{ $migration.existingSecretKey }}
      {{- end }}
      optional: true
{{- end -}}
