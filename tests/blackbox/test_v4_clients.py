"""Unchanged v4 agents: the source's samples, a patched subprocess, and a shim in PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agora_sdk.migration import real_program
from tests import v4_database
from tests.blackbox.server import ServerProcess

SAMPLES = Path(__file__).parent / "v4_samples"
EXAMPLES = Path(__file__).parents[2] / "examples" / "migration"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("v4") / "data").start()
    yield server
    server.close()


def run(
    server: ServerProcess, directory: Path, *command: str, path: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a v4 agent's program in a directory. path: prepended to PATH."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
    clean |= {"AGORA_URL": server.url, "AGORA_CREDENTIALS": str(directory / "credentials.json")} | environment
    clean["PATH"] = os.pathsep.join(filter(None, (path and str(path), str(Path(sys.executable).parent), clean["PATH"])))
    return subprocess.run(command, cwd=directory, env=clean, capture_output=True, text=True, timeout=60, check=False)


def write_sample(server: ServerProcess, name: str, directory: Path, more: str = "") -> Path:
    """Write a published sample to a directory, unchanged except for the server's port."""
    file = directory / name
    port = server.url.rpartition(":")[2]
    file.write_text((SAMPLES / f"{name}.txt").read_text().replace("localhost:8080", f"localhost:{port}") + more)
    return file


def read_inbox(server: ServerProcess, agent: str) -> list[dict[str, Any]]:
    page = server.operator.get("/agora/messaging/receive", params={"agent_id": agent, "limit": 500})
    return list(page["messages"])


AGENT = """
import json, subprocess
commands = [
    ["register_agent_capability", "{name}", "documentation", "90", "5"],
    ["send_agent_message", "{name}", "{name}", "note", "from {name}", "3"],
]
for command in commands:
    result = subprocess.run(["spacetime", "call", "agora-marketplace", *command], capture_output=True, text=True)
    print(result.returncode, result.stdout.strip())
"""


def test_compatibility_layer_of_the_source_runs(server: ServerProcess, tmp_path: Path) -> None:
    agent = AGENT.format(name="SampleAgent")
    # The sample compares the priority with numbers, so text counts as normal; and it reads "success" from the answer.
    result = run(server, tmp_path, sys.executable, str(write_sample(server, "compatibility_layer.py", tmp_path, agent)))
    assert result.returncode == 0, result.stderr
    registered = json.loads(result.stdout.splitlines()[0].partition(" ")[2])
    assert registered["message"] == "Agent registered successfully via compatibility layer"
    assert [each["content"] for each in read_inbox(server, "SampleAgent")] == ["from SampleAgent"]


def test_v4_agent_runs_with_the_layer_imported(server: ServerProcess, tmp_path: Path) -> None:
    more = """
    ["assign_task", "wf", "review", '{{"file": 1}}', "[]", "{name}"],
    ["start_workflow_coordination", "wf", "{name}", '["{name}"]', "adaptive"],
    ["explode", "x"],
]
"""
    agent = "from compatibility_layer import compatibility\n" + AGENT.replace("]\nfor", f"{more}for", 1)
    agent += "\nprint(compatibility.agent_mapping)\n"
    file = tmp_path / "agent.py"
    file.write_text(agent.format(name="ImportingAgent"))
    result = run(server, tmp_path, sys.executable, str(file), PYTHONPATH=str(EXAMPLES))
    assert result.returncode == 0, result.stderr
    *lines, mapping = result.stdout.splitlines()
    answers = [json.loads(line.partition(" ")[2]) for line in lines]
    assert [line[0] for line in lines] == ["0", "0", "0", "0", "1"]
    assert [answer["success"] for answer in answers] == [True, True, True, True, False]
    assert answers[-1]["error"] == "Unsupported v4 reducer: explode"
    assert mapping == str({"ImportingAgent": answers[0]["agent_id"]})
    assert [each["priority"] for each in read_inbox(server, "ImportingAgent")] == ["high"]


def test_shim_is_not_found_as_the_real_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = v4_database.install(tmp_path / "real", tmp_path / "v4.json")
    shim = tmp_path / "shim" / "spacetime"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m agora_sdk.migration.spacetime "$@"\n')
    shim.chmod(0o755)
    monkeypatch.delenv(real_program.REAL_PROGRAM_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{real.parent}")
    assert real_program.find_program() == str(real)
    monkeypatch.setenv("PATH", str(shim.parent))
    assert real_program.find_program() is None
    monkeypatch.setenv(real_program.REAL_PROGRAM_VARIABLE, str(shim))
    assert real_program.find_program() is None, "not even where it is configured"
    monkeypatch.setenv(real_program.REAL_PROGRAM_VARIABLE, str(real))
    assert real_program.find_program() == str(real)


@pytest.mark.long
def test_scripts_of_the_source_run_with_a_shim_in_path(server: ServerProcess, tmp_path: Path) -> None:
    real = v4_database.install(tmp_path / "real", tmp_path / "v4.json")
    for row in (
        ["register_agent_capability", "OldOne", "docs", "9", "1"],
        ["send_agent_message", "OldOne", "OldTwo", "a", "b", "1"],
    ):
        subprocess.run([real, "call", "agora-marketplace", *row], check=True)
    shim = tmp_path / "shim"
    written = run(server, tmp_path, sys.executable, "-m", "agora.cli", "migrate", "shim", str(shim))
    assert written.returncode == 0, written.stderr
    path = shim / "spacetime"
    both = f"{shim}{os.pathsep}{real.parent}"
    exported = run(
        server,
        tmp_path,
        "sh",
        "-c",
        (SAMPLES / "export.sh.txt").read_text(),
        PATH=f"{both}{os.pathsep}{os.environ['PATH']}",
    )
    assert exported.returncode == 0, exported.stderr
    assert json.loads((tmp_path / "v4_export.json").read_text())["agent_message"][0]["content"] == "b"
    script = write_sample(server, "migrate_v4_to_v5.py", tmp_path)
    migrated = run(server, tmp_path, sys.executable, str(script), path=shim)
    assert migrated.stdout.endswith("✅ Migration completed successfully\n"), migrated.stderr
    assert server.operator.get("/agents/OldOne")["capabilities"] == ["docs"]
    assert server.operator.get("/agora/query/agents")["count"] >= 1
    environment = {"AGORA_REAL_SPACETIME": str(real)}
    other = run(
        server, tmp_path, str(path), "call", "another-database", "register_agent_capability", "x", "y", **environment
    )
    assert (other.returncode, other.stdout) == (0, "real another-database\n"), "other databases are the real program's"
    itself = run(
        server, tmp_path, str(path), "call", "another-database", "x", path=shim, AGORA_REAL_SPACETIME=str(path)
    )
    assert (itself.returncode, "No spacetime program" in itself.stderr) == (127, True), "it never calls itself"
    count = run(server, tmp_path, str(path), "sql", "agora-marketplace", "SELECT COUNT(*) FROM agent_message")
    assert count.stdout.splitlines()[0] == " count"
    assert run(server, tmp_path, str(path), "ping").returncode == 0
    assert run(server, tmp_path, str(path), "ping", AGORA_URL="http://127.0.0.1:9").returncode == 1
    assert run(server, tmp_path, str(path), "stop", "agora-marketplace").returncode == 0
    refused = run(server, tmp_path, str(path), "call", "agora-marketplace", "explode")
    assert (refused.returncode, refused.stderr) == (1, "Unsupported v4 reducer: explode\n")


@pytest.mark.parametrize("own", [False, True], ids=["source", "agora_sdk.migration"])
def test_migration_assistant_and_monitor_of_the_source_run(server: ServerProcess, tmp_path: Path, own: bool) -> None:
    assistant = EXAMPLES / "migration_assistant.py" if own else write_sample(server, "migration_assistant.py", tmp_path)
    monitor = EXAMPLES / "migration_monitor.py" if own else write_sample(server, "migration_monitor.py", tmp_path)
    for agent in server.operator.get("/agents?limit=500")["agents"]:
        if agent["agent_name"] == "DocumentationAgent":
            server.operator.call("DELETE", f"/agents/{agent['agent_id']}")
    for _ in range(2):
        result = run(server, tmp_path, sys.executable, str(assistant))
        assert "✅ Successful: 1\n❌ Failed: 0" in result.stdout, result.stdout + result.stderr
    agent_id = server.operator.get("/agents/DocumentationAgent")["agent_id"]
    tasks = server.operator.get("/agora/task/list", params={"agent_id": agent_id})["tasks"]
    documents = [task for task in tasks if task["task_type"] == "documentation"]
    if own:
        assert len(documents) == 1, "a repetition doubles nothing"
        assert server.operator.get("/agents/DocumentationAgent")["metadata"]["migration_source"] == "v4"
    assert {task["payload"]["file"] for task in documents} == {"readme.md"}
    report = run(server, tmp_path, sys.executable, str(monitor))
    assert report.returncode == 0, report.stderr
    assert "System Health: healthy" in report.stdout
    assert f"v4 Migrated: {int(own)}" in report.stdout
    if not own:  # the v5 half of the source's sample: its v4 half consists of functions without a body
        setup = write_sample(server, "v5_agent_setup.py", tmp_path)
        assert run(server, tmp_path, sys.executable, str(setup)).returncode == 0
