{{- define "millrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "millrace.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := include "millrace.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "millrace.selector" -}}
app.kubernetes.io/name: {{ include "millrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "millrace.labels" -}}
{{ include "millrace.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "millrace.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "millrace.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "millrace.secretName" -}}
{{- default (include "millrace.fullname" .) .Values.secret.existingName }}
{{- end }}

{{- define "millrace.certificatesName" -}}
{{- if eq .Values.links.certificates.source "existing" }}
{{- required "links.certificates.existingName must name a Secret with ca.crt, tls.crt and tls.key" .Values.links.certificates.existingName }}
{{- else }}
{{- printf "%s-links" (include "millrace.fullname" .) }}
{{- end }}
{{- end }}

{{/* The settings that are in the Secret, as JSON. A worker has no clients of Kafka. */}}
{{- define "millrace.secretSettings" -}}
{{- $settings := dict }}
{{- range $setting, $key := .root.Values.secret.settings }}
{{- if not (and (eq $.component "worker") (hasPrefix "kafka." $setting)) }}
{{- $_ := set $settings $setting $key }}
{{- end }}
{{- end }}
{{- toJson $settings }}
{{- end }}

{{/* The settings file: what the chart knows, then config, then secrets as files. */}}
{{- define "millrace.config" -}}
{{- $root := .root }}
{{- $full := include "millrace.fullname" $root }}
{{- $linked := and $root.Values.links.enabled (not .canary) }}
{{- $config := dict
  "http" (dict "address" "0.0.0.0" "port" 9108)
  "delivery" (dict
    "shutdown_deadline" (printf "%ds" (int $root.Values.drainSeconds))
    "crash_journal" "/var/lib/millrace/crash-journal") }}
{{- if $linked }}
{{- $_ := set $config "link" (dict
  "enabled" true
  "listen" "0.0.0.0:9110"
  "peers" (list (printf "dns:%s-links.%s.svc:9110" $full $root.Release.Namespace))
  "ca_file" "/etc/millrace/certificates/ca.crt"
  "certificate_file" "/etc/millrace/certificates/tls.crt"
  "key_file" "/etc/millrace/certificates/tls.key") }}
{{- $_ := set $config "detection" (dict "state" "topic") }}
{{- end }}
{{- if and $linked (include "millrace.hasWorkers" $root) }}
{{- $_ := set $config.link "peers" (append $config.link.peers (printf "dns:%s-workers.%s.svc:9110" $full $root.Release.Namespace)) }}
{{- end }}
{{- $config = mergeOverwrite $config (deepCopy $root.Values.config) }}
{{- if eq .component "worker" }}
{{- $_ := set $config "node" (mergeOverwrite (default dict $config.node) (dict "role" "worker")) }}
{{- $_ := set $config "kafka" (pick $config.kafka "consumer_group" "input_topic" "output_topic" "dlq_topic" "insights_topic") }}
{{- $_ := unset $config.delivery "crash_journal" }}
{{- end }}
{{- if .canary }}
{{- $kafka := $config.kafka }}
{{- range $key, $default := dict "consumer_group" "user-group" "output_topic" "processed-user-login" "dlq_topic" "user-login-dlq" }}
{{- $_ := set $kafka $key (printf "%s-canary" (default $default (get $kafka $key))) }}
{{- end }}
{{- $_ := set $kafka "insights_topic" "" }}
{{- /* Its pod has another name each time. */}}
{{- $_ := set $kafka "static_membership" false }}
{{- $_ := unset $config "link" }}
{{- $config = mergeOverwrite $config (deepCopy $root.Values.canary.config) }}
{{- end }}
{{- range $setting, $key := include "millrace.secretSettings" . | fromJson }}
{{- $parts := splitList "." $setting }}
{{- $section := default dict (get $config (first $parts)) }}
{{- $_ := set $section (printf "%s_file" (last $parts)) (printf "/etc/millrace/secrets/%s" $key) }}
{{- $_ := set $config (first $parts) $section }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{- define "millrace.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "millrace.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "millrace.mounts" -}}
- {name: config, mountPath: /etc/millrace/config, readOnly: true}
- {name: state, mountPath: /var/lib/millrace}
- {name: tmp, mountPath: /tmp}
{{- if include "millrace.secretSettings" . | fromJson }}
- {name: secrets, mountPath: /etc/millrace/secrets, readOnly: true}
{{- end }}
{{- if and .root.Values.links.enabled (not .canary) }}
- {name: certificates, mountPath: /etc/millrace/certificates, readOnly: true}
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "millrace.environment" -}}
- name: MILLRACE_NODE_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- with .root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "millrace.hasWorkers" -}}
{{- if or .Values.workers.replicas .Values.workers.autoscaling.enabled }}
{{- if not .Values.links.enabled }}
{{- fail "workers get their work over links: set links.enabled" }}
{{- end }}yes
{{- end }}
{{- end }}

{{/* The pod of a node: (dict "root" $ "component" "node" "canary" false), also of
the components canary and worker. */}}
{{- define "millrace.pod" -}}
{{- $root := .root }}
{{- $full := include "millrace.fullname" $root }}
{{- $config := eq .component "node" | ternary $full (printf "%s-%s" $full .component) }}
{{- $resources := $root.Values.resources }}
{{- if eq .component "worker" }}
{{- $resources = mergeOverwrite (deepCopy $resources) (deepCopy $root.Values.workers.resources) }}
{{- end }}
{{- $tag := default $root.Chart.AppVersion (ternary $root.Values.canary.tag $root.Values.image.tag .canary) }}
{{- $image := printf "%s:%s" $root.Values.image.repository $tag }}
metadata:
  labels:
    {{- include "millrace.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
    {{- with $root.Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: millrace
    # Other settings are another pod.
    checksum/config: {{ include "millrace.config" . | sha256sum }}
    {{- if not $root.Values.secret.existingName }}
    checksum/secret: {{ toJson $root.Values.secret.values | sha256sum }}
    {{- end }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "millrace.serviceAccount" $root }}
  automountServiceAccountToken: false
  # Variables of Services would be taken for settings (KAFKA_PORT=tcp://...).
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add (int $root.Values.drainSeconds) 10 }}
  securityContext:
    {{- include "millrace.podSecurity" $root | nindent 4 }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  initContainers:
    # Wrong settings are told by kubectl logs -c check, each with its place, and
    # never reach a node.
    - name: check
      image: {{ $image }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [check, --config, /etc/millrace/config/millrace.yaml]
      env:
        {{- include "millrace.environment" . | nindent 8 }}
      resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 128Mi}}
      securityContext:
        {{- include "millrace.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        {{- include "millrace.mounts" . | nindent 8 }}
  containers:
    - name: millrace
      image: {{ $image }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [run, --config, /etc/millrace/config/millrace.yaml]
      env:
        {{- include "millrace.environment" . | nindent 8 }}
      ports:
        - {name: http, containerPort: 9108}
        {{- if and $root.Values.links.enabled (not .canary) }}
        - {name: link, containerPort: 9110}
        {{- end }}
      startupProbe:
        httpGet: {path: /health/live, port: http}
        periodSeconds: 1
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /health/live, port: http}
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /health/ready, port: http}
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 3
      resources:
        {{- toYaml $resources | nindent 8 }}
      securityContext:
        {{- include "millrace.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        {{- include "millrace.mounts" . | nindent 8 }}
  volumes:
    - name: config
      configMap: {name: {{ $config }}}
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- if or (ne .component "node") (not $root.Values.persistence.enabled) }}
    - name: state
      emptyDir: {sizeLimit: {{ $root.Values.persistence.size }}}
    {{- end }}
    {{- if include "millrace.secretSettings" . | fromJson }}
    - name: secrets
      secret: {secretName: {{ include "millrace.secretName" $root }}, defaultMode: 0440}
    {{- end }}
    {{- if and $root.Values.links.enabled (not .canary) }}
    - name: certificates
      secret: {secretName: {{ include "millrace.certificatesName" $root }}, defaultMode: 0440}
    {{- end }}
    {{- with $root.Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $root.Values.topologySpread }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: {{ $root.Values.topologySpread }}
      labelSelector:
        matchLabels:
          {{- include "millrace.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $.component }}
    {{- end }}
  {{- end }}
{{- end }}

{{/* Refused with what to do, rather than by the API server in its own words. */}}
{{- define "millrace.needs" -}}
{{- if not (.root.Capabilities.APIVersions.Has .api) }}
{{- fail (printf "%s needs %s, which this cluster does not know: install what brings it, or set it to false" .value .api) }}
{{- end }}
{{- end }}
