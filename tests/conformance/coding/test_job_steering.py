"""Jobs in a codebase: triggered, messaged and ended; held while the codebase is not watched; and their events."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import to_json

from agora.core.call import Caller, EventStreamSpec
from agora.domains.coding.jobs import JobSecretsCleaner
from agora.store.port import NewEvent, Query
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied, StaleLease
from tests.conformance.coding.test_codebase_sessions import call, make_codebase
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def claim(market: Market, coder: Caller) -> list[Any]:
    return list((await call(market, coder, "task.claim", worker="laptop")).tasks)


async def test_job_is_triggered_messaged_and_ended(market: Market) -> None:
    coder, person, stranger = [await market.agent(name) for name in ("Coder", "Person", "Stranger")]
    _, codebase = await make_codebase(market, coder)
    place = {"codebase_id": codebase}
    assert (await call(market, person, "codebase.status", **place)).status == "idle"
    with pytest.raises(Conflict, match="trigger"):
        await call(market, person, "codebase.message", **place, message="hello")
    first = await call(market, person, "codebase.trigger", **place, prompt="Mend it", agent="plan", model="m")
    second = await call(market, person, "codebase.trigger", **place, prompt="And that", priority="low")
    assert (await call(market, person, "codebase.status", **place)).queued == 2
    (job,) = await claim(market, coder)
    assert job.task_id == first.task_id
    expected = {"prompt": "Mend it", "agent_type": "plan", "model": "m", "codebase_id": codebase}
    assert job.payload == expected
    state = await call(market, person, "codebase.status", **place)
    assert (state.status, state.running, state.queued, state.online) == ("busy", 1, 1, True)
    assert (await call(market, stranger, "codebase.status", **place)).running == 0, "jobs of others are not announced"
    assert (await call(market, market.operator, "codebase.status", **place)).running == 1
    said = await call(market, person, "codebase.message", **place, message="also the docs", task_id=first.task_id)
    assert said.data["role"] == "ROLE_USER"
    with pytest.raises(NotFound):
        await call(market, stranger, "codebase.message", **place, message="hello", task_id=first.task_id)
    assert (await call(market, stranger, "codebase.stop", **place)).task_ids == []
    assert (await call(market, person, "codebase.interrupt", **place)).task_ids == [first.task_id]
    assert (await call(market, person, "codebase.stop", **place)).task_ids == [second.task_id]
    market.clock.advance(91)
    assert (await call(market, person, "codebase.status", **place)).status == "offline"


async def test_unwatched_codebase_holds_queued_jobs(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    worker, codebase = await make_codebase(market, coder)
    place = {"codebase_id": codebase}
    with pytest.raises(PermissionDenied):
        await call(market, person, "codebase.stop_watch", **place)
    assert not (await call(market, coder, "codebase.stop_watch", **place)).watching
    await call(market, coder, "worker.register", worker_name="laptop", capabilities=["coding", f"codebase:{codebase}"])
    queued = await call(market, person, "task.assign", prompt="Mend it", codebase_id=codebase)
    named = await call(
        market, person, "task.assign", prompt="By repository", required_capabilities=["repository:github.com/o/api"]
    )
    assert await claim(market, coder) == [], "held, also after the worker has registered again"
    with pytest.raises(Conflict):
        await call(market, coder, "task.claim", worker="laptop", task_id=queued.task_id)
    triggered = await call(market, person, "codebase.trigger", **place, prompt="Now")
    (job,) = await claim(market, coder)
    assert job.task_id == triggered.task_id, "what is triggered is asked for, and runs"
    assert (await call(market, person, "codebase.watch_status", **place)).queued == 1
    started = await call(market, coder, "codebase.start_watch", **place, interval=7)
    assert (started.watching, started.interval, started.queued) == (True, 7, 1)
    assert [job.task_id for job in await claim(market, coder)] == [queued.task_id]
    assert named.task_id
    with pytest.raises(InvalidRequest):
        await call(market, coder, "codebase.start_watch", **place, interval=0)
    assert (await call(market, coder, "worker.get", worker_id=worker)).active_tasks == 2


async def test_events_of_a_codebase_are_those_of_its_jobs(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    _, codebase = await make_codebase(market, coder)
    _, other = await make_codebase(market, coder, "/src/other")
    operation = market.app.registry.resolve("agora.codebase.events")
    spec = (await market.app.dispatcher.invoke(operation, person, {"codebase_id": codebase})).result
    assert isinstance(spec, EventStreamSpec)
    for where in (codebase, other):
        await call(market, person, "codebase.trigger", codebase_id=where, prompt="Mend it")
    await call(market, coder, "codebase.stop_watch", codebase_id=codebase)
    page = await call(market, market.operator, "event.list", limit=500)
    events = [(e, NewEvent(e.id, e.type, e.source, e.subject, 0, to_json(e.data), None)) for e in page.events]
    matching = [event for event, stored in events if spec.filter.matches_event(stored)]
    assert {event.type for event in matching} >= {"agora.task.available", "agora.codebase.updated"}
    assert {event.data.get("codebase_id") or event.data["codebase"] for event in matching} == {codebase}
    assert len([event for event, _ in events if event.type == "agora.task.available"]) == 2


BAD_FILES: list[Any] = [
    "a.txt",
    ["../a"],
    ["/etc/passwd"],
    ["a/.git/hooks/post-commit"],
    [".GIT/config"],
    ["a\\b"],
    ["a\x00"],
    [""],
    ["x"] * 51,
    [7],
    [{"path": "a"}],
    [{"path": "a", "content": "x", "artifact": {}}],
    [{"path": "a", "content": 7}],
    [{"path": "a", "content": "x", "mode": "755"}],
    [{"path": "a", "content": "?", "encoding": "base64"}],
    [{"path": "a", "content": "x", "encoding": "latin"}],
    [{"path": "a", "content": "x" * 262_145}],
    [{"path": "a", "artifact": {"task_id": "t"}}],
]


async def test_files_of_a_job_must_be_inside_its_codebase(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    _, codebase = await make_codebase(market, coder)
    good = ["src/a.py", {"path": "b.bin", "content": "AAE=", "encoding": "base64"}]
    receipt = await call(market, person, "task.assign", prompt="Read them", codebase_id=codebase, files=good)
    assert (await call(market, person, "task.get", task_id=receipt.task_id)).payload["files"] == good
    for files in BAD_FILES:
        with pytest.raises(InvalidRequest) as refusal:
            await call(market, person, "task.assign", prompt="x", codebase_id=codebase, files=files)
        assert refusal.value.errors[0]["field"].startswith("payload.files"), files


async def read_sealed(market: Market) -> list[bytes]:
    """Return the content of the table of secrets."""
    query = Query("select sealed from coding_job_secrets where tenant_id = :tenant order by task_id", bytes)
    rows = await market.app.store.read("default", lambda reader: reader.all(query))
    return [bytes(row) for row in rows]


async def test_only_the_holder_of_the_job_reads_its_secrets(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    _, codebase = await make_codebase(market, coder)
    secrets = {"DEPLOY_KEY": "s3cret-of-the-job"}
    receipt = await call(market, person, "codebase.trigger", codebase_id=codebase, prompt="Deploy", secrets=secrets)
    job = {"task_id": receipt.task_id}
    task = await call(market, person, "task.get", **job)
    assert "s3cret" not in task.model_dump_json()
    (claimed,) = await claim(market, coder)
    assert claimed.payload["has_secrets"]
    job["fencing_token"] = claimed.fencing_token
    assert (await call(market, coder, "codebase.read_job_secrets", **job)).secrets == secrets
    with pytest.raises((StaleLease, NotFound)):
        await call(market, person, "codebase.read_job_secrets", **job)
    with pytest.raises(StaleLease):
        await call(market, coder, "codebase.read_job_secrets", **job | {"fencing_token": claimed.fencing_token + 1})
    (sealed,) = await read_sealed(market)
    assert b"s3cret" not in sealed
    events = await call(market, market.operator, "event.list", limit=500)
    assert "s3cret" not in events.model_dump_json()
    await call(market, coder, "task.complete", **job)
    with pytest.raises(Conflict):
        await call(market, coder, "codebase.read_job_secrets", **job)
    (cleaner,) = [each for each in market.app.controllers if isinstance(each, JobSecretsCleaner)]
    await cleaner.step()
    assert await read_sealed(market) == []
    for bad in ({"A B": "long enough"}, {"A": "short"}, {"A": "x" * 8193}, {f"A{n}": "long enough" for n in range(21)}):
        with pytest.raises(InvalidRequest):
            await call(market, person, "codebase.trigger", codebase_id=codebase, prompt="x", secrets=bad)


async def test_job_goes_to_a_worker_with_its_profile(market: Market) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    _, codebase = await make_codebase(market, coder)
    await call(market, person, "task.assign", prompt="Carefully", codebase_id=codebase, profile="careful")
    await call(market, person, "codebase.trigger", codebase_id=codebase, prompt="Carefully", profile="careful")
    assert await claim(market, coder) == []
    capabilities = ["coding", f"codebase:{codebase}", "profile:careful"]
    await call(market, coder, "worker.register", worker_name="laptop", capabilities=capabilities)
    for _ in range(2):
        (job,) = await claim(market, coder)
        assert job.payload["profile"] == "careful"
