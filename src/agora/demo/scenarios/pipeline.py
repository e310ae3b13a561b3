"""The second act: a data pipeline over agents in processes of their own, one of which dies at its work."""

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
from ..ledger import Missing, Report
from ..participants import CREW, TRANSFORMERS, VICTIM, Troupe
from .base import ARRIVAL_SECONDS, Act, Play

if TYPE_CHECKING:
    from agora_sdk.contract.workflows import Workflow

__all__ = ["PIPELINE"]

TAKEOVER_SECONDS = 15.0
ENDING_SECONDS = 10.0
WORDS = ("extract", "transform", "load")  #: skills, and the types of the tasks
ENDINGS = ["agora.workflow.completed", "agora.workflow.failed", "agora.workflow.cancelled"]
PIPELINE = Act()


def steps(troupe: Troupe) -> list[Step]:
    """The workflow, as its author writes it."""
    extract, transform, load = map(troupe.skill, WORDS)
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
            retry_backoff=0,
        ),
        Step(name="load", capability=[load], task_type=load, depends_on=["transform"], payload=parts),
    ]


@PIPELINE.expect(f"{len(CREW)} more agents come, and wait for tasks")
async def crew(play: Play) -> str:
    for role in CREW:
        await play.stage.enter(role)
    came = await play.ledger.each(CREW, "ready", seconds=ARRIVAL_SECONDS)
    return ", ".join(report.role for report in came)


@PIPELINE.expect("A workflow begins: extract, then transform each partition that was found, then load")
async def beginning(play: Play) -> str:
    source = play.stage.directory / "sales.csv"
    play.records, play.truth = records.generate(source, play.troupe.mark)
    receipt = await play.client.workflow.create(
        play.troupe.pipeline,
        steps(play.troupe),
        input={"source": str(source), "database": str(play.database)},
    )
    play.workflow = receipt.workflow_id
    await play.ledger.one("Extractor", "worked")
    await play.ledger.first(TRANSFORMERS, "claimed")
    extracted: Any = (await play.client.workflow.status(play.workflow)).steps[0].result
    if extracted["records"] != play.records:
        raise Missing(f"{extracted['records']} of {play.records} records were extracted")
    parts = ", ".join(f"{part['region']} {part['records']}" for part in extracted["partitions"])
    return f"{play.records} records: {parts}"


@PIPELINE.expect("The partitions are transformed in parallel, one by each transformer")
async def parallel(play: Play) -> str:
    claims = await play.ledger.each(TRANSFORMERS, "claimed")
    if len({claim["task_id"] for claim in claims}) != len(claims):
        raise Missing("a partition was given out twice")
    await play.half_way()
    others = [role for role in TRANSFORMERS if role != VICTIM]
    await play.ledger.each(others, "worked")
    most = await _at_once(play, [claim["task_id"] for claim in claims])
    if most < 2:
        raise Missing("one after the other")
    return f"{most} partitions at once: {', '.join(claim.role for claim in claims)}"


async def _at_once(play: Play, task_ids: list[str]) -> int:
    """How many of these tasks were in progress at the same time."""
    changes: list[tuple[datetime, bool, str]] = []
    for task_id in task_ids:
        trail = [entry async for entry in play.client.task.history(task_id)]
        changes += [(e.time, e.status == "in_progress", task_id) for e in trail if e.type in ("status", "done")]
    now: Counter[str] = Counter()
    most = 0
    for _, working, task_id in sorted(changes):
        now[task_id] = working
        most = max(most, now.total())
    return most


@PIPELINE.expect("A transformer is killed half-way through its partition (SIGKILL)")
async def killing(play: Play) -> str:
    half = await play.half_way()
    code = await play.stage.kill(VICTIM)
    task = await play.client.task.get(half["task_id"])
    kept = (task.checkpoint or {}).get("row")
    if code != -signal.SIGKILL or task.status != "in_progress" or kept != half["row"]:
        raise Missing(f"it ended with code {code}, its task is {task.status}, its checkpoint {kept}")
    return f"{VICTIM}: {task.progress:.0f} % done, checkpoint at row {kept}, and still in its hands"


@PIPELINE.expect("Its lease runs out, and another agent goes on from its checkpoint")
async def takeover(play: Play) -> str:
    half = await play.half_way()
    claim = await _second_claim(play, half)
    kept = (claim["checkpoint"] or {}).get("row")
    if kept != half["row"] or claim["attempt"] != 2 or claim["token"] <= half["token"]:
        raise Missing(f"attempt {claim['attempt']} from row {kept}, token {claim['token']} after {half['token']}")
    lost = [e async for e in play.client.task.history(half["task_id"]) if e.status == "pending" and e.content]
    if not lost or "ran out" not in (lost[0].content or ""):
        raise Missing("the trail says nothing of the lease")
    return f"{claim.role} at row {kept}: attempt 2, fencing token {claim['token']} after {half['token']}"


async def _second_claim(play: Play, half: Report) -> Report:
    others = [role for role in TRANSFORMERS if role != VICTIM]
    return await play.ledger.first(others, "claimed", seconds=TAKEOVER_SECONDS, task_id=half["task_id"])


@PIPELINE.expect("What the dead one would still write is refused: its fencing token is old")
async def fencing(play: Play) -> str:
    half = await play.half_way()
    await _second_claim(play, half)
    task_id, old = half["task_id"], {"fencing_token": half["token"]}
    async with AsyncExitStack() as stack:
        ghost = await stack.enter_async_context(_acting_as(play, VICTIM))
        tries = {
            "save": ghost.task.renew(task_id, checkpoint={"row": 0}, **old),
            "write": ghost.task.append(task_id, "I am still here.", **old),
            "complete": ghost.task.complete(task_id, {"orders": 0}, **old),
        }
        answers = dict(zip(tries, await asyncio.gather(*tries.values(), return_exceptions=True), strict=True))
    if accepted := [name for name, answer in answers.items() if not isinstance(answer, StaleLease)]:
        raise Missing("; ".join(f"{name}: {answers[name]}" for name in accepted))
    said = answers["complete"]
    assert isinstance(said, AgoraError)
    return f"{', '.join(answers)}: {said.code}, token {half['token']} is not the newest"


def _acting_as(play: Play, role: str) -> AgoraClient:
    """A client with an agent's own credentials, as if its process lived on."""
    where = play.stage.environ["AGORA_CREDENTIALS"]
    return AgoraClient(play.client.url, agent=play.troupe.name(role), credentials=where, mode="async", timeout=5)


@PIPELINE.expect("The workflow completes all the same")
async def completion(play: Play) -> str:
    workflow = await _ended(play)
    if workflow.status != "completed":
        raise Missing(f"it is {workflow.status}, {workflow.progress:.0f} % done; {workflow.error or 'no error'}")
    done = {play.played_by(share.agent_id): share.completed for share in workflow.agents if share.completed}
    return f"{workflow.duration_seconds:.1f} s; tasks done: {', '.join(f'{who} {n}' for who, n in done.items())}"


async def _ended(play: Play) -> Workflow:
    """The workflow, when it has ended or there was time enough for it."""
    stream = play.client.event.stream(ENDINGS, subject=play.workflow_id, last_event_id=str(play.beginning))
    try:
        async with asyncio.timeout(ENDING_SECONDS), stream as events:
            async for _ in events:
                break
    except TimeoutError:
        pass  # its status says how far it is
    return await play.client.workflow.status(play.workflow_id)
