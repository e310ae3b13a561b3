"""Edge cases of workflows on every engine: immediate ends, ends during a pause, and agents that leave."""

from __future__ import annotations

from typing import Any

from agora.domains.tasks.jobs import TaskDeadlineController
from tests.conformance.engines import RunsOn
from tests.conformance.tasks.task_calls import assign, claim, get, pass_time
from tests.conformance.workflows.workflow_calls import create, do, idle, states, status
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

OVER = [{"name": "none", "for_each": []}, {"name": "never", "when": "false"}]


async def _modify(market: Market, workflow_id: str, action: str) -> None:
    await market.call(market.operator, "workflow.modify", workflow_id=workflow_id, action=action)


async def test_nested_workflow_may_complete_immediately(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    assert (await status(market, await create(market, boss, [{"name": "in", "workflow": OVER}]))).status == "completed"
    steps = [{"name": "first"}, {"name": "in", "workflow": OVER}, {"name": "last"}]
    workflow_id = await create(market, boss, steps)
    await do(market, doer)
    assert await states(market, workflow_id) == {"first": "completed", "in": "completed", "last": "ready"}
    await do(market, doer)
    assert (await status(market, workflow_id)).status == "completed"


async def test_nested_workflow_may_fail_immediately(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    bad = {"name": "in", "workflow": [{"name": "bad", "for_each": "1"}]}
    workflow_id = await create(market, boss, [bad, {"name": "last"}])
    assert await states(market, workflow_id) == {"in": "failed", "last": "cancelled"}
    assert "not a list" in (await status(market, workflow_id)).error
    passed_over = await create(market, boss, [bad | {"on_failure": "continue"}, {"name": "last"}])
    assert await do(market, doer) == "last"
    assert (await status(market, passed_over)).status == "completed"


async def test_immediately_completed_parts_start_the_next(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    inside = [{"name": "some", "when": "input.item == 4"}]
    each: dict[str, Any] = {"name": "each", "for_each": list(range(6)), "max_parallel": 1, "workflow": inside}
    workflow_id = await create(market, boss, [each, {"name": "last"}])
    found = (await status(market, workflow_id)).steps[0].items
    assert (found.total, found.completed, found.failed) == (6, 4, 0)
    assert [await do(market, doer), await do(market, doer)] == ["some", "last"]
    assert (await status(market, workflow_id)).status == "completed"


async def test_nested_workflow_may_end_while_its_parent_is_paused(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    for following in ([], [{"name": "last"}]):
        workflow_id = await create(market, boss, [{"name": "in", "workflow": ["only"]}, *following])
        held = await claim(market, doer)
        await _modify(market, workflow_id, "pause")
        await market.call(doer, "task.complete", task_id=held.task_id, fencing_token=held.fencing_token)
        assert await idle(market, doer)
        await _modify(market, workflow_id, "resume")
        if following:
            assert await do(market, doer) == "last"
        done = await status(market, workflow_id)
        assert (done.status, done.modifications) == ("completed", 2)


async def test_compensation_waits_for_the_end_of_a_pause(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "pay", "on_failure": "compensate", "compensate": "undo"}, {"name": "undo"}, {"name": "ship"}]
    workflow_id = await create(market, boss, steps)
    held = await claim(market, doer)
    await _modify(market, workflow_id, "pause")
    given = {"task_id": held.task_id, "fencing_token": held.fencing_token}
    await market.call(doer, "task.fail", error="no money", **given)
    assert (await status(market, workflow_id)).status == "paused"
    assert await idle(market, doer)
    await _modify(market, workflow_id, "resume")
    assert await do(market, doer) == "undo"
    assert await states(market, workflow_id) == {"pay": "failed", "undo": "completed", "ship": "cancelled"}
    assert (await status(market, workflow_id)).error == "pay: no money"


async def test_unclaimed_task_is_open_to_any_agent_after_a_pause(
    market: Market, upkeep: TaskDeadlineController
) -> None:
    boss = await market.agent("Boss")
    able = [await market.agent(name, capabilities=["c"]) for name in ("One", "Two")]
    workflow_id = await create(market, boss, [{"name": "x", "capability": "c"}])
    chosen = (await status(market, workflow_id)).steps[0].assigned_agent
    other = next(agent for agent in able if agent.subject != chosen)
    await _modify(market, workflow_id, "pause")
    await pass_time(market, upkeep, 31)
    await _modify(market, workflow_id, "resume")
    assert await claim(market, other) is None
    await pass_time(market, upkeep, 31)
    assert (await claim(market, other)).workflow_id == workflow_id


async def test_skipped_steps_are_visited_once(market: Market) -> None:
    """There are two edges from each layer to the next: without memoization, visits double with each layer."""
    boss = await market.agent("Boss")
    layers = [
        {"name": f"{side}{n}", "when": "false", "depends_on": [f"a{n - 1}", f"b{n - 1}"] if n else []}
        for n in range(40)
        for side in "ab"
    ]
    workflow_id = await create(market, boss, layers)
    assert (await status(market, workflow_id)).status == "completed"


# -- agents that leave ------------------------------------------------------------------------------


async def test_tasks_of_a_leaving_agent_are_requeued_immediately(market: Market) -> None:
    boss, doer, other = [await market.agent(name) for name in ("Boss", "Doer", "Other")]
    own, open_to_all = await assign(market, boss, assignee="Doer"), await assign(market, boss)
    assert len((await market.call(doer, "task.claim", limit=2)).tasks) == 2
    asked = await assign(market, boss, assignee="Doer")
    await market.call(doer, "task.update", task_id=asked, status="input_required")
    await market.call(doer, "agent.deregister", agent_id=doer.subject)
    assert (await claim(market, other)).task_id == open_to_all
    assert await claim(market, other) is None
    for task_id in (own, asked):
        task = await get(market, task_id)
        assert (task.status, task.assigned_agent, task.attempts) == ("pending", doer.subject, 0)
    again = await market.agent("Doer")
    assert await claim(market, again) is None
    for task_id in (own, asked):
        await market.call(boss, "task.reassign", task_id=task_id, assignee="Doer")
    assert {task.task_id for task in (await market.call(again, "task.claim", limit=5)).tasks} == {own, asked}


async def test_tasks_waiting_for_a_leaving_worker_go_to_its_owner(market: Market) -> None:
    boss, owner = await market.agent("Boss"), await market.agent("Owner")
    worker = await market.call(owner, "worker.register", worker_name="w")
    held = await assign(market, boss, assignee=f"worker:{worker.worker_id}", priority="high")
    waiting = await assign(market, boss, assignee=f"worker:{worker.worker_id}")
    assert (await claim(market, owner, worker="w")).task_id == held
    assert await claim(market, owner) is None
    await market.call(owner, "worker.unregister", worker_id="w")
    assert [(await claim(market, owner)).task_id for _ in range(2)] == [held, waiting]


async def test_tasks_waiting_for_a_worker_of_a_leaving_agent_can_be_handed_over(market: Market) -> None:
    boss, owner = await market.agent("Boss"), await market.agent("Owner")
    worker = await market.call(owner, "worker.register", worker_name="w")
    task_id = await assign(market, boss, assignee=f"worker:{worker.worker_id}")
    await market.call(owner, "agent.deregister", agent_id=owner.subject)
    assert not (await market.call(market.operator, "worker.list")).workers
    again = await market.agent("Owner")
    assert await claim(market, again) is None
    change = {"resource": "agent", "target": owner.subject, "action": "hand_over", "value": "Owner"}
    await market.call(market.operator, "admin.manage", **change)
    assert (await claim(market, again)).task_id == task_id
