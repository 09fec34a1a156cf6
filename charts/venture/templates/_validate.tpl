{{/* Refuses values that cannot work, all at once, each with a sentence that says what to set. */}}
{{- define "venture.validate" -}}
{{- $problems := list -}}
{{- if not .Values.global.imageRegistry -}}
{{- $images := dict "image" .Values.image "compiler.image" .Values.compiler.image -}}
{{- if .Values.compiler.media.enabled -}}
{{- $_ := set $images "compiler.media.image" .Values.compiler.media.image -}}
{{- end -}}
{{- if .Values.agents.enabled -}}
{{- $_ := set $images "agents.image" .Values.agents.image -}}
{{- end -}}
{{- if .Values.dataPlane.enabled -}}
{{- range $name := list "postgres" "nats" "valkey" "s3" -}}
{{- $_ := set $images (printf "dataPlane.%s.image" $name) (index $.Values.dataPlane $name).image -}}
{{- end -}}
{{- end -}}
{{- range $path, $image := $images -}}
{{- if not $image.registry -}}
{{- $problems = append $problems (printf "Set global.imageRegistry (or %s.registry) to the registry that holds %s." $path $image.repository) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.migration -}}
{{- if $.Values.dataPlane.enabled -}}
{{- if or .url .existingSecret $.Values.postgres.address $.Values.postgres.logins $.Values.nats.logins -}}
{{- $problems = append $problems "dataPlane.enabled brings its own: unset migration.url, migration.existingSecret, postgres.address, postgres.logins and nats.logins, or turn dataPlane.enabled off." -}}
{{- end -}}
{{- else if and .url .existingSecret -}}
{{- $problems = append $problems "Set migration.url or migration.existingSecret, not both." -}}
{{- else if not (or .url .existingSecret) -}}
{{- $problems = append $problems (printf "Set migration.existingSecret to a Secret whose key %q holds the URL of the login that owns the Postgres database and may create roles (or set migration.url)." .existingSecretKey) -}}
{{- else if and .url (not (regexMatch "^postgres(ql)?://." .url)) -}}
{{- $problems = append $problems "Set migration.url to a URL of the Postgres database, user and password included." -}}
{{- end -}}
{{- end -}}
{{- if not .Values.dataPlane.enabled -}}
{{- if regexMatch "@|://" .Values.postgres.address -}}
{{- $problems = append $problems "Set postgres.address to host:port/database, without scheme, user and password." -}}
{{- end -}}
{{- range $component, $login := include "venture.logins" . | fromYaml -}}
{{- if and $login.postgres (not (include "venture.loginSecret" (dict "root" $ "component" $component "endpoint" "postgres"))) -}}
{{- $problems = append $problems (printf "Set postgres.address (host:port/database), and the logins of all programs are made, or set postgres.logins.%s.existingSecret to a Secret with the URL of one that you made." $component) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $known := include "venture.logins" . | fromYaml -}}
{{- range $endpoint := list "postgres" "nats" -}}
{{- range $component, $_ := (index $.Values $endpoint).logins -}}
{{- if not (hasKey (default dict (index $known $component)) $endpoint) -}}
{{- if not (has $component (list "archiver" "confirmer" "preflight")) -}}
{{- $problems = append $problems (printf "%s.logins.%s: no program of that name logs in there." $endpoint $component) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $kinds := dict "nats" "NATS with JetStream" "redis" "Redis or Valkey" -}}
{{- $schemes := dict "nats" "nats|tls|wss?" "redis" "rediss?" -}}
{{- range $endpoint, $what := $kinds -}}
{{- $values := index $.Values $endpoint -}}
{{- $given := or $values.url $values.existingSecret -}}
{{- if and (eq $endpoint "nats") (not $given) -}}
{{- $given = true -}}
{{- range $component, $login := $known -}}
{{- if and $login.nats (not (dig $component "existingSecret" "" $.Values.nats.logins)) -}}
{{- $given = false -}}
{{- end -}}
{{- end -}}
{{- if $.Values.dataPlane.enabled -}}
{{- $given = false -}}
{{- end -}}
{{- end -}}
{{- if and $.Values.dataPlane.enabled $given -}}
{{- $problems = append $problems (printf "dataPlane.enabled brings its own: unset %s.url and %s.existingSecret, or turn dataPlane.enabled off." $endpoint $endpoint) -}}
{{- else if and $values.url $values.existingSecret -}}
{{- $problems = append $problems (printf "Set %s.url or %s.existingSecret, not both." $endpoint $endpoint) -}}
{{- else if not (or $.Values.dataPlane.enabled $given) -}}
{{- $problems = append $problems (printf "Set %s.existingSecret to a Secret whose key %q holds the URL of %s (or set %s.url)." $endpoint $values.existingSecretKey $what $endpoint) -}}
{{- else if and $values.url (not (regexMatch (printf "^(%s)://." (index $schemes $endpoint)) $values.url)) -}}
{{- $problems = append $problems (printf "Set %s.url to a URL of %s, user and password included." $endpoint $what) -}}
{{- end -}}
{{- end -}}
{{- with .Values.s3 -}}
{{- if $.Values.dataPlane.enabled -}}
{{- if or .endpoint .existingSecret .egress -}}
{{- $problems = append $problems "dataPlane.enabled brings its own S3: unset s3.endpoint, s3.existingSecret and s3.egress, or turn dataPlane.enabled off." -}}
{{- end -}}
{{- else -}}
{{- if not .endpoint -}}
{{- $problems = append $problems "Set s3.endpoint to the URL of an S3 endpoint." -}}
{{- else if not (regexMatch "^https?://[^@]+$" .endpoint) -}}
{{- $problems = append $problems "Set s3.endpoint to an http:// or https:// URL without user and password." -}}
{{- end -}}
{{- if not .bucket -}}
{{- $problems = append $problems "Set s3.bucket to a bucket that exists." -}}
{{- end -}}
{{- if and (eq .credentials "AccessKey") (not .existingSecret) -}}
{{- $problems = append $problems (printf "Set s3.existingSecret to a Secret with the keys %q and %q." .existingSecretAccessKeyIdKey .existingSecretSecretAccessKeyKey) -}}
{{- end -}}
{{- if not .egress -}}
{{- $problems = append $problems "Set s3.egress to the NetworkPolicyEgressRules that lead to S3: they bound what a compile Job may reach." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not .Values.dataPlane.enabled -}}
{{- range $program := list "sequencer" "relay" -}}
{{- if not (index $.Values.record $program).replicas -}}
{{- $problems = append $problems (printf "Set record.%s.replicas to 1 or more: nothing is signed or published without it (a development data plane may go without)." $program) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not (include "venture.checkpointOrigin" .) -}}
{{- $problems = append $problems "Set record.checkpoint.origin to the name of your log for its whole life, such as venture.example.com/record: every checkpoint carries it." -}}
{{- end -}}
{{- if and .Values.record.checkpoint.furtherKeys (not .Values.record.checkpoint.existingSecret) -}}
{{- $problems = append $problems "Set record.checkpoint.existingSecret to the Secret that holds record.checkpoint.furtherKeys." -}}
{{- end -}}
{{- if and .Values.dataPlane.enabled (gt (int .Values.record.stream.replicas) 1) -}}
{{- $problems = append $problems "dataPlane.enabled brings one NATS server: set record.stream.replicas to 1." -}}
{{- end -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- $problems = append $problems "Set serviceAccount.name to the service account that you made, or turn serviceAccount.create on." -}}
{{- end -}}
{{- if .Values.agents.enabled -}}
{{- range $gateway, $what := dict "llmGateway" "language models" "toolGateway" "files and messages" -}}
{{- if not (index $.Values $gateway).enabled -}}
{{- $problems = append $problems (printf "Set %s.enabled to true: it is the only way of agents to %s (or turn agents.enabled off)." $gateway $what) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $problems = concat $problems (include "venture.neighbourProblems" . | fromJsonArray) -}}
{{- if $problems -}}
{{- fail (printf "\n\nThese values cannot work:\n  - %s\nFor a development cluster, `-f values-dev.yaml` brings a data plane along." (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}
