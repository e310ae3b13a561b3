"""Tasks on every engine: assignment, updates, dependencies, decisions of the requester."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agora.clock import to_datetime
from agora_sdk.errors import Conflict, IllegalTransition, InvalidRequest, NotFound, PermissionDenied, StaleLease
from tests.conformance.engines import RunsOn
from tests.conformance.tasks.task_calls import assign, claim, get, told
from tests.market import Market

RUNS_ON = RunsOn.BOTH

# -- assignment ----------------------------------------------------------------------------------


async def test_task_assigned_by_name_is_visible_to_both_parties(market: Market) -> None:
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
    assert [event["task_id"] for event in told(market, "assigned")] == [answer.task_id]
    assert [event.audience for event in market.of_type("agora.task.available")] == [(doer.subject,)]


async def test_task_is_invisible_to_strangers(market: Market) -> None:
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


async def test_task_for_an_unregistered_name_waits(market: Market) -> None:
    giver = await market.agent("Giver")
    answer = await market.call(giver, "task.assign", task_type="review", assignee="Later")
    assert answer.assigned_agent == "name:Later"
    assert "'Later' is not registered yet" in answer.warning
    assert not told(market, "available")
    later = await market.agent("Later")
    assert (await market.call(later, "task.list", agent_id=later.subject)).tasks[0].task_id == answer.task_id
    assert [event.audience for event in market.of_type("agora.task.available")] == [(later.subject,)]
    assert (await claim(market, later)).task_id == answer.task_id


async def test_tasks_of_a_deregistered_agent_wait_for_their_requester(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(doer, "agent.deregister", agent_id=doer.subject)
    assert (await get(market, task_id)).assigned_agent == doer.subject
    again = await market.agent("Doer")
    assert await claim(market, again) is None
    await market.call(giver, "task.reassign", task_id=task_id, assignee="Doer")
    assert (await claim(market, again)).task_id == task_id


async def test_task_for_a_capability_goes_to_an_agent_that_has_it(market: Market) -> None:
    giver = await market.agent("Giver")
    able = await market.agent("Able", capabilities=["python", "review"])
    other = await market.agent("Other", capabilities=["cooking"])
    task_id = await assign(market, giver, assignee="capability:python")
    assert await claim(market, other) is None
    claimed = await claim(market, able)
    assert (claimed.task_id, claimed.assigned_agent) == (task_id, able.subject)
    assert [event.audience for event in market.of_type("agora.task.available")] == [None]


async def test_claim_requires_all_capabilities(market: Market) -> None:
    giver = await market.agent("Giver")
    one, both = await market.agent("One", capabilities=["a"]), await market.agent("Both", capabilities=["b", "a", "c"])
    await assign(market, giver, required_capabilities=["b", "a"], required_model="opus")
    assert await claim(market, one, models=["opus"]) is None
    assert await claim(market, both) is None
    assert await claim(market, both, capabilities=["a"], models=["opus"]) is None
    assert (await claim(market, both, models=["haiku", "opus"])).required_capabilities == ["b", "a"]
    with pytest.raises(InvalidRequest, match="not registered the capability 'z'"):
        await claim(market, one, capabilities=["z"])


async def test_assignment_to_an_agent_without_the_capability_is_refused(market: Market) -> None:
    giver = await market.agent("Giver")
    await market.agent("Doer", capabilities=["a"])
    with pytest.raises(InvalidRequest, match="does not have the capability 'b'"):
        await assign(market, giver, assignee="Doer", required_capabilities=["a", "b"])
    with pytest.raises(NotFound, match="No agent has the id"):
        await assign(market, giver, assignee="agent_" + "0" * 32)
    answer = await market.call(giver, "task.assign", task_type="x", required_capabilities=["rare"])
    assert "'rare'" in answer.warning


async def test_deadline_must_be_in_the_future(market: Market) -> None:
    giver = await market.agent("Giver")
    with pytest.raises(InvalidRequest, match="passed already"):
        await assign(market, giver, deadline=to_datetime(market.clock.now()) - timedelta(seconds=1))


async def test_estimate_is_computed_from_earlier_tasks(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    for _ in range(3):
        await assign(market, giver, assignee="Doer")
        market.clock.advance(10)
        claimed = await claim(market, doer)
        market.clock.advance(20)
        await market.call(doer, "task.complete", task_id=claimed.task_id, fencing_token=claimed.fencing_token)
    answer = await market.call(giver, "task.assign", task_type="review", assignee="Doer")
    ahead = (answer.estimated_completion - to_datetime(market.clock.now())).total_seconds()
    assert 29 < ahead < 32
    anyone = await market.call(giver, "task.assign", task_type="review")
    assert anyone.estimated_completion is not None
    assert (await market.call(giver, "task.assign", task_type="unheard_of")).estimated_completion is None


# -- updates without a claim, as in the source's protocol --------------------------------------------


async def test_assignee_updates_without_a_claim(market: Market) -> None:
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
    # A repeated completion is idempotent.
    assert (await market.call(doer, "task.update", task_id=task_id, status="completed")).success
    assert len((await market.call(doer, "task.history", task_id=task_id)).entries) == 3


async def test_invalid_transition_names_the_valid_ones(market: Market) -> None:
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


async def test_update_is_refused_while_another_agent_holds_the_lease(market: Market) -> None:
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


async def test_progress_never_decreases_silently(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(doer, "task.update", task_id=task_id, progress=60)
    assert (await get(market, task_id)).status == "in_progress", "progress on a pending task starts it"
    with pytest.raises(Conflict, match="cannot decrease") as refused:
        await market.call(doer, "task.update", task_id=task_id, progress=50)
    assert refused.value.progress == 60


# -- dependencies ----------------------------------------------------------------------------------


async def test_task_waits_for_its_dependencies(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    first, second = await assign(market, giver, assignee="Doer"), await assign(market, giver, assignee="Doer")
    third = await assign(market, giver, assignee="Doer", depends_on=[first, second], priority="urgent")
    assert (await get(market, third)).blocked_by == 2
    with pytest.raises(IllegalTransition, match="blocked by 2"):
        await market.call(doer, "task.update", task_id=third, status="in_progress")
    await market.call(doer, "task.complete", task_id=first)
    assert (await claim(market, doer)).task_id == second
    await market.call(doer, "task.complete", task_id=second)
    assert (await claim(market, doer)).task_id == third


async def test_failure_cancels_all_transitive_dependants(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    chain = [await assign(market, giver, assignee="Doer")]
    for _ in range(40):
        chain.append(await assign(market, giver, assignee="Doer", depends_on=[chain[-1]]))
    await market.call(doer, "task.update", task_id=chain[0], status="rejected", notes="no")
    assert (await get(market, chain[0])).status == "rejected"
    assert {(await get(market, task_id)).status for task_id in chain[1:]} == {"cancelled"}
    with pytest.raises(Conflict, match="could never start"):
        await assign(market, giver, depends_on=[chain[0]])
    with pytest.raises(NotFound):
        await assign(market, giver, depends_on=["task_" + "0" * 32])


# -- decisions -------------------------------------------------------------------------------------


async def test_requester_decides_about_its_task(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    other = await market.agent("Other")
    task_id = await assign(market, giver, assignee="Doer")
    claimed = await claim(market, doer)
    for name, more in {"task.cancel": {}, "task.reassign": {"assignee": "Other"}}.items():
        with pytest.raises(PermissionDenied, match="only its creator may"):
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
    with pytest.raises(IllegalTransition, match="only an ended task"):
        await market.call(giver, "task.retry", task_id=again.task_id)


async def test_task_reassigned_to_nobody_is_open_to_any_agent(market: Market) -> None:
    giver, other = await market.agent("Giver"), await market.agent("Other")
    await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    await market.call(giver, "task.reassign", task_id=task_id, assignee=None)
    assert (await claim(market, other)).task_id == task_id


async def test_participants_comment_on_a_task(market: Market) -> None:
    giver, doer = await market.agent("Giver"), await market.agent("Doer")
    task_id = await assign(market, giver, assignee="Doer")
    entry = await market.call(doer, "task.comment", task_id=task_id, text="which version?")
    assert (entry.number, entry.actor, entry.content) == (2, doer.subject, "which version?")
    assert [e.content for e in (await market.call(giver, "task.history", task_id=task_id)).entries] == [
        None,
        "which version?",
    ]


async def test_load_follows_the_claimed_tasks(market: Market) -> None:
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
