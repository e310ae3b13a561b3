"""The routes of workers, jobs, codebases and sessions as scripts call them: by curl, with the paths and fields of
CodeTether's README and worker protocol that clients rely on."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from tests.blackbox.server import ServerProcess

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl: apt-get install curl")


@dataclass
class Curl:
    """curl with the credential of one caller, which it reads as configuration from standard input."""

    url: str
    token: str

    def __call__(self, path: str, body: Any = None, *options: str, status: int = 200) -> Any:
        command = ["curl", "-sS", "--max-time", "30", "-K", "-", "-w", "\n%{http_code}", *options, self.url + path]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        configuration = f'header = "Authorization: Bearer {self.token}"'
        done = subprocess.run(command, input=configuration, capture_output=True, text=True, check=True)
        text, _, code = done.stdout.rpartition("\n")
        assert int(code) == status, (path, code, text)
        return json.loads(text) if text else None

    def read_events(self, path: str, count: int) -> list[Any]:
        """Read the data of the next events of a stream."""
        command = ["curl", "-sSN", "--max-time", "60", "-K", "-", self.url + path]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f'header = "Authorization: Bearer {self.token}"')
        process.stdin.close()
        events: list[Any] = []
        try:
            for line in process.stdout:
                if line.startswith("data: ") and len(events) < count:
                    events.append(json.loads(line.removeprefix("data: ")))
                if len(events) == count:
                    break
        finally:
            process.kill()
            process.stdout.close()
            process.wait()
        return events

    def read_stream(self, path: str) -> list[Any]:
        """Read the data of all events of a finite stream."""
        command = ["curl", "-sSN", "--fail-with-body", "--max-time", "30", "-K", "-", self.url + path]
        configuration = f'header = "Authorization: Bearer {self.token}"'
        done = subprocess.run(command, input=configuration, capture_output=True, text=True, check=True)
        return [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("data: ")]


@dataclass
class Desk:
    """A worker with one codebase. claim: claims a job for it, as the worker."""

    coder: Curl
    person: Curl
    worker: str
    codebase: str

    def claim(self) -> Any:
        (task,) = self.coder("/agora/task/claim", {"worker": self.worker})["tasks"]
        return task


@pytest.fixture
def desk(shared_server: ServerProcess, request: pytest.FixtureRequest) -> Desk:
    suffix = request.node.name[-24:]
    coder, person = (
        Curl(shared_server.url, str(shared_server.register(f"{name} {suffix}").http.headers["authorization"])[7:])
        for name in ("Coder", "Person")
    )
    offers = {"capabilities": ["coding"], "models": ["anthropic/one", "openai/two"], "metadata": {"agent": "opencode"}}
    worker = coder("/v1/agent/workers/register", {"worker_name": "laptop", **offers})["worker_id"]
    place = {"name": "api", "path": "/src/api", "worker_id": worker, "agent_config": {"model": "anthropic/one"}}
    codebase = coder("/v1/agent/codebases", place)["codebase_id"]
    return Desk(coder, person, worker, codebase)


def test_worker_registers_and_unregisters_by_its_id(shared_server: ServerProcess) -> None:
    """The worker brings its id; registering again changes nothing."""
    operator = Curl(shared_server.url, shared_server.admin_token)
    machine = {"name": "box", "worker_id": "box-1", "hostname": "box.example.com", "capabilities": ["coding"]}
    machine |= {"models": ["stub/small"], "agents": ["opencode"], "codebases": ["api"]}
    worker = operator("/v1/agent/workers/register", machine)["worker_id"]
    assert operator("/v1/agent/workers/register", machine)["worker_id"] == worker, "idempotent"
    assert operator(f"/v1/agent/workers/{worker}/heartbeat", {})["status"] == "online"
    (row,) = operator("/v1/agent/workers?search=box&online_only=true")["workers"]
    assert row["metadata"]["hostname"] == "box.example.com"
    assert operator(f"/v1/agent/workers/{worker}")["models"] == ["stub/small"]
    operator(f"/v1/agent/workers/{worker}/unregister", {})
    assert operator("/v1/agent/workers?search=box")["workers"] == []


def test_job_is_created_claimed_and_released(desk: Desk) -> None:
    coder, person = desk.coder, desk.person
    order = {
        "title": "Tests",
        "prompt": "Mend them",
        "codebase_id": desk.codebase,
        "agent_type": "build",
        "priority": 5,
    }
    order |= {"metadata": {"from": "curl"}, "required_capabilities": [], "files": ["README"]}
    job = person("/v1/agent/tasks", order)["task_id"]
    assert job in [row["task_id"] for row in person("/v1/agent/tasks?status=pending")["tasks"]]
    (claimed,) = coder("/v1/worker/tasks/claim", {"worker_id": desk.worker})["tasks"]
    assert (claimed["task_id"], claimed["payload"]["prompt"]) == (job, "Mend them")
    token = {"task_id": job, "fencing_token": claimed["fencing_token"]}
    coder("/v1/worker/tasks/heartbeat", token)
    coder("/v1/worker/tasks/resume", token | {"checkpoint": {"step": 1}})
    assert coder(f"/v1/agent/tasks/{job}")["checkpoint"] == {"step": 1}
    coder(f"/v1/agent/tasks/{job}/status", {"status": "running", "worker_id": desk.worker}, "-X", "PUT")
    assert person(f"/v1/agent/tasks/{job}")["status"] == "in_progress", "running is in_progress"
    for output in ("one\n", "two\n"):
        coder(f"/v1/agent/tasks/{job}/output", {"worker_id": desk.worker, "output": output})
    assert person(f"/v1/agent/tasks/{job}/output")["content"] == "one\ntwo\n"
    assert [row["task_id"] for row in coder(f"/v1/agent/tasks?worker_id={desk.worker}")["tasks"]] == [job]
    assert "tasks" in coder("/v1/agent/tasks/stuck")
    done = coder("/v1/worker/tasks/release", token | {"status": "completed", "result": {"text": "done"}})
    assert done["status"] == "completed"
    messages = person.read_stream(f"/v1/agent/tasks/{job}/output/stream")
    kinds = [(message["type"], message.get("content")) for message in messages]
    assert [kind for kind in kinds if kind[0] in ("output", "done")] == [
        ("output", "one\n"),
        ("output", "two\n"),
        ("done", None),
    ]


def test_job_is_requeued_and_cancelled(desk: Desk) -> None:
    job = desk.person("/v1/agent/tasks", {"prompt": "Once more", "codebase_id": desk.codebase})["task_id"]
    desk.coder("/v1/worker/tasks/claim", {"worker_id": desk.worker})
    assert desk.person(f"/v1/agent/tasks/{job}/requeue", {})["status"] == "pending"
    assert desk.person(f"/v1/agent/tasks/{job}/cancel", {})["status"] == "cancelled"


@pytest.mark.parametrize("path", ["heartbeat", "resume", "release"])
def test_write_without_the_fencing_token_is_refused(desk: Desk, path: str) -> None:
    refusal = desk.coder(f"/v1/worker/tasks/{path}", {"task_id": "task_" + "0" * 32}, status=422)
    assert "fencing_token" in str(refusal["errors"])


def test_codebase_is_listed_until_removed(desk: Desk) -> None:
    coder, at = desk.coder, f"/v1/agent/codebases/{desk.codebase}"
    assert coder(at)["path"] == "/src/api"
    assert desk.codebase in [row["codebase_id"] for row in coder("/v1/agent/codebases")["codebases"]]
    coder(at, None, "-X", "DELETE")
    assert desk.codebase not in [row["codebase_id"] for row in coder("/v1/agent/codebases")["codebases"]]


def test_session_is_synced_announced_and_resumed(desk: Desk) -> None:
    coder, at = desk.coder, f"/v1/agent/codebases/{desk.codebase}/sessions"
    coder(f"{at}/sync", {"sessions": [{"session_id": "ses_1", "title": "Earlier"}]})
    said = {"messages": [{"message_id": "m1", "role": "user", "content": "hello"}]}
    for _ in range(2):  # by the message's id: no message is stored twice
        coder(f"{at}/ses_1/ingest", said)
    assert [row["session_id"] for row in coder(f"{at}?limit=10&q=earlier")["sessions"]] == ["ses_1"]
    assert len(coder(f"{at}/ses_1/messages")["messages"]) == 1
    job = coder(f"{at}/ses_1/resume", {"prompt": "Go on"})["task_id"]
    assert coder(f"/v1/agent/tasks/{job}")["payload"]["session_id"] == "ses_1"


def test_codebase_routes_control_its_agent(desk: Desk) -> None:
    """Routes: trigger, message, interrupt, stop, status and events."""
    at, person = f"/v1/agent/codebases/{desk.codebase}", desk.person
    status = person(f"{at}/status")
    assert (status["status"], status["queued"], status["watching"]) == ("idle", 0, True)
    job = person(f"{at}/trigger", {"prompt": "Mend it", "agent": "build"})["task_id"]
    assert person(f"{at}/status")["status"] == "queued"
    task = desk.claim()
    assert task["task_id"] == job
    assert task["payload"] == {
        "prompt": "Mend it",
        "agent_type": "build",
        "model": "anthropic/one",
        "codebase_id": desk.codebase,
    }
    assert person(f"{at}/message", {"message": "And a test"})["task_id"] == job
    assert person(f"{at}/status")["status"] == "busy"
    assert person(f"{at}/interrupt", {})["task_ids"] == [job]
    queued = [person(f"{at}/trigger", {"prompt": "More"})["task_id"] for _ in range(2)]
    assert person(f"{at}/interrupt", {})["task_ids"] == [], "what is queued is not interrupted"
    assert sorted(person(f"{at}/stop", {})["task_ids"]) == sorted(queued)
    person(f"{at}/message", {"message": "Hello?"}, status=409)
    assert person(f"{at}/status")["task_id"] is None
    events = person.read_events(f"{at}/events?last_event_id=0", 6)
    assert {event["data"]["codebase"] for event in events} == {desk.codebase}
    kinds = [event["type"] for event in events]
    assert kinds[0] == "agora.task.assigned"
    assert "agora.task.started" in kinds


def test_codebase_is_watched_or_held(desk: Desk) -> None:
    at, coder = f"/v1/agent/codebases/{desk.codebase}/watch", desk.coder
    assert coder(f"{at}/status")["watching"] is True
    assert coder(f"{at}/stop", {})["watching"] is False
    job = desk.person("/v1/agent/tasks", {"prompt": "Mend it", "codebase_id": desk.codebase})["task_id"]
    assert coder("/agora/task/claim", {"worker": desk.worker})["tasks"] == [], "held"
    status = coder(f"{at}/status")
    assert (status["held"], status["queued"]) == (True, 1)
    started = coder(f"{at}/start", {"interval": 5})
    assert (started["watching"], started["interval"], started["held"]) == (True, 5, False)
    assert desk.claim()["task_id"] == job
    desk.person(f"{at}/stop", {}, status=403)


def test_codebase_is_cloned_from_its_url(desk: Desk) -> None:
    """git_url with a branch and a sealed token, which only its worker can read."""
    coder = desk.coder
    pending = ["coding", "codebase:__pending__"]
    coder("/v1/agent/workers/register", {"worker_name": "laptop", "capabilities": pending})
    clone = {"name": "cloned", "git_url": "https://git.example.com/o/api.git", "branch": "main", "worker_id": "laptop"}
    record = coder("/v1/agent/codebases", {**clone, "git_token": "ghp_secret", "agent_config": {"agent_type": "plan"}})
    assert record["state"] == "pending"
    assert "ghp_secret" not in json.dumps(record)
    task = desk.claim()
    assert "ghp_secret" not in json.dumps(task)
    fence = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
    at = f"/v1/agent/codebases/{record['codebase_id']}"
    desk.person(f"{at}/credential", fence, status=404)
    credential = coder(f"{at}/credential", fence)
    assert (credential["token"], credential["branch"]) == ("ghp_secret", "main")
    ready = coder(f"{at}/confirm", {**fence, "worker_id": "laptop", "path": "/state/cloned"})
    assert (ready["state"], ready["agent_config"]) == ("ready", {"agent_type": "plan"})


def test_runtime_sessions_and_models_are_listed(desk: Desk) -> None:
    """The list includes sessions synced by workers but never registered, and the models that agents are logged in to."""
    coder, at = desk.coder, "/v1/agent/runtime"
    listed = [{"session_id": "ses_local", "title": "At home", "agent": "opencode", "directory": "/home/me/other"}]
    coder(f"/v1/agent/codebases/{desk.codebase}/sessions/sync", {"sessions": listed})
    said = [{"message_id": "m1", "role": "user", "content": "Mend the parser"}]
    coder(f"/v1/agent/codebases/{desk.codebase}/sessions/ses_1/ingest", {"messages": said, "title": "Mine"})
    status = coder(f"{at}/status")
    assert (status["available"], status["sessions"]) == (True, 2)
    assert desk.codebase in [project["project_id"] for project in coder(f"{at}/projects?limit=200")["projects"]]
    sessions = coder(f"{at}/sessions")["sessions"]
    assert {session["session_id"]: session["directory"] for session in sessions} == {
        "ses_1": "/src/api",
        "ses_local": "/home/me/other",
    }
    assert coder(f"{at}/sessions/ses_local")["title"] == "At home"
    (message,) = coder(f"{at}/sessions/ses_1/messages")["messages"]
    assert message["parts"] == [{"type": "text", "text": "Mend the parser"}]
    assert [part["type"] for part in coder(f"{at}/sessions/ses_1/parts")["parts"]] == ["text"]
    assert desk.person(f"{at}/sessions")["sessions"] == []
    desk.person(f"{at}/sessions/ses_1", status=404)
    models = coder("/v1/agent/models?limit=200")["models"]
    assert {"anthropic/one", "openai/two"} <= {model["model"] for model in models}


def test_transcript_is_searched_exported_and_deleted(desk: Desk) -> None:
    coder, at = desk.coder, f"/v1/agent/codebases/{desk.codebase}/sessions/ses_1"
    said = [{"message_id": "m1", "role": "user", "content": "Mend the quaint parser"}]
    coder(f"{at}/ingest", {"messages": said, "title": "Mine"})
    (match,) = coder("/v1/agent/sessions/search?q=quaint+parser")["matches"]
    assert (match["session_id"], match["message_id"]) == ("ses_1", "m1")
    assert coder(f"{at}/export")["content"].startswith("# Mine")
    assert [each["message_id"] for each in coder(f"{at}/export?format=json")["messages"]] == ["m1"]
    desk.person(at, None, "-X", "DELETE", status=404)
    assert coder(at, None, "-X", "DELETE")["messages"] == 1
    assert coder("/v1/agent/sessions/search?q=quaint+parser")["matches"] == []


def test_worktrees_are_previewed_and_removed(desk: Desk) -> None:
    coder, at = desk.coder, f"/v1/agent/codebases/{desk.codebase}/worktrees"
    used = "2026-01-01T00:00:00Z"
    trees = [
        {"job_id": f"task_{number * 32}", "bytes": size, "last_used_at": used, "verdict": verdict}
        for number, size, verdict in (("a", 10, "removable"), ("b", 30, "unmerged"))
    ]
    coder(at, {"worktrees": trees})
    preview = coder(at)
    assert (preview["bytes"], preview["removable_bytes"]) == (40, 10)
    assert [tree["verdict"] for tree in preview["worktrees"]] == ["unmerged", "removable"]
    desk.person(at, status=403)
    cleaning = coder(f"{at}/clean", {"job_ids": [trees[0]["job_id"]]})["task_id"]
    task = desk.claim()
    assert (task["task_id"], task["task_type"]) == (cleaning, "coding.cleaning")
    assert task["payload"]["job_ids"] == [trees[0]["job_id"]]
