"""Claims on every engine: priority, leases, fencing, retries, deadlines."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from agora.clock import to_datetime
from agora.core.call import Caller, Person
from agora.domains.admin.jobs import OverrideController
from agora.domains.tasks.jobs import TaskDeadlineController
from agora_sdk.contract.tasks import ClaimedTask
from agora_sdk.errors import Conflict, IdempotencyConflict, NotFound, PayloadTooLarge, RateLimited, StaleLease
from tests.conformance.engines import RunsOn
from tests.conformance.tasks.task_calls import assign, claim, get, pass_time, told
from tests.market import Market
from tests.polling import wait_until

RUNS_ON = RunsOn.BOTH

# -- claiming ------------------------------------------------------------------------------------


async def test_task_of_the_highest_priority_is_claimed_first(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer", capabilities=["a"])
    now = to_datetime(market.clock.now())
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


async def test_empty_claim_marks_the_worker_as_active(market: Market) -> None:
    owner = await market.agent("Owner")
    await market.call(owner, "worker.register", worker_name="gpu-1")
    for wait in (0, 0.01):
        market.clock.advance(100)
        assert (await market.call(owner, "worker.get", worker_id="gpu-1")).status == "stale"
        before = to_datetime(market.clock.now())
        assert (await market.call(owner, "task.claim", worker="gpu-1", wait=wait)).count == 0
        worker = await market.call(owner, "worker.get", worker_id="gpu-1")
        assert worker.status == "online"
        assert worker.last_seen >= before


async def test_claim_filters_by_type(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    await assign(market, giver, task_type="other", priority="urgent")
    wanted = await assign(market, giver, task_type="wanted")
    assert (await claim(market, doer, task_types=["wanted", "rare"])).task_id == wanted
    assert await claim(market, doer, task_types=["wanted"]) is None


async def test_concurrent_claims_take_each_task_once(market: Market) -> None:
    giver = await market.agent("Giver")
    doers = [await market.agent(f"Doer{n}", capabilities=["a"]) for n in range(8)]
    given = {await assign(market, giver, required_capabilities=["a"]) for _ in range(60)}
    taken: list[str] = []

    async def work(doer: Caller) -> None:
        while (batch := await market.call(doer, "task.claim", limit=3)).tasks:
            taken.extend(task.task_id for task in batch.tasks)

    await asyncio.gather(*map(work, doers))
    assert sorted(taken) == sorted(given)


async def test_repeated_claim_returns_its_task_after_any_wait(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await assign(market, giver, assignee="Doer")
    claims = [await market.call(doer, "task.claim", key="claim-1", wait=wait) for wait in (25, 0)]
    assert [[task.task_id for task in batch.tasks] for batch in claims] == [[task_id], [task_id]]
    with pytest.raises(IdempotencyConflict, match="claim-1"):
        await market.call(doer, "task.claim", key="claim-1", limit=2)


async def test_claim_waits_for_a_task(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    waiting = asyncio.create_task(claim(market, doer, wait=30))
    await wait_until(lambda: market.app.feed.waiting_calls, "it has found nothing and listens")
    task_id = await assign(market, giver, assignee="Doer")
    assert (await waiting).task_id == task_id


async def test_tasks_may_be_assigned_to_one_worker(market: Market) -> None:
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


async def test_repeated_claim_with_its_idempotency_key_returns_the_same_tasks(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    await assign(market, giver)
    await assign(market, giver)
    first = await market.call(doer, "task.claim", key="k-1")
    again = await market.call(doer, "task.claim", key="k-1")
    assert first.tasks == again.tasks


async def test_waiting_claim_is_woken_only_for_matching_tasks(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer", capabilities=["a"])
    waiting = asyncio.create_task(claim(market, doer, wait=30, task_types=["wanted"], models=["m"]))
    await wait_until(lambda: market.app.feed.waiting_calls)
    for other in ({"required_capabilities": ["b"]}, {"task_type": "other"}, {"required_model": "n"}):
        await assign(market, giver, **({"task_type": "wanted"} | other))
    await market.call(giver, "event.publish", event_type="any")
    assert not waiting.done()
    assert market.app.feed.waiting_calls == 1
    task_id = await assign(market, giver, task_type="wanted", required_capabilities=["a"], required_model="m")
    assert (await waiting).task_id == task_id


# -- leases ------------------------------------------------------------------------------------


async def test_expired_lease_requeues_the_task_with_its_checkpoint(
    market: Market, upkeep: TaskDeadlineController
) -> None:
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
    trail = (await market.call(giver, "task.history", task_id=task_id)).entries
    assert [(entry.type, entry.progress) for entry in trail[-2:]] == [("progress", 30), ("checkpoint", 30)]
    await pass_time(market, upkeep, 25)
    assert (await get(market, task_id)).status == "in_progress", "the renewal counts from when it came"
    await pass_time(market, upkeep, 6)
    task = await get(market, task_id)
    assert (task.status, task.checkpoint, task.assigned_agent, task.attempts) == ("pending", {"row": 7}, None, 1)
    assert "expired" in task.error
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


async def test_task_is_dead_lettered_after_its_last_attempt(market: Market, upkeep: TaskDeadlineController) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer", max_attempts=2, retry_backoff=0)
    for _ in range(2):
        assert (await claim(market, doer, lease_seconds=5)).task_id == task_id
        await pass_time(market, upkeep, 6)
    assert (await get(market, task_id)).status == "dead_lettered"
    assert len(told(market, "dead_lettered")) == 1
    assert await claim(market, doer) is None


async def test_old_fencing_token_of_the_same_agent_is_refused(market: Market, upkeep: TaskDeadlineController) -> None:
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
    assert len(told(market, "completed")) == 1


async def test_checkpoint_never_regresses(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer)
    renew = {"task_id": task_id, "fencing_token": claimed.fencing_token}
    await market.call(doer, "task.renew", **renew, checkpoint={"n": 5}, checkpoint_number=5)
    with pytest.raises(Conflict, match="older than the stored checkpoint 5"):
        await market.call(doer, "task.renew", **renew, checkpoint={"n": 4}, checkpoint_number=4)
    with pytest.raises(PayloadTooLarge):
        await market.call(doer, "task.renew", **renew, checkpoint={"n": "x" * 70_000})
    assert (await get(market, task_id)).checkpoint == {"n": 5}


async def test_released_task_goes_to_the_next_claim(market: Market, upkeep: TaskDeadlineController) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver)
    claimed = await claim(market, doer)
    release = {"task_id": task_id, "fencing_token": claimed.fencing_token, "checkpoint": {"n": 1}}
    await market.call(doer, "task.release", **release, reason="shutting down", delay=60)
    assert await claim(market, doer) is None
    await pass_time(market, upkeep, 61)
    again = await claim(market, doer)
    assert (again.attempts, again.checkpoint) == (1, {"n": 1})


async def test_failed_attempt_is_retried_until_none_is_left(market: Market, upkeep: TaskDeadlineController) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer", max_attempts=2, retry_backoff=4)
    first = await claim(market, doer)
    answer = await market.call(
        doer, "task.fail", task_id=task_id, error="no network", fencing_token=first.fencing_token
    )
    assert answer.status == "pending"
    assert await claim(market, doer) is None, "not before the pause is over"
    await pass_time(market, upkeep, 5)
    second = await claim(market, doer)
    answer = await market.call(doer, "task.fail", task_id=task_id, error="again", fencing_token=second.fencing_token)
    assert answer.status == "failed"
    final = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer)
    await market.call(doer, "task.fail", task_id=final, error="bad", retry=False, fencing_token=claimed.fencing_token)
    assert (await get(market, final)).status == "failed"


async def test_attempt_times_out(market: Market, upkeep: TaskDeadlineController) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer", timeout=30, max_attempts=1)
    await claim(market, doer, lease_seconds=3600)
    await pass_time(market, upkeep, 31)
    task = await get(market, task_id)
    assert (task.status, task.error) == ("failed", "The attempt took longer than 30 s.")


async def test_task_fails_at_its_deadline(market: Market, upkeep: TaskDeadlineController) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    soon = to_datetime(market.clock.now()) + timedelta(seconds=60)
    running = await assign(market, giver, assignee="Doer", deadline=soon)
    await claim(market, doer, lease_seconds=3600)
    waiting = await assign(market, giver, assignee="Doer", deadline=soon)
    await pass_time(market, upkeep, 61)
    assert (await get(market, waiting)).status == "expired"
    assert (await get(market, running)).status == "in_progress"
    assert [event["task_id"] for event in told(market, "overdue")] == [running]
    await pass_time(market, upkeep, 61)
    assert len(told(market, "overdue")) == 1


async def test_leases_do_not_expire_during_a_halt(market: Market, upkeep: TaskDeadlineController) -> None:
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
    left = (task.lease_expires_at - to_datetime(market.clock.now())).total_seconds()
    assert 9 < left <= 10.5
    await market.call(doer, "task.complete", task_id=task_id, fencing_token=claimed.fencing_token)


async def test_expired_halt_extends_leases_by_its_duration(market: Market, upkeep: TaskDeadlineController) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await claim(market, doer, lease_seconds=30)
    halt = {"target_id": "system_wide", "action": "emergency_halt", "expires_in": 600}
    await market.call(market.operator, "admin.override", **halt)
    await pass_time(market, upkeep, 601)
    await OverrideController(upkeep.context).step()
    await upkeep.step()
    assert (await get(market, task_id)).status == "in_progress"


async def test_halt_suspends_retry_delays_but_not_deadlines(market: Market, upkeep: TaskDeadlineController) -> None:
    market.clock.freeze()  # one second of the delay is left below
    giver, doer = await market.agent("Giver"), await market.agent("Doer")

    async def halt(action: str) -> None:
        await market.call(market.operator, "admin.override", target_id="system_wide", action=action)

    retried = await assign(market, giver, assignee="Doer", max_attempts=2, retry_backoff=60)
    first = await claim(market, doer)
    failed = {"task_id": retried, "error": "no network", "fencing_token": first.fencing_token}
    assert (await market.call(doer, "task.fail", **failed)).status == "pending"
    soon = to_datetime(market.clock.now()) + timedelta(seconds=600)
    waiting = await assign(market, giver, assignee="capability:rare", deadline=soon)
    later = await assign(market, giver, assignee="capability:rare", deadline=soon + timedelta(hours=2))
    running = await assign(market, giver, assignee="Doer", deadline=soon)
    assert (await claim(market, doer, lease_seconds=900)).task_id == running
    await pass_time(market, upkeep, 20)
    await halt("emergency_halt")
    await pass_time(market, upkeep, 3600)
    await halt("resume")
    await upkeep.step()
    assert await claim(market, doer) is None, "40 s of the delay are left"
    assert [(await get(market, task)).status for task in (waiting, later)] == ["expired", "pending"]
    assert (await get(market, running)).status == "in_progress"
    assert [event["task_id"] for event in told(market, "overdue")] == [running]
    await pass_time(market, upkeep, 39)
    assert await claim(market, doer) is None
    await pass_time(market, upkeep, 2)
    assert (await claim(market, doer)).task_id == retried
    await halt("emergency_halt")
    await halt("resume")
    await pass_time(market, upkeep, 1)
    assert len(told(market, "overdue")) == 1, "a deadline that passed is no timer of running work"
    await pass_time(market, upkeep, 3600)
    assert (await get(market, later)).status == "pending"
    await pass_time(market, upkeep, 3600)
    assert (await get(market, later)).status == "expired"


async def test_answered_task_is_offered_first_to_the_asking_worker(
    market: Market, upkeep: TaskDeadlineController
) -> None:
    """Its agent may wait with its context; if it does not return, any other suitable one continues."""
    asker = await market.agent("Asker", capabilities=["code"])
    other = await market.agent("Other", capabilities=["code"])
    for is_there in (True, False):
        task_id = await assign(market, market.operator, required_capabilities=["code"])
        task = await claim(market, asker)
        question = {"text": "Which?", "status": "input_required", "fencing_token": task.fencing_token}
        await market.call(asker, "task.message", task_id=task_id, **question)
        await market.call(market.operator, "task.message", task_id=task_id, text="This one")
        assert await claim(market, other) is None
        if is_there:
            again = await claim(market, asker)
        else:
            await pass_time(market, upkeep, 31)
            again = await claim(market, other)
        assert (again.task_id, again.attempts) == (task_id, 1)
        await market.call(market.operator, "task.cancel", task_id=task_id)


async def test_task_resumes_after_the_last_of_several_answers(market: Market) -> None:
    asker = await market.agent("Asker of two", capabilities=["code"])
    task_id = await assign(market, market.operator, required_capabilities=["code"])

    async def ask(task: ClaimedTask) -> None:
        questions = {"size": {"text": "Which size?"}, "gift": {"text": "A gift?"}}
        asked = {"text": "Two things.", "status": "input_required", "metadata": {"questions": questions}}
        await market.call(asker, "task.message", task_id=task_id, fencing_token=task.fencing_token, **asked)

    async def answer(*names: str | None) -> str:
        for name in names:
            metadata = {"answers": name} if name else {}
            await market.call(market.operator, "task.message", task_id=task_id, text="large", metadata=metadata)
        return (await get(market, task_id)).status

    await ask(await claim(market, asker))
    assert await answer("size") == "input_required"
    assert await answer("size", "of nothing") == "input_required"
    assert await claim(market, asker) is None
    assert await answer("gift") == "pending"
    # Earlier answers no longer count, and an answer without an id answers all questions.
    await ask(await claim(market, asker))
    assert await answer("gift") == "input_required"
    assert await answer(None) == "pending"
    assert (await claim(market, asker)).task_id == task_id


async def test_limit_of_a_user_who_is_not_stored_yet_holds_for_concurrent_calls(market: Market) -> None:
    person = Person("https://a.test", "uma", "uma", limit=2)
    caller = replace(market.operator, subject="usr_" + "0" * 32, person=person)
    calls = (market.call(caller, "task.assign", task_type="work") for _ in range(12))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, RateLimited)]
    assert (len(outcomes), len(refusals)) == (12, 10)
