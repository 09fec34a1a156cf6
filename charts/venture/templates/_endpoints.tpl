{{/* Where the data plane is. An endpoint lives in a Secret: the user's own, or one of the release,
filled from a URL in the values or by the development data plane. */}}

{{/* Name of the Secret of one endpoint. Takes {root, endpoint}: postgres, nats, redis or s3. */}}
{{- define "venture.endpointSecretName" -}}
{{- default (printf "%s-%s" (include "venture.fullname" .root) .endpoint) (index .root.Values .endpoint).existingSecret -}}
{{- end -}}

{{/* Environment variable with the URL of postgres, nats or redis. Takes {root, endpoint}. */}}
{{- define "venture.urlEnv" -}}
{{- $values := index .root.Values .endpoint -}}
- name: VENTURE_{{ upper .endpoint }}_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "venture.endpointSecretName" . }}
      key: {{ ternary $values.existingSecretKey "url" (not (empty $values.existingSecret)) }}
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
- name: VENTURE_S3_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ ternary "accessKeyId" .Values.s3.existingSecretAccessKeyIdKey $own }}
- name: VENTURE_S3_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ ternary "secretAccessKey" .Values.s3.existingSecretSecretAccessKeyKey $own }}
{{- end -}}

{{/* A generated credential: what the cluster's Secret already holds, else a new one. It begins with
a letter, because configuration languages read a leading digit as a number.
Takes {root, secret, key}. */}}
{{- define "venture.credential" -}}
{{- $existing := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- $kept := dig "data" .key "" $existing -}}
{{- if $kept -}}
{{- b64dec $kept -}}
{{- else -}}
{{- printf "v%s" (randAlphaNum 39) -}}
{{- end -}}
{{- end -}}

{{/* Annotations of what outlives the release together with the volumes. */}}
{{- define "venture.retainAnnotations" -}}
{{- if .Values.dataPlane.retain -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end -}}
