"""A second task in a busy context: the agent's policy decides, for assignments and A2A messages alike."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from agora.core.call import Caller
from agora.domains.tasks.context_queue import MAX_ACTIVE_TASKS
from agora_sdk.contract.tasks import INTERRUPTED_BY_NEWER, ROLLED_BACK_FOR_NEWER
from agora_sdk.errors import Conflict
from tests.conformance.a2a.a2a_calls import say
from tests.conformance.engines import RunsOn
from tests.conformance.tasks.task_calls import claim, get
from tests.market import Market

RUNS_ON = RunsOn.BOTH
CONTEXT = "talk-1"
NUMBERS = itertools.count()
pytestmark = pytest.mark.parametrize("protocol", ["rest", "a2a"])


async def ask(market: Market, protocol: str, asker: Caller, agent: str = "Ada", context: str = CONTEXT) -> str:
    """Send a message to an agent in a context. Returns the task's id."""
    if protocol == "rest":
        task = {"task_type": "a2a.message", "payload": {"text": "go"}, "assignee": agent, "context_id": context}
        return str((await market.call(asker, "task.assign", **task)).task_id)
    message = {"messageId": f"m{next(NUMBERS)}", "role": "ROLE_USER", "parts": [{"text": "go"}]}
    return str((await say(market, asker, message | {"contextId": context}, agent))["id"])


async def status_of(market: Market, task_id: str) -> str:
    return str((await get(market, task_id)).status.value)


async def complete(market: Market, agent: Caller, task: Any) -> None:
    await market.call(agent, "task.complete", task_id=task.task_id, result="ok", fencing_token=task.fencing_token)


async def test_enqueued_tasks_run_one_after_the_other(market: Market, protocol: str) -> None:
    ada, asker = await market.agent("Ada"), await market.agent("Asker")
    assert (await market.call(asker, "agent.get", agent_id="Ada")).busy == "enqueue"
    ids = [await ask(market, protocol, asker) for _ in range(4)]
    assert (await get(market, ids[3])).blocked_by == 1
    first = await claim(market, ada)
    assert (first.task_id, await claim(market, ada)) == (ids[0], None)
    await market.call(asker, "task.cancel", task_id=ids[1])  # a task that leaves lets no other overtake
    assert await claim(market, ada) is None
    await market.call(ada, "task.fail", task_id=ids[0], error="no", retry=False, fencing_token=first.fencing_token)
    third = await claim(market, ada)
    assert (third.task_id, await claim(market, ada)) == (ids[2], None)
    await complete(market, ada, third)
    assert (await claim(market, ada)).task_id == ids[3]


async def test_question_lets_the_next_task_start_and_its_answer_waits(market: Market, protocol: str) -> None:
    ada, asker = await market.agent("Ada"), await market.agent("Asker")
    first, second = await ask(market, protocol, asker), await ask(market, protocol, asker)
    held = await claim(market, ada)
    question = {"text": "which?", "status": "input_required", "fencing_token": held.fencing_token}
    await market.call(ada, "task.message", task_id=first, **question)
    passing = await claim(market, ada)
    assert passing.task_id == second
    await market.call(asker, "task.message", task_id=first, text="this one")
    assert await claim(market, ada) is None
    await complete(market, ada, passing)
    assert (await claim(market, ada)).task_id == first


async def test_busy_agent_rejects_tasks(market: Market, protocol: str) -> None:
    ada, asker = await market.agent("Ada", busy="reject"), await market.agent("Asker")
    first, second = await ask(market, protocol, asker), await ask(market, protocol, asker)
    rejected = await get(market, second)
    assert (rejected.status, rejected.error) == ("rejected", f"Ada is busy with {first} of this context.")
    held = await claim(market, ada)
    assert (held.task_id, await claim(market, ada)) == (first, None)
    await complete(market, ada, held)
    assert await status_of(market, await ask(market, protocol, asker)) == "pending"


@pytest.mark.parametrize(("busy", "error"), [("interrupt", INTERRUPTED_BY_NEWER), ("rollback", ROLLED_BACK_FOR_NEWER)])
async def test_newer_task_replaces_the_running_one(market: Market, protocol: str, busy: str, error: str) -> None:
    ada, asker = await market.agent("Ada", busy=busy), await market.agent("Asker")
    first = await ask(market, protocol, asker)
    await claim(market, ada)
    second = await ask(market, protocol, asker)
    replaced = await get(market, first)
    assert (replaced.status, replaced.error) == ("cancelled", error)
    assert (await claim(market, ada)).task_id == second


async def test_tasks_run_concurrently_if_the_agent_allows_it(market: Market, protocol: str) -> None:
    ada, asker = await market.agent("Ada"), await market.agent("Asker")
    await market.call(ada, "agent.update", agent_id="Ada", busy="concurrent")
    ids = {await ask(market, protocol, asker) for _ in range(2)}
    assert {(await claim(market, ada)).task_id for _ in range(2)} == ids


async def test_unnamed_context_is_busy_with_its_first_task(market: Market, protocol: str) -> None:
    ada, asker = await market.agent("Ada"), await market.agent("Asker")
    receipt = await market.call(asker, "task.assign", task_type="a2a.message", payload={}, assignee="Ada")
    second = await ask(market, protocol, asker, context=f"ctx_{receipt.task_id.removeprefix('task_')}")
    held = await claim(market, ada)
    assert (held.task_id, await claim(market, ada)) == (receipt.task_id, None)
    await complete(market, ada, held)
    assert (await claim(market, ada)).task_id == second


@pytest.mark.parametrize("busy", ["reject", "interrupt", "rollback", "enqueue"])
async def test_other_requesters_and_contexts_are_unaffected(market: Market, protocol: str, busy: str) -> None:
    ada, bob = await market.agent("Ada", busy=busy), await market.agent("Bob", busy=busy)
    asker, stranger = await market.agent("Asker"), await market.agent("Stranger")
    ids = [await ask(market, protocol, asker), await ask(market, protocol, stranger)]
    ids += [await ask(market, protocol, asker, context="talk-2"), await ask(market, protocol, asker, agent="Bob")]
    assert [await status_of(market, task_id) for task_id in ids] == ["pending"] * 4
    assert {(await claim(market, ada)).task_id for _ in range(3)} == set(ids[:3])
    assert (await claim(market, bob)).task_id == ids[3]


async def test_concurrently_assigned_tasks_run_one_after_the_other(market: Market, protocol: str) -> None:
    ada, asker = await market.agent("Ada"), await market.agent("Asker")
    ids = await asyncio.gather(*(ask(market, protocol, asker) for _ in range(5)))
    done = []
    while len(done) < len(ids):
        held = await claim(market, ada)
        assert await claim(market, ada) is None
        done.append(held.task_id)
        await complete(market, ada, held)
    assert sorted(done) == sorted(ids)


async def test_queue_of_a_context_is_bounded(market: Market, protocol: str) -> None:
    asker = await market.agent("Asker")
    await market.agent("Ada")
    for _ in range(MAX_ACTIVE_TASKS):
        await ask(market, protocol, asker)
    with pytest.raises(Conflict, match=f"{MAX_ACTIVE_TASKS} of your tasks are unfinished"):
        await ask(market, protocol, asker)


async def test_interruption_ends_tasks_that_wait_for_each_other(market: Market, protocol: str) -> None:
    """The end of the first task would release the second one, whose own end must not leave it claimable."""
    ada, asker = await market.agent("Ada"), await market.agent("Asker")
    ids = [await ask(market, protocol, asker) for _ in range(3)]
    await market.call(ada, "agent.update", agent_id="Ada", busy="interrupt")
    newest = await ask(market, protocol, asker)
    assert [await status_of(market, task_id) for task_id in ids] == ["cancelled"] * 3
    assert ((await claim(market, ada)).task_id, await claim(market, ada)) == (newest, None)


@pytest.mark.parametrize("busy", ["interrupt", "rollback"])
async def test_task_does_not_replace_one_that_it_depends_on(market: Market, protocol: str, busy: str) -> None:
    ada, asker = await market.agent("Ada", busy=busy), await market.agent("Asker")
    first = await ask(market, protocol, asker)
    task = {"task_type": "a2a.message", "payload": {}, "assignee": "Ada", "context_id": CONTEXT}
    second = (await market.call(asker, "task.assign", **task, depends_on=[first])).task_id
    held = await claim(market, ada)
    assert (held.task_id, await claim(market, ada)) == (first, None)
    await complete(market, ada, held)
    assert (await claim(market, ada)).task_id == second


async def test_task_whose_dependency_the_policy_ends_is_refused(market: Market, protocol: str) -> None:
    ada, asker = await market.agent("Ada", busy="interrupt"), await market.agent("Asker")
    first = await ask(market, protocol, asker)
    between = {"task_type": "x", "payload": {}, "assignee": "Asker", "depends_on": [first]}
    second = (await market.call(asker, "task.assign", **between)).task_id
    task = {"task_type": "a2a.message", "payload": {}, "assignee": "Ada", "context_id": CONTEXT}
    with pytest.raises(Conflict, match="could never start"):
        await market.call(asker, "task.assign", **task, depends_on=[second])
    assert (await claim(market, ada)).task_id == first
