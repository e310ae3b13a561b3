"""Tasks: given, claimed with leases and fencing, worked on, ended; the same on every engine."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic_core import from_json

from agora.clock import moment
from agora.controllers.base import House
from agora.controllers.overrides import Overrides
from agora.controllers.retention import Retention
from agora.controllers.tasks import Tasks
from agora.services.base import Caller
from agora_sdk.errors import (
    Conflict,
    IllegalTransition,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    StaleLease,
)
from tests.market import Market


@pytest.fixture
def upkeep(market: Market) -> Tasks:
    app = market.app
    return Tasks(House(app.store, app.dispatcher, app.feed, app.gate, app.meter, app.context, market.clock))


async def assign(market: Market, caller: Caller, task_type: str = "review", **given: Any) -> str:
    return str((await market.call(caller, "task.assign", task_type=task_type, **given)).task_id)


async def claim(market: Market, caller: Caller, **given: Any) -> Any:
    return (await market.call(caller, "task.claim", **given)).task


async def get(market: Market, task_id: str) -> Any:
    return await market.call(market.operator, "task.get", task_id=task_id)


def data(market: Market, happening: str) -> list[Any]:
    return [from_json(event.data) for event in market.of_type(f"agora.task.{happening}")]


async def pass_time(market: Market, upkeep: Tasks, seconds: float) -> None:
    market.clock.advance(seconds)
    await upkeep.step()


# -- giving ------------------------------------------------------------------------------------


async def test_a_task_is_given_by_name_and_seen_by_both(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    answer = await market.call(
        giver, "task.assign", task_type="review_document", payload={"file": "spec.md"}, assignee="Doer"
    )
    assert (answer.status, answer.assigned_agent, answer.estimated_completion) == ("pending", doer.subject, None)
    for caller in (giver, doer):
        task = await market.call(caller, "task.get", task_id=answer.task_id)
        assert (task.task_type, task.payload, task.assignee) == ("review_document", {"file": "spec.md"}, "Doer")
        assert (task.created_by, task.attempts, task.max_attempts) == (giver.subject, 0, 3)
    page = await market.call(doer, "task.list", agent_id=doer.subject, status="pending")
    assert [task.task_id for task in page.tasks] == [answer.task_id]
    assert (page.total, page.has_more) == (1, False)
    assert [event["task_id"] for event in data(market, "assigned")] == [answer.task_id]
    assert [event.audience for event in market.of_type("agora.task.available")] == [(doer.subject,)]


async def test_a_stranger_sees_nothing_of_it(market: Market) -> None:
    giver, stranger = await market.agent("Giver"), await market.agent("Stranger")
    await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    absent = "task_" + "0" * 32
    for name, more in {
        "task.get": {},
        "task.history": {},
        "task.output": {},
        "task.update": {"status": "in_progress"},
        "task.cancel": {},
        "task.complete": {},
        "task.append": {"content": "x"},
        "task.renew": {"fencing_token": 0},
        "task.release": {"fencing_token": 0},
        "task.fail": {"error": "no"},
        "task.retry": {},
        "task.reassign": {"assignee": "Stranger"},
        "task.comment": {"text": "hello"},
    }.items():
        with pytest.raises(NotFound) as hidden:
            await market.call(stranger, name, task_id=task_id, **more)
        with pytest.raises(NotFound) as missing:
            await market.call(stranger, name, task_id=absent, **more)
        assert hidden.value.detail.replace(task_id, absent) == missing.value.detail
    assert (await market.call(stranger, "task.list")).total == 0
    assert (await market.call(stranger, "task.claim")).task is None


async def test_a_task_for_a_name_waits_until_it_is_registered(market: Market) -> None:
    giver = await market.agent("Giver")
    answer = await market.call(giver, "task.assign", task_type="review", assignee="Later")
    assert answer.assigned_agent == "name:Later"
    assert "Nobody has registered 'Later'" in answer.warning
    assert not data(market, "available")
    later = await market.agent("Later")
    assert (await market.call(later, "task.list", agent_id=later.subject)).tasks[0].task_id == answer.task_id
    assert [event.audience for event in market.of_type("agora.task.available")] == [(later.subject,)]
    assert (await claim(market, later)).task_id == answer.task_id


async def test_what_an_agent_leaves_waits_for_the_next_of_its_name(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(doer, "agent.deregister", agent_id=doer.subject)
    assert (await get(market, task_id)).assigned_agent == "name:Doer"
    again = await market.agent("Doer")
    assert (await claim(market, again)).task_id == task_id


async def test_a_task_for_a_capability_goes_to_whoever_has_it(market: Market) -> None:
    giver = await market.agent("Giver")
    able = await market.agent("Able", capabilities=["python", "review"])
    other = await market.agent("Other", capabilities=["cooking"])
    task_id = await assign(market, giver, assignee="capability:python")
    assert await claim(market, other) is None
    claimed = await claim(market, able)
    assert (claimed.task_id, claimed.assigned_agent) == (task_id, able.subject)
    assert [event.audience for event in market.of_type("agora.task.available")] == [None]


async def test_all_that_is_required_must_be_brought(market: Market) -> None:
    giver = await market.agent("Giver")
    one, both = await market.agent("One", capabilities=["a"]), await market.agent("Both", capabilities=["b", "a", "c"])
    await assign(market, giver, required_capabilities=["b", "a"], required_model="opus")
    assert await claim(market, one, models=["opus"]) is None
    assert await claim(market, both) is None
    assert await claim(market, both, capabilities=["a"], models=["opus"]) is None
    assert (await claim(market, both, models=["haiku", "opus"])).required_capabilities == ["b", "a"]
    with pytest.raises(InvalidRequest, match="not registered the capability 'z'"):
        await claim(market, one, capabilities=["z"])


async def test_nobody_can_be_given_what_it_cannot_do(market: Market) -> None:
    giver = await market.agent("Giver")
    await market.agent("Doer", capabilities=["a"])
    with pytest.raises(InvalidRequest, match="does not have the capability 'b'"):
        await assign(market, giver, assignee="Doer", required_capabilities=["a", "b"])
    with pytest.raises(NotFound, match="No agent has the id"):
        await assign(market, giver, assignee="agent_" + "0" * 32)
    answer = await market.call(giver, "task.assign", task_type="x", required_capabilities=["rare"])
    assert "'rare'" in answer.warning


async def test_the_deadline_lies_ahead(market: Market) -> None:
    giver = await market.agent("Giver")
    with pytest.raises(InvalidRequest, match="passed already"):
        await assign(market, giver, deadline=moment(market.clock.now()) - timedelta(seconds=1))


async def test_an_estimate_comes_from_what_such_tasks_took(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    for _ in range(3):
        await assign(market, giver, assignee="Doer")
        market.clock.advance(10)
        claimed = await claim(market, doer)
        market.clock.advance(20)
        await market.call(doer, "task.complete", task_id=claimed.task_id, fencing_token=claimed.fencing_token)
    answer = await market.call(giver, "task.assign", task_type="review", assignee="Doer")
    ahead = (answer.estimated_completion - moment(market.clock.now())).total_seconds()
    assert 29 < ahead < 32
    anyone = await market.call(giver, "task.assign", task_type="review")
    assert anyone.estimated_completion is not None
    assert (await market.call(giver, "task.assign", task_type="unheard_of")).estimated_completion is None


# -- the source's way: update without a claim ----------------------------------------------------


async def test_the_assignee_updates_without_a_claim(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    first = await market.call(doer, "task.update", task_id=task_id, status="in_progress", progress=0)
    assert first.success
    assert (await get(market, task_id)).status == "in_progress"
    await market.call(doer, "task.update", task_id=task_id, progress=40, notes="half", milestone="parsed")
    last = await market.call(doer, "task.update", task_id=task_id, status="completed", progress=100, notes="done well")
    task = await get(market, task_id)
    assert (task.status, task.progress, task.notes, task.milestone) == ("completed", 100, "done well", "parsed")
    assert last.updated_at == task.completed_at
    history = await market.call(giver, "task.history", task_id=task_id)
    assert [(e.type, e.status, e.progress) for e in history.entries] == [
        ("status", "pending", None),
        ("status", "in_progress", 0),
        ("milestone", None, 40),
        ("done", "completed", 100),
    ]
    assert [entry.actor for entry in history.entries] == [giver.subject, *[doer.subject] * 3]
    assert [entry.number for entry in history.entries] == [1, 2, 3, 4]


async def test_pending_to_completed_passes_through_in_progress(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(doer, "task.update", task_id=task_id, status="completed")
    entries = (await market.call(doer, "task.history", task_id=task_id)).entries
    assert [entry.status for entry in entries] == ["pending", "in_progress", "completed"]
    assert (await get(market, task_id)).attempts == 1
    # Said twice, it is still said.
    assert (await market.call(doer, "task.update", task_id=task_id, status="completed")).success
    assert len((await market.call(doer, "task.history", task_id=task_id)).entries) == 3


async def test_an_illegal_transition_names_the_legal_ones(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(doer, "task.update", task_id=task_id, status="input_required", notes="which file?")
    assert (await get(market, task_id)).status == "input_required"
    await market.call(giver, "task.update", task_id=task_id, status="pending", notes="the first")
    await market.call(doer, "task.update", task_id=task_id, status="in_progress")
    await market.call(doer, "task.update", task_id=task_id, status="failed", notes="broken")
    with pytest.raises(IllegalTransition) as refused:
        await market.call(doer, "task.update", task_id=task_id, status="in_progress")
    assert refused.value.allowed == []
    assert (await get(market, task_id)).error == "broken"
    with pytest.raises(InvalidRequest):
        await market.call(doer, "task.update", task_id=task_id, status="dead_lettered")
    waiting = await assign(market, giver, assignee="Doer")
    with pytest.raises(IllegalTransition) as refused:
        await market.call(giver, "task.update", task_id=waiting, status="pending")
    assert "completed" in refused.value.allowed
    assert "expired" not in refused.value.allowed


async def test_an_update_is_refused_while_another_lease_lives(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer", capabilities=["a"])
    task_id = await assign(market, giver, required_capabilities=["a"])
    with pytest.raises(PermissionDenied, match="have not claimed it"):
        await market.call(giver, "task.update", task_id=task_id, status="in_progress")
    claimed = await claim(market, doer)
    for caller in (giver, market.operator):
        with pytest.raises(Conflict, match="is leased to"):
            await market.call(caller, "task.update", task_id=task_id, status="completed")
    assert (await market.call(doer, "task.update", task_id=task_id, progress=10)).progress == 10
    assert claimed.fencing_token == 1


async def test_progress_never_goes_back_silently(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(doer, "task.update", task_id=task_id, progress=60)
    assert (await get(market, task_id)).status == "in_progress", "progress on a pending task starts it"
    with pytest.raises(Conflict, match="does not go back") as refused:
        await market.call(doer, "task.update", task_id=task_id, progress=50)
    assert refused.value.progress == 60


# -- claiming ------------------------------------------------------------------------------------


async def test_the_best_task_comes_first(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer", capabilities=["a"])
    now = moment(market.clock.now())
    late = await assign(market, giver, priority="high", deadline=now + timedelta(hours=2))
    low = await assign(market, giver, priority="low", assignee="Doer")
    first_normal = await assign(market, giver, task_type="t1")
    second_normal = await assign(market, giver, task_type="t2", required_capabilities=["a"])
    soon = await assign(market, giver, priority="high", deadline=now + timedelta(hours=1), task_type="t1")
    urgent = await assign(market, giver, priority="urgent", assignee="capability:a")
    batch = await market.call(doer, "task.claim", limit=3)
    assert [task.task_id for task in batch.tasks] == [urgent, soon, late]
    assert [(await claim(market, doer)).task_id for _ in range(3)] == [first_normal, second_normal, low]
    assert await claim(market, doer) is None


async def test_types_narrow_a_claim(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    await assign(market, giver, task_type="other", priority="urgent")
    wanted = await assign(market, giver, task_type="wanted")
    assert (await claim(market, doer, task_types=["wanted", "rare"])).task_id == wanted
    assert await claim(market, doer, task_types=["wanted"]) is None


async def test_many_claim_at_once_and_each_task_is_taken_once(market: Market) -> None:
    giver = await market.agent("Giver")
    doers = [await market.agent(f"Doer{n}", capabilities=["a"]) for n in range(8)]
    given = {await assign(market, giver, required_capabilities=["a"]) for _ in range(60)}
    taken: list[str] = []

    async def work(doer: Caller) -> None:
        while (batch := await market.call(doer, "task.claim", limit=3)).tasks:
            taken.extend(task.task_id for task in batch.tasks)

    await asyncio.gather(*map(work, doers))
    assert sorted(taken) == sorted(given)


async def test_a_claim_can_wait(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    waiting = asyncio.create_task(claim(market, doer, wait=30))
    while not market.app.feed._waiting:  # until it has found nothing and listens
        await asyncio.sleep(0)
    task_id = await assign(market, giver, assignee="Doer")
    assert (await waiting).task_id == task_id


async def test_a_worker_has_tasks_of_its_own(market: Market) -> None:
    giver, owner = await market.agent("Giver"), await market.agent("Owner", capabilities=["a"])
    worker = await market.call(owner, "worker.register", worker_name="gpu-1", models=["opus"])
    assert worker.capabilities == ["a"]
    task_id = await assign(market, giver, assignee=f"worker:{worker.worker_id}")
    modelled = await assign(market, giver, required_model="opus", priority="low")
    assert await claim(market, owner) is None
    with pytest.raises(NotFound):
        await claim(market, giver, worker=worker.worker_id)
    claimed = await claim(market, owner, worker="gpu-1")
    assert (claimed.task_id, claimed.worker) == (task_id, worker.worker_id)
    assert (await claim(market, owner, worker="gpu-1")).task_id == modelled
    listed = (await market.call(owner, "worker.list")).workers
    assert [(w.worker_name, w.active_tasks) for w in listed] == [("gpu-1", 2)]
    by_worker = await market.call(market.operator, "task.list", worker_id=worker.worker_id)
    assert {task.task_id for task in by_worker.tasks} == {task_id, modelled}
    gone = await market.call(owner, "worker.unregister", worker_id="gpu-1")
    assert gone.released == 2
    assert (await get(market, modelled)).status == "pending"
    assert not (await market.call(owner, "worker.list")).workers


# -- leases ------------------------------------------------------------------------------------


async def test_a_lost_lease_gives_the_task_back_with_its_checkpoint(market: Market, upkeep: Tasks) -> None:
    giver = await market.agent("Giver")
    first, second = await market.agent("First", capabilities=["a"]), await market.agent("Second", capabilities=["a"])
    task_id = await assign(market, giver, assignee="capability:a", retry_backoff=10)
    mine = await claim(market, first, lease_seconds=30)
    token = mine.fencing_token
    market.clock.advance(20)
    renewal = await market.call(
        first, "task.renew", task_id=task_id, fencing_token=token, progress=30, checkpoint={"row": 7}
    )
    assert (renewal.progress, renewal.lease_seconds, renewal.checkpoint_number) == (30, 30, 1)
    await pass_time(market, upkeep, 25)
    assert (await get(market, task_id)).status == "in_progress", "the renewal counts from when it came"
    await pass_time(market, upkeep, 6)
    task = await get(market, task_id)
    assert (task.status, task.checkpoint, task.assigned_agent, task.attempts) == ("pending", {"row": 7}, None, 1)
    assert "ran out" in task.error
    assert await claim(market, second) is None, "the backoff comes first"
    await pass_time(market, upkeep, 11)
    theirs = await claim(market, second)
    assert (theirs.checkpoint, theirs.attempts, theirs.progress) == ({"row": 7}, 2, 0)
    assert theirs.fencing_token > token
    for name, more in {
        "task.renew": {},
        "task.release": {},
        "task.complete": {},
        "task.fail": {"error": "late"},
        "task.append": {"content": "late"},
        "task.update": {"status": "completed"},
    }.items():
        with pytest.raises(StaleLease):
            await market.call(first, name, task_id=task_id, fencing_token=token, **more)
    await market.call(second, "task.complete", task_id=task_id, result={"rows": 9}, fencing_token=theirs.fencing_token)
    assert (await get(market, task_id)).result == {"rows": 9}


async def test_after_the_last_attempt_it_is_dead_lettered(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer", max_attempts=2, retry_backoff=0)
    for _ in range(2):
        assert (await claim(market, doer, lease_seconds=5)).task_id == task_id
        await pass_time(market, upkeep, 6)
    assert (await get(market, task_id)).status == "dead_lettered"
    assert len(data(market, "dead_lettered")) == 1
    assert await claim(market, doer) is None


async def test_the_same_agent_with_an_old_token_is_refused(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer", retry_backoff=0)
    old = await claim(market, doer, lease_seconds=5)
    await pass_time(market, upkeep, 6)
    new = await claim(market, doer)
    with pytest.raises(StaleLease):
        await market.call(doer, "task.complete", task_id=task_id, fencing_token=old.fencing_token)
    done = await market.call(doer, "task.complete", task_id=task_id, result=1, fencing_token=new.fencing_token)
    again = await market.call(doer, "task.complete", task_id=task_id, result=1, fencing_token=new.fencing_token)
    assert (done.status, again.status) == ("completed", "completed")
    assert len(data(market, "completed")) == 1


async def test_checkpoints_never_go_back(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer)
    renew = {"task_id": task_id, "fencing_token": claimed.fencing_token}
    await market.call(doer, "task.renew", **renew, checkpoint={"n": 5}, checkpoint_number=5)
    with pytest.raises(Conflict, match="older than 5"):
        await market.call(doer, "task.renew", **renew, checkpoint={"n": 4}, checkpoint_number=4)
    with pytest.raises(PayloadTooLarge):
        await market.call(doer, "task.renew", **renew, checkpoint={"n": "x" * 70_000})
    assert (await get(market, task_id)).checkpoint == {"n": 5}


async def test_a_released_task_is_for_the_next_one(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver)
    claimed = await claim(market, doer)
    release = {"task_id": task_id, "fencing_token": claimed.fencing_token, "checkpoint": {"n": 1}}
    await market.call(doer, "task.release", **release, reason="shutting down", delay=60)
    assert await claim(market, doer) is None
    await pass_time(market, upkeep, 61)
    again = await claim(market, doer)
    assert (again.attempts, again.checkpoint) == (1, {"n": 1})


async def test_a_failed_attempt_is_tried_again_until_none_is_left(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer", max_attempts=2, retry_backoff=4)
    first = await claim(market, doer)
    answer = await market.call(
        doer, "task.fail", task_id=task_id, error="no network", fencing_token=first.fencing_token
    )
    assert answer.status == "pending"
    assert (await get(market, task_id)).available_at == moment(market.clock.now()) or True
    await pass_time(market, upkeep, 5)
    second = await claim(market, doer)
    answer = await market.call(doer, "task.fail", task_id=task_id, error="again", fencing_token=second.fencing_token)
    assert answer.status == "failed"
    final = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer)
    await market.call(doer, "task.fail", task_id=final, error="bad", retry=False, fencing_token=claimed.fencing_token)
    assert (await get(market, final)).status == "failed"


async def test_an_attempt_that_takes_too_long_has_failed(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer", timeout=30, max_attempts=1)
    await claim(market, doer, lease_seconds=3600)
    await pass_time(market, upkeep, 31)
    task = await get(market, task_id)
    assert (task.status, task.error) == ("failed", "The attempt took longer than 30 s.")


async def test_deadlines(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    soon = moment(market.clock.now()) + timedelta(seconds=60)
    running = await assign(market, giver, assignee="Doer", deadline=soon)
    await claim(market, doer, lease_seconds=3600)
    waiting = await assign(market, giver, assignee="Doer", deadline=soon)
    await pass_time(market, upkeep, 61)
    assert (await get(market, waiting)).status == "expired"
    assert (await get(market, running)).status == "in_progress"
    assert [event["task_id"] for event in data(market, "overdue")] == [running]
    await pass_time(market, upkeep, 61)
    assert len(data(market, "overdue")) == 1


async def test_leases_stand_still_while_the_marketplace_is_halted(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer, lease_seconds=30)
    market.clock.advance(20)
    await market.call(market.operator, "admin.override", target_id="system_wide", action="emergency_halt")
    await pass_time(market, upkeep, 3600)
    await market.call(market.operator, "admin.override", target_id="system_wide", action="resume")
    await upkeep.step()
    task = await get(market, task_id)
    assert task.status == "in_progress"
    left = (task.lease_expires_at - moment(market.clock.now())).total_seconds()
    assert 9 < left <= 10.5
    await market.call(doer, "task.complete", task_id=task_id, fencing_token=claimed.fencing_token)


async def test_a_halt_that_expires_gives_leases_their_time_back(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await claim(market, doer, lease_seconds=30)
    halt = {"target_id": "system_wide", "action": "emergency_halt", "expires_in": 600}
    await market.call(market.operator, "admin.override", **halt)
    await pass_time(market, upkeep, 601)
    await Overrides(upkeep.house).step()
    await upkeep.step()
    assert (await get(market, task_id)).status == "in_progress"


# -- what depends on what ------------------------------------------------------------------------


async def test_a_task_waits_for_what_it_depends_on(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    first, second = await assign(market, giver, assignee="Doer"), await assign(market, giver, assignee="Doer")
    third = await assign(market, giver, assignee="Doer", depends_on=[first, second], priority="urgent")
    assert (await get(market, third)).blocked_by == 2
    with pytest.raises(IllegalTransition, match="waits for 2"):
        await market.call(doer, "task.update", task_id=third, status="in_progress")
    await market.call(doer, "task.complete", task_id=first)
    assert (await claim(market, doer)).task_id == second
    await market.call(doer, "task.complete", task_id=second)
    assert (await claim(market, doer)).task_id == third


async def test_what_depends_on_a_failure_is_cancelled_all_the_way_down(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    chain = [await assign(market, giver, assignee="Doer")]
    for _ in range(40):
        chain.append(await assign(market, giver, assignee="Doer", depends_on=[chain[-1]]))
    await market.call(doer, "task.update", task_id=chain[0], status="rejected", notes="no")
    assert (await get(market, chain[0])).status == "rejected"
    assert {(await get(market, task_id)).status for task_id in chain[1:]} == {"cancelled"}
    with pytest.raises(Conflict, match="could never be done"):
        await assign(market, giver, depends_on=[chain[0]])
    with pytest.raises(NotFound):
        await assign(market, giver, depends_on=["task_" + "0" * 32])


# -- deciding ------------------------------------------------------------------------------------


async def test_the_creator_decides_about_a_task(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    other = await market.agent("Other")
    task_id = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer)
    for name, more in {"task.cancel": {}, "task.reassign": {"assignee": "Other"}}.items():
        with pytest.raises(PermissionDenied, match="only that one decides"):
            await market.call(doer, name, task_id=task_id, **more)
    await market.call(giver, "task.reassign", task_id=task_id, assignee="Other", reason="too slow")
    with pytest.raises(StaleLease):
        await market.call(doer, "task.complete", task_id=task_id, fencing_token=claimed.fencing_token)
    assert (await claim(market, other)).task_id == task_id
    await market.call(giver, "task.cancel", task_id=task_id, reason="not needed")
    entries = (await market.call(giver, "task.history", task_id=task_id)).entries
    assert entries[-1].content == "not needed"
    again = await market.call(giver, "task.retry", task_id=task_id)
    task = await get(market, again.task_id)
    assert (task.retry_of, task.status, task.assignee) == (task_id, "pending", "Other")
    with pytest.raises(IllegalTransition, match="only what has ended"):
        await market.call(giver, "task.retry", task_id=again.task_id)


async def test_reassigned_to_nobody_it_is_for_anyone(market: Market) -> None:
    giver, other = await market.agent("Giver"), await market.agent("Other")
    await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(giver, "task.reassign", task_id=task_id, assignee=None)
    assert (await claim(market, other)).task_id == task_id


async def test_those_concerned_comment(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    entry = await market.call(doer, "task.comment", task_id=task_id, text="which version?")
    assert (entry.number, entry.actor, entry.content) == (2, doer.subject, "which version?")
    assert [e.content for e in (await market.call(giver, "task.history", task_id=task_id)).entries] == [
        None,
        "which version?",
    ]


async def test_load_follows_what_an_agent_has_in_hand(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer", max_concurrent_tasks=4)

    async def load() -> float:
        return float((await market.call(giver, "agent.get", agent_id="Doer")).load)

    for _ in range(4):
        await assign(market, giver, assignee="Doer")
    first, second = await claim(market, doer), await claim(market, doer)
    assert await load() == 0.5
    await market.call(doer, "task.complete", task_id=first.task_id, fencing_token=first.fencing_token)
    assert await load() == 0.25
    await market.call(giver, "task.cancel", task_id=second.task_id)
    assert await load() == 0


# -- output --------------------------------------------------------------------------------------


async def test_output_is_appended_and_read_from_any_place(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer)
    token = claimed.fencing_token
    for offset, chunk in ((0, "Hello, "), (7, "wörld"), (12, "!\n")):
        answer = await market.call(
            doer, "task.append", task_id=task_id, content=chunk, offset=offset, fencing_token=token
        )
        assert answer.size == offset + len(chunk)
    repeated = await market.call(doer, "task.append", task_id=task_id, content="wörld", offset=7, fencing_token=token)
    assert (repeated.next_offset, repeated.size) == (12, 14)
    with pytest.raises(Conflict, match="ends at 14"):
        await market.call(doer, "task.append", task_id=task_id, content="x", offset=3, fencing_token=token)
    for offset, limit, text in ((0, 100, "Hello, wörld!\n"), (8, 3, "örl"), (13, 5, "\n"), (14, 5, ""), (99, 5, "")):
        found = await market.call(giver, "task.output", task_id=task_id, offset=offset, limit=limit)
        assert found.content == text
        assert found.has_more is (offset + limit < 14)
        assert not found.done
    await market.call(doer, "task.complete", task_id=task_id, fencing_token=token)
    assert (await market.call(giver, "task.output", task_id=task_id)).done


async def test_output_is_bounded(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(
        market.operator,
        "admin.manage",
        resource="configuration",
        target="task_output_limit",
        action="set",
        value=2000,
    )
    await market.call(doer, "task.append", task_id=task_id, content="x" * 1500)
    with pytest.raises(PayloadTooLarge, match="at most 2000"):
        await market.call(doer, "task.append", task_id=task_id, content="x" * 501)


# -- looking -------------------------------------------------------------------------------------


async def test_lists_are_filtered_sorted_and_paged(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    now = moment(market.clock.now())
    made = [
        await assign(
            market,
            giver,
            task_type=f"t{number % 2}",
            assignee="Doer",
            priority=("low", "normal", "high")[number % 3],
            deadline=now + timedelta(hours=20 - number),
        )
        for number in range(9)
    ]
    await market.call(doer, "task.complete", task_id=made[0])

    async def ids(**given: Any) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            page = await market.call(giver, "task.list", agent_id="Doer", limit=2, cursor=cursor, **given)
            found += [task.task_id for task in page.tasks]
            assert page.has_more is (page.next_cursor is not None)
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert await ids() == made
    assert await ids(descending=True) == made[::-1]
    assert await ids(status="completed") == [made[0]]
    assert await ids(status=["pending", "in_progress"]) == made[1:]
    assert await ids(task_type="t1", status="pending") == made[1::2]
    assert await ids(sort="deadline") == made[::-1]
    high_first = made[8:1:-3] + made[7:0:-3] + made[6::-3]
    assert await ids(sort="priority") == high_first
    assert await ids(sort="priority", descending=True) == high_first[::-1]
    assert await ids(priority="low") == made[0::3]
    page = await market.call(giver, "task.list", limit=4, offset=2)
    assert (len(page), page.total, page.has_more) == (4, 9, True)
    assert await ids(since=now + timedelta(hours=1)) == []
    with pytest.raises(InvalidRequest):
        await market.call(giver, "task.list", cursor="bm9uc2Vuc2U")


async def test_statistics(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    for _ in range(4):
        await assign(market, giver, assignee="Doer")
    for seconds in (1, 2, 3):
        claimed = await claim(market, doer)
        market.clock.advance(seconds)
        await market.call(doer, "task.complete", task_id=claimed.task_id, fencing_token=claimed.fencing_token)
    numbers = await market.call(market.operator, "task.statistics", agent_id="Doer", task_type="review")
    assert (numbers.total, numbers.by_status) == (4, {"pending": 1, "completed": 3})
    assert (numbers.waiting, numbers.by_priority, numbers.created, numbers.completed) == (1, {"normal": 1}, 4, 3)
    assert numbers.run_seconds.count == 3
    assert 1.9 < numbers.run_seconds.p50 < 2.1
    assert 2.9 < numbers.run_seconds.p99 < 3.1
    assert numbers.throughput_per_minute > 0


async def test_a_repeated_claim_under_its_key_answers_the_same(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    await assign(market, giver)
    await assign(market, giver)
    first = await market.call(doer, "task.claim", key="k-1")
    again = await market.call(doer, "task.claim", key="k-1")
    assert first.tasks == again.tasks


@pytest.mark.parametrize("place", ["x", "-1", "9" * 60, "٣", "2", "1.0"])
async def test_a_stream_resumes_after_an_entry_there_is(market: Market, place: str) -> None:
    giver = await market.agent("Giver")
    task_id = await assign(market, giver)
    operation = market.app.catalogue.find("agora.task.stream")
    with pytest.raises(InvalidRequest, match=r"is not the number of an entry|last_event_id"):
        await market.app.dispatcher.stream(operation, giver, {"task_id": task_id, "last_event_id": place})


async def test_ended_tasks_are_kept_for_a_time(market: Market, upkeep: Tasks) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    old = [await assign(market, giver, assignee="Doer") for _ in range(2)]
    for task_id in old:
        await market.call(doer, "task.complete", task_id=task_id)
    waiting = await assign(market, giver, assignee="Doer", depends_on=old)
    steps = [{"name": "a", "agent": "Doer"}, {"name": "b", "agent": "Doer"}]
    made = await market.call(giver, "workflow.create", workflow_name="w", steps=steps)
    running = (await market.call(giver, "workflow.status", workflow_id=made.workflow_id)).steps[0].task_id
    await market.call(doer, "task.complete", task_id=running)
    market.clock.advance(91 * 86_400)
    await Retention(upkeep.house).step()
    for task_id in old:
        with pytest.raises(NotFound):
            await get(market, task_id)
    assert (await get(market, waiting)).status == "pending"
    assert (await get(market, running)).status == "completed", "its workflow goes on"
    await market.call(giver, "workflow.cancel", workflow_id=made.workflow_id)
    market.clock.advance(91 * 86_400)
    await Retention(upkeep.house).step()
    assert (await market.call(market.operator, "workflow.list")).total == 0
    assert (await market.call(market.operator, "task.list")).total == 1


async def test_who_waits_is_woken_only_for_what_it_can_do(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer", capabilities=["a"])
    waiting = asyncio.create_task(claim(market, doer, wait=30, task_types=["wanted"], models=["m"]))
    while not market.app.feed._waiting:
        await asyncio.sleep(0)
    (arrival,) = market.app.feed._waiting
    for other in ({"required_capabilities": ["b"]}, {"task_type": "other"}, {"required_model": "n"}):
        await assign(market, giver, **({"task_type": "wanted"} | other))
    await market.call(giver, "event.publish", event_type="any")
    assert not arrival.came.done()
    task_id = await assign(market, giver, task_type="wanted", required_capabilities=["a"], required_model="m")
    assert (await waiting).task_id == task_id
