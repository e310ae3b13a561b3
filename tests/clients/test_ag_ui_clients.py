"""AG-UI's own client against a server process, with a built-in agent, an SDK agent, a remote A2A agent and a declared
one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from scripts import conformance_mcp

from agora.demo.scripted_model import ScriptedReply
from tests.blackbox.server import ServerProcess
from tests.blackbox.thinking import running_thinkers
from tests.clients.running import PROGRAMS
from tests.openai_agent import NAME, QUESTION
from tests.processes import spawn_tethered

NPM = "@ag-ui/client@1.0.0"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_javascript_client_passes_every_scenario(tmp_path: Path) -> None:
    node, package = conformance_mcp.install(NPM, "package.json")
    server = ServerProcess(tmp_path / "data", builtin_agents="true", a2a_private_networks="true")
    with closing(server):
        server.start()
        command = [sys.executable, "-m", "tests.openai_agent", server.url]
        agent = spawn_tethered(command, stdout=subprocess.PIPE, env=server.environment)
        assert agent.stdout is not None
        try:
            assert agent.stdout.readline(), "the agent did not start"
            credential = {"Authorization": f"Bearer {server.register('Proxy').token}"}
            far = {"url": f"{server.url}/a2a/Calculator%20Agent", "name": "Far Calculator", "headers": credential}
            server.operator.post("/agora/a2a/add_remote", far)
            with running_thinkers(server) as thinkers:
                thinkers.scripts["greet"] = lambda request: ScriptedReply("Good morning.")
                thinkers.declare("Thinker")
                said = {"Echo Agent": "hello", NAME: "count 3", "Far Calculator": "6 * 7", "Thinker": "greet me"}
                program = [
                    node,
                    str(PROGRAMS / "ag_ui_client.mjs"),
                    server.url,
                    server.register("Page").token,
                    json.dumps(said),
                ]
                environment = os.environ | {"AG_UI_HOME": str(Path(package).parent)}
                done = subprocess.run(
                    program, capture_output=True, text=True, check=False, timeout=300, env=environment
                )
        finally:
            agent.terminate()
            agent.wait(60)
            agent.stdout.close()
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert found["texts"] == {
        "Echo Agent": ["hello"],
        NAME: ["I begin.", "1 2 3 "],
        "Far Calculator": ["The result is 42"],
        "Thinker": ["Good morning."],
    }
    assert set(found["status"].values()) == {"completed"}
    assert found["question"] == [QUESTION, "You chose the red one.", "success"]
    assert found["connected"] == [
        ["user", "choose"],
        ["assistant", QUESTION],
        ["user", "the red one"],
        ["assistant", "You chose the red one."],
    ]
    assert (found["error"], found["missing"]) == ("task_failed", 404)
