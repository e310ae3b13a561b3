"""A coding agent behind the bridge a2acode as a remote A2A agent: it asks for a permission and completes the job."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.blackbox.coding_worker import RECORDED_AGENT, create_repository
from tests.blackbox.server import ServerProcess
from tests.coding.installed_agents import install_bridge
from tests.harness import free_port
from tests.polling import poll_until
from tests.processes import spawn_tethered

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[str]:
    """Yield the address of the bridge, whose agent works in tmp_path/api."""
    port, repository, program = free_port(), create_repository(tmp_path / "api"), install_bridge()
    agent = f"{sys.executable} {RECORDED_AGENT}"
    command: list[str | Path] = [program, "serve", "--agent-command", agent, "--cwd", repository, "--port", str(port)]
    with (tmp_path / "bridge.log").open("wb") as log:
        environment = os.environ | {"HOME": str(tmp_path)}
        process = spawn_tethered(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        poll_until(lambda: _answers(url), "it listens", 60)
        yield url
    finally:
        process.kill()
        process.wait()


def test_agent_behind_the_bridge_is_a_remote_agent(tmp_path: Path, bridge: str) -> None:
    server = ServerProcess(tmp_path / "data", a2a_private_networks="true").start()
    operator = server.operator

    def send(text: str, **ids: str) -> dict[str, Any]:
        message = {"messageId": text, "role": "ROLE_USER", "parts": [{"text": text}], **ids}
        call = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
        answer = operator.http.post("/a2a/Bridge", json=call, headers={"A2A-Version": "1.0"}, timeout=60).json()
        task: dict[str, Any] = answer["result"]["task"]
        return task

    try:
        added = server.run_cli("a2a", "add-remote", bridge, "Bridge", token=server.admin_token)
        assert added.returncode == 0, added.stderr
        task = send("RUN: echo hi > bridged.txt")
        assert task["status"]["state"] == "TASK_STATE_INPUT_REQUIRED", task
        assert "echo hi > bridged.txt" in str(task["status"]["message"])
        assert not (tmp_path / "api" / "bridged.txt").exists()
        task = send("allow", taskId=task["id"], contextId=task["contextId"])
        assert task["status"]["state"] == "TASK_STATE_COMPLETED", task
        assert (tmp_path / "api" / "bridged.txt").read_text() == "hi\n"
    finally:
        server.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/.well-known/agent-card.json", timeout=10).status_code == 200
    except httpx.TransportError:
        return False
