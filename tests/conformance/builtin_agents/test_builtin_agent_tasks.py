"""Built-in agents in the server's process: tasks are handed over at the commit, fenced, supervised, and separated by
tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agora.builtin_agents.port import (
    BuiltinAgent,
    InputRequired,
    Job,
    Profile,
    Reply,
    TaskFailed,
    TaskPostponed,
    TaskRejected,
)
from agora.core.call import Caller
from agora.core.scopes import AGENT
from agora.server.app import App
from agora_sdk.contract.fields import TaskStatus
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.tasks.task_calls import assign, get, told
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.polling import wait_until

RUNS_ON = RunsOn.BOTH_IF_LONG


@dataclass
class Scripted(BuiltinAgent):
    """A scripted agent; ``begun`` lists its started jobs."""

    profile = Profile("Resident", "For tests.", [{"id": "trial", "name": "Trial"}])
    concurrency = 2
    lease_seconds = 30
    begun: list[Job] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    async def perform_task(self, job: Job) -> Any:
        self.begun.append(job)
        return await getattr(self, f"do_{job.text.split()[0]}")(job)

    async def do_echo(self, job: Job) -> Any:
        return job.text

    async def do_parts(self, job: Job) -> Any:
        return Reply([{"data": {"sum": 3}}])

    async def do_wait(self, job: Job) -> Any:
        await self.go_on.wait()
        return "waited"

    async def do_write(self, job: Job) -> Any:
        await job.append("one ")
        await job.append("two")
        await job.report(50, "half")
        await job.save({"at": 2})
        await job.publish("trial.done", {"n": 2})
        return {"checkpoint": job.checkpoint}

    async def do_fail(self, job: Job) -> Any:
        raise TaskFailed("It cannot be done.")

    async def do_raise(self, job: Job) -> Any:
        raise ZeroDivisionError("secret detail")

    async def do_refuse(self, job: Job) -> Any:
        raise TaskRejected("Not mine.")

    async def do_putoff(self, job: Job) -> Any:
        if job.checkpoint is None:
            await job.save({"put": "off"})
            raise TaskPostponed("Later.", delay=60)
        return job.checkpoint

    async def do_ask(self, job: Job) -> Any:
        raise InputRequired("Which one?")

    async def do_repeat(self, job: Job) -> Any:
        """Answer differently from an earlier attempt that ended between its reply and its outcome."""
        message = {"to_agent": job.requester, "content": "first", "reply_to": job.metadata["agora.message_id"]}
        await job.call("agora.messaging.send", idempotency_key=f"reply:{job.task_id}", **message)
        return "second"

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
async def market(engine: Engine, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Market]:
    """A marketplace with built-in agents."""
    app = App(make_settings(tmp_path / "data", builtin_agents=True), clock=clock, store=engine.store(clock))
    await app.start()
    market = Market(app, clock)
    await app.agent_host.wait_until_idle()
    yield market
    await app.stop()


@pytest.fixture
async def resident(market: Market) -> Scripted:
    """An additional built-in agent of the test, registered as ``Resident``."""
    resident = Scripted()
    caller = await market.agent("Resident", capabilities=["trial"])
    market.app.agent_host.host_agent("default", caller.subject, "Resident", resident)
    await market.app.agent_host.wait_until_idle()
    return resident


async def given(market: Market, text: str, **options: Any) -> Any:
    """Assign a task to the built-in agent, and wait until all agents are idle. Returns the task."""
    task_id = await assign(
        market, market.operator, "a2a.message", assignee="Resident", payload={"text": text}, **options
    )
    await market.app.agent_host.wait_until_idle()
    return await get(market, task_id)


async def test_task_starts_in_the_transaction_that_creates_it(market: Market, resident: Scripted) -> None:
    task = await given(market, "echo hello")
    assert (task.status, task.result, task.attempts) == (TaskStatus.COMPLETED, "echo hello", 1)
    history = (await market.call(market.operator, "task.history", task_id=task.task_id)).entries
    assert [(entry.type, entry.status) for entry in history] == [
        ("status", "pending"),
        ("status", "in_progress"),
        ("done", "completed"),
    ]
    assert [entry.actor for entry in history[1:]] == [task.assigned_agent] * 2
    own = [e for e in market.events if e.event.subject == task.task_id]
    assert [e.event.type for e in own] == ["agora.task.assigned", "agora.task.started", "agora.task.completed"]
    assert [e.event.source for e in own[1:]] == [f"/agora/agents/{task.assigned_agent}"] * 2


async def test_output_of_a_job_is_stored_in_its_task(market: Market, resident: Scripted) -> None:
    task = await given(market, "write")
    assert task.result == {"checkpoint": {"at": 2}}
    output = await market.call(market.operator, "task.output", task_id=task.task_id)
    assert (output.content, task.notes, task.checkpoint) == ("one two", "half", {"at": 2})
    (event,) = market.of_type("trial.done")
    assert (event.source, event.subject) == (f"/agora/agents/{task.assigned_agent}", task.task_id)
    assert (await given(market, "parts")).result == {"sum": 3}


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        ("fail", TaskStatus.FAILED, "It cannot be done."),
        ("refuse", TaskStatus.REJECTED, None),
        ("ask", TaskStatus.INPUT_REQUIRED, None),
    ],
)
async def test_every_outcome_of_a_job_is_stored(
    market: Market, resident: Scripted, text: str, status: TaskStatus, error: str | None
) -> None:
    task = await given(market, text)
    assert (task.status, task.error) == (status, error)


async def test_job_continues_after_its_question_is_answered(market: Market, resident: Scripted) -> None:
    task = await given(market, "ask")
    history = (await market.call(market.operator, "task.history", task_id=task.task_id)).entries
    (question,) = [entry for entry in history if entry.type == "message" and entry.actor == task.assigned_agent]
    assert "Which one?" in str(question.data) + str(question.content)
    await market.call(market.operator, "task.message", task_id=task.task_id, text="echo this one")
    await market.app.agent_host.wait_until_idle()
    task = await get(market, task.task_id)
    assert (task.status, task.result) == (TaskStatus.COMPLETED, "echo this one")
    assert [job.text for job in resident.begun] == ["ask", "echo this one"]


async def test_exception_fails_the_task_without_leaking_details(market: Market, resident: Scripted) -> None:
    task = await given(market, "raise")
    assert task.status == TaskStatus.FAILED
    assert "ZeroDivisionError" in task.error
    assert "err_" in task.error
    assert "secret" not in task.error


async def test_tasks_beyond_the_concurrency_limit_wait(market: Market, resident: Scripted) -> None:
    ids = [
        await assign(market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"})
        for _ in range(5)
    ]
    await wait_until(lambda: len(resident.begun) == 2)
    states = [(await get(market, task_id)).status for task_id in ids]
    assert states == [TaskStatus.IN_PROGRESS] * 2 + [TaskStatus.PENDING] * 3
    resident.go_on.set()
    await market.app.agent_host.wait_until_idle()
    assert {(await get(market, task_id)).status for task_id in ids} == {TaskStatus.COMPLETED}
    assert [job.task_id for job in resident.begun] == ids
    assert {job.attempt for job in resident.begun} == {1}


async def test_deferred_task_resumes_with_its_checkpoint(market: Market, resident: Scripted, upkeep: Any) -> None:
    task = await given(market, "putoff")
    assert (task.status, task.attempts) == (TaskStatus.PENDING, 0)
    market.clock.advance(61)
    await upkeep.step()
    await market.app.agent_host.wait_until_idle()
    task = await get(market, task.task_id)
    assert (task.status, task.result) == (TaskStatus.COMPLETED, {"put": "off"})


async def test_cancelled_task_stops_its_handler(market: Market, resident: Scripted) -> None:
    task_id = await assign(market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"})
    await wait_until(lambda: resident.begun)
    await market.call(market.operator, "task.cancel", task_id=task_id)
    await market.app.agent_host.wait_until_idle()
    assert resident.begun[0].stop_reason == "cancelled"
    assert (await get(market, task_id)).status == TaskStatus.CANCELLED


async def test_leases_are_renewed(market: Market, resident: Scripted, upkeep: Any) -> None:
    task_id = await assign(market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"})
    for _ in range(5):
        market.clock.advance(12)
        await market.app.agent_host.renew_due_leases_and_retry_fetches()
        await upkeep.step()
    assert (await get(market, task_id)).status == TaskStatus.IN_PROGRESS
    resident.go_on.set()
    await market.app.agent_host.wait_until_idle()
    assert (await get(market, task_id)).attempts == 1


async def test_notification_about_an_earlier_lease_does_not_end_a_job(
    market: Market, resident: Scripted, upkeep: Any
) -> None:
    """Notifications are hints, which may arrive late and twice; the task's row tells who holds the lease."""
    task_id = await assign(
        market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"}, retry_backoff=0
    )
    await wait_until(lambda: resident.begun)
    market.clock.advance(31)
    await upkeep.step()
    await wait_until(lambda: len(resident.begun) == 2)
    old = [stored for stored in market.events if stored.event.type == "agora.task.requeued"]
    assert old, "its lease has run out, and it was taken up once more"
    market.app.agent_host.receive_committed_events(old)
    resident.go_on.set()
    await market.app.agent_host.wait_until_idle()
    assert (await get(market, task_id)).result == "waited"


async def test_task_with_an_expired_lease_is_claimed_again(market: Market, resident: Scripted, upkeep: Any) -> None:
    task_id = await assign(
        market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"}, retry_backoff=0
    )
    await wait_until(lambda: resident.begun)
    market.clock.advance(31)
    await upkeep.step()
    await wait_until(lambda: len(resident.begun) == 2 and resident.begun[0].stop_reason)  # in either order
    assert resident.begun[0].stop_reason == "lost"
    resident.go_on.set()
    await market.app.agent_host.wait_until_idle()
    task = await get(market, task_id)
    assert (task.status, task.attempts, len(told(market, "completed"))) == (TaskStatus.COMPLETED, 2, 1)


async def test_paused_agent_starts_no_task_until_resumed(market: Market, resident: Scripted) -> None:
    override = await market.call(
        market.operator, "admin.override", target_id=resident_id(market), action="pause", reason="stop"
    )
    task = await given(market, "echo later")
    assert task.status == TaskStatus.PENDING
    await market.call(market.operator, "admin.override", target_id=override.target_id, action="resume")
    await market.app.agent_host.wait_until_idle()
    assert (await get(market, task.task_id)).status == TaskStatus.COMPLETED


def resident_id(market: Market) -> str:
    return next(
        place.caller.subject for place in market.app.agent_host.hosted_agents if place.caller.name == "Resident"
    )


async def test_paused_agent_does_not_delay_the_leases_of_others(
    market: Market, resident: Scripted, upkeep: Any
) -> None:
    task_id = await assign(market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"})
    await wait_until(lambda: resident.begun)
    target = resident_id(market)
    await market.call(market.operator, "admin.override", target_id=target, action="pause", reason="stop")
    market.clock.advance(12)
    async with asyncio.timeout(60):
        await market.app.agent_host.renew_due_leases_and_retry_fetches()
    await market.call(market.operator, "admin.override", target_id=target, action="resume")
    await market.app.agent_host.renew_due_leases_and_retry_fetches()
    market.clock.advance(20)
    await upkeep.step()
    assert (await get(market, task_id)).status == TaskStatus.IN_PROGRESS, "it was renewed after the resumption"
    resident.go_on.set()
    await market.app.agent_host.wait_until_idle()
    assert (await get(market, task_id)).attempts == 1


async def test_halt_stops_running_jobs(market: Market, resident: Scripted) -> None:
    task_id = await assign(market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"})
    await wait_until(lambda: resident.begun)
    await market.call(
        market.operator, "admin.override", target_id=resident_id(market), action="emergency_halt", reason="stop"
    )
    await market.app.agent_host.wait_until_idle()
    assert resident.begun[0].stop_reason == "lost"
    assert (await get(market, task_id)).status == TaskStatus.IN_PROGRESS


async def test_message_is_answered_with_a_message(market: Market, resident: Scripted) -> None:
    alice = await market.agent("Alice")
    sent = await market.call(alice, "messaging.send", to_agent="Resident", content="echo hello", correlation_id="c1")
    await market.app.agent_host.wait_until_idle()
    (reply,) = (await market.call(alice, "messaging.receive")).messages
    assert (reply.content, reply.reply_to, reply.correlation_id) == ("echo hello", sent.message_id, "c1")
    assert reply.from_name == "Resident"
    (task,) = (await market.call(alice, "task.list")).tasks
    assert (task.status, task.created_by) == (TaskStatus.COMPLETED, alice.subject)
    # A reply is not answered: two built-in agents would never stop.
    await market.call(alice, "messaging.send", to_agent="Resident", content="echo no", reply_to=reply.message_id)
    await market.app.agent_host.wait_until_idle()
    assert len(resident.begun) == 1


async def test_sender_with_a_full_inbox_does_not_hold_up_the_messages_of_others(
    market: Market, resident: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora.domains.messaging.service.MAX_HELD_MESSAGES", 1)
    alice = await market.agent("Alice")
    poor = Caller("default", "key_poor", "Poor", "key", AGENT)
    price = {"agent_id": resident_id(market), "type": "per_request", "price": 1.0}
    await market.call(market.operator, "billing.set_price", **price)
    await market.call(market.operator, "billing.budget", account=poor.subject, hard_limit=0.5)
    for _ in range(2):  # neither can be paid for, and only one error fits into the inbox
        await market.call(poor, "messaging.send", to_agent="Resident", content="echo poor")
    await market.call(alice, "messaging.send", to_agent="Resident", content="echo hello")
    await market.app.agent_host.wait_until_idle()
    assert [job.text for job in resident.begun] == ["echo hello"]
    (reply,) = (await market.call(poor, "messaging.receive")).messages
    assert reply.message_type == "error"


async def test_question_about_a_message_does_not_consume_its_reply(market: Market, resident: Scripted) -> None:
    alice = await market.agent("Alice")
    await market.call(alice, "messaging.send", to_agent="Resident", content="ask")
    await market.app.agent_host.wait_until_idle()
    (task,) = (await market.call(alice, "task.list")).tasks
    for text in ("ask", "echo this one"):
        assert (await get(market, task.task_id)).status == TaskStatus.INPUT_REQUIRED
        await market.call(alice, "task.message", task_id=task.task_id, text=text)
        await market.app.agent_host.wait_until_idle()
    replies = [message.content for message in (await market.call(alice, "messaging.receive")).messages]
    assert replies == ["Which one?", "Which one?", "echo this one"]
    assert (await get(market, task.task_id)).status == TaskStatus.COMPLETED


async def test_outcome_is_stored_after_the_reply_of_an_earlier_attempt(market: Market, resident: Scripted) -> None:
    alice = await market.agent("Alice")
    await market.call(alice, "messaging.send", to_agent="Resident", content="repeat")
    await market.app.agent_host.wait_until_idle()
    (task,) = (await market.call(alice, "task.list")).tasks
    task = await get(market, task.task_id)
    assert (task.status, task.result) == (TaskStatus.COMPLETED, "second")
    assert [message.content for message in (await market.call(alice, "messaging.receive")).messages] == ["first"]


async def test_failure_is_sent_as_a_reply(market: Market, resident: Scripted) -> None:
    alice = await market.agent("Alice")
    for text in ("fail", "raise"):
        await market.call(alice, "messaging.send", to_agent="Resident", content=text)
    await market.app.agent_host.wait_until_idle()
    replies = [message.content for message in (await market.call(alice, "messaging.receive")).messages]
    assert replies[0] == "It cannot be done."
    assert "ZeroDivisionError" in replies[1]


async def test_tasks_for_a_capability_are_served_but_open_tasks_are_not(market: Market, resident: Scripted) -> None:
    mine = await assign(market, market.operator, "trial", assignee="capability:trial", payload={"text": "echo it"})
    open_to_all = await assign(market, market.operator, "anything", payload={"text": "echo no"})
    await market.app.agent_host.wait_until_idle()
    assert (await get(market, mine)).status == TaskStatus.COMPLETED
    assert (await get(market, open_to_all)).status == TaskStatus.PENDING
    assert resident.begun[0].skill == "trial"


async def test_removed_agent_releases_its_tasks(market: Market, resident: Scripted) -> None:
    task_id = await assign(market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"})
    await wait_until(lambda: resident.begun)
    leaving = asyncio.create_task(market.app.agent_host.stop_hosting_agent("default", resident_id(market)))
    await wait_until(lambda: market.app.agent_host.hosted_agents[-1].caller.name != "Resident")
    resident.begun[0].stop_handler("stopping")  # type: ignore[attr-defined]  # without the grace
    await leaving
    task = await get(market, task_id)
    assert (task.status, task.attempts, resident.closed) == (TaskStatus.PENDING, 0, True)


async def test_replaced_agent_claims_no_further_tasks(market: Market, resident: Scripted) -> None:
    for _ in range(3):
        await assign(market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"})
    await wait_until(lambda: len(resident.begun) == 2)
    successor = Scripted()
    successor.concurrency = 0  # the third task stays in the queue
    market.app.agent_host.host_agent("default", resident_id(market), "Resident", successor)
    resident.go_on.set()
    await market.app.agent_host.wait_until_idle()
    assert len(resident.begun) == 2


async def test_suspended_agent_stops(market: Market, resident: Scripted) -> None:
    running = await assign(market, market.operator, "a2a.message", assignee="Resident", payload={"text": "wait"})
    await wait_until(lambda: resident.begun)
    manage = {"resource": "agent", "target": "Resident"}
    await market.call(market.operator, "admin.manage", action="suspend", **manage)
    await market.app.agent_host.wait_until_idle()
    assert (await get(market, running)).status == TaskStatus.PENDING
    assert (await given(market, "echo later")).status == TaskStatus.PENDING
    resident.go_on.set()
    await market.call(market.operator, "admin.manage", action="activate", **manage)
    await market.app.agent_host.wait_until_idle()
    assert (await get(market, running)).status == TaskStatus.COMPLETED
    assert len(resident.begun) == 3


async def test_deregistered_agent_is_not_run(market: Market, resident: Scripted) -> None:
    agent_id = resident_id(market)
    await market.call(market.operator, "admin.manage", resource="agent", target="Resident", action="retire")
    await market.app.agent_host.wait_until_idle()
    assert not market.app.agent_host.has_agent("default", agent_id)
    assert resident.closed


async def test_tenants_are_isolated(market: Market, resident: Scripted) -> None:
    host = market.app.agent_host
    assert host.has_agent("default", resident_id(market))
    assert not host.has_agent("other", resident_id(market))
    assert host.find_lease_seconds_if_slot_free("other", resident_id(market)) is None


async def test_failed_transaction_starts_no_task(market: Market, resident: Scripted) -> None:
    with pytest.raises(Exception, match="depend"):
        await assign(
            market,
            market.operator,
            "a2a.message",
            assignee="Resident",
            payload={"text": "echo no"},
            depends_on=["task_" + "0" * 32],
        )
    await market.app.agent_host.wait_until_idle()
    assert resident.begun == []


# -- the built-in ones -------------------------------------------------------------------------


async def test_built_in_agents_are_listed_like_other_agents(market: Market) -> None:
    listed = await market.call(market.operator, "agent.list", category="builtin")
    names = {agent.agent_name for agent in listed.agents}
    assert "Echo Agent" in names
    assert all(agent.metadata["builtin"] and agent.metadata["a2a"]["skills"] for agent in listed.agents)
    found = await market.call(market.operator, "query.agents", capabilities=["echo-back"])
    assert [agent.agent_name for agent in found.agents] == ["Echo Agent"]


async def test_built_in_agents_are_registered_once(engine: Engine, tmp_path: Path, clock: ManualClock) -> None:
    ids: set[str] = set()
    for turned_on, status in ((True, "active"), (True, "active"), (False, "inactive"), (True, "active")):
        app = App(make_settings(tmp_path / "data", builtin_agents=turned_on), clock=clock, store=engine.store(clock))
        await app.start()
        market = Market(app, clock)
        found = (await market.call(market.operator, "agent.list", category="builtin")).agents
        assert ids in (set(), {agent.agent_id for agent in found})
        ids = {agent.agent_id for agent in found}
        assert {agent.status.value for agent in found} == {status}
        assert bool(app.agent_host.hosted_agents) is turned_on
        await app.stop()


async def test_deregistered_built_in_agent_is_not_registered_again(
    engine: Engine, tmp_path: Path, clock: ManualClock
) -> None:
    for known in (True, False):
        app = App(make_settings(tmp_path / "data", builtin_agents=True), clock=clock, store=engine.store(clock))
        await app.start()
        market = Market(app, clock)
        names = {place.caller.name for place in app.agent_host.hosted_agents}
        assert ("Echo Agent" in names) is known
        if known:
            await market.call(market.operator, "admin.manage", resource="agent", target="Echo Agent", action="retire")
        await app.stop()


async def test_agent_of_the_same_name_is_not_mistaken_for_a_built_in_one(
    engine: Engine, tmp_path: Path, clock: ManualClock
) -> None:
    for turned_on in (False, True):
        app = App(make_settings(tmp_path / "data", builtin_agents=turned_on), clock=clock, store=engine.store(clock))
        await app.start()
        market = Market(app, clock)
        if not turned_on:
            await market.agent("Echo Agent", metadata={"builtin": True}, category="builtin")
        assert "Echo Agent" not in {place.caller.name for place in app.agent_host.hosted_agents}
        await app.stop()
