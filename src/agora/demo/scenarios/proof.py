"""After the second act: verification of its history and its result from outside."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import records
from ..ledger import ExpectationFailed
from ..participants import KILLED_ROLE
from .base import DemoRun, Scenario

if TYPE_CHECKING:
    from agora_sdk.contract.tasks import Task, TaskEntry

__all__ = ["PROOF"]

PROOF = Scenario()


@PROOF.register_expectation("Each of its tasks was done exactly once, by the holder of the newest fencing token")
async def check_exactly_once(demo_run: DemoRun) -> str:
    tasks = await _completed_tasks(demo_run)
    lost = {report["task_id"] for report in demo_run.ledger.select_reports(KILLED_ROLE, "half-way")}
    for task in tasks:
        entries = [entry async for entry in demo_run.client.task.history(task.task_id)]
        _check_once(demo_run, task, entries, 2 if task.task_id in lost else 1)
    attempts = [task.attempts for task in tasks]
    return f"{len(tasks)} tasks, {len(tasks)} times 'done'; attempts {', '.join(map(str, attempts))}"


async def _completed_tasks(demo_run: DemoRun) -> list[Task]:
    tasks = [task async for task in demo_run.client.task.list(workflow_id=demo_run.workflow_id)]
    if undone := [f"{task.step} is {task.status}" for task in tasks if task.status != "completed"]:
        raise ExpectationFailed(", ".join(undone))
    if {task.step for task in tasks} != {"extract", "transform", "load"}:
        raise ExpectationFailed(f"there are only {len(tasks)} tasks")
    return tasks


def _check_once(demo_run: DemoRun, task: Task, entries: list[TaskEntry], attempts: int) -> None:
    """Raise ExpectationFailed unless the history shows this number of attempts, and the last one ended the task."""
    actors = [entry.actor for entry in entries if entry.type == "status" and entry.status == "in_progress"]
    finishers = [entry.actor for entry in entries if entry.type == "done"]
    if len(finishers) != 1 or len(actors) != attempts or task.attempts != attempts:
        raise ExpectationFailed(f"{task.step}: {len(finishers)} times done, {len(actors)} of {attempts} attempts")
    claims = [r for r in demo_run.ledger.reports if r.kind == "claimed" and r["task_id"] == task.task_id]
    newest = max(claims, key=lambda claim: int(claim["token"]), default=None)
    if newest is None or newest.role != demo_run.find_role(finishers[0]) or actors[-1] != finishers[0]:
        raise ExpectationFailed(
            f"{task.step}: done by {demo_run.find_role(finishers[0])}, last claimed by {newest and newest.role}"
        )


@PROOF.register_expectation("The output of the partition that changed hands is whole: nothing lost, nothing twice")
async def check_output(demo_run: DemoRun) -> str:
    task = await demo_run.client.task.get((await demo_run.wait_for_half_way_report())["task_id"])
    lines = (await demo_run.client.task.output(task.task_id)).content.splitlines()
    if not lines:
        raise ExpectationFailed("there is none")
    begins, ends = zip(*(line.split()[1].rstrip(":").split("-") for line in lines), strict=True)
    rows = [0, *map(int, ends)]
    part: Any = task.payload["partition"]
    if list(map(int, begins)) != rows[:-1] or rows[-1] != part["records"]:
        raise ExpectationFailed(f"it is about the rows {', '.join(lines)}")
    agents = {
        demo_run.find_role(e.actor) async for e in demo_run.client.task.history(task.task_id) if e.type == "progress"
    }
    return f"{len(lines)} lines about rows 0 to {rows[-1]}, by {' and '.join(sorted(agents))}"


@PROOF.register_expectation("The timeline shows it: no step began before those it depends on were done")
async def check_timeline(demo_run: DemoRun) -> str:
    demo_run.timeline = await demo_run.client.workflow.timeline(demo_run.workflow_id)
    actors: dict[str, datetime] = {}
    ended: dict[str, datetime] = {}
    for span in demo_run.timeline.spans:
        if span.begun is None or span.end is None:
            raise ExpectationFailed(f"{span.step} has not ended")
        actors[span.step] = min(span.begun, actors.get(span.step, span.begun))
        ended[span.step] = max(span.end, ended.get(span.step, span.end))
    if not ended.keys() >= {"extract", "transform", "load"}:
        raise ExpectationFailed(f"it shows {', '.join(ended)}")
    if not ended["extract"] <= actors["transform"] <= ended["transform"] <= actors["load"]:
        raise ExpectationFailed(f"begun {actors}, ended {ended}")
    parts = sum(span.index is not None for span in demo_run.timeline.spans)
    return f"extract, {parts} times transform, load"


@PROOF.register_expectation("What was loaded is what was extracted: every record counted, every cent there")
async def check_totals(demo_run: DemoRun) -> str:
    result = (await demo_run.client.workflow.status(demo_run.workflow_id)).steps[-1].result
    if not isinstance(result, dict) or result["records"] != demo_run.record_count:
        raise ExpectationFailed(f"{demo_run.record_count} records were extracted, load says {result}")
    totals = records.read_totals(demo_run.sales_database_path)
    if wrong := sorted(
        key
        for key in totals.keys() | demo_run.expected_totals.keys()
        if totals.get(key) != demo_run.expected_totals.get(key)
    ):
        raise ExpectationFailed(
            f"{len(wrong)} of {len(demo_run.expected_totals)} sums are wrong, such as that of {' '.join(wrong[0])}"
        )
    orders, cents = (sum(column) for column in zip(*totals.values(), strict=True))
    return f"{demo_run.record_count} records, {orders} sound orders of {cents / 100:,.2f}, as in the source"
