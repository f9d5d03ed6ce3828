{{- define "sagegate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sagegate.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "sagegate.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "sagegate.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sagegate.selector" -}}
app.kubernetes.io/name: {{ include "sagegate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sagegate.labels" -}}
{{ include "sagegate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{- define "sagegate.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "sagegate.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- if .Values.serviceAccount.roleArn -}}
{{- fail "serviceAccount.roleArn is an annotation of the account: annotate your own, or let the chart create one" -}}
{{- end -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "sagegate.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The seconds that Kubernetes waits before it kills: above what the gateway takes for its end. */}}
{{- define "sagegate.grace" -}}
{{- $end := add .Values.drain.notice .Values.drain.timeout -}}
{{- $grace := default (add $end 10) .Values.terminationGracePeriodSeconds | int -}}
{{- if lt $grace (int (add $end 5)) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d cuts streams: drain.notice and drain.timeout take %d seconds, give at least %d" $grace $end (add $end 5)) -}}
{{- end -}}
{{- $grace -}}
{{- end -}}

{{/* Exactly one source of the configuration: config, existingConfigMap or configObject. */}}
{{- define "sagegate.configuration" -}}
{{- $given := list -}}
{{- if .Values.config -}}{{- $given = append $given "config" -}}{{- end -}}
{{- if .Values.existingConfigMap -}}{{- $given = append $given "existingConfigMap" -}}{{- end -}}
{{- if .Values.configObject.bucket -}}{{- $given = append $given "configObject" -}}{{- end -}}
{{- if ne (len $given) 1 -}}
{{- fail (printf "give exactly one of config, existingConfigMap and configObject; given: %s" (default "none" (join ", " $given))) -}}
{{- end -}}
{{- first $given -}}
{{- end -}}
