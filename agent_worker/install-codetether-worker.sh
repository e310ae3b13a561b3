#!/bin/sh
# Install the coding worker as a service of systemd, as root. Usage:
#   install-codetether-worker.sh [--server URL] [--codebases DIR[:NAME],...] [--name NAME] [--auto-approve all|safe|none]
#                                [--destination DIR]
# --destination: write the files below DIR and touch nothing else, as for building a package.
set -eu

usage() { sed -n '2,5s/^# \{0,1\}//p' "$0"; }
fail() { echo "install-codetether-worker: $*" >&2; exit 2; }

source_directory=$(cd "$(dirname "$0")/.." && pwd)
server=http://localhost:8080 codebases=/srv/codebases name='' approve=safe destination=''
while [ $# -gt 0 ]; do
    case $1 in
        --server | --codebases | --name | --auto-approve | --destination)
            [ $# -ge 2 ] || fail "$1 needs a value"
            case $1 in
                --server) server=$2 ;;
                --codebases) codebases=$2 ;;
                --name) name=$2 ;;
                --auto-approve) approve=$2 ;;
                --destination) destination=$2 ;;
            esac
            shift 2 ;;
        --from-cargo) fail "the worker is a Python program: there is no Rust binary to build. Leave --from-cargo out." ;;
        -h | --help) usage; exit 0 ;;
        *) fail "unknown option $1; see --help" ;;
    esac
done
case $approve in all | safe | none) ;; *) fail "--auto-approve is all, safe or none" ;; esac

place=$destination/opt/codetether-worker environment=$destination/etc/codetether-worker/env
unit=$destination/etc/systemd/system/codetether-worker.service
if [ -z "$destination" ]; then
    [ "$(id -u)" = 0 ] || fail "run it as root, or with --destination DIR"
    id a2a-worker >/dev/null 2>&1 || useradd --system --create-home --home-dir /var/lib/a2a-worker --shell /usr/sbin/nologin a2a-worker
    python3 -m venv "$place"
    "$place/bin/pip" install --quiet "$source_directory/sdk/python" "$source_directory[coding]"
fi
mkdir -p "$(dirname "$environment")" "$(dirname "$unit")"
cp "$source_directory/agent_worker/systemd/codetether-worker.service" "$unit"
if [ -e "$environment" ]; then
    echo "$environment stays as it is"
else
    (
        umask 077 # it is the place of the provider's key
        cat > "$environment" <<END
A2A_SERVER_URL=$server
A2A_CODEBASES=$codebases
A2A_AUTO_APPROVE=$approve
${name:+A2A_WORKER_NAME=$name}
# Credential of the server, with the scopes write:agents, write:tasks and read:tasks
#AGORA_TOKEN=
# Key of the model's provider; it passes to the agent, never to the server
#ANTHROPIC_API_KEY=
# Where the agent's program is
#PATH=/usr/local/bin:/usr/bin:/bin
END
    )
fi
echo "Installed. Next: edit /etc/codetether-worker/env, install a coding agent for the user a2a-worker,"
echo "then: systemctl daemon-reload && systemctl enable --now codetether-worker && journalctl -u codetether-worker -f"
