{{/* Who may log in to Postgres and NATS, and what each may do there: one list for everything that
needs it (Secrets, environments, migrations, the development broker, the preflight, network policies).
  postgres   the database roles of the login
  nats       subjects it may publish to and subscribe to; its inbox is _INBOX.<user>.> besides, and
             where it responds, whatever asks it
  outside    whether people use it, by a port-forward, and no pod of the release
A component that a release lacks (the archiver without a retention) has no login. */}}
{{- define "venture.logins" -}}
{{- $roots := list -}}
{{- range include "venture.eventRoots" . | fromYamlArray -}}
{{- $roots = append $roots (printf "%s.>" .) -}}
{{- end -}}
operator:
  postgres: [venture_service_venture_orchestrator]
policy-engine:
  postgres: [venture_service_policy_engine]
  nats:
    # It answers whoever asked, and says nothing else.
    responds: true
    publish: []
    subscribe: [svc.policy.check.tool_allowlist]
egress-proxy:
  postgres: [venture_service_egress_proxy]
# The webhooks ask nobody.
webhooks: {}
sequencer:
  postgres: [venture_sequencer]
relay:
  postgres: [venture_relay]
  nats:
    # Nobody else may publish events, or change the streams.
    publish:
      {{- toYaml $roots | nindent 6 }}
      - $JS.API.STREAM.INFO.*
      - $JS.API.STREAM.CREATE.*
      - $JS.API.STREAM.UPDATE.*
      - $JS.API.STREAM.MSG.GET.EVENTS
      - $JS.API.DIRECT.GET.EVENTS
      - $JS.API.DIRECT.GET.EVENTS.>
      # It reads where the stream ends by a consumer of this name.
      - $JS.API.CONSUMER.CREATE.EVENTS.relay
      - $JS.API.CONSUMER.MSG.NEXT.EVENTS.relay
      - $JS.API.CONSUMER.DELETE.EVENTS.relay
projector:
  postgres: [venture_projector]
  nats:
    publish:
      {{- include "venture.consumerSubjects" "projector" | nindent 6 }}
control-plane-api:
  postgres: [venture_content]
treasury-api:
  postgres: [venture_treasury]
{{- if .Values.toolGateway.enabled }}
tool-gateway:
  postgres: [venture_service_tool_gateway]
{{- end }}
{{- if .Values.llmGateway.enabled }}
llm-gateway:
  postgres: [venture_service_llm_gateway]
{{- end }}
{{- if gt (int .Values.record.retention.months) 0 }}
archiver:
  postgres: [venture_archiver]
confirmer:
  postgres: [venture_confirmer]
{{- end }}
# What `venture audit` and `venture events` log in as.
auditor:
  outside: true
  postgres: [venture_auditor]
  nats:
    publish:
      - requeue.>
      - $JS.API.STREAM.INFO.*
      - $JS.API.STREAM.MSG.GET.*
      - $JS.API.DIRECT.GET.>
      - $JS.API.STREAM.MSG.DELETE.DEAD_LETTERS
      # `venture events replay`: the relay makes the stream again from the record.
      - $JS.API.STREAM.DELETE.EVENTS
{{- if or .Values.dataPlane.enabled .Values.postgres.address .Values.postgres.logins.recovery }}
# What `venture record recover` logs in as. Who makes all logins may make this one on the day.
recovery:
  outside: true
  postgres: [venture_recovery]
{{- end }}
{{- if .Values.preflight.enabled }}
preflight:
  nats:
    publish: [$JS.API.INFO]
{{- end }}
{{- end -}}

{{/* The first words of event types, and so of the subjects of the stream EVENTS. */}}
{{- define "venture.eventRoots" -}}
[policy, workflow, task, artifact, money, ledger, compliance, privacy, control]
{{- end -}}

{{/* What a consumer of events publishes to: JetStream's API for its own durable consumers, its
acknowledgements, and its dead letters. Takes its name. */}}
{{- define "venture.consumerSubjects" -}}
{{- range $stream := list "EVENTS" "DEAD_LETTERS" }}
- $JS.API.STREAM.INFO.{{ $stream }}
- $JS.API.CONSUMER.CREATE.{{ $stream }}.{{ $ }}
- $JS.API.CONSUMER.CREATE.{{ $stream }}.{{ $ }}.>
- $JS.API.CONSUMER.DURABLE.CREATE.{{ $stream }}.{{ $ }}
- $JS.API.CONSUMER.INFO.{{ $stream }}.{{ $ }}
- $JS.API.CONSUMER.MSG.NEXT.{{ $stream }}.{{ $ }}
- $JS.ACK.{{ $stream }}.{{ $ }}.>
{{- end }}
- dlq.{{ . }}.>
{{- end -}}

{{/* Whether the release makes the login itself, in Postgres or the development NATS. Takes
{root, component, endpoint}; gives "true" or nothing. */}}
{{- define "venture.ownLogin" -}}
{{- $given := index (index .root.Values .endpoint).logins .component -}}
{{- if .root.Values.dataPlane.enabled -}}true
{{- else if dig "existingSecret" "" (default dict $given) -}}
{{- else if and (eq .endpoint "postgres") .root.Values.postgres.address -}}true
{{- end -}}
{{- end -}}

{{/* The Secret and key with a login's URL, as YAML {name, key}. Takes {root, component, endpoint}. */}}
{{- define "venture.loginSecret" -}}
{{- $values := index .root.Values .endpoint -}}
{{- $given := default dict (index $values.logins .component) -}}
{{- if include "venture.ownLogin" . -}}
{name: {{ include "venture.fullname" .root }}-login-{{ .component }}, key: {{ .endpoint }}-url}
{{- else if $given.existingSecret -}}
{name: {{ $given.existingSecret | quote }}, key: {{ default "url" $given.existingSecretKey | quote }}}
{{- else if eq .endpoint "nats" -}}
{name: {{ include "venture.endpointSecretName" (dict "root" .root "endpoint" "nats") | quote }}, key: {{ ternary $values.existingSecretKey "url" (not (empty $values.existingSecret)) | quote }}}
{{- end -}}
{{- end -}}

{{/* The name of a login that the release makes: its own among all releases of one database server.
Takes {root, component}. */}}
{{- define "venture.loginName" -}}
{{- $name := printf "%s_%s_%s" .root.Release.Namespace (include "venture.fullname" .root) .component | replace "-" "_" | replace "." "_" -}}
{{- if gt (len $name) 63 -}}
{{- printf "%s_%s" (trunc 54 $name) (sha256sum $name | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{- define "venture.postgresAddress" -}}
{{- if .Values.dataPlane.enabled -}}
{{- printf "%s-postgres.%s.svc:5432/venture" (include "venture.fullname" .) .Release.Namespace -}}
{{- else -}}
{{- .Values.postgres.address -}}
{{- end -}}
{{- end -}}

{{- define "venture.loginPassword" -}}
{{- include "venture.credential" (dict "root" .root "secret" (printf "%s-login-%s" (include "venture.fullname" .root) .component) "key" (printf "%s-password" .endpoint)) -}}
{{- end -}}

{{/* URL of a login that the release makes. Takes {root, component, endpoint}. */}}
{{- define "venture.loginUrl" -}}
{{- $password := include "venture.loginPassword" . -}}
{{- if eq .endpoint "postgres" -}}
postgresql://{{ include "venture.loginName" . }}:{{ $password }}@{{ include "venture.postgresAddress" .root }}
{{- else -}}
nats://{{ .component }}:{{ $password }}@{{ include "venture.fullname" .root }}-nats.{{ .root.Release.Namespace }}.svc:4222
{{- end -}}
{{- end -}}

{{/* Environment variables with the URLs of a component's logins. They are optional for the kubelet,
so that the program, not an event of its pod, names what is missing. Takes {root, component}. */}}
{{- define "venture.loginEnv" -}}
{{- $login := index (include "venture.logins" .root | fromYaml) .component -}}
{{- $root := .root -}}
{{- $component := .component -}}
{{- $sources := dict -}}
{{- range $endpoint := list "postgres" "nats" }}
{{- if hasKey $login $endpoint }}
{{- $secret := include "venture.loginSecret" (dict "root" $root "component" $component "endpoint" $endpoint) | fromYaml }}
- name: VENTURE_{{ upper $endpoint }}_URL
  valueFrom:
    secretKeyRef:
      name: {{ $secret.name }}
      key: {{ $secret.key }}
      optional: true
{{- $_ := set $sources (printf "VENTURE_%s_URL" (upper $endpoint)) (printf "key %s of Secret %s" $secret.key $secret.name) }}
{{- end }}
{{- end }}
- name: VENTURE_SETTING_SOURCES
  value: {{ toJson $sources | quote }}
{{- end -}}

{{/* Annotation that changes with the Secrets a pod reads, so that an upgrade restarts it. Takes
{root, component, endpoints, secrets}: all endpoints that it speaks to, whose keys and authorities
count, and names of further Secrets. Those of the release itself change by their values here, not by
what is in the cluster, or a second upgrade would restart all. Certificates of an
API do not count: programs take new ones without a restart. */}}
{{- define "venture.secretsAnnotation" -}}
{{- $root := .root -}}
{{- $component := .component -}}
{{- $parts := list -}}
{{- $login := index (include "venture.logins" $root | fromYaml) $component -}}
{{- range $endpoint := list "postgres" "nats" -}}
{{- if hasKey (default dict $login) $endpoint -}}
{{- $arguments := dict "root" $root "component" $component "endpoint" $endpoint -}}
{{- if include "venture.ownLogin" $arguments -}}
{{- $parts = append $parts (include "venture.loginUrl" $arguments) -}}
{{- else -}}
{{- $secret := include "venture.loginSecret" $arguments | fromYaml -}}
{{- $parts = append $parts (toJson (dig "data" dict (lookup "v1" "Secret" $root.Release.Namespace $secret.name))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $secrets := default list .secrets -}}
{{- range $endpoint := .endpoints -}}
{{- $values := index $root.Values $endpoint -}}
{{- $secrets = append $secrets $values.caSecret.name -}}
{{- if has $endpoint (list "redis" "s3") -}}
{{- $secrets = append $secrets $values.existingSecret -}}
{{- $parts = concat $parts (compact (list $values.url)) -}}
{{- end -}}
{{- end -}}
{{- range compact $secrets -}}
{{- $found := lookup "v1" "Secret" $root.Release.Namespace . -}}
{{- $made := eq $root.Release.Name (dig "metadata" "annotations" "meta.helm.sh/release-name" "" $found) -}}
{{- $parts = append $parts (toJson (ternary dict (dig "data" dict $found) $made)) -}}
{{- end -}}
venture.parpour.dev/secrets: {{ join "\n" $parts | sha256sum | trunc 16 | quote }}
{{- end -}}
