{{- define "agora.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "agora.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "agora.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "agora.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "agora.selector" -}}
app.kubernetes.io/name: {{ include "agora.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "agora.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "agora.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "agora.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "agora.secret" -}}
{{ .Values.secrets.existingSecret | default (include "agora.fullname" .) }}
{{- end -}}

{{- define "agora.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "agora.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{/* Whether there is a PostgreSQL; "" if not. */}}
{{- define "agora.postgres" -}}
{{- if or .Values.database.url .Values.secrets.existingSecret -}}yes{{- end -}}
{{- end -}}

{{/* Whether there is a Redis; "" if not. */}}
{{- define "agora.redis" -}}
{{- if or .Values.redis.url (and .Values.secrets.existingSecret .Values.secrets.redis) -}}yes{{- end -}}
{{- end -}}

{{/* Whether there is a token for /metrics; "" if not. */}}
{{- define "agora.metrics" -}}
{{- if or (not .Values.secrets.existingSecret) .Values.secrets.metrics -}}yes{{- end -}}
{{- end -}}

{{/* One volume stands for a single replica: a claim cannot be shared. */}}
{{- define "agora.check" -}}
{{- $many := or .Values.autoscaling.enabled (gt (int .Values.replicaCount) 1) -}}
{{- if and $many (not (include "agora.postgres" .)) -}}
{{- fail "More than one replica needs PostgreSQL: set database.url, or secrets.existingSecret with the key store-url." -}}
{{- end -}}
{{- if and $many .Values.persistence.enabled -}}
{{- fail "persistence is for one replica with SQLite: with PostgreSQL nothing that matters is on the volume." -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not (include "agora.metrics" .)) -}}
{{- fail "serviceMonitor needs a token: put metrics-token into the secret and set secrets.metrics=true." -}}
{{- end -}}
{{- range $name := list "host" "port" "events_port" "mcp_port" "data_dir" "keys_dir" "host_name" "store" "bus" "metrics_token" "auth_tokens" -}}
{{- if hasKey $.Values.settings $name -}}
{{- fail (printf "settings.%s: the chart sets that itself; see service, database, redis and secrets." $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts is empty." -}}
{{- end -}}
{{- end -}}

{{/* The environment of a server. */}}
{{- define "agora.env" -}}
- {name: AGORA_HOST, value: "0.0.0.0"}
- {name: AGORA_PORT, value: "8080"}
- {name: AGORA_EVENTS_PORT, value: "8081"}
- {name: AGORA_DATA_DIR, value: /data}
- {name: AGORA_KEYS_DIR, value: /keys}
{{- if .Values.service.mcpPort }}
- {name: AGORA_MCP_PORT, value: {{ .Values.service.mcpPort | quote }}}
{{- end }}
- name: AGORA_HOST_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- if include "agora.postgres" . }}
- name: AGORA_STORE
  valueFrom: {secretKeyRef: {name: {{ include "agora.secret" . }}, key: store-url}}
{{- end }}
{{- if include "agora.redis" . }}
- name: AGORA_BUS
  valueFrom: {secretKeyRef: {name: {{ include "agora.secret" . }}, key: redis-url}}
{{- end }}
{{- if include "agora.metrics" . }}
- name: AGORA_METRICS_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "agora.secret" . }}, key: metrics-token}}
{{- end }}
- name: AGORA_AUTH_TOKENS
  valueFrom: {secretKeyRef: {name: {{ include "agora.secret" . }}, key: auth-tokens, optional: true}}
{{- range $name, $value := .Values.settings }}
- {name: {{ printf "AGORA_%s" (upper $name) }}, value: {{ $value | quote }}}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
