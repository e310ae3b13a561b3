"""The programs of docs/how-to/frameworks.md, each in an environment of its own, with a scripted model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.server import Account, ServerProcess
from tests.docs.snippets import blocks_of
from tests.polling import poll_until
from tests.processes import spawn_tethered

from .catalogue import install_environment
from .framework_model import MODEL

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "frameworks.md"
SDK = str(ROOT / "sdk" / "python")
#: packages by the name of the agent
FRAMEWORKS = {
    "LangChain Agent": ("langchain==1.5.2", "langchain-openai==1.7.4", "langchain-mcp-adapters==0.3.2"),
    "OpenAI Agent": ("openai-agents==0.24.0",),
    "Pydantic Agent": ("pydantic-ai-slim[openai,mcp]==2.68.0",),
}


def find_program(name: str) -> str:
    """Return the page's program of an agent."""
    (program,) = [block.text for block in blocks_of(PAGE, PAGE.read_text("utf-8")) if f'name = "{name}"' in block.text]
    return program


def test_page_has_a_program_for_each_framework() -> None:
    for name in FRAMEWORKS:
        compile(find_program(name), name, "exec")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the scripted model."""
    with closing(ServerProcess(tmp_path_factory.mktemp("frameworks") / "data")) as server:
        server.start()
        command = [sys.executable, "-m", "tests.clients.framework_model", server.url]
        model = spawn_tethered(command, stdout=subprocess.PIPE, env=server.environment)
        assert model.stdout is not None
        try:
            assert model.stdout.readline(), "the model did not start"
            yield server
        finally:
            model.terminate()
            model.wait(60)
            model.stdout.close()


@pytest.fixture(scope="module")
def receiver(server: ServerProcess) -> Account:
    return server.register("Receiver")


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_agent_of_a_framework_works_in_the_marketplace(
    name: str, server: ServerProcess, receiver: Account, tmp_path: Path
) -> None:
    python = install_environment(f"frameworks/{name.replace(' ', '-')}", (SDK, *FRAMEWORKS[name]))
    program = tmp_path / "agent.py"
    program.write_text(find_program(name), "utf-8")
    variables = {
        "AGORA_URL": server.url,
        "AGORA_CREDENTIALS": str(tmp_path / "credentials.json"),
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OPENAI_API_KEY": server.register(f"Model client of {name}").token,
        "OPENAI_AGENTS_DISABLE_TRACING": "1",
        "MODEL": MODEL,
    }
    log = tmp_path / "agent.log"
    with log.open("wb") as output:
        agent = spawn_tethered([str(python), str(program)], env=os.environ | variables, stdout=output, stderr=output)
    try:
        assert run_task(server, name, "hello", agent, log) == "hello"
        assert run_task(server, name, f"tell Receiver greetings of {name}", agent, log) == "Done."
        agent.terminate()
        assert agent.wait(60) == 0, log.read_text("utf-8")
    finally:
        agent.kill()
        agent.wait()
    inbox = receiver.get("/agora/messaging/receive", params={"limit": 500})["messages"]
    (message,) = [each for each in inbox if each["content"] == f"greetings of {name}"]
    assert message["from_name"] == name


def run_task(server: ServerProcess, name: str, text: str, agent: subprocess.Popen[bytes], log: Path) -> Any:
    """Assign a task to the agent of a process, and return its result."""
    task = {"task_type": "a2a.message", "payload": {"text": text}, "assignee": name}
    task_id = server.operator.post("/agora/task/assign", task)["task_id"]

    def find_result() -> Any:
        assert agent.poll() is None, log.read_text("utf-8")
        assigned = server.operator.get("/agora/task/get", params={"task_id": task_id})
        assert assigned["status"] not in ("failed", "cancelled"), (assigned, log.read_text("utf-8"))
        return assigned["result"]

    return poll_until(find_result, f"{name} has answered", timeout=120)
