"""A worker sends its prompts to a running ``opencode serve`` at OPENCODE_HOST and OPENCODE_PORT; only the model is
scripted."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.blackbox.coding_worker import WorkerProcess, create_repository, read_output, submit_job, wait_for_status
from tests.blackbox.server import ServerProcess
from tests.coding.installed_agents import install_agents, model_server, stub_environment
from tests.harness import free_port
from tests.polling import poll_until
from tests.processes import spawn_tethered

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def test_job_is_done_by_a_running_opencode_server(server: ServerProcess, tmp_path: Path) -> None:
    operator, port, home = server.operator, free_port(), tmp_path / "home"
    home.mkdir()
    with model_server() as model_port:
        variables = stub_environment(model_port, install_agents())
        configuration = json.loads(variables["OPENCODE_CONFIG_CONTENT"]) | {"permission": "allow"}
        variables["OPENCODE_CONFIG_CONTENT"] = json.dumps(configuration)
        environment = os.environ | variables | {"HOME": str(home)}
        command = ["opencode", "serve", "--hostname", "127.0.0.1", "--port", str(port)]
        with (tmp_path / "opencode.log").open("wb") as log:
            opencode = spawn_tethered(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        variables |= {"OPENCODE_HOST": "127.0.0.1", "OPENCODE_PORT": str(port)}
        repository = create_repository(tmp_path / "api")
        worker = WorkerProcess(server, home, repository, name="attached", agent=None, variables=variables)
        try:
            poll_until(lambda: _answers(port), "it listens", 120)
            # OpenCode quotes a prompt that contains spaces.
            prompt = "Please do this:\nRUN: echo hi > attached.txt\nThat is all."
            worker.start()
            job = submit_job(operator, prompt, worker="attached")
            task = wait_for_status(operator, job, "completed", timeout=180)
            sessions = httpx.get(
                f"http://127.0.0.1:{port}/session", params={"directory": task["checkpoint"]["workplace"]["path"]}
            ).json()
        finally:
            worker.close()
            opencode.kill()
            opencode.wait()
    assert task["result"]["files"] == ["attached.txt"], read_output(operator, job)
    assert "The command answered" in read_output(operator, job)
    assert sessions, "it was done there"


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/session", timeout=20).status_code == 200
    except httpx.TransportError:
        return False
