#!/bin/sh
# Start a coding worker from this tree. Usage:
#   deploy-worker.sh --server URL --codebases DIR[:NAME],... [--foreground | --systemd] [options of agora worker run]
# --foreground, the default, runs it here; --systemd installs it as a service (as root).
set -eu

usage() { sed -n '2,4s/^# \{0,1\}//p' "$0"; }
fail() { echo "deploy-worker: $*" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
server='' codebases='' mode=foreground
count=$#
while [ "$count" -gt 0 ]; do # options of the worker's own go back to the end
    count=$((count - 1))
    case $1 in
        --server | --codebases)
            [ "$count" -ge 1 ] || fail "$1 needs a value"
            count=$((count - 1))
            if [ "$1" = --server ]; then server=$2; else codebases=$2; fi
            shift 2 ;;
        --systemd | --foreground) mode=${1#--}; shift ;;
        -h | --help) usage; exit 0 ;;
        *) set -- "$@" "$1"; shift ;;
    esac
done
[ -n "$server" ] && [ -n "$codebases" ] || { usage >&2; exit 2; }

if [ "$mode" = systemd ]; then
    exec "$here/agent_worker/install-codetether-worker.sh" --server "$server" --codebases "$codebases" "$@"
fi
[ -x "$here/.venv/bin/python" ] || python3 "$here/scripts/environment.py" server
"$here/.venv/bin/python" -c 'import acp' 2>/dev/null || "$here/.venv/bin/pip" install --quiet 'agent-client-protocol>=0.12,<0.13'
exec "$here/.venv/bin/agora" worker run --server "$server" --codebases "$codebases" "$@"
