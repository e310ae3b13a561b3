"""The second act: a data pipeline over agents in separate processes, one of which is killed during its work."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from agora_sdk import AgoraClient, AgoraError
from agora_sdk.contract.workflows import Step
from agora_sdk.errors import StaleLease

from .. import records
from ..ledger import ExpectationFailed, Report
from ..participants import KILLED_ROLE, TRANSFORMERS, WORKERS, Participants
from .base import ARRIVAL_SECONDS, DemoRun, Scenario

if TYPE_CHECKING:
    from agora_sdk.contract.workflows import Workflow

__all__ = ["PIPELINE"]

TAKEOVER_SECONDS = 15.0
ENDING_SECONDS = 10.0
SKILL_WORDS = ("extract", "transform", "load")  #: skills, and the types of the tasks
END_EVENTS = ["agora.workflow.completed", "agora.workflow.failed", "agora.workflow.cancelled"]
PIPELINE = Scenario()


def pipeline_steps(participants: Participants) -> list[Step]:
    """Return the steps of the workflow, as its author writes them."""
    extract, transform, load = map(participants.capability_name, SKILL_WORDS)
    parts: dict[str, JsonValue] = {
        "database": "${input.database}",
        "parts": "${steps.transform.result}",
        "records": "${steps.extract.result.records}",
    }
    return [
        Step(name="extract", capability=[extract], task_type=extract, payload={"source": "${input.source}"}),
        Step(
            name="transform",
            capability=[transform],
            task_type=transform,
            depends_on=["extract"],
            for_each="${steps.extract.result.partitions}",
            payload={"partition": "${item}"},
            # The takeover after the kill waits for the lease only, and not for a backoff as well.
            retry_backoff=0,
        ),
        Step(name="load", capability=[load], task_type=load, depends_on=["transform"], payload=parts),
    ]


@PIPELINE.register_expectation(f"{len(WORKERS)} more agents come, and wait for tasks")
async def start_workers(demo_run: DemoRun) -> str:
    for role in WORKERS:
        await demo_run.agent_processes.start_agent(role)
    came = await demo_run.ledger.wait_for_each_role(WORKERS, "ready", seconds=ARRIVAL_SECONDS)
    return ", ".join(report.role for report in came)


@PIPELINE.register_expectation("A workflow begins: extract, then transform each partition that was found, then load")
async def start_pipeline(demo_run: DemoRun) -> str:
    source = demo_run.agent_processes.directory / "sales.csv"
    demo_run.record_count, demo_run.expected_totals = records.generate_source(source, demo_run.participants.mark)
    receipt = await demo_run.client.workflow.create(
        demo_run.participants.pipeline,
        pipeline_steps(demo_run.participants),
        input={"source": str(source), "database": str(demo_run.sales_database_path)},
    )
    demo_run.workflow = receipt.workflow_id
    await demo_run.ledger.wait_for_first("Extractor", "worked")
    await demo_run.ledger.wait_for_any_role(TRANSFORMERS, "claimed")
    extracted: Any = (await demo_run.client.workflow.status(demo_run.workflow)).steps[0].result
    if extracted["records"] != demo_run.record_count:
        raise ExpectationFailed(f"{extracted['records']} of {demo_run.record_count} records were extracted")
    parts = ", ".join(f"{part['region']} {part['records']}" for part in extracted["partitions"])
    return f"{demo_run.record_count} records: {parts}"


@PIPELINE.register_expectation("The partitions are transformed in parallel, one by each transformer")
async def check_parallelism(demo_run: DemoRun) -> str:
    claims = await demo_run.ledger.wait_for_each_role(TRANSFORMERS, "claimed")
    if len({claim["task_id"] for claim in claims}) != len(claims):
        raise ExpectationFailed("a partition was given out twice")
    await demo_run.wait_for_half_way_report()
    other_roles = [role for role in TRANSFORMERS if role != KILLED_ROLE]
    await demo_run.ledger.wait_for_each_role(other_roles, "worked")
    max_parallel = await _max_parallel(demo_run, [claim["task_id"] for claim in claims])
    if max_parallel < 2:
        raise ExpectationFailed("one after the other")
    return f"{max_parallel} partitions at once: {', '.join(claim.role for claim in claims)}"


async def _max_parallel(demo_run: DemoRun, task_ids: list[str]) -> int:
    """Return the maximum number of these tasks that were in progress at the same time."""
    changes: list[tuple[datetime, bool, str]] = []
    for task_id in task_ids:
        trail = [entry async for entry in demo_run.client.task.history(task_id)]
        changes += [(e.time, e.status == "in_progress", task_id) for e in trail if e.type in ("status", "done")]
    now: Counter[str] = Counter()
    max_parallel = 0
    for _, working, task_id in sorted(changes):
        now[task_id] = working
        max_parallel = max(max_parallel, now.total())
    return max_parallel


@PIPELINE.register_expectation("A transformer is killed half-way through its partition (SIGKILL)")
async def kill_transformer(demo_run: DemoRun) -> str:
    last_report = await demo_run.wait_for_half_way_report()
    code = await demo_run.agent_processes.kill(KILLED_ROLE)
    task = await demo_run.client.task.get(last_report["task_id"])
    row = (task.checkpoint or {}).get("row")
    if code != -signal.SIGKILL or task.status != "in_progress" or row != last_report["row"]:
        raise ExpectationFailed(f"it ended with code {code}, its task is {task.status}, its checkpoint {row}")
    return f"{KILLED_ROLE}: {task.progress:.0f} % done, checkpoint at row {row}, and still in its hands"


@PIPELINE.register_expectation("Its lease runs out, and another agent goes on from its checkpoint")
async def check_takeover(demo_run: DemoRun) -> str:
    last_report = await demo_run.wait_for_half_way_report()
    claim = await _wait_for_takeover(demo_run, last_report)
    row = (claim["checkpoint"] or {}).get("row")
    if row != last_report["row"] or claim["attempt"] != 2 or claim["token"] <= last_report["token"]:
        raise ExpectationFailed(
            f"attempt {claim['attempt']} from row {row}, token {claim['token']} after {last_report['token']}"
        )
    lost = [
        e async for e in demo_run.client.task.history(last_report["task_id"]) if e.status == "pending" and e.content
    ]
    if not lost or "expired" not in (lost[0].content or ""):
        raise ExpectationFailed("the trail says nothing of the lease")
    return f"{claim.role} at row {row}: attempt 2, fencing token {claim['token']} after {last_report['token']}"


async def _wait_for_takeover(demo_run: DemoRun, last_report: Report) -> Report:
    """Wait until another agent has claimed the killed one's task. last_report: of the killed agent."""
    other_roles = [role for role in TRANSFORMERS if role != KILLED_ROLE]
    return await demo_run.ledger.wait_for_any_role(
        other_roles, "claimed", seconds=TAKEOVER_SECONDS, task_id=last_report["task_id"]
    )


@PIPELINE.register_expectation("What the dead one would still write is refused: its fencing token is old")
async def check_fencing(demo_run: DemoRun) -> str:
    last_report = await demo_run.wait_for_half_way_report()
    await _wait_for_takeover(demo_run, last_report)
    task_id, old = last_report["task_id"], {"fencing_token": last_report["token"]}
    async with AsyncExitStack() as stack:
        ghost = await stack.enter_async_context(_acting_as(demo_run, KILLED_ROLE))
        tries = {
            "save": ghost.task.renew(task_id, checkpoint={"row": 0}, **old),
            "write": ghost.task.append(task_id, "I am still here.", **old),
            "complete": ghost.task.complete(task_id, {"orders": 0}, **old),
        }
        answers = dict(zip(tries, await asyncio.gather(*tries.values(), return_exceptions=True), strict=True))
    if accepted := [name for name, answer in answers.items() if not isinstance(answer, StaleLease)]:
        raise ExpectationFailed("; ".join(f"{name}: {answers[name]}" for name in accepted))
    refusal = answers["complete"]
    assert isinstance(refusal, AgoraError)
    return f"{', '.join(answers)}: {refusal.code}, token {last_report['token']} is not the newest"


def _acting_as(demo_run: DemoRun, role: str) -> AgoraClient:
    """Create a client with an agent's own credentials, as if its process were still running."""
    where = demo_run.agent_processes.environ["AGORA_CREDENTIALS"]
    return AgoraClient(
        demo_run.client.url, agent=demo_run.participants.name(role), credentials=where, mode="async", timeout=5
    )


@PIPELINE.register_expectation("The workflow completes all the same")
async def check_completion(demo_run: DemoRun) -> str:
    workflow = await _wait_for_end(demo_run)
    if workflow.status != "completed":
        raise ExpectationFailed(
            f"it is {workflow.status}, {workflow.progress:.0f} % done; {workflow.error or 'no error'}"
        )
    completed = {demo_run.find_role(share.agent_id): share.completed for share in workflow.agents if share.completed}
    return f"{workflow.duration_seconds:.1f} s; tasks done: {', '.join(f'{who} {n}' for who, n in completed.items())}"


async def _wait_for_end(demo_run: DemoRun) -> Workflow:
    """Return the workflow when it has ended, or after a timeout."""
    stream = demo_run.client.event.stream(
        END_EVENTS, subject=demo_run.workflow_id, last_event_id=str(demo_run.sequence_before)
    )
    try:
        async with asyncio.timeout(ENDING_SECONDS), stream as events:
            async for _ in events:
                break
    except TimeoutError:
        pass  # its status shows the progress
    return await demo_run.client.workflow.status(demo_run.workflow_id)
