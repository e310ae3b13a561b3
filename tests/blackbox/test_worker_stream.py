"""The event stream of workers: it offers tasks, workers claim them, and drain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.coding_worker import WorkerProcess, create_repository, read_output, submit_job, wait_for_status
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until

Message = tuple[str, dict[str, Any]]
URL = "/v1/worker/tasks/stream"


@contextmanager
def open_stream(account: Account, **headers: str) -> Iterator[Iterator[Message]]:
    """Yield messages of a worker's stream as (event, data)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with account.http.stream("GET", URL, headers=named) as response:
        assert response.status_code == 200, response.read()
        yield parse_messages(response.iter_lines())


def parse_messages(lines: Iterator[str]) -> Iterator[Message]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields["event"], json.loads(fields["data"]) | {"id": fields["id"]}
            fields = {}


def register_worker(server: ServerProcess, name: str, *capabilities: str, **fields: Any) -> tuple[Account, str]:
    agent = server.register(f"{name}-agent", capabilities=list(capabilities))
    worker = agent.post("/v1/agent/workers/register", {"name": name, "capabilities": list(capabilities), **fields})
    return agent, str(worker["worker_id"])


def assign(server: ServerProcess, *required: str, task_type: str = "coding.job", **fields: Any) -> str:
    body = {"task_type": task_type, "payload": {"prompt": "x"}, "required_capabilities": list(required), **fields}
    return str(server.operator.post("/agora/task/assign", body)["task_id"])


def test_stream_offers_claimable_tasks(shared_server: ServerProcess) -> None:
    agent, worker = register_worker(shared_server, "offers", "codebase:one", "codebase:two", "codebase:__pending__")
    with open_stream(agent, X_Worker_ID=worker, X_Codebases="one", X_Agent_Name="offers-agent") as messages:
        kind, connected = next(messages)
        assert (kind, connected["control"]) == ("connected", "connected")
        assign(shared_server, "codebase:two"), assign(shared_server, "codebase:elsewhere")
        first, second = assign(shared_server, "codebase:one"), assign(shared_server, "codebase:__pending__")
        offers = [next(messages), next(messages)]
        assert [(kind, data["task_id"]) for kind, data in offers] == [
            ("task_available", first),
            ("task_available", second),
        ]
        assert offers[0][1]["data"]["required_capabilities"] == ["codebase:one"]
        position = offers[0][1]["id"]
    with open_stream(agent, X_Worker_ID=worker, X_Codebases="one", Last_Event_ID=position) as messages:
        assert next(messages)[0] == "connected"
        assert next(messages)[1]["task_id"] == second, "what came meanwhile is not lost"


def test_stream_has_heartbeats(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(heartbeat_interval="0.5")
    agent, worker = register_worker(server, "idle", "coding")
    with open_stream(agent, X_Worker_ID=worker) as messages:
        assert [next(messages)[0], next(messages)[0]] == ["connected", "heartbeat"]


def test_stream_is_refused_to_other_callers(shared_server: ServerProcess) -> None:
    agent, worker = register_worker(shared_server, "mine", "coding")
    stranger = shared_server.register("stream-stranger")
    stranger.get(URL, 404, headers={"X-Worker-ID": worker})
    assert agent.get(URL, 422, headers={"X-Agent-Name": "somebody"})["errors"][0]["field"] == "agent_name"
    assert agent.get(URL, 422, headers={"X-Capabilities": "x" * 200})["status"] == 422
    shared_server.account("agfy_nonsense").get(URL, 401)


def test_claim_heartbeat_and_release_need_the_token(shared_server: ServerProcess) -> None:
    agent, worker = register_worker(shared_server, "claimer", "tool:claimer")
    other, other_worker = register_worker(shared_server, "latecomer", "tool:claimer")
    task, spare = assign(shared_server, "tool:claimer"), assign(shared_server, "tool:claimer")
    (claimed,) = agent.post("/v1/worker/tasks/claim", {"task_id": spare, "worker_id": worker})["tasks"]
    assert claimed["task_id"] == spare, "the one that was named, not the oldest"
    assert claimed["worker"] == worker
    other.post("/v1/worker/tasks/claim", {"task_id": spare, "worker_id": other_worker}, 409)
    unable = shared_server.register("unable")
    unable.post("/v1/worker/tasks/claim", {"task_id": task}, 409)
    token = {"task_id": spare, "fencing_token": claimed["fencing_token"], "worker_id": worker}
    agent.post("/v1/worker/tasks/heartbeat", {"task_id": spare, "worker_id": worker}, 422)
    renewed = agent.post("/v1/worker/tasks/heartbeat", {**token, "checkpoint": {"step": 1}})
    assert renewed["checkpoint_number"] == 1
    assert agent.post("/v1/worker/tasks/resume", token)["checkpoint_number"] == 1
    agent.post("/v1/worker/tasks/release", {**token, "status": "pending", "error": "not now"})
    assert agent.post("/v1/worker/tasks/release", token, 409)["code"] == "stale_lease"
    (again,) = other.post("/v1/worker/tasks/claim", {"task_id": spare, "worker_id": other_worker})["tasks"]
    assert again["checkpoint"] == {"step": 1}
    token = {"task_id": spare, "fencing_token": again["fencing_token"]}
    other.post("/v1/worker/tasks/release", {**token, "result": {"text": "done"}})
    assert shared_server.operator.get(f"/v1/agent/tasks/{spare}")["status"] == "completed"


def list_stuck(account: Account) -> set[str]:
    """Return the ids of tasks without events for a second."""
    return {str(task["task_id"]) for task in account.get("/v1/agent/tasks/stuck?idle_seconds=1")["tasks"]}


def test_requeue_cancel_and_stuck(shared_server: ServerProcess) -> None:
    operator = shared_server.operator
    agent, worker = register_worker(shared_server, "slow", "tool:slow")
    task = assign(shared_server, "tool:slow")
    (claimed,) = agent.post("/v1/worker/tasks/claim", {"worker_id": worker})["tasks"]
    agent.post(f"/v1/agent/tasks/{task}/requeue", {}, 403)
    assert operator.post(f"/v1/agent/tasks/{task}/requeue", {"reason": "it hangs"})["status"] == "pending"
    late = {"task_id": task, "fencing_token": claimed["fencing_token"]}
    assert agent.post("/v1/worker/tasks/heartbeat", late, 409)["code"] == "stale_lease"
    operator.post(f"/v1/agent/tasks/{task}/requeue", {}, 409)
    poll_until(lambda: task in list_stuck(operator), "it has waited for a second")
    assert not operator.get("/v1/agent/tasks/stuck?idle_seconds=3600")["tasks"]
    operator.get("/v1/agent/tasks/stuck?idle_seconds=0", 422)
    assert operator.post(f"/v1/agent/tasks/{task}/cancel", {"reason": "no more"})["status"] == "cancelled"
    assert task not in list_stuck(operator)


def test_draining_worker_claims_nothing(shared_server: ServerProcess) -> None:
    agent, worker = register_worker(shared_server, "drained", "tool:drain")
    with open_stream(agent, X_Worker_ID=worker) as messages:
        next(messages)
        shared_server.operator.post(f"/v1/agent/workers/{worker}/drain")
        kind, update = next(messages)
        assert (kind, update["worker_id"]) == ("worker_updated", worker)
    assert agent.get(f"/v1/agent/workers/{worker}")["status"] == "draining"
    task = assign(shared_server, "tool:drain")
    assert agent.post("/v1/worker/tasks/claim", {"worker_id": worker})["tasks"] == []
    stranger = shared_server.register("drain-stranger")
    stranger.post(f"/v1/agent/workers/{worker}/drain", {}, 404)
    agent.post("/v1/agent/workers/register", {"name": "drained", "capabilities": ["tool:drain"]})
    (claimed,) = agent.post("/v1/worker/tasks/claim", {"worker_id": worker})["tasks"]
    assert claimed["task_id"] == task, "a worker that registers again takes tasks"


@pytest.fixture
def start_worker(shared_server: ServerProcess, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Start workers with their own codebases and homes: ``start_worker("first", "--account", "team")``."""
    workers: list[WorkerProcess] = []

    def start(name: str, *options: str) -> WorkerProcess:
        repository = create_repository(tmp_path / name / "api")
        worker = WorkerProcess(shared_server, tmp_path / name / "home", repository, *options, name=name)
        workers.append(worker)
        return worker.start()

    yield start
    for worker in workers:
        worker.close()


def test_worker_waits_without_polling_and_drains_on_sigterm(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = start_server()
    operator = server.operator
    worker = WorkerProcess(server, tmp_path / "home", create_repository(tmp_path / "api"), name="quiet").start()
    try:
        wait_for_status(operator, submit_job(operator, "SAY: hello", worker="quiet"), "completed")
        following = submit_job(operator, "SLOWLY: 120\nSAY: the end", worker="quiet")
        poll_until(lambda: "word3" in read_output(operator, following), "output")
        calls = operator.get("/agora/admin/audit?operation=agora.task.claim")
        # One claim at each connection, one for each offer, and one after each end: none is caused by a timer.
        assert len(calls["entries"]) <= 8, calls
        assert worker.process is not None
        worker.process.terminate()
        (row,) = poll_until(lambda: _read_draining(operator), "it drains")
        assert row["worker_name"] == "quiet"
        assert worker.process.wait(60) == 0
    finally:
        worker.close()


def _read_draining(account: Account) -> list[dict[str, Any]]:
    return [row for row in account.get("/v1/agent/workers")["workers"] if row["status"] == "draining"]


def test_usage_limit_of_one_worker_pauses_all_workers_of_the_account(
    shared_server: ServerProcess, start_worker: Callable[..., WorkerProcess]
) -> None:
    operator = shared_server.operator
    for name, account in (("limited", "team"), ("colleague", "team"), ("independent", "other")):
        start_worker(name, "--account", account)
    names = ("limited", "colleague", "independent")
    poll_until(
        lambda: len([w for w in operator.get("/v1/agent/workers")["workers"] if w["worker_name"] in names]) == 3,
        "workers",
    )
    hit = submit_job(operator, "LIMIT: 15\nSAY: after the limit", worker="limited")
    poll_until(lambda: operator.get(f"/v1/agent/tasks/{hit}")["available_at"], "it is paused")
    spared, free = (
        submit_job(operator, "SAY: hello", worker="colleague"),
        submit_job(operator, "SAY: hello", worker="independent"),
    )
    poll_until(lambda: operator.get(f"/v1/agent/tasks/{spared}")["available_at"], "the colleague waits")
    assert wait_for_status(operator, free, "completed")["attempts"] == 1
    assert "Another job, here or of another worker, has reached the usage limit" in read_output(operator, spared)
    assert "works in" not in read_output(operator, spared), "no agent was started"
    for job in (hit, spared):
        wait_for_status(operator, job, "completed")


def test_usage_limit_reports_are_validated(shared_server: ServerProcess) -> None:
    agent, worker = register_worker(shared_server, "reporter", "coding", provider_account="shared")
    plain, nameless = register_worker(shared_server, "nameless", "coding")
    url = f"/v1/agent/workers/{worker}/limit"
    assert (
        plain.post(f"/v1/agent/workers/{nameless}/limit", {"until": "2199-01-01T00:00:00Z"}, 422)["errors"][0]["field"]
        == "until"
    )
    agent.post(url, {"until": "2001-01-01T00:00:00Z"}, 422)
    plain.post(url, {"until": "2001-01-01T00:00:00Z"}, 404)
    agent.post("/v1/agent/workers/register", {"name": "spaced", "provider_account": "a b"}, 422)
    for request in ({}, {"until": "2199-01-01T00:00:00Z", "seconds": 60}, {"seconds": 0}, {"seconds": 1e7}):
        assert agent.post(url, request, 422)["errors"][0]["field"] == "seconds"
    # Without the worker's clock: each receiver counts from its own time of receipt.
    assert agent.post(url, {"seconds": 60})["limit_seconds"] == 60
    colleague = agent.post("/v1/agent/workers/register", {"name": "other", "provider_account": "shared"})
    assert 0 < colleague["limit_seconds"] < 60
    assert plain.get("/v1/agent/workers", params={"search": "nameless"})["workers"][0]["limit_seconds"] is None


def test_job_moves_to_another_worker_with_the_repository(shared_server: ServerProcess) -> None:
    """The worker of a codebase leaves; one with a clone of the same repository continues from the checkpoint."""
    operator = shared_server.operator
    remote = "github.com/example/failover"
    gone, gone_worker = register_worker(shared_server, "gone", "coding")
    heir, heir_worker = register_worker(shared_server, "heir", "coding")
    other, other_worker = register_worker(shared_server, "unrelated", "coding")
    stranger = shared_server.account(
        shared_server.account(shared_server.register("host").token).post(
            "/agora/agent/register", {"agent_name": "thief", "capabilities": ["coding"]}
        )["token"]
    )
    stranger_worker = stranger.post("/v1/agent/workers/register", {"name": "thief"})["worker_id"]
    codebase = {"name": "api", "repository": remote}
    lost = gone.post("/v1/agent/codebases", {**codebase, "path": "/a", "worker_id": gone_worker})["codebase_id"]
    heir.post("/v1/agent/codebases", {**codebase, "path": "/b", "worker_id": heir_worker})
    other.post(
        "/v1/agent/codebases",
        {"name": "x", "repository": "github.com/example/x", "path": "/c", "worker_id": other_worker},
    )
    stranger.post("/v1/agent/codebases", {**codebase, "path": "/d", "worker_id": stranger_worker})
    job = operator.post("/v1/agent/tasks", {"prompt": "go on", "codebase_id": lost})["task_id"]
    (claimed,) = gone.post("/v1/worker/tasks/claim", {"worker_id": gone_worker})["tasks"]
    token = {"task_id": job, "fencing_token": claimed["fencing_token"]}
    gone.post("/v1/worker/tasks/heartbeat", {**token, "checkpoint": {"step": 3}})
    assert heir.post("/v1/worker/tasks/claim", {"worker_id": heir_worker})["tasks"] == []
    with open_stream(heir, X_Worker_ID=heir_worker) as messages:
        next(messages)
        gone.post(f"/v1/agent/workers/{gone_worker}/unregister")
        assert next(messages)[0] == "worker_updated"
    assert stranger.post("/v1/worker/tasks/claim", {"worker_id": stranger_worker})["tasks"] == [], "it only says so"
    (taken,) = poll_until(lambda: heir.post("/v1/worker/tasks/claim", {"worker_id": heir_worker})["tasks"], "the job")
    assert (taken["task_id"], taken["checkpoint"]) == (job, {"step": 3})
    assert other.post("/v1/worker/tasks/claim", {"worker_id": other_worker})["tasks"] == []
