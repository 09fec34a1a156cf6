{{/* What other releases in the cluster make impossible here: a list of sentences, as JSON. Empty where
nothing can be looked up, as in `helm template`. */}}
{{- define "venture.neighbourProblems" -}}
{{- $problems := list -}}
{{- $others := list -}}
{{- if .Values.crds.install -}}
{{- range $plural, $_ := include "venture.kinds" . | fromYaml -}}
{{- $name := printf "%s.venture.parpour.dev" $plural -}}
{{- with lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $name -}}
{{- $owner := include "venture.releaseOf" . -}}
{{- if ne $owner (include "venture.thisRelease" $) -}}
{{- $problems = append $problems (printf "Set crds.install to false: the definition %s belongs to %s." $name (default "no release of helm" $owner)) -}}
{{- $others = append $others $owner -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range include "venture.registrations" . | fromYamlArray -}}
{{- if eq .resource "apiservices" -}}
{{- with lookup "apiregistration.k8s.io/v1" "APIService" "" .name -}}
{{- $owner := include "venture.releaseOf" . -}}
{{- if ne $owner (include "venture.thisRelease" $) -}}
{{- $problems = append $problems (printf "Set controlPlaneApi.apiService to false: %s registers %s in this cluster." (default "something else" $owner) .metadata.name) -}}
{{- $others = append $others $owner -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.rbac.create .Values.operator.exclusive (gt (int .Values.operator.replicas) 0) -}}
{{- range $namespace, $owners := include "venture.servedElsewhere" . | fromJson -}}
{{- $where := ternary "every namespace" (printf "the namespace %s" $namespace) (eq $namespace "*") -}}
{{- $problems = append $problems (printf "Set watchNamespaces, here and there, so that they have none in common: %s serves %s already, and two operators would work on the same objects." (join ", " $owners) $where) -}}
{{- $others = concat $others $owners -}}
{{- end -}}
{{- end -}}
{{- range $others | uniq | compact -}}
{{- $command := regexReplaceAll "^release (.*) in (.*)$" . "helm uninstall ${1} --namespace ${2}" -}}
{{- $problems = append $problems (printf "Or remove %s, where nobody needs it any more: %s" . $command) -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/* The namespaces that other releases' operators serve and this one would, too, with these releases.
"*" stands for all. As JSON. What it does with objects is in the role <release>.<namespace>; further
words in a role's name stand for what it does in the cluster. */}}
{{- define "venture.servedElsewhere" -}}
{{- $served := dict -}}
{{- $bindings := list -}}
{{- with lookup "rbac.authorization.k8s.io/v1" "ClusterRoleBinding" "" "" -}}
{{- $bindings = .items -}}
{{- end -}}
{{- range $place := default (list "") .Values.watchNamespaces -}}
{{- with lookup "rbac.authorization.k8s.io/v1" "RoleBinding" $place "" -}}
{{- $bindings = concat $bindings .items -}}
{{- end -}}
{{- end -}}
{{- range $binding := $bindings -}}
{{- $labels := default dict $binding.metadata.labels -}}
{{- $owner := include "venture.releaseOf" $binding -}}
{{- $isOurs := and (hasPrefix "venture-" (get $labels "helm.sh/chart")) (eq (get $labels "app.kubernetes.io/component") "operator") -}}
{{- if and $isOurs (eq $binding.roleRef.kind "ClusterRole") (regexMatch "^[^.]+[.][^.]+$" $binding.roleRef.name) $owner (ne $owner (include "venture.thisRelease" $)) -}}
{{- $namespace := default "*" $binding.metadata.namespace -}}
{{- $_ := set $served $namespace (append (default list (get $served $namespace)) $owner | uniq) -}}
{{- end -}}
{{- end -}}
{{- toJson $served -}}
{{- end -}}

{{/* Which release of helm an object belongs to, in words; empty where it belongs to none. */}}
{{- define "venture.releaseOf" -}}
{{- $annotations := default dict .metadata.annotations -}}
{{- with get $annotations "meta.helm.sh/release-name" -}}
{{- printf "release %s in %s" . (get $annotations "meta.helm.sh/release-namespace") -}}
{{- end -}}
{{- end -}}

{{- define "venture.thisRelease" -}}
{{- printf "release %s in %s" .Release.Name .Release.Namespace -}}
{{- end -}}
