"""Silent workers become stale, then offline, by the server's clock; their jobs go to another worker with the
repository."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agora.core.call import Caller
from agora.core.jobs import JobContext
from agora.domains.coding.jobs import StandIns
from agora.domains.tasks.jobs import TaskDeadlineController
from agora_sdk.errors import StaleLease
from tests.conformance.coding.test_codebase_sessions import call, make_codebase
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_job_of_a_silent_worker_goes_to_another(market: Market, job_context: JobContext) -> None:
    coder = await market.agent("Coder")
    deadlines, stand_ins = TaskDeadlineController(job_context), StandIns(job_context)
    market.clock.freeze()  # on a busy machine, the calls take longer than the second that is left below
    _, codebase = await make_codebase(market, coder)
    await call(market, coder, "worker.register", worker_name="desk", capabilities=["coding"])
    await call(
        market,
        coder,
        "codebase.register",
        name="api",
        path="/src/api",
        worker_id="desk",
        repository="github.com/o/api",
    )
    job = await call(market, coder, "codebase.trigger", codebase_id=codebase, prompt="Mend it")
    (first,) = (await call(market, coder, "task.claim", worker="laptop", lease_seconds=60)).tasks
    statuses = []
    for seconds in (89, 2, 508, 3):  # stale after 90 s, offline after 600 s
        market.clock.advance(seconds)
        await call(market, coder, "worker.heartbeat", worker_id="desk")
        statuses.append((await call(market, coder, "worker.get", worker_id="laptop")).status)
        if seconds == 89:
            await deadlines.reconcile("default")
            await stand_ins.reconcile("default")
            assert not (await call(market, coder, "task.claim", worker="desk")).tasks, "it may come back"
    assert statuses == ["online", "stale", "stale", "offline"]
    await deadlines.reconcile("default")
    await stand_ins.reconcile("default")
    (second,) = (await call(market, coder, "task.claim", worker="desk", lease_seconds=60)).tasks
    assert (first.task_id, second.task_id) == (job.task_id, job.task_id)
    with pytest.raises(StaleLease):
        await call(market, coder, "task.complete", task_id=job.task_id, fencing_token=first.fencing_token)
    await call(market, coder, "worker.heartbeat", worker_id="laptop")
    assert (await call(market, coder, "worker.get", worker_id="laptop")).status == "online"
    assert not (await call(market, coder, "task.claim", worker="laptop")).tasks, "the other one finishes it"
    await call(market, coder, "task.complete", task_id=job.task_id, fencing_token=second.fencing_token)
    await stand_ins.reconcile("default")
    await call(market, coder, "codebase.trigger", codebase_id=codebase, prompt="Go on")
    assert not (await call(market, coder, "task.claim", worker="desk")).tasks, "its own worker is back"
    (again,) = (await call(market, coder, "task.claim", worker="laptop")).tasks
    assert again.payload["prompt"] == "Go on"


async def make_stand_ins(market: Market, coder: Caller) -> str:
    """Create a codebase of the worker laptop, and the workers desk and tower with its repository. Returns its id."""
    _, codebase = await make_codebase(market, coder)
    for name in ("desk", "tower"):
        await call(market, coder, "worker.register", worker_name=name, capabilities=["coding"])
        place = {"path": "/src/api", "worker_id": name, "repository": "github.com/o/api"}
        await call(market, coder, "codebase.register", name="api", **place)
    return codebase


async def list_holders(market: Market, coder: Caller, codebase: str) -> set[str]:
    """List the names of the workers with the capability for a codebase."""
    workers = (await call(market, coder, "worker.list")).workers
    return {worker.worker_name for worker in workers if f"codebase:{codebase}" in worker.capabilities}


async def test_stand_in_that_was_offline_meanwhile_is_dismissed(market: Market, job_context: JobContext) -> None:
    coder, stand_ins = await market.agent("Coder"), StandIns(job_context)
    codebase = await make_stand_ins(market, coder)
    for alive in (("desk", "tower"), ("desk",), ("desk", "tower", "laptop")):
        market.clock.advance(100)
        for name in alive:
            await call(market, coder, "worker.heartbeat", worker_id=name)
        await stand_ins.reconcile("default")
        if "laptop" not in alive:
            assert await list_holders(market, coder, codebase) == {"laptop", "desk", "tower"}
    assert await list_holders(market, coder, codebase) == {"laptop"}


async def test_stand_ins_hear_of_waiting_jobs_with_further_requirements(
    market: Market, job_context: JobContext
) -> None:
    coder = await market.agent("Coder")
    codebase = await make_stand_ins(market, coder)
    job = {"prompt": "Mend it", "codebase_id": codebase}
    await call(market, coder, "worker.register", worker_name="desk", capabilities=["audited", "coding"], models=["m1"])
    jobs = [
        (await call(market, coder, "task.assign", **job, **requirement)).task_id
        for requirement in ({}, {"required_model": "m1"}, {"required_capabilities": ["audited"]})
    ]
    market.clock.advance(100)
    await call(market, coder, "worker.heartbeat", worker_id="desk")
    market.events.clear()
    await StandIns(job_context).reconcile("default")
    assert sorted(event.subject for event in market.of_type("agora.task.available")) == sorted(jobs)


async def test_removed_codebase_has_no_stand_ins(market: Market, job_context: JobContext) -> None:
    coder = await market.agent("Coder")
    codebase = await make_stand_ins(market, coder)
    market.clock.advance(100)
    await call(market, coder, "worker.heartbeat", worker_id="desk")
    await StandIns(job_context).reconcile("default")
    assert "desk" in await list_holders(market, coder, codebase)
    await call(market, coder, "codebase.remove", codebase_id=codebase)
    assert await list_holders(market, coder, codebase) == set()


async def test_paused_job_stays_with_its_online_worker(market: Market, job_context: JobContext) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    deadlines = TaskDeadlineController(job_context)
    for name in ("laptop", "desk"):
        await call(market, coder, "worker.register", worker_name=name, capabilities=["coding", "spare"])
    job = {"task_type": "coding.job", "payload": {"prompt": "x"}, "assignee": "capability:spare"}
    await call(market, person, "task.assign", **job)

    async def claim(worker: str) -> list[Any]:
        return list((await call(market, coder, "task.claim", worker=worker, lease_seconds=60)).tasks)

    async def pause(task: Any) -> None:
        fence = {"task_id": task.task_id, "fencing_token": task.fencing_token}
        await call(market, coder, "task.release", **fence, reason="usage limit", delay=100)

    async def pass_time(seconds: int, *alive: str) -> None:
        for _ in range(seconds // 20):
            market.clock.advance(20)
            for name in alive:
                await call(market, coder, "worker.heartbeat", worker_id=name)
            await deadlines.reconcile("default")

    (task,) = await claim("laptop")
    await pause(task)
    await pass_time(300, "laptop", "desk")
    assert await claim("desk") == [], "200 s after the limit is lifted: its worker is online, but may be busy"
    (task,) = await claim("laptop")
    await pause(task)
    await pass_time(120, "desk")
    assert await claim("desk") == [], "the job has waited for its worker for less than 30 s"
    await pass_time(80, "desk")
    (task,) = await claim("desk")
    assert task.attempts == 1, "a pause is no attempt"
    await pause(task)
    await call(market, coder, "worker.drain", worker_id="desk")
    await pass_time(180, "laptop", "desk")
    assert [task.task_id for task in await claim("laptop")] == [task.task_id], "a drained worker claims no jobs"


async def test_deferred_task_that_is_no_coding_job_is_open_to_any_worker(
    market: Market, job_context: JobContext
) -> None:
    coder, person = await market.agent("Coder"), await market.agent("Person")
    for name in ("laptop", "desk"):
        await call(market, coder, "worker.register", worker_name=name, capabilities=["mending"])
    await call(market, person, "task.assign", task_type="mend", payload={}, assignee="capability:mending")
    (task,) = (await call(market, coder, "task.claim", worker="laptop")).tasks
    fence = {"task_id": task.task_id, "fencing_token": task.fencing_token}
    await call(market, coder, "task.release", **fence, delay=10)
    market.clock.advance(11)
    await TaskDeadlineController(job_context).reconcile("default")
    assert len((await call(market, coder, "task.claim", worker="desk")).tasks) == 1


async def test_substitute_workers_back_off_after_each_failure(
    job_context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_ins, stop, waits = StandIns(job_context), asyncio.Event(), list[float]()

    async def record_wait(stop: asyncio.Event, seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) == 4

    async def fail() -> None:
        raise OSError("the network is down")

    monkeypatch.setattr(stand_ins, "_wait_for_wakeup_or_stop", record_wait)
    monkeypatch.setattr(stand_ins, "step", fail)
    await stand_ins.try_start_up()
    await stand_ins.run(stop)
    assert waits == [15.0, 30.0, 60.0, 120.0]
