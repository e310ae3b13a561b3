"""Workflows on every engine: creation, and progress driven by commits."""

from __future__ import annotations

import pytest

from agora.domains.tasks.jobs import TaskDeadlineController
from agora_sdk.errors import IllegalTransition, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.conformance.workflows.workflow_calls import create, do, fail, idle, states, status, told
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

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


async def test_short_forms_of_the_source_are_accepted(market: Market) -> None:
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


async def test_graph_runs_independent_steps_in_parallel(market: Market) -> None:
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


async def test_payloads_refer_to_earlier_results(market: Market) -> None:
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


async def test_false_condition_skips_its_step(market: Market) -> None:
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


async def test_failing_expression_fails_its_step(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "a", "agent": "Doer"}, {"name": "b", "agent": "Doer", "payload": {"x": "${steps.a.result.gone}"}}]
    workflow_id = await create(market, boss, steps)
    await do(market, doer, {"rows": 1})
    done = await status(market, workflow_id)
    assert done.status == "failed"
    assert "gone" in done.steps[1].error
    assert done.error.startswith("b: ")


async def test_step_goes_to_the_least_loaded_suitable_agent(market: Market, upkeep: TaskDeadlineController) -> None:
    boss = await market.agent("Boss")
    able = [await market.agent(f"Able{n}", capabilities=["etl"], max_concurrent_tasks=2) for n in range(3)]
    steps = [{"name": f"s{n}", "capability": "etl", "depends_on": []} for n in range(6)]
    workflow_id = await create(market, boss, steps)
    given = [step.assigned_agent for step in (await status(market, workflow_id)).steps]
    assert sorted(given.count(agent.subject) for agent in able) == [2, 2, 2]
    # One of them claims nothing: after a while any suitable agent may claim its tasks.
    for _ in range(2):
        await do(market, able[0])
        await do(market, able[1])
    assert await idle(market, able[0])
    market.clock.advance(31)
    await upkeep.step()
    assert {await do(market, able[0]), await do(market, able[1])} <= {f"s{n}" for n in range(6)}
    assert (await status(market, workflow_id)).status == "completed"


async def test_step_of_a_dead_agent_goes_to_another(market: Market, upkeep: TaskDeadlineController) -> None:
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


async def test_failed_step_fails_the_workflow_and_cancels_the_rest(market: Market) -> None:
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


async def test_retries_come_before_failure(market: Market, upkeep: TaskDeadlineController) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "flaky", "agent": "Doer", "retries": 2, "retry_backoff": 0}]
    workflow_id = await create(market, boss, steps)
    # A dead worker does not fail the step.
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


async def test_failure_may_be_ignored(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "try", "agent": "Doer", "on_failure": "continue"}, {"name": "go", "agent": "Doer"}]
    workflow_id = await create(market, boss, steps)
    await fail(market, doer)
    await do(market, doer)
    done = await status(market, workflow_id)
    assert (done.status, done.error) == ("completed", None)
    assert await states(market, workflow_id) == {"try": "failed", "go": "completed"}


async def test_failure_may_be_compensated(market: Market) -> None:
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


async def test_step_times_out(market: Market, upkeep: TaskDeadlineController) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    workflow_id = await create(market, boss, [{"name": "slow", "agent": "Doer", "timeout": 20}])
    await market.call(doer, "task.claim", lease_seconds=600)
    market.clock.advance(21)
    await upkeep.step()
    assert (await status(market, workflow_id)).status == "failed"


# -- for each, approvals, nested workflows --------------------------------------------------------


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


async def test_for_each_over_an_empty_list_completes_immediately(market: Market) -> None:
    boss = await market.agent("Boss")
    await market.agent("Doer")
    steps = [{"name": "each", "agent": "Doer", "for_each": []}, {"name": "after", "agent": "Doer"}]
    workflow_id = await create(market, boss, steps)
    assert await states(market, workflow_id) == {"each": "completed", "after": "ready"}
    assert (await status(market, workflow_id)).steps[0].result == []


async def test_failed_part_cancels_the_others_unless_ignored(market: Market) -> None:
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


async def test_approval_step_waits_for_a_person(market: Market) -> None:
    boss, doer = await market.agent("Boss"), await market.agent("Doer")
    steps = [{"name": "ask", "approval": True, "message": "Deploy?"}, {"name": "deploy", "agent": "Doer"}]
    workflow_id = await create(market, boss, steps)
    now = await status(market, workflow_id)
    assert (now.status, now.steps[0].awaiting, now.steps[0].message) == ("waiting_approval", "approval", "Deploy?")
    assert told(market, "approval_required")[0]["step"] == "ask"
    (ask, _) = (await market.call(boss, "workflow.timeline", workflow_id=workflow_id)).spans
    assert (ask.awaiting, ask.begun, ask.end) == ("approval", None, None)
    with pytest.raises(PermissionDenied, match="approved by people"):
        await market.call(boss, "workflow.approve", workflow_id=workflow_id, step="ask")
    await market.call(market.operator, "workflow.approve", workflow_id=workflow_id, comment="fine")
    now = await status(market, workflow_id)
    assert (now.status, now.steps[0].result["comment"]) == ("running", "fine")
    (ask, _) = (await market.call(boss, "workflow.timeline", workflow_id=workflow_id)).spans
    assert (ask.awaiting, ask.begun) == (None, None)
    assert ask.end >= ask.start
    assert ask.duration_seconds is not None
    with pytest.raises(IllegalTransition):
        await market.call(market.operator, "workflow.approve", workflow_id=workflow_id, step="ask")
    await do(market, doer)
    refused = await create(market, boss, steps)
    answer = await market.call(
        market.operator, "workflow.approve", workflow_id=refused, approved=False, comment="friday"
    )
    assert answer.status == "failed"
    assert "friday" in (await status(market, refused)).error


async def test_step_may_be_a_workflow(market: Market) -> None:
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
