"""Codebases and sessions: ownership, read access, and routing of jobs to their worker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.core.call import Caller
from agora.domains.coding import codebases
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def call(market: Market, caller: Caller, name: str, /, **arguments: Any) -> Any:
    operation = market.app.registry.resolve(f"agora.{name}")
    return (await market.app.dispatcher.invoke(operation, caller, arguments)).result


async def make_codebase(market: Market, coder: Caller, path: str = "/src/api") -> tuple[str, str]:
    """Create a worker with a codebase. Returns their ids."""
    worker = await call(market, coder, "worker.register", worker_name="laptop", capabilities=["coding"])
    codebase = await call(
        market, coder, "codebase.register", name="api", path=path, worker_id="laptop", repository="github.com/o/api"
    )
    return worker.worker_id, codebase.codebase_id


async def test_codebases_registered_at_once_are_all_capabilities_of_their_worker(market: Market) -> None:
    coder = await market.agent("Coder")
    await call(market, coder, "worker.register", worker_name="laptop", capabilities=["coding"])

    async def register(number: int) -> str:
        place = {"path": f"/src/{number}", "worker_id": "laptop"}
        return str((await call(market, coder, "codebase.register", name=f"code{number}", **place)).codebase_id)

    ids = await asyncio.gather(*(register(number) for number in range(12)))
    (worker,) = (await call(market, coder, "worker.list")).workers
    assert {f"codebase:{codebase}" for codebase in ids} <= set(worker.capabilities)


async def test_codebases_registered_at_once_keep_within_the_limit_of_their_worker(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codebases, "MAX_CODEBASES", 2)
    coder = await market.agent("Coder")
    await call(market, coder, "worker.register", worker_name="laptop", capabilities=["coding"])
    places = [{"name": f"code{number}", "path": f"/src/{number}", "worker_id": "laptop"} for number in range(6)]
    outcomes = await asyncio.gather(
        *(call(market, coder, "codebase.register", **place) for place in places), return_exceptions=True
    )
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 4, outcomes


async def test_job_goes_to_the_worker_of_its_codebase(market: Market) -> None:
    coder, other, person = await market.agent("Coder"), await market.agent("Other"), await market.agent("Person")
    worker, codebase = await make_codebase(market, coder)
    again = await call(market, coder, "codebase.register", name="renamed", path="/src/api", worker_id=worker)
    assert (again.codebase_id, again.name) == (codebase, "renamed"), "a path is one codebase of its worker"
    await call(market, other, "worker.register", worker_name="desk", capabilities=["coding"])
    job = {
        "title": "Mend it",
        "prompt": "Mend the test",
        "codebase_id": codebase,
        "priority": 10,
        "agent_type": "build",
    }
    receipt = await call(market, person, "task.assign", **job)
    assert not (await call(market, other, "task.claim", worker="desk")).tasks
    (task,) = (await call(market, coder, "task.claim", worker="laptop")).tasks
    assert (task.task_id, task.task_type, task.priority) == (receipt.task_id, "coding.job", "urgent")
    assert task.payload == {
        "title": "Mend it",
        "prompt": "Mend the test",
        "codebase_id": codebase,
        "agent_type": "build",
    }
    await call(market, coder, "task.append", task_id=task.task_id, worker_id=worker, output="hello")
    await call(market, coder, "task.update", task_id=task.task_id, status="running")
    assert (await call(market, person, "task.output", task_id=task.task_id)).content == "hello"
    await call(market, coder, "codebase.remove", codebase_id=codebase)
    with pytest.raises(NotFound):
        await call(market, coder, "codebase.get", codebase_id=codebase)
    (row,) = (await call(market, coder, "worker.list")).workers
    assert row.capabilities == ["coding"], "without the codebase, no jobs for it"


async def test_codebase_can_be_addressed_by_name(market: Market) -> None:
    """Its worker and operators may use the name; other callers must use the id."""
    coder, person = await market.agent("Coder"), await market.agent("Person")
    worker, codebase = await make_codebase(market, coder)
    said = [{"message_id": "m1", "role": "user", "content": "Mend it"}]
    await call(market, coder, "session.ingest", codebase_id=codebase, session_id="ses_1", messages=said)
    for reader in (coder, market.operator):
        assert (await call(market, reader, "codebase.get", codebase_id="api")).codebase_id == codebase
        (session,) = (await call(market, reader, "session.list", codebase_id="api")).sessions
        place = {"codebase_id": "api", "session_id": session.session_id}
        assert len((await call(market, reader, "session.messages", **place)).messages) == 1
        assert (await call(market, reader, "transcript.export", **place)).codebase_id == codebase
    resumed = await call(market, market.operator, "session.resume", **place, prompt="And now?")
    (task,) = (await call(market, coder, "task.claim", worker=worker)).tasks
    assert (task.task_id, task.payload["codebase_id"]) == (resumed.task_id, codebase)
    with pytest.raises(NotFound):
        await call(market, person, "session.list", codebase_id="api")


async def test_messages_of_a_session_are_stored_once_and_visible_only_to_participants(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    stranger = await market.agent("Stranger")
    worker, codebase = await make_codebase(market, coder)
    place = {"codebase_id": codebase, "session_id": "ses_1"}
    await call(market, person, "task.assign", prompt="Mend it", codebase_id=codebase, context_id="talk")
    (task,) = (await call(market, coder, "task.claim", worker=worker)).tasks
    said = [{"message_id": "m1", "role": "user", "content": "Mend it"}, {"message_id": "m2", "parts": []}]
    first = await call(
        market, coder, "session.ingest", **place, messages=said, title="A title", agent="opencode", task_id=task.task_id
    )
    assert (first.stored, first.messages) == (2, 2)
    done = [{"message_id": "m2", "role": "assistant", "parts": [{"type": "text", "text": "Done."}]}]
    assert (await call(market, coder, "session.ingest", **place, messages=done)).messages == 2
    for reader in (coder, person, market.operator):
        page = await call(market, reader, "session.messages", **place)
        assert [(m.message_id, m.role, m.parts) for m in page.messages] == [
            ("m1", "user", [{"type": "text", "text": "Mend it"}]),
            ("m2", "assistant", [{"type": "text", "text": "Done."}]),
        ]
        (session,) = (await call(market, reader, "session.list", codebase_id=codebase, q="TITLE")).sessions
        assert (session.title, session.context_id, session.worker_id) == ("A title", "talk", worker)
    newest = await call(market, person, "session.messages", **place, descending=True, limit=1)
    assert [message.message_id for message in newest.messages] == ["m2"]
    older = await call(market, person, "session.messages", **place, descending=True, cursor=newest.next_cursor)
    assert ([message.message_id for message in older.messages], older.has_more) == (["m1"], False)
    record = await call(market, person, "session.get", **place)
    assert (record.title, record.task_id, record.messages) == ("A title", task.task_id, 2)
    assert not (await call(market, person, "session.list", codebase_id=codebase, q="%")).sessions
    assert not (await call(market, stranger, "session.list", codebase_id=codebase)).sessions
    for operation, more in (("get", {}), ("messages", {}), ("resume", {"prompt": "Go on"})):
        with pytest.raises(NotFound):
            await call(market, stranger, f"session.{operation}", **place, **more)
    with pytest.raises(PermissionDenied):
        await call(market, person, "session.ingest", **place, messages=said)
    with pytest.raises(InvalidRequest):
        await call(market, coder, "session.ingest", **place, messages=[{"role": "user"}])
    receipt = await call(market, person, "session.resume", **place, prompt="Go on")
    resumed = await call(market, person, "task.get", task_id=receipt.task_id)
    assert (resumed.context_id, resumed.assignee) == ("talk", f"worker:{worker}")
    assert resumed.payload["session_id"] == "ses_1"


async def test_lists_are_paged(market: Market) -> None:
    coder = await market.agent("Coder")
    _, codebase = await make_codebase(market, coder)
    sessions = [{"session_id": f"ses_{number}", "title": f"Session {number}"} for number in range(5)]
    assert (await call(market, coder, "session.sync", codebase_id=codebase, sessions=sessions)).sessions == 5
    ids, cursor = [], None
    while True:
        page = await call(market, coder, "session.list", codebase_id=codebase, limit=2, cursor=cursor)
        ids += [session.session_id for session in page.sessions]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(ids) == [session["session_id"] for session in sessions]
    for number in range(3):
        await make_codebase(market, coder, f"/src/{number}")
    page = await call(market, coder, "codebase.list", search="SRC/", limit=3)
    assert len(page.codebases) == 3
    assert page.has_more
    assert page.codebases[0].online


async def test_codebase_requires_a_worker_of_the_caller(market: Market) -> None:
    coder, stranger = await market.agent("Coder"), await market.agent("Stranger")
    worker, codebase = await make_codebase(market, coder)
    with pytest.raises(NotFound):
        await call(market, stranger, "codebase.register", name="x", path="/x", worker_id=worker)
    with pytest.raises(PermissionDenied):
        await call(market, stranger, "codebase.remove", codebase_id=codebase)
    assert (await call(market, coder, "worker.heartbeat", worker_id=worker)).status == "online"
    for filters, count in (
        ({"search": "LAP"}, 1),
        ({"search": "%"}, 0),
        ({"search": "coding", "online_only": True}, 1),
    ):
        assert len((await call(market, coder, "worker.list", **filters)).workers) == count
    market.clock.advance(91)
    assert not (await call(market, coder, "worker.list", online_only=True)).workers
    assert (await call(market, coder, "worker.get", worker_id=worker)).status == "stale"
    assert not (await call(market, coder, "codebase.get", codebase_id=codebase)).online
    with pytest.raises(NotFound):
        await call(market, stranger, "worker.get", worker_id=worker)
    document = {"name": "laptop", "worker_id": "w-1", "hostname": "h", "agents": ["build"], "models": ["m"]}
    row = await call(market, coder, "worker.register", **document)
    assert row.worker_id == worker
    assert row.metadata == {"hostname": "h", "agents": ["build"], "client_worker_id": "w-1"}
