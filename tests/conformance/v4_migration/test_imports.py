"""Imports of v4 exports: rows become agents and messages once, and can be undone."""

from __future__ import annotations

from typing import Any

import pytest

from agora.core.jobs import JobContext
from agora.domains.admin.retention import RetentionController
from agora_sdk.errors import AgoraError, Conflict, InvalidRequest, NotFound
from tests.conformance.engines import RunsOn
from tests.conformance.job_fixtures import DAY, context
from tests.market import Market

__all__ = ["context"]

RUNS_ON = RunsOn.BOTH

DIGEST = "a" * 64
CAPABILITIES: list[dict[str, Any]] = [
    {"capability_id": "c1", "agent_id": "Writer", "capability_type": "docs", "proficiency": 90, "max_tasks": 2},
    {"capability_id": "c2", "agent_id": "Writer", "capability_type": "review", "proficiency": 80, "max_tasks": 5},
]
MESSAGES: list[dict[str, Any]] = [
    {"message_id": f"m{number}", "from_agent": "Writer", "to_agent": "Reader", "message_type": "note"}
    | {"content": f"text {number}", "priority": 4, "timestamp": 1_780_000_000_000_000 + number, "delivered": False}
    for number in range(3)
]
TASKS: list[dict[str, Any]] = [
    {"assignment_id": f"t{number}", "task_type": "docs", "requesting_agent": "Writer", "assigned_agent": "Reader"}
    | {"status": "assigned"}
    for number in range(2)
]
WORKFLOWS: list[dict[str, Any]] = [
    {"workflow_id": f"w{number}", "workflow_name": f"w{number}", "coordinator_agent": "Writer", "status": "active"}
    for number in range(2)
]


async def import_all(market: Market) -> str:
    """Import the rows. Returns the id of the run."""
    run = await market.call(market.operator, "migration.begin_import", database="agora-marketplace", digest=DIGEST)
    for table, rows in (("agent_capability", CAPABILITIES), ("agent_message", MESSAGES)):
        step = await market.call(
            market.operator, "migration.import_rows", run_id=run.run_id, table=table, position=0, rows=rows
        )
        assert step.position == len(rows)
    await market.call(market.operator, "migration.finish_import", run_id=run.run_id)
    return str(run.run_id)


async def read_inbox(market: Market, name: str) -> list[str]:
    page = await market.call(market.operator, "messaging.receive", agent_id=name)
    return [message.content for message in page.messages]


@pytest.mark.parametrize("value", ["nan", "inf", 10**400, "many"], ids=["nan", "inf", "huge", "text"])
async def test_numbers_of_a_row_must_be_finite(market: Market, value: Any) -> None:
    run = await market.call(market.operator, "migration.begin_import", database="agora-marketplace", digest=DIGEST)
    rows = {
        "agent_capability": {"proficiency": CAPABILITIES[0] | {"proficiency": value}},
        "agent_message": {"priority": MESSAGES[0] | {"priority": value}},
        "task_assignment": {"progress": TASKS[0] | {"progress": value}},
    }
    for table, changed in rows.items():
        for field, row in changed.items():
            with pytest.raises(InvalidRequest, match=f"{field} is not a number"):
                await market.call(
                    market.operator, "migration.import_rows", run_id=run.run_id, table=table, position=0, rows=[row]
                )


@pytest.mark.parametrize("steps", [True, {"name": "x"}, ["x"], [None], '["x"]', "x"])
async def test_steps_of_a_workflow_must_be_objects(market: Market, steps: Any) -> None:
    run = await market.call(market.operator, "migration.begin_import", database="agora-marketplace", digest=DIGEST)
    arguments = {"run_id": run.run_id, "table": "workflow_coordination", "position": 0}
    with pytest.raises(InvalidRequest, match="steps is not a list of objects"):
        await market.call(market.operator, "migration.import_rows", **arguments, rows=[WORKFLOWS[0] | {"steps": steps}])


async def test_steps_of_a_workflow_may_be_json_text(market: Market) -> None:
    run = await market.call(market.operator, "migration.begin_import", database="agora-marketplace", digest=DIGEST)
    rows = [WORKFLOWS[0] | {"steps": '[{"step_id": "s1", "step_name": "draft", "assigned_agent": "Writer"}]'}]
    arguments = {"run_id": run.run_id, "table": "workflow_coordination", "position": 0, "rows": rows}
    step = await market.call(market.operator, "migration.import_rows", **arguments)
    assert step.created == 1
    assert [task.assigned_agent for task in (await market.call(market.operator, "task.list")).tasks] == [
        (await market.call(market.operator, "agent.get", agent_id="Writer")).agent_id
    ]


async def test_null_character_of_a_row_is_refused(market: Market) -> None:
    run = await market.call(market.operator, "migration.begin_import", database="agora-marketplace", digest=DIGEST)
    rows = {
        "agent_message": MESSAGES[0] | {"content": "a\x00b"},
        "task_assignment": TASKS[0] | {"assignment_id": "a\x00b"},
        "workflow_coordination": WORKFLOWS[0] | {"workflow_id": "a\x00b"},
    }
    for table, row in rows.items():
        with pytest.raises(InvalidRequest, match="has a null character"):
            await market.call(
                market.operator, "migration.import_rows", run_id=run.run_id, table=table, position=0, rows=[row]
            )


async def test_rows_with_long_ids_are_told_apart(market: Market) -> None:
    run = await market.call(market.operator, "migration.begin_import", database="agora-marketplace", digest=DIGEST)
    rows = [TASKS[0] | {"assignment_id": f"{'x' * 250}{number}"} for number in range(2)]
    arguments = {"run_id": run.run_id, "table": "task_assignment", "position": 0, "rows": rows}
    step = await market.call(market.operator, "migration.import_rows", **arguments)
    assert step.created == 2
    step = await market.call(market.operator, "migration.import_rows", **arguments)
    assert (step.created, step.known) == (0, 2)


async def test_number_of_a_reducer_may_have_any_size(market: Market) -> None:
    arguments = {"reducer": "update_task_progress", "args": ["t1", "Writer", 10**400]}
    with pytest.raises(InvalidRequest, match="progress is not a number"):
        await market.call(market.operator, "migration.call", database="agora-marketplace", **arguments)


async def test_rows_are_imported_once_and_rolled_back(market: Market) -> None:
    reader = await market.agent("Reader")
    run_id = await import_all(market)
    writer = await market.call(market.operator, "agent.get", agent_id="Writer")
    assert (sorted(writer.capabilities), writer.max_concurrent_tasks) == (["docs", "review"], 5)
    assert await read_inbox(market, reader.name) == ["text 0", "text 1", "text 2"]
    await import_all(market)
    assert len(await read_inbox(market, reader.name)) == 3, "a row that came before is known"
    remaining = 1
    while remaining:
        step = await market.call(market.operator, "migration.rollback_import", run_id=run_id, limit=2)
        remaining = step.remaining
    assert await read_inbox(market, reader.name) == []
    with pytest.raises(NotFound):
        await market.call(market.operator, "agent.get", agent_id="Writer")


async def test_batch_is_imported_completely_or_not_at_all(market: Market) -> None:
    run = await market.call(market.operator, "migration.begin_import", database="agora-marketplace", digest=DIGEST)
    rows = [*CAPABILITIES, {"capability_id": "c3"}]
    arguments = {"run_id": run.run_id, "table": "agent_capability", "position": 0, "rows": rows}
    with pytest.raises(AgoraError):
        await market.call(market.operator, "migration.import_rows", **arguments)
    with pytest.raises(NotFound):
        await market.call(market.operator, "agent.get", agent_id="Writer")


async def test_finished_import_refuses_more_rows(market: Market) -> None:
    run_id = await import_all(market)
    arguments = {"run_id": run_id, "table": "agent_message", "position": 3, "rows": MESSAGES}
    with pytest.raises(Conflict, match="is finished"):
        await market.call(market.operator, "migration.import_rows", **arguments)


async def test_rollback_skips_rows_deleted_by_retention(market: Market, context: JobContext) -> None:
    run = await market.call(market.operator, "migration.begin_import", database="agora-marketplace", digest=DIGEST)
    for table, rows in (("workflow_coordination", WORKFLOWS), ("task_assignment", TASKS)):
        await market.call(
            market.operator, "migration.import_rows", run_id=run.run_id, table=table, position=0, rows=rows
        )
    tasks = (await market.call(market.operator, "task.list")).tasks
    ended_task, open_task = [task.task_id for task in tasks if task.workflow_id is None]
    workflows = (await market.call(market.operator, "workflow.list")).workflows
    ended_workflow, open_workflow = [workflow.workflow_id for workflow in workflows]
    await market.call(market.operator, "task.cancel", task_id=ended_task)
    await market.call(market.operator, "workflow.cancel", workflow_id=ended_workflow)
    market.clock.advance(91 * DAY)
    await RetentionController(context).step()
    with pytest.raises(NotFound):
        await market.call(market.operator, "task.get", task_id=ended_task)
    with pytest.raises(NotFound):
        await market.call(market.operator, "workflow.status", workflow_id=ended_workflow)

    step = await market.call(market.operator, "migration.rollback_import", run_id=run.run_id)
    assert (step.removed + step.kept, step.remaining) == (6, 0)
    assert (await market.call(market.operator, "task.get", task_id=open_task)).status == "cancelled"
    left = await market.call(market.operator, "workflow.status", workflow_id=open_workflow)
    assert left.status == "cancelled"
