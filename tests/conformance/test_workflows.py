"""Workflows: created, driven by what is committed, changed while they run; the same on every engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic_core import from_json

from agora.controllers.base import House
from agora.controllers.tasks import Tasks
from agora.services.base import Caller
from agora_sdk.errors import Conflict, IllegalTransition, InvalidRequest, NotFound, PermissionDenied
from tests.market import Market


@pytest.fixture
def upkeep(market: Market) -> Tasks:
    app = market.app
    return Tasks(House(app.store, app.dispatcher, app.feed, app.gate, app.meter, app.context, market.clock))


async def create(market: Market, caller: Caller, steps: list[Any], **given: Any) -> str:
    answer = await market.call(caller, "workflow.create", workflow_name="pipeline", steps=steps, **given)
    return str(answer.workflow_id)


async def status(market: Market, workflow_id: str) -> Any:
    return await market.call(market.operator, "workflow.status", workflow_id=workflow_id)


async def states(market: Market, workflow_id: str) -> dict[str, str]:
    return {step.name: step.status.value for step in (await status(market, workflow_id)).steps}


async def do(market: Market, doer: Caller, result: Any = None, **given: Any) -> str:
    """Take the next task and complete it; answers its type."""
    task = (await market.call(doer, "task.claim", **given)).task
    assert task is not None, "nothing to do"
    await market.call(doer, "task.complete", task_id=task.task_id, result=result, fencing_token=task.fencing_token)
    return str(task.task_type)


async def fail(market: Market, doer: Caller, error: str = "broken") -> str:
    task = (await market.call(doer, "task.claim")).task
    assert task is not None, "nothing to do"
    await market.call(doer, "task.fail", task_id=task.task_id, error=error, fencing_token=task.fencing_token)
    return str(task.task_type)


async def idle(market: Market, doer: Caller) -> bool:
    return (await market.call(doer, "task.claim")).task is None


def told(market: Market, happening: str) -> list[Any]:
    return [from_json(event.data) for event in market.of_type(f"agora.workflow.{happening}")]


# -- the flow ------------------------------------------------------------------------------------


async def test_steps_run_in_the_order_given(market: Market) -> None:
    boss = await market.agent("Boss")
    names = ["DataExtractor", "DataTransformer", "DataLoader"]
    doers = [await market.agent(name) for name in names]
    steps = [{"name": step, "agent": name} for step, name in zip(("extract", "transform", "load"), names, strict=True)]
    answer = await market.call(
        boss, "workflow.create", workflow_name="data_pipeline", steps=steps, assigned_agents=names
    )
    assert answer.status == "running"
    workflow_id = answer.workflow_id
    for number, doer in enumerate(doers):
        now = await status(market, workflow_id)
        assert (now.status, now.current_step, now.total_steps) == ("running", number + 1, 3)
        assert now.progress == pytest.approx(100 * number / 3, abs=0.01)
        assert now.current_steps == [steps[number]["name"]]
        assert all([await idle(market, other) for other in doers if other is not doer])
        assert await do(market, doer, {"n": number}) == steps[number]["name"]
    done = await status(market, workflow_id)
    assert (done.status, done.current_step, done.progress) == ("completed", 3, 100)
    assert [step.result for step in done.steps] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert [(share.agent_name, share.completed) for share in done.agents] == [(name, 1) for name in sorted(names)] or {
        share.agent_name for share in done.agents
    } == set(names)
    assert [event["status"] for event in told(market, "completed")] == ["completed"]
    assert told(market, "updated")[0]["steps"] == {"extract": "ready"}
    assert told(market, "updated")[1]["steps"] == {"extract": "completed", "transform": "ready"}


async def test_the_short_forms_of_the_source(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("ProfilerAgent")
    pairs = [["profile", "ProfilerAgent"], ["optimize", "OptimizerAgent"]]
    workflow_id = await create(market, boss, pairs)
    await do(market, doer)
    assert await states(market, workflow_id) == {"profile": "completed", "optimize": "ready"}
    optimizer = await market.agent("OptimizerAgent")
    await do(market, optimizer)
    assert (await status(market, workflow_id)).status == "completed"
    anyone = await create(market, boss, [{"step": "validate"}], assigned_agents=["ProfilerAgent"])
    assert (await status(market, anyone)).steps[0].assigned_agent == doer.subject


async def test_a_graph_runs_as_much_in_parallel_as_it_allows(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [
        {"name": "a", "agent": "Doer"},
        {"name": "b", "agent": "Doer", "depends_on": ["a"]},
        {"name": "c", "agent": "Doer", "depends_on": ["a"]},
        {"name": "d", "agent": "Doer", "depends_on": ["b", "c"]},
        {"name": "e", "agent": "Doer"},
    ]
    workflow_id = await create(market, boss, steps)
    assert await states(market, workflow_id) == {
        "a": "ready",
        "b": "pending",
        "c": "pending",
        "d": "pending",
        "e": "ready",
    }
    batch = (await market.call(doer, "task.claim", limit=10)).tasks
    assert [task.task_type for task in batch] == ["a", "e"]
    assert (await states(market, workflow_id))["a"] == "running"
    await market.call(doer, "task.complete", task_id=batch[0].task_id)
    assert {await do(market, doer), await do(market, doer)} == {"b", "c"}
    assert await do(market, doer) == "d"
    assert (await status(market, workflow_id)).status == "running"
    await market.call(doer, "task.complete", task_id=batch[1].task_id)
    assert (await status(market, workflow_id)).status == "completed"


async def test_payloads_refer_to_what_came_before(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [
        {"name": "extract", "agent": "Doer", "payload": {"day": "${input.day}"}},
        {
            "name": "load",
            "agent": "Doer",
            "payload": {
                "rows": "${steps.extract.result.rows}",
                "note": "of ${input.day}: ${steps.extract.result.rows}",
            },
        },
    ]
    await create(market, boss, steps, input={"day": "monday"})
    first = (await market.call(doer, "task.claim")).task
    assert first.payload == {"day": "monday"}
    await market.call(doer, "task.complete", task_id=first.task_id, result={"rows": [1, 2]})
    second = (await market.call(doer, "task.claim")).task
    assert second.payload == {"rows": [1, 2], "note": "of monday: [1,2]"}


async def test_a_condition_that_is_false_skips_its_step(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [
        {"name": "check", "agent": "Doer"},
        {"name": "repair", "agent": "Doer", "when": "steps.check.result.errors > 0"},
        {"name": "report", "agent": "Doer", "when": "steps.repair.status == 'skipped'"},
    ]
    clean = await create(market, boss, steps)
    await do(market, doer, {"errors": 0})
    assert await states(market, clean) == {"check": "completed", "repair": "skipped", "report": "ready"}
    await do(market, doer)
    dirty = await create(market, boss, steps)
    await do(market, doer, {"errors": 3})
    assert (await states(market, dirty))["repair"] == "ready"
    await do(market, doer)
    assert await states(market, dirty) == {"check": "completed", "repair": "completed", "report": "skipped"}
    assert (await status(market, dirty)).status == "completed"


async def test_an_expression_that_fails_fails_its_step(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "a", "agent": "Doer"}, {"name": "b", "agent": "Doer", "payload": {"x": "${steps.a.result.gone}"}}]
    workflow_id = await create(market, boss, steps)
    await do(market, doer, {"rows": 1})
    done = await status(market, workflow_id)
    assert done.status == "failed"
    assert "gone" in done.steps[1].error
    assert done.error.startswith("b: ")


async def test_a_step_goes_to_the_least_loaded_agent_that_fits(market: Market, upkeep: Tasks) -> None:
    boss = await market.agent("Boss")
    able = [await market.agent(f"Able{n}", capabilities=["etl"], max_concurrent_tasks=2) for n in range(3)]
    steps = [{"name": f"s{n}", "capability": "etl", "depends_on": []} for n in range(6)]
    workflow_id = await create(market, boss, steps)
    given = [step.assigned_agent for step in (await status(market, workflow_id)).steps]
    assert sorted(given.count(agent.subject) for agent in able) == [2, 2, 2]
    # One of them takes nothing: after a while anyone that fits may have its tasks.
    for _ in range(2):
        await do(market, able[0])
        await do(market, able[1])
    assert await idle(market, able[0])
    market.clock.advance(31)
    await upkeep.step()
    assert {await do(market, able[0]), await do(market, able[1])} <= {f"s{n}" for n in range(6)}
    assert (await status(market, workflow_id)).status == "completed"


async def test_the_step_of_an_agent_that_died_need_not_wait_for_it(market: Market, upkeep: Tasks) -> None:
    boss = await market.agent("Boss")
    able = [await market.agent(f"Able{n}", capabilities=["etl"]) for n in range(2)]
    workflow_id = await create(market, boss, [{"name": "s", "capability": "etl", "retry_backoff": 0}])
    chosen = (await status(market, workflow_id)).steps[0].assigned_agent
    first, second = sorted(able, key=lambda agent: agent.subject != chosen)
    assert await idle(market, second)
    lost = (await market.call(first, "task.claim", lease_seconds=5)).task
    market.clock.advance(6)
    await upkeep.step()
    task = (await market.call(second, "task.claim")).task
    assert (task.task_id, task.attempts, task.assigned_agent) == (lost.task_id, 2, second.subject)


# -- failure -------------------------------------------------------------------------------------


async def test_a_failed_step_fails_the_workflow_and_stops_the_rest(market: Market) -> None:
    boss, doer, other = await market.agent("Boss"), await market.agent("Doer"), await market.agent("Other")
    steps = [
        {"name": "bad", "agent": "Doer"},
        {"name": "side", "agent": "Other", "depends_on": []},
        {"name": "after", "agent": "Doer", "depends_on": ["bad"]},
    ]
    workflow_id = await create(market, boss, steps)
    side = (await market.call(other, "task.claim")).task
    await fail(market, doer, "no disk")
    done = await status(market, workflow_id)
    assert (done.status, done.error) == ("failed", "bad: no disk")
    assert await states(market, workflow_id) == {"bad": "failed", "side": "cancelled", "after": "cancelled"}
    assert (await market.call(market.operator, "task.get", task_id=side.task_id)).status == "cancelled"
    assert len(told(market, "failed")) == 1


async def test_retries_come_before_failure(market: Market, upkeep: Tasks) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "flaky", "agent": "Doer", "retries": 2, "retry_backoff": 0}]
    workflow_id = await create(market, boss, steps)
    # A worker that dies is not the step's failure.
    await market.call(doer, "task.claim", lease_seconds=5)
    market.clock.advance(6)
    await upkeep.step()
    await fail(market, doer)
    await fail(market, doer)
    assert (await status(market, workflow_id)).status == "running"
    await do(market, doer, "at last")
    done = await status(market, workflow_id)
    assert (done.status, done.steps[0].attempts, done.steps[0].result) == ("completed", 4, "at last")
    again = await create(market, boss, steps)
    for _ in range(3):
        await fail(market, doer)
    assert (await status(market, again)).status == "failed"


async def test_a_failure_may_be_passed_over(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "try", "agent": "Doer", "on_failure": "continue"}, {"name": "go", "agent": "Doer"}]
    workflow_id = await create(market, boss, steps)
    await fail(market, doer)
    await do(market, doer)
    done = await status(market, workflow_id)
    assert (done.status, done.error) == ("completed", None)
    assert await states(market, workflow_id) == {"try": "failed", "go": "completed"}


async def test_a_failure_may_be_made_up_for(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [
        {"name": "book", "agent": "Doer"},
        {"name": "pay", "agent": "Doer", "on_failure": "compensate", "compensate": "unbook"},
        {"name": "ship", "agent": "Doer"},
        {"name": "unbook", "agent": "Doer", "payload": {"why": "${steps.pay.error}"}},
    ]
    paid = await create(market, boss, steps)
    assert (await status(market, paid)).total_steps == 3
    for name in ("book", "pay", "ship"):
        assert await do(market, doer) == name
    assert await states(market, paid) == {
        "book": "completed",
        "pay": "completed",
        "ship": "completed",
        "unbook": "skipped",
    }
    assert (await status(market, paid)).status == "completed"
    broke = await create(market, boss, steps)
    await do(market, doer)
    await fail(market, doer, "no money")
    assert (await status(market, broke)).status == "running"
    task = (await market.call(doer, "task.claim")).task
    assert (task.task_type, task.payload) == ("unbook", {"why": "no money"})
    await market.call(doer, "task.complete", task_id=task.task_id)
    done = await status(market, broke)
    assert (done.status, done.error) == ("failed", "pay: no money")
    assert (await states(market, broke))["ship"] == "cancelled"


async def test_a_step_that_takes_too_long_has_failed(market: Market, upkeep: Tasks) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    workflow_id = await create(market, boss, [{"name": "slow", "agent": "Doer", "timeout": 20}])
    await market.call(doer, "task.claim", lease_seconds=600)
    market.clock.advance(21)
    await upkeep.step()
    assert (await status(market, workflow_id)).status == "failed"


# -- fan-out, people, workflows inside workflows -----------------------------------------------


async def test_for_each_runs_once_for_each_item(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [
        {"name": "list", "agent": "Doer"},
        {
            "name": "each",
            "agent": "Doer",
            "for_each": "steps.list.result.files",
            "max_parallel": 2,
            "payload": {"file": "${item.name}", "number": "${index}"},
        },
        {"name": "join", "agent": "Doer", "payload": {"all": "${steps.each.result}"}},
    ]
    workflow_id = await create(market, boss, steps)
    await do(market, doer, {"files": [{"name": name} for name in "abcde"]})
    batch = (await market.call(doer, "task.claim", limit=10)).tasks
    assert [task.payload for task in batch] == [{"file": "a", "number": 0}, {"file": "b", "number": 1}]
    step = (await status(market, workflow_id)).steps[1]
    assert (step.items.total, step.items.completed, step.items.running) == (5, 0, 2)
    for task in batch:
        await market.call(doer, "task.complete", task_id=task.task_id, result=task.payload["file"].upper())
    for _ in range(3):
        task = (await market.call(doer, "task.claim")).task
        await market.call(doer, "task.complete", task_id=task.task_id, result=task.payload["file"].upper())
    last = (await market.call(doer, "task.claim")).task
    assert last.payload == {"all": ["A", "B", "C", "D", "E"]}
    spans = (await market.call(boss, "workflow.timeline", workflow_id=workflow_id)).spans
    assert [span.index for span in spans if span.step == "each"] == [None, 0, 1, 2, 3, 4]


async def test_for_each_of_nothing_is_done_at_once(market: Market) -> None:
    boss = await market.agent("Boss")
    await market.agent("Doer")
    steps = [{"name": "each", "agent": "Doer", "for_each": []}, {"name": "after", "agent": "Doer"}]
    workflow_id = await create(market, boss, steps)
    assert await states(market, workflow_id) == {"each": "completed", "after": "ready"}
    assert (await status(market, workflow_id)).steps[0].result == []


async def test_a_part_that_fails_stops_the_others_unless_it_may_be_passed_over(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    each = {"name": "each", "agent": "Doer", "for_each": [1, 2, 3]}
    strict = await create(market, boss, [each])
    await fail(market, doer)
    assert (await status(market, strict)).status == "failed"
    assert await idle(market, doer)
    lenient = await create(market, boss, [each | {"on_failure": "continue"}])
    await fail(market, doer)
    await do(market, doer, "two")
    await do(market, doer, "three")
    step = (await status(market, lenient)).steps[0]
    assert (step.status, step.items.failed, step.items.completed) == ("failed", 1, 2)
    assert step.result == [None, "two", "three"]
    assert (await status(market, lenient)).status == "completed"


async def test_people_approve(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "ask", "approval": True, "message": "Deploy?"}, {"name": "deploy", "agent": "Doer"}]
    workflow_id = await create(market, boss, steps)
    now = await status(market, workflow_id)
    assert (now.status, now.steps[0].awaiting, now.steps[0].message) == ("waiting_approval", "approval", "Deploy?")
    assert told(market, "approval_required")[0]["step"] == "ask"
    with pytest.raises(PermissionDenied, match="approved by people"):
        await market.call(boss, "workflow.approve", workflow_id=workflow_id, step="ask")
    await market.call(market.operator, "workflow.approve", workflow_id=workflow_id, comment="fine")
    now = await status(market, workflow_id)
    assert (now.status, now.steps[0].result["comment"]) == ("running", "fine")
    with pytest.raises(IllegalTransition):
        await market.call(market.operator, "workflow.approve", workflow_id=workflow_id, step="ask")
    await do(market, doer)
    refused = await create(market, boss, steps)
    answer = await market.call(
        market.operator, "workflow.approve", workflow_id=refused, approved=False, comment="friday"
    )
    assert answer.status == "failed"
    assert "friday" in (await status(market, refused)).error


async def test_a_step_may_be_a_workflow(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    inner = [
        {"name": "one", "agent": "Doer", "payload": {"n": "${input.n}"}},
        {"name": "two", "agent": "Doer"},
    ]
    steps = [
        {"name": "sub", "workflow": inner, "payload": {"n": "${input.n}"}},
        {"name": "after", "agent": "Doer", "payload": {"got": "${steps.sub.result.two}"}},
    ]
    workflow_id = await create(market, boss, steps, input={"n": 7})
    child_id = (await status(market, workflow_id)).steps[0].workflow_id
    child = await status(market, child_id)
    assert (child.parent_workflow, child.parent_step, child.workflow_name) == (workflow_id, "sub", "pipeline/sub")
    task = (await market.call(doer, "task.claim")).task
    assert task.payload == {"n": 7}
    await market.call(doer, "task.complete", task_id=task.task_id)
    await do(market, doer, "deep")
    assert (await status(market, child_id)).status == "completed"
    task = (await market.call(doer, "task.claim")).task
    assert (task.task_type, task.payload) == ("after", {"got": "deep"})
    failing = await create(market, boss, steps, input={"n": 1})
    await market.call(doer, "task.complete", task_id=task.task_id)
    await fail(market, doer, "deep trouble")
    done = await status(market, failing)
    assert (done.status, done.error) == ("failed", "sub: one: deep trouble")


async def test_for_each_over_workflows(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    inner = [{"name": "in", "agent": "Doer", "payload": {"v": "${input.v}"}}]
    steps = [{"name": "each", "for_each": ["x", "y"], "workflow": inner, "payload": {"v": "${item}"}}]
    workflow_id = await create(market, boss, steps)
    for _ in range(2):
        task = (await market.call(doer, "task.claim")).task
        await market.call(doer, "task.complete", task_id=task.task_id, result=task.payload["v"] * 2)
    done = await status(market, workflow_id)
    assert (done.status, done.steps[0].result) == ("completed", [{"in": "xx"}, {"in": "yy"}])


# -- refused at creation -------------------------------------------------------------------------


async def test_every_fault_is_named_at_once(market: Market) -> None:
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


# -- changed while it runs -----------------------------------------------------------------------


async def test_pause_holds_and_resume_goes_on(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "a", "agent": "Doer"}, {"name": "b", "agent": "Doer"}]
    workflow_id = await create(market, boss, steps)
    modify = {"workflow_id": workflow_id}
    answer = await market.call(boss, "workflow.modify", **modify, action="pause")
    assert (answer.status, answer.modifications) == ("paused", 1)
    assert await idle(market, doer)
    task_id = (await status(market, workflow_id)).steps[0].task_id
    with pytest.raises(IllegalTransition, match="paused"):
        await market.call(doer, "task.update", task_id=task_id, status="in_progress")
    await market.call(boss, "workflow.modify", **modify, action="resume")
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


async def test_a_change_that_is_not_possible_changes_nothing(market: Market) -> None:
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


async def test_terminated_nothing_is_left(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    inner = [{"name": "in", "agent": "Doer"}]
    workflow_id = await create(market, boss, [{"name": "sub", "workflow": inner}, {"name": "after", "agent": "Doer"}])
    child_id = (await status(market, workflow_id)).steps[0].workflow_id
    await market.call(boss, "workflow.cancel", workflow_id=workflow_id, reason="not needed")
    assert {(await status(market, found)).status for found in (workflow_id, child_id)} == {"cancelled"}
    assert await idle(market, doer)
    assert (await market.call(boss, "workflow.cancel", workflow_id=workflow_id)).status == "cancelled"


async def test_overrides_reach_workflows(market: Market) -> None:
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


# -- who sees it ---------------------------------------------------------------------------------


async def test_a_stranger_sees_nothing_of_it(market: Market) -> None:
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
    with pytest.raises(PermissionDenied, match="only that one changes it"):
        await market.call(doer, "workflow.cancel", workflow_id=workflow_id)
    assert (await market.call(boss, "workflow.list")).total == 1
    assert (await market.call(stranger, "workflow.list")).total == 0


async def test_lists_and_pictures(market: Market) -> None:
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


async def test_many_finish_at_once_and_no_step_is_doubled(market: Market) -> None:
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


async def test_a_part_whose_payload_cannot_be_made_fails_alone(market: Market) -> None:
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


async def test_a_step_for_anyone_assigned_goes_to_nobody_else(market: Market, upkeep: Tasks) -> None:
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
