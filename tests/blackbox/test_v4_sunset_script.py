"""The source's gradual_sunset.sh, unchanged: with the real server, curl and the spacetime shim, and a stub of kubectl."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.server import ServerProcess

SAMPLE = Path(__file__).parent / "v4_samples" / "gradual_sunset.sh.txt"

# A deployment's new environment restarts its pods: the test does so between the request and the reply.
KUBECTL = """#!/bin/sh
echo "$*" >> {directory}/calls
case "$1" in
  set) echo "$4" > {directory}/request; read -r _ < {directory}/reply ;;
  logs) cat {log} ;;
esac
"""
DEPLOYMENTS = ["COMPATIBILITY_MODE=enabled", "DEPRECATION_WARNINGS=enabled", "COMPATIBILITY_MODE=disabled"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "data", log_level="info").start()
    yield server
    server.close()


def install_programs(server: ServerProcess, directory: Path) -> dict[str, str]:
    """Install kubectl and the shim in PATH, and an alias of the server for curl. Returns the script's environment."""
    programs = directory / "bin"
    environment = server.environment | {"AGORA_URL": server.url, "CURL_HOME": str(directory)}
    shim = [sys.executable, "-m", "agora.cli", "migrate", "shim", str(programs)]
    subprocess.run(shim, env=environment, check=True, capture_output=True, timeout=60)
    kubectl = programs / "kubectl"
    kubectl.write_text(KUBECTL.format(directory=directory, log=server.log_file))
    kubectl.chmod(0o755)
    for pipe in ("request", "reply"):
        os.mkfifo(directory / pipe)
    (directory / ".curlrc").write_text(
        f'connect-to = "agora-mcp-server:80:127.0.0.1:{server.port}"\n'
        f'header = "Authorization: Bearer {server.admin_token}"\nfail\n'
    )
    python = str(Path(sys.executable).parent)
    return environment | {"PATH": os.pathsep.join((str(programs), python, os.environ["PATH"]))}


@pytest.mark.long
def test_sunset_script_of_the_source_runs_unchanged(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = install_programs(server, tmp_path)
    agent = server.register("StillHere")
    call = "/v4/call/agora-marketplace/register_agent_capability"
    server.operator.post(call, {"args": ["OldAgent", "documentation", "90", "5"]})
    command = ["bash", "-c", SAMPLE.read_text()]
    script = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for deployment in DEPLOYMENTS:
        assert (tmp_path / "request").read_text().strip() == deployment
        monkeypatch.setenv(*deployment.split("="))
        server.stop()
        server.start()
        (tmp_path / "reply").write_text("\n")
    output = script.communicate(timeout=60)[0].decode()
    assert script.returncode == 0, output
    assert "All agents now running on Agora v5" in output
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[0] == "apply -f compatibility-layer-deployment.yml"
    assert calls[-1] == "delete deployment agora-marketplace-proxy"
    assert "OldAgent" in (tmp_path / "v4_usage.log").read_text()
    notices = agent.get("/agora/messaging/receive")["messages"]
    assert "deprecation_notice" in {each["message_type"] for each in notices}, output
    server.operator.post(call, {"args": ["OldAgent", "another", "90", "5"]}, expect=410)
