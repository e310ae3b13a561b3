#!/bin/sh
# Ends Agora v4 step by step, in Kubernetes: docs/how-to/migrate-from-v4.md.
#
#   gradual_sunset.sh [--dry-run] [--force] STEP
#
#   STEP is 1 (weeks 1-2: compatibility layer), 3 (weeks 3-4: data and agents), 5 (weeks 5-6: compatibility mode, watch),
#   7 (week 7: deprecation warnings), 8 (week 8: v4 calls end), undo-8, undo-7, or all, which asks before each.
#   --dry-run prints the commands and runs none. --force goes on where a check says no.
#
# Environment: AGORA_URL (http://agora-mcp-server), AGORA_TOKEN of an operator, NAMESPACE (default), V4_DATABASE
# (agora-marketplace), V4_EXPORT (v4_export.json), V4_AGENTS (agents.json: the agents to switch).
set -eu

AGORA_URL=${AGORA_URL:-http://agora-mcp-server}
NAMESPACE=${NAMESPACE:-default}
V4_DATABASE=${V4_DATABASE:-agora-marketplace}
V4_EXPORT=${V4_EXPORT:-v4_export.json}
V4_AGENTS=${V4_AGENTS:-agents.json}
SERVERS="deployment/agora-mcp-server deployment/compatibility-layer"
HERE=$(cd "$(dirname "$0")" && pwd)
export AGORA_URL
dry_run=0
force=0

say() { printf '%s\n' "$*"; }

run() {
    say "+ $*"
    [ "$dry_run" = 1 ] || "$@"
}

# A check that says no stops the script, before anything is changed.
check() {
    reason=$1
    shift
    say "? $*"
    [ "$dry_run" = 1 ] && return 0
    if "$@"; then return 0; fi
    say "Not ready: $reason" >&2
    [ "$force" = 1 ] || exit 1
}

kube() { run kubectl --namespace "$NAMESPACE" "$@"; }

wait_for_servers() {
    for server in $SERVERS; do kube rollout status "$server" --timeout=300s; done
}

set_env() {
    for server in $SERVERS; do kube set env "$server" "$1"; done
    wait_for_servers
}

layer() {
    say "📅 Weeks 1-2: v4 calls reach v5"
    check "the server does not answer at $AGORA_URL" curl --fail --silent --output /dev/null "$AGORA_URL/ready"
    kube apply --filename "$HERE/compatibility-layer-deployment.yml"
    kube rollout status deployment/compatibility-layer --timeout=300s
}

tools() {
    say "📅 Weeks 3-4: data and agents"
    check "the compatibility layer does not run" kubectl --namespace "$NAMESPACE" rollout status deployment/compatibility-layer --timeout=10s
    run agora migrate export "$V4_DATABASE" --output "$V4_EXPORT"
    check "the export has rows that cannot be taken; see $V4_EXPORT.refused.jsonl" agora migrate import "$V4_EXPORT" --database "$V4_DATABASE" --dry-run
    run agora migrate import "$V4_EXPORT" --database "$V4_DATABASE"
    if [ -f "$V4_AGENTS" ]; then run agora migrate agents "$V4_AGENTS"; else say "No $V4_AGENTS: no agent is switched."; fi
}

compatibility() {
    say "📅 Weeks 5-6: compatibility mode"
    check "the server does not answer at $AGORA_URL" curl --fail --silent --output /dev/null "$AGORA_URL/ready"
    set_env COMPATIBILITY_MODE=enabled
    say "📊 v4 calls so far: v4_usage.log"
    if [ "$dry_run" = 1 ]; then
        say "+ kubectl --namespace $NAMESPACE logs deployment/compatibility-layer --since=336h | grep v4_api_call > v4_usage.log"
    else
        kubectl --namespace "$NAMESPACE" logs deployment/compatibility-layer --since=336h | grep v4_api_call > v4_usage.log || true
    fi
    run agora migrate report --days 14
}

warnings() {
    say "⚠️ Week 7: deprecation warnings"
    check "the migration cannot be reported by $AGORA_URL" agora migrate report --days 14
    set_env DEPRECATION_WARNINGS=enabled  # everyone gets one broadcast, deprecation_notice, with the next v4 call
}

disabled() {
    say "🌅 Week 8: v4 calls end"
    check "agents still call v4, or did in the last days" agora migrate report --require-ready
    set_env COMPATIBILITY_MODE=disabled
    check "v4 calls are still taken" v4_is_gone
    if command -v spacetime > /dev/null 2>&1; then run spacetime stop "$V4_DATABASE" || say "spacetime has no 'stop'; end v4 where it runs."; fi
    kube delete deployment agora-marketplace-proxy --ignore-not-found
    say "✅ v4 has ended. To take it back: $0 undo-8"
}

v4_is_gone() {
    status=$(curl --silent --output /dev/null --write-out '%{http_code}' --header "Authorization: Bearer ${AGORA_TOKEN:-}" \
        --header 'Content-Type: application/json' --data '{"args": []}' "$AGORA_URL/v4/call/$V4_DATABASE/send_agent_message")
    [ "$status" = 410 ]
}

step() {
    case $1 in
        1) layer ;;
        3) tools ;;
        5) compatibility ;;
        7) warnings ;;
        8) disabled ;;
        undo-7) set_env DEPRECATION_WARNINGS=disabled ;;
        undo-8) set_env COMPATIBILITY_MODE=enabled ;;
        *) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
}

while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) dry_run=1 ;;
        --force) force=1 ;;
        *) break ;;
    esac
    shift
done
if [ "${1:-}" = all ]; then
    for each in 1 3 5 7 8; do
        if [ "$dry_run" = 0 ]; then
            printf 'Step %s? [y/N] ' "$each"
            read -r answer
            [ "$answer" = y ] || exit 0
        fi
        step "$each"
    done
else
    step "${1:-help}"
fi
