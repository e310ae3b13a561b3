"""Workflows on every engine: validation, changes at run time, visibility."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agora.core.call import Caller
from agora.domains.tasks.jobs import TaskDeadlineController
from agora_sdk.errors import Conflict, IllegalTransition, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.conformance.workflows.workflow_calls import create, do, idle, states, status, told
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

# -- validation -------------------------------------------------------------------------------------


async def test_all_errors_are_reported_at_once(market: Market) -> None:
    boss = await market.agent("Boss")
    steps = [
        {"name": "a", "agent": "agent_" + "0" * 32, "depends_on": ["c"]},
        {"name": "b", "depends_on": ["nowhere"]},
        {"name": "c", "depends_on": ["a"], "when": "this is not ("},
        {"name": "b", "depends_on": []},
    ]
    with pytest.raises(InvalidRequest) as refused:
        await create(market, boss, steps)
    said = " | ".join(f"{fault['field']}: {fault['message']}" for fault in refused.value.errors)
    for part in ("no agent has the id", "nowhere", "a -> c -> a", "when"):
        assert part in said or part.replace(" -> ", " → ") in said, said
    assert len(refused.value.errors) >= 5
    assert (await market.call(boss, "workflow.list")).total == 0
    with pytest.raises(InvalidRequest, match="at most"):
        await create(market, boss, [{"name": "big", "for_each": list(range(1001))}])


# -- changes at run time ----------------------------------------------------------------------------


async def test_paused_workflow_starts_no_step_until_resumed(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "a", "agent": "Doer"}, {"name": "b", "agent": "Doer"}]
    workflow_id = await create(market, boss, steps)
    modify = {"workflow_id": workflow_id}
    answer = await market.call(boss, "workflow.modify", **modify, action="pause")
    assert (answer.status, answer.modifications) == ("paused", 1)
    assert [data["status"] for data in told(market, "paused")] == ["paused"]
    assert await idle(market, doer)
    task_id = (await status(market, workflow_id)).steps[0].task_id
    with pytest.raises(IllegalTransition, match="paused"):
        await market.call(doer, "task.update", task_id=task_id, status="in_progress")
    await market.call(boss, "workflow.modify", **modify, action="resume")
    assert [data["status"] for data in told(market, "resumed")] == ["running"]
    task = (await market.call(doer, "task.claim")).task
    await market.call(boss, "workflow.modify", **modify, action="pause")
    await market.call(doer, "task.complete", task_id=task.task_id, fencing_token=task.fencing_token)
    assert await states(market, workflow_id) == {"a": "completed", "b": "pending"}
    with pytest.raises(IllegalTransition, match="paused already"):
        await market.call(boss, "workflow.modify", **modify, action="pause")
    await market.call(boss, "workflow.modify", **modify, action="resume")
    await do(market, doer)
    assert (await status(market, workflow_id)).status == "completed"
    with pytest.raises(IllegalTransition, match="cannot be changed"):
        await market.call(boss, "workflow.modify", **modify, action="pause")


async def test_steps_are_reassigned(market: Market) -> None:
    boss, slow, quick = await market.agent("Boss"), await market.agent("Slow"), await market.agent("Quick")
    steps = [{"name": "a", "agent": "Slow"}, {"name": "b", "agent": "Slow"}]
    workflow_id = await create(market, boss, steps)
    task = (await market.call(slow, "task.claim")).task
    for step in ("a", "b"):
        await market.call(boss, "workflow.modify", workflow_id=workflow_id, action="reassign", step=step, agent="Quick")
    with pytest.raises(Conflict):
        await market.call(slow, "task.complete", task_id=task.task_id, fencing_token=task.fencing_token)
    assert await do(market, quick) == "a"
    assert await do(market, quick) == "b"
    assert (await status(market, workflow_id)).status == "completed"


async def test_steps_are_added_reordered_and_skipped(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    workflow_id = await create(market, boss, [{"name": name, "agent": "Doer"} for name in ("a", "b", "c")])
    modify = {"workflow_id": workflow_id}
    added = {"name": "x", "agent": "Doer"}
    await market.call(boss, "workflow.modify", **modify, action="add", definition=added, before=["c"])
    await market.call(boss, "workflow.modify", **modify, action="add", definition=added | {"name": "z"})
    await market.call(boss, "workflow.modify", **modify, action="reorder", order=["c", "b", "x", "z"])
    await market.call(boss, "workflow.modify", **modify, action="skip", step="b")
    assert (await status(market, workflow_id)).total_steps == 5
    assert [await do(market, doer) for _ in range(4)] == ["a", "c", "x", "z"]
    done = await status(market, workflow_id)
    assert (done.status, done.modifications) == ("completed", 4)
    assert [step.name for step in done.steps] == ["a", "c", "b", "x", "z"]


async def test_refused_change_changes_nothing(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    workflow_id = await create(market, boss, [{"name": name, "agent": "Doer"} for name in ("a", "b", "c")])
    await market.call(doer, "task.claim")
    attempts: list[tuple[type[Exception], dict[str, Any]]] = [
        (IllegalTransition, {"action": "skip", "step": "a"}),
        (NotFound, {"action": "skip", "step": "nowhere"}),
        (InvalidRequest, {"action": "skip"}),
        (InvalidRequest, {"action": "add"}),
        ((Conflict, InvalidRequest), {"action": "add", "definition": {"name": "b"}}),  # type: ignore[list-item]
        ((Conflict, InvalidRequest), {"action": "add", "definition": {"name": "x"}, "before": ["a"]}),  # type: ignore[list-item]
        ((Conflict, InvalidRequest), {"action": "reorder", "order": ["c"]}),  # type: ignore[list-item]
        ((Conflict, InvalidRequest), {"action": "reorder", "order": ["b", "a", "c"]}),  # type: ignore[list-item]
        (InvalidRequest, {"action": "reassign", "step": "b"}),
        (InvalidRequest, {"action": "reassign", "step": "b", "agent": "agent_" + "0" * 32}),
    ]
    before = await states(market, workflow_id)
    for error, arguments in attempts:
        with pytest.raises(error):
            await market.call(boss, "workflow.modify", workflow_id=workflow_id, **arguments)
    now = await status(market, workflow_id)
    assert (await states(market, workflow_id), now.modifications) == (before, 0)


async def test_terminated_workflow_leaves_no_open_task(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    inner = [{"name": "in", "agent": "Doer"}]
    workflow_id = await create(market, boss, [{"name": "sub", "workflow": inner}, {"name": "after", "agent": "Doer"}])
    child_id = (await status(market, workflow_id)).steps[0].workflow_id
    await market.call(boss, "workflow.cancel", workflow_id=workflow_id, reason="not needed")
    assert {(await status(market, found)).status for found in (workflow_id, child_id)} == {"cancelled"}
    assert await idle(market, doer)
    assert (await market.call(boss, "workflow.cancel", workflow_id=workflow_id)).status == "cancelled"


async def test_overrides_apply_to_workflows(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    workflow_id = await create(market, boss, [{"name": "a", "agent": "Doer"}])
    override: Callable[[str], Any] = lambda action: market.call(  # noqa: E731
        market.operator, "admin.override", target_id=workflow_id, action=action, reason="look first"
    )
    await override("pause")
    assert (await status(market, workflow_id)).status == "paused"
    assert await idle(market, doer)
    await override("resume")
    assert (await status(market, workflow_id)).status == "running"
    await override("terminate")
    assert (await status(market, workflow_id)).status == "cancelled"
    with pytest.raises(NotFound):
        await market.call(
            market.operator, "admin.override", target_id="wf_" + "0" * 32, action="pause", reason="no such"
        )


# -- visibility ------------------------------------------------------------------------------------


async def test_workflow_is_invisible_to_strangers(market: Market) -> None:
    boss, doer, stranger = await market.agent("Boss"), await market.agent("Doer"), await market.agent("Stranger")
    workflow_id = await create(market, boss, [{"name": "a", "agent": "Doer"}])
    for name, more in {
        "workflow.status": {},
        "workflow.timeline": {},
        "workflow.diagram": {},
        "workflow.cancel": {},
        "workflow.approve": {},
        "workflow.modify": {"action": "pause"},
    }.items():
        with pytest.raises(NotFound):
            await market.call(stranger, name, workflow_id=workflow_id, **more)
    assert (await market.call(doer, "workflow.status", workflow_id=workflow_id)).workflow_name == "pipeline"
    with pytest.raises(PermissionDenied, match="only its creator may change it"):
        await market.call(doer, "workflow.cancel", workflow_id=workflow_id)
    assert (await market.call(boss, "workflow.list")).total == 1
    assert (await market.call(stranger, "workflow.list")).total == 0


async def test_workflows_are_listed_and_drawn(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    made = [await create(market, boss, [{"name": "a", "agent": "Doer"}, "b"]) for _ in range(5)]
    page = await market.call(boss, "workflow.list", limit=2)
    assert [found.workflow_id for found in page.workflows] == made[:2:-1]
    rest = await market.call(boss, "workflow.list", limit=5, cursor=page.next_cursor)
    assert [found.workflow_id for found in rest.workflows] == made[2::-1]
    assert (page.total, page.has_more, rest.has_more) == (5, True, False)
    await do(market, doer)
    assert (await market.call(market.operator, "workflow.list", status="running", agent_id="Boss")).total == 5
    picture = (await market.call(boss, "workflow.diagram", workflow_id=made[0])).mermaid
    assert picture.startswith("flowchart")
    assert "-->" in picture


async def test_concurrent_completions_start_each_step_once(market: Market) -> None:
    boss = await market.agent("Boss")
    doers = [await market.agent(f"Doer{n}", capabilities=["x"]) for n in range(6)]
    steps = [{"name": "a", "capability": "x", "depends_on": []}]
    steps += [{"name": f"m{n}", "capability": "x", "depends_on": ["a"]} for n in range(8)]
    steps += [{"name": "z", "capability": "x", "depends_on": [f"m{n}" for n in range(8)]}]
    made = [await create(market, boss, steps) for _ in range(4)]
    done: list[tuple[str, str]] = []

    async def work(doer: Caller) -> None:
        for _ in range(200):
            batch = (await market.call(doer, "task.claim", limit=2)).tasks
            for task in batch:
                await market.call(doer, "task.complete", task_id=task.task_id, fencing_token=task.fencing_token)
                done.append((task.workflow_id, task.step))
            if len(done) == 40:
                return

    await asyncio.gather(*map(work, doers))
    assert len(done) == len(set(done)) == 40
    assert {(await status(market, workflow_id)).status for workflow_id in made} == {"completed"}


async def test_part_with_a_failing_payload_fails_alone(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    each = {
        "name": "each",
        "agent": "Doer",
        "for_each": [{"k": 1}, {}, {"k": 3}, {}],
        "max_parallel": 1,
        "payload": {"k": "${item.k}", "price": "$${5}"},
    }
    lenient = await create(market, boss, [each | {"on_failure": "continue"}, {"name": "after", "agent": "Doer"}])
    for wanted in (1, 3):
        task = (await market.call(doer, "task.claim")).task
        assert task.payload == {"k": wanted, "price": "${5}"}
        await market.call(doer, "task.complete", task_id=task.task_id, result=wanted)
    done = (await status(market, lenient)).steps[0]
    assert (done.status, done.result, done.error) == ("failed", [1, None, 3, None], "2 of 4 parts failed.")
    assert await do(market, doer) == "after"
    strict = await create(market, boss, [each])
    await do(market, doer)
    now = await status(market, strict)
    assert (now.status, now.steps[0].status) == ("failed", "failed")
    assert now.error.startswith("each: Part 1: ")
    none = await create(market, boss, [each | {"for_each": [{}, {}], "on_failure": "continue"}])
    assert (await status(market, none)).status == "completed"


async def test_open_step_goes_only_to_assigned_agents(market: Market, upkeep: TaskDeadlineController) -> None:
    boss, stranger = await market.agent("Boss"), await market.agent("Stranger")
    one, two = await market.agent("One"), await market.agent("Two")
    workflow_id = await create(market, boss, ["only"], assigned_agents=["One", "Two", "NotYet"])
    assert (await status(market, workflow_id)).steps[0].assigned_agent == one.subject
    for holder in (two, one):
        market.clock.advance(31)
        await upkeep.step()
        assert (await status(market, workflow_id)).steps[0].assigned_agent == holder.subject
        assert await idle(market, stranger)
    await do(market, one)
    later = await create(market, boss, ["held"], assigned_agents=["NotYet"])
    assert await idle(market, stranger)
    await do(market, await market.agent("NotYet"))
    assert (await status(market, later)).status == "completed"


async def test_agent_named_by_another_step_may_have_been_deregistered(market: Market) -> None:
    boss, gone, quick = await market.agent("Boss"), await market.agent("Gone"), await market.agent("Quick")
    steps = [{"name": "a", "agent": "Quick"}, {"name": "b", "agent": gone.subject}, {"name": "c", "agent": "Boss"}]
    workflow_id = await create(market, boss, steps)
    await market.call(gone, "agent.deregister", agent_id=gone.subject)
    modify = {"workflow_id": workflow_id}
    await market.call(boss, "workflow.modify", **modify, action="reassign", step="c", agent="Quick")
    await market.call(boss, "workflow.modify", **modify, action="add", definition={"name": "d", "agent": "Quick"})
    await market.call(boss, "workflow.modify", **modify, action="reassign", step="b", agent=quick.subject)
    assert [await do(market, quick) for _ in range(4)] == ["a", "b", "c", "d"]
