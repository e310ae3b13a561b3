"""Registration of codebases without a worker: workers are asked one after another, and the one that has it confirms."""

from __future__ import annotations

from typing import Any

import pytest

from agora.core.call import Caller
from agora.core.jobs import JobContext
from agora.domains.coding.jobs import CodebaseQuestions
from agora.domains.coding.registration import MAX_SILENCE_SECONDS
from agora.domains.coding.worker_capabilities import ONLINE_SECONDS
from agora.domains.tasks.jobs import TaskDeadlineController
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, StaleLease
from tests.conformance.coding.test_codebase_sessions import call
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH
CAPABILITIES = ["coding", "codebase:__pending__"]


async def claim(market: Market, caller: Caller, worker: str) -> list[Any]:
    return list((await call(market, caller, "task.claim", worker=worker)).tasks)


async def test_workers_are_asked_until_one_confirms_the_path(market: Market) -> None:
    coder, other, person = [await market.agent(name) for name in ("Coder", "Other", "Person")]
    with pytest.raises(Conflict, match="online"):
        await call(market, person, "codebase.register", name="api", path="/src/api")
    await call(market, coder, "worker.register", worker_name="one", capabilities=CAPABILITIES)
    second = await call(market, other, "worker.register", worker_name="two", capabilities=CAPABILITIES)
    config = {"model": "m", "agent_type": "plan"}
    pending = await call(market, person, "codebase.register", name="api", path="/src/api", agent_config=config)
    assert (pending.state, pending.worker_id, pending.online) == ("pending", "__pending__", False)
    again = await call(market, person, "codebase.register", name="api", path="/src/api")
    assert again.codebase_id == pending.codebase_id
    with pytest.raises(Conflict):
        await call(market, coder, "codebase.register", name="api", path="/src/api")
    job = await call(market, person, "codebase.trigger", codebase_id=pending.codebase_id, prompt="Mend it")
    place = {"codebase_id": pending.codebase_id}
    (question,) = await claim(market, coder, "one")
    assert (question.task_type, question.payload["path"]) == ("register_codebase", "/src/api")
    asked = {**place, "task_id": question.task_id, "fencing_token": question.fencing_token}
    with pytest.raises(NotFound):
        await call(market, person, "codebase.decline", **asked | {"task_id": job.task_id}, reason="x")
    await call(market, coder, "codebase.decline", **asked, reason="no such directory here")
    assert await claim(market, coder, "one") == [], "not asked again"
    (question,) = await claim(market, other, "two")
    with pytest.raises(StaleLease):
        await call(market, coder, "codebase.confirm", **asked, worker_id="one", path="/src/api")
    asked["fencing_token"] = question.fencing_token
    done = await call(
        market, other, "codebase.confirm", **asked, worker_id="two", path="/src/api", repository="github.com/o/api"
    )
    assert (done.state, done.worker_id, done.agent_config) == ("ready", second.worker_id, config)
    await call(market, other, "task.complete", task_id=question.task_id, fencing_token=question.fencing_token)
    (work,) = await claim(market, other, "two")
    assert (work.task_id, work.payload["model"], work.payload["agent_type"]) == (job.task_id, "m", "plan")


async def test_codebase_without_a_worker_is_refused_with_reasons(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    await call(market, coder, "worker.register", worker_name="one", capabilities=CAPABILITIES)
    pending = await call(market, person, "codebase.register", name="api", path="/src/api")
    (question,) = await claim(market, coder, "one")
    asked = {"task_id": question.task_id, "fencing_token": question.fencing_token}
    await call(market, coder, "codebase.decline", codebase_id=pending.codebase_id, **asked, reason="no such directory")
    row = await call(market, person, "codebase.get", codebase_id=pending.codebase_id)
    assert (row.state, row.problem, row.task_id) == ("refused", "no such directory", None)
    task = await call(market, person, "task.get", task_id=question.task_id)
    assert (task.status, "no such directory" in str(task.error)) == ("failed", True)
    renewed = await call(market, person, "codebase.register", name="api", path="/src/api")
    assert renewed.state == "pending"
    assert renewed.codebase_id != pending.codebase_id


async def test_token_of_a_clone_is_readable_only_by_the_named_worker(market: Market) -> None:
    coder, thief = await market.agent("Coder"), await market.agent("Thief")
    await call(market, coder, "worker.register", worker_name="one", capabilities=CAPABILITIES)
    await call(market, thief, "worker.register", worker_name="two", capabilities=CAPABILITIES)
    clone = {"name": "api", "git_url": "https://git.example.com/o/api.git", "branch": "main"}
    with pytest.raises(InvalidRequest, match="name"):
        await call(market, coder, "codebase.register", **clone, git_token="ghp_secret")
    pending = await call(market, coder, "codebase.register", **clone, git_token="ghp_secret", worker_id="one")
    assert "ghp_secret" not in pending.model_dump_json()
    assert await claim(market, thief, "two") == []
    (question,) = await claim(market, coder, "one")
    assert "ghp_secret" not in question.model_dump_json()
    asked = {"codebase_id": pending.codebase_id, "task_id": question.task_id, "fencing_token": question.fencing_token}
    with pytest.raises((NotFound, StaleLease)):
        await call(market, thief, "codebase.read_credential", **asked)
    credential = await call(market, coder, "codebase.read_credential", **asked)
    assert (credential.token, credential.branch) == ("ghp_secret", "main")
    done = await call(market, coder, "codebase.confirm", **asked, worker_id="one", path="/state/clone")
    assert (done.git_url, done.path) == (clone["git_url"], "/state/clone")
    with pytest.raises(NotFound):
        await call(market, coder, "codebase.read_credential", **asked)
    bad: list[dict[str, Any]] = [
        {"git_url": "http://git.example.com/x"},
        {"git_url": "https://user:pass@git.example.com/x"},
        {"git_url": "https://git.example.com/x", "branch": "--upload-pack=x"},
        {"git_url": "https://git.example.com/x", "path": "/x"},
        {"path": "/x", "branch": "main"},
        {"path": "/x", "agent_config": {"colour": "red"}},
        {},
    ]
    for arguments in bad:
        with pytest.raises(InvalidRequest):
            await call(market, coder, "codebase.register", name="bad", **arguments)


async def test_another_worker_is_asked_instead_of_a_dead_one(market: Market, job_context: JobContext) -> None:
    one, two, three, person = [await market.agent(name) for name in ("One", "Two", "Three", "Person")]
    job = CodebaseQuestions(job_context)
    for owner, name in ((two, "two"), (one, "one")):
        await call(market, owner, "worker.register", worker_name=name, capabilities=CAPABILITIES)
    pending = await call(market, person, "codebase.register", name="api", path="/src/api")
    (question,) = await claim(market, one, "one")
    asked = {"codebase_id": pending.codebase_id, "task_id": question.task_id}
    await call(
        market, one, "codebase.decline", **asked, fencing_token=question.fencing_token, reason="no such directory"
    )
    await call(market, three, "worker.register", worker_name="three", capabilities=CAPABILITIES)
    await job.reconcile("default")
    assert await claim(market, three, "three") == [], "the second one was asked, and was seen just now"
    market.clock.advance(MAX_SILENCE_SECONDS + 1)
    await call(market, three, "worker.heartbeat", worker_id="three")
    await job.reconcile("default")
    await job.reconcile("default")
    assert await claim(market, two, "two") == [], "it was silent"
    (question,) = await claim(market, three, "three")
    assert question.task_id == asked["task_id"], "one question, for any answering worker"
    await call(
        market, three, "codebase.decline", **asked, fencing_token=question.fencing_token, reason="not here either"
    )
    (question,) = await claim(market, two, "two")  # it was silent, and did not decline
    done = await call(
        market,
        two,
        "codebase.confirm",
        **asked,
        fencing_token=question.fencing_token,
        worker_id="two",
        path="/src/api",
    )
    assert done.state == "ready"


async def test_codebase_is_refused_when_no_worker_remains(market: Market, job_context: JobContext) -> None:
    one, two, person = [await market.agent(name) for name in ("One", "Two", "Person")]
    job = CodebaseQuestions(job_context)
    await call(market, one, "worker.register", worker_name="one", capabilities=CAPABILITIES)
    declined = await call(market, person, "codebase.register", name="api", path="/src/api")
    (question,) = await claim(market, one, "one")
    await call(market, two, "worker.register", worker_name="two", capabilities=CAPABILITIES)
    asked = {"task_id": question.task_id, "fencing_token": question.fencing_token}
    await call(market, one, "codebase.decline", codebase_id=declined.codebase_id, **asked, reason="no such directory")
    unclaimed = await call(market, person, "codebase.register", name="web", path="/src/web")
    cancelled = await call(market, person, "codebase.register", name="cli", path="/src/cli")
    await call(market, person, "task.cancel", task_id=cancelled.task_id)
    named = await call(
        market, two, "codebase.register", name="own", git_url="https://git.example.com/x", worker_id="two"
    )
    market.clock.advance(ONLINE_SECONDS + 1)  # both are dead
    await job.reconcile("default")
    states = {}
    for codebase in (declined, unclaimed, cancelled, named):
        row = await call(market, person, "codebase.get", codebase_id=codebase.codebase_id)
        states[row.name] = (row.state, row.problem)
    assert states == {
        "api": ("refused", "no such directory; No worker that could be asked is online any more."),
        "web": ("refused", "No worker that could be asked is online any more."),
        "cli": ("refused", "The task that asked workers is cancelled."),
        "own": ("pending", None),
    }
    for codebase in (declined, unclaimed):
        task = await call(market, person, "task.get", task_id=codebase.task_id)
        assert (task.status, "is online any more" in str(task.error)) == ("failed", True)
    market.clock.advance(600)
    await TaskDeadlineController(job_context).reconcile("default")
    await job.reconcile("default")
    row = await call(market, two, "codebase.get", codebase_id=named.codebase_id)
    assert (row.state, row.problem) == ("refused", "The task that asked workers is expired.")
