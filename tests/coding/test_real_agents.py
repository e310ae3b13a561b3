"""The real OpenCode, Claude Code, Codex and Gemini CLI execute jobs; only the model is scripted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from a2a.types import a2a_pb2

from tests.blackbox.coding_a2a import (
    cancel_while_it_speaks,
    connect_official_client,
    read_artifacts,
    send_message,
)
from tests.blackbox.coding_worker import WorkerProcess, create_repository, read_output, submit_job, wait_for_status
from tests.blackbox.server import Account, ServerProcess
from tests.coding.installed_agents import install_agents, model_server, stub_environment
from tests.polling import poll_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
PROGRAMS = {"opencode": "opencode acp", "claude": "claude-agent-acp", "codex": "codex-acp", "gemini": "gemini --acp"}
SLOW = 180.0  # seconds: the first turn takes half a minute on a busy machine

StartWorker = Callable[..., WorkerProcess]


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    programs = install_agents()
    with model_server() as port:
        yield stub_environment(port, programs)


@pytest.fixture(params=list(PROGRAMS))
def agent(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start_worker(server: ServerProcess, tmp_path: Path, variables: dict[str, str], agent: str) -> Iterator[StartWorker]:
    """Start a worker with the agent on one codebase."""
    repository = create_repository(tmp_path / "api")
    workers: list[WorkerProcess] = []

    def start(*options: str, name: str = "coder") -> WorkerProcess:
        home = tmp_path / "home"
        patient = ("--lease-seconds", "30", *options)  # a busy machine takes long to restart a server
        worker = WorkerProcess(server, home, repository, *patient, name=name, agent=agent, variables=variables)
        workers.append(worker)
        return worker.start()

    yield start
    for worker in workers:
        worker.close()


def test_permission_check_diff_and_context(server: ServerProcess, start_worker: StartWorker, agent: str) -> None:
    operator = server.operator
    start_worker("--check", "test -e greeting.txt")
    job = submit_job(operator, "RUN: echo hello > greeting.txt", worker="coder", context_id="one")
    poll_until(lambda: operator.get(f"/v1/agent/tasks/{job}")["assigned_agent"], "the worker is registered")
    wait_for_status(operator, job, "input_required", timeout=SLOW)
    operator.post("/agora/task/message", {"task_id": job, "text": "allow once"})
    poll_until(lambda: operator.get(f"/v1/agent/tasks/{job}")["status"] != "input_required", "it continues")
    while (task := wait_for_status(operator, job, "completed", "input_required", timeout=SLOW))[
        "status"
    ] != "completed":
        operator.post("/agora/task/message", {"task_id": job, "text": "yes"})
    assert task["result"]["files"] == ["greeting.txt"], read_output(operator, job)
    assert "The command answered" in task["result"]["text"]
    assert task["result"]["usage"]["input_tokens"] >= 100
    following = submit_job(operator, "RECALL", worker="coder", context_id="one")
    task = wait_for_status(operator, following, "completed", timeout=SLOW)
    assert "RUN: echo hello > greeting.txt" in task["result"]["text"], "the session has its context"
    opening_method = "load" if agent == "gemini" else "resume"
    assert f"was reopened with session/{opening_method}" in read_output(operator, following)


def test_refusal_reaches_the_agent_and_the_job_ends(server: ServerProcess, start_worker: StartWorker) -> None:
    """Codex ends its turn as cancelled and is prompted again; the other agents continue, and get the reason afterwards."""
    operator = server.operator
    start_worker()
    silent = submit_job(operator, "RUN: touch refused.txt", worker="coder")
    wait_for_status(operator, silent, "input_required", timeout=SLOW)
    operator.post("/agora/task/message", {"task_id": silent, "text": "no"})
    task = wait_for_status(operator, silent, "completed", timeout=SLOW)
    assert (task["result"]["files"], task["attempts"]) == ([], 1), read_output(operator, silent)
    reasoned = submit_job(operator, "RUN: touch refused.txt", worker="coder")
    wait_for_status(operator, reasoned, "input_required", timeout=SLOW)
    operator.post("/agora/task/message", {"task_id": reasoned, "text": "Not here.\nSAY: then I leave it"})
    task = wait_for_status(operator, reasoned, "completed", timeout=SLOW)
    assert task["result"]["text"].startswith("then I leave it"), read_output(operator, reasoned)
    assert task["result"]["files"] == []


def test_output_is_streamed_and_kills_of_agent_server_and_worker_are_survived(
    server: ServerProcess, start_worker: StartWorker, agent: str
) -> None:
    operator = server.operator
    first = start_worker("--auto-approve", "all")
    job = submit_job(operator, "SLOWLY: 100", worker="coder")
    poll_until(lambda: "word3 " in read_output(operator, job), "output", SLOW)
    for pid in first.agent_pids(PROGRAMS[agent]):  # the agent
        os.kill(pid, signal.SIGKILL)
    poll_until(lambda: "the agent died" in read_output(operator, job), "it is noticed")
    count = read_output(operator, job).count("word1 ")
    poll_until(lambda: read_output(operator, job).count("word1 ") > count, "it continues", SLOW)
    server.kill()  # the server
    server.start()
    operator = server.operator
    size = len(read_output(operator, job))
    poll_until(lambda: len(read_output(operator, job)) > size, "it continues", SLOW)
    first.kill()  # the worker
    poll_until(lambda: not first.agent_pids(PROGRAMS[agent]), "its agent dies with it")
    start_worker("--auto-approve", "all")
    task = wait_for_status(operator, job, "completed", timeout=SLOW)
    assert task["attempts"] == 2
    output = read_output(operator, job)
    assert output.count("was reopened with session/") == 2, output
    assert output.count("word99 ") == 1
    assert "word" not in output.rpartition("word99 ")[2], "the last word is the end"


def test_injected_order_is_refused_by_the_limited_credential(server: ServerProcess, start_worker: StartWorker) -> None:
    """The agent has the marketplace's tools; a model that obeys "delete all agents" is refused."""
    operator = server.operator
    start_worker("--auto-approve", "all")
    victim = server.register("victim")
    assert "victim" in call_tool(operator, "agora_query_agents {}")
    # All tools are called through agora_tools_call, which the core toolset offers besides its own tools.
    order = f'{{"name": "agora.agent.deregister", "arguments": {{"agent_id": "{victim.agent_id}"}}}}'
    assert "permission_denied" in call_tool(operator, f"agora_tools_call {order}")
    assert operator.get(f"/agents/{victim.agent_id}")["status"] == "active"


async def test_official_a2a_client_drives_the_agent(server: ServerProcess, start_worker: StartWorker) -> None:
    """Streaming, a permission, a context that is a session, and cancelling, over A2A."""
    start_worker()
    operator = server.operator
    poll_until(lambda: operator.get("/v1/agent/workers?search=coder")["workers"], "the worker is registered")
    async with connect_official_client(server, "coder") as client:
        events, task, state = await send_message(client, "RUN: echo hi > official.txt", context_id="one")
        while state == a2a_pb2.TASK_STATE_INPUT_REQUIRED:
            events, task, state = await send_message(client, "allow once", task_id=task, context_id="one")
        assert state == a2a_pb2.TASK_STATE_COMPLETED, read_output(operator, task)
        assert "+hi" in read_artifacts(events)["diff"]
        events, _, state = await send_message(client, "RECALL", context_id="one")
        assert state == a2a_pb2.TASK_STATE_COMPLETED
        assert "RUN: echo hi > official.txt" in str(events), "the session has its context"
        assert await cancel_while_it_speaks(client, "SLOWLY: 1000") == a2a_pb2.TASK_STATE_CANCELED


def call_tool(operator: Account, call: str) -> str:
    """Return the answer of a marketplace tool to the agent, once it has connected to it: Claude Code connects during
    the first turn."""
    for _ in range(5):
        job = submit_job(operator, f"TOOL: {call}", worker="coder")
        text = str(wait_for_status(operator, job, "completed", timeout=SLOW)["result"]["text"])
        if "No such tool available" not in text:
            break
    return text


def test_usage_limit_pauses_the_job(server: ServerProcess, start_worker: StartWorker, agent: str) -> None:
    operator = server.operator
    start_worker()
    seconds = {"opencode": 60, "claude": 61, "codex": 62, "gemini": 63}[
        agent
    ]  # the scripted model knows a limit by its length
    job = submit_job(operator, f"LIMIT: {seconds}\nSAY: after the limit", worker="coder")
    poll_until(lambda: operator.get(f"/v1/agent/tasks/{job}")["available_at"], "it is paused", SLOW)
    assert "paused until" in read_output(operator, job)
    task = wait_for_status(operator, job, "completed", timeout=SLOW)
    assert task["result"]["text"] == "after the limit"
    assert task["attempts"] == 1
