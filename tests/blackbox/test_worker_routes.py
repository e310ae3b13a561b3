"""The whole life of a worker and its jobs in the words of CodeTether's README and of its worker protocol, by curl."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.blackbox.server import ServerProcess

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
Call = Callable[..., Any]


@pytest.fixture
def call(shared_server: ServerProcess) -> Call:
    """``call("POST", path, body)``: what curl prints, as JSON; an answer that is an error fails."""

    def run(method: str, path: str, body: Any = None, *options: str) -> Any:
        command = ["curl", "-sS", "--fail-with-body", "--max-time", "20", "-X", method, f"{shared_server.url}{path}"]
        command += ["-H", f"Authorization: Bearer {shared_server.admin_token}", *options]
        command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body is not None else []
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{method} {path}: {done.stdout}"
        return json.loads(done.stdout) if "--no-buffer" not in options else done.stdout

    return run


def test_every_route_answers(call: Call) -> None:
    machine = {"name": "box", "worker_id": "box-1", "hostname": "box.example.com", "capabilities": ["coding"]}
    machine |= {"models": ["stub/small"], "agents": ["opencode"], "codebases": ["api"]}
    worker = call("POST", "/v1/agent/workers/register", machine)["worker_id"]
    assert call("POST", "/v1/agent/workers/register", machine)["worker_id"] == worker, "idempotent"
    assert call("POST", f"/v1/agent/workers/{worker}/heartbeat", {})["status"] == "online"
    found = call("GET", "/v1/agent/workers?search=box&online_only=true")["workers"]
    assert [row["metadata"]["hostname"] for row in found] == ["box.example.com"]
    assert call("GET", f"/v1/agent/workers/{worker}")["models"] == ["stub/small"]

    place = {"name": "api", "path": "/src/api", "worker_id": worker}
    codebase = call("POST", "/v1/agent/codebases", place)["codebase_id"]
    assert call("GET", f"/v1/agent/codebases/{codebase}")["path"] == "/src/api"
    assert codebase in [row["codebase_id"] for row in call("GET", "/v1/agent/codebases")["codebases"]]

    order = {"title": "Tests", "prompt": "Mend them", "codebase_id": codebase, "agent_type": "build", "priority": 5}
    order |= {"metadata": {"from": "curl"}, "model": None, "required_capabilities": [], "files": ["README"]}
    job = call("POST", "/v1/agent/tasks", {name: value for name, value in order.items() if value is not None})[
        "task_id"
    ]
    assert job in [row["task_id"] for row in call("GET", "/v1/agent/tasks?status=pending")["tasks"]]
    (claimed,) = call("POST", "/v1/worker/tasks/claim", {"worker_id": worker})["tasks"]
    assert (claimed["task_id"], claimed["payload"]["prompt"]) == (job, "Mend them")
    token = {"task_id": job, "fencing_token": claimed["fencing_token"]}
    call("POST", "/v1/worker/tasks/heartbeat", token)
    call("POST", "/v1/worker/tasks/resume", token | {"checkpoint": {"step": 1}})
    assert call("GET", f"/v1/agent/tasks/{job}")["checkpoint"] == {"step": 1}
    call("PUT", f"/v1/agent/tasks/{job}/status", {"status": "running", "worker_id": worker})
    assert call("GET", f"/v1/agent/tasks/{job}")["status"] == "in_progress", "running is in_progress"
    call("POST", f"/v1/agent/tasks/{job}/output", {"worker_id": worker, "output": "one\n"})
    call("POST", f"/v1/agent/tasks/{job}/output", {"worker_id": worker, "output": "two\n"})
    assert call("GET", f"/v1/agent/tasks/{job}/output")["content"] == "one\ntwo\n"
    assert [row["task_id"] for row in call("GET", f"/v1/agent/tasks?worker_id={worker}")["tasks"]] == [job]
    assert "tasks" in call("GET", "/v1/agent/tasks/stuck")
    done = call("POST", "/v1/worker/tasks/release", token | {"status": "completed", "result": {"text": "done"}})
    assert done["status"] == "completed"
    stream = call("GET", f"/v1/agent/tasks/{job}/output/stream", None, "--no-buffer")
    messages = [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]
    assert [message["content"] for message in messages if message["type"] == "output"] == ["one\n", "two\n"]
    kinds = [message["type"] for message in messages if message["type"] in ("output", "done")]
    assert kinds == ["output", "output", "done"]

    taken = call("POST", "/v1/agent/tasks", {"prompt": "Once more", "codebase_id": codebase})["task_id"]
    call("POST", "/v1/worker/tasks/claim", {"worker_id": worker})
    assert call("POST", f"/v1/agent/tasks/{taken}/requeue", {})["status"] == "pending"
    assert call("POST", f"/v1/agent/tasks/{taken}/cancel", {})["status"] == "cancelled"

    sessions = f"/v1/agent/codebases/{codebase}/sessions"
    call("POST", f"{sessions}/sync", {"sessions": [{"session_id": "ses_1", "title": "Earlier"}]})
    said = {"messages": [{"message_id": "m1", "role": "user", "content": "hello"}]}
    for _ in range(2):  # by the message's id: nothing is there twice
        call("POST", f"{sessions}/ses_1/ingest", said)
    assert [row["session_id"] for row in call("GET", f"{sessions}?limit=10&q=earlier")["sessions"]] == ["ses_1"]
    assert len(call("GET", f"{sessions}/ses_1/messages")["messages"]) == 1
    resumed = call("POST", f"{sessions}/ses_1/resume", {"prompt": "Go on"})["task_id"]
    assert call("GET", f"/v1/agent/tasks/{resumed}")["payload"]["session_id"] == "ses_1"

    assert call("GET", "/v1/agent/runtime/status")["available"] is True
    assert call("GET", "/v1/agent/runtime/projects")["projects"][0]["name"] == "api"
    assert call("GET", "/v1/agent/runtime/sessions?limit=10")["sessions"][0]["session_id"] == "ses_1"
    for rest in ("", "/messages", "/parts"):
        call("GET", f"/v1/agent/runtime/sessions/ses_1{rest}")

    call("DELETE", f"/v1/agent/codebases/{codebase}")
    assert codebase not in [row["codebase_id"] for row in call("GET", "/v1/agent/codebases")["codebases"]]
    call("POST", f"/v1/agent/workers/{worker}/unregister", {})
    assert call("GET", "/v1/agent/workers?search=box")["workers"] == []


def test_a_write_without_the_fencing_token_is_refused(shared_server: ServerProcess) -> None:
    operator = shared_server.operator
    for path in ("heartbeat", "resume", "release"):
        refusal = operator.post(f"/v1/worker/tasks/{path}", {"task_id": "task_" + "0" * 32}, 422)
        assert "fencing_token" in str(refusal["errors"])
