"""Steering the work in a codebase: submitting jobs, messages to the agent, cancellation and status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from agora.core.call import Call, EventStreamSpec
from agora.core.errors import not_found
from agora.core.events import log as event_log
from agora.core.events.filter import EventFilter, Viewer
from agora.domains.search.words import build_contains_pattern
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import states
from agora.domains.tasks.records import TaskRow
from agora.domains.tasks.service import TaskService
from agora.store.port import NewEvent
from agora.value_classes import value_class
from agora_sdk.contract import codebases as contract
from agora_sdk.contract.fields import JsonObject, PriorityLike, TaskStatus
from agora_sdk.contract.tasks import TaskEntry, TaskReceipt
from agora_sdk.contract.tasks.coding import JOB_TYPE
from agora_sdk.errors import Conflict

from . import queries as statements
from .records import CodebaseRow
from .worker_capabilities import build_codebase_capability

__all__ = [
    "JobRequest",
    "build_event_stream_spec",
    "cancel_jobs",
    "count_queued_jobs",
    "read_codebase_status",
    "send_message_to_job",
    "submit_job",
]

MAX_JOBS = 1000  #: jobs of a codebase read per call
CODEBASE_EVENTS = ("agora.codebase.*", "agora.task.*")


@value_class(kw_only=True)
class JobRequest:
    """A requested job. payload: for the worker, without empty fields."""

    payload: JsonObject
    priority: PriorityLike
    context_id: str | None
    profile: str | None = None


async def submit_job(call: Call, codebase: CodebaseRow, request: JobRequest) -> TaskReceipt:
    """Queue a job for any worker with the codebase's capability; while it is not watched, only for its own worker."""
    capability = build_codebase_capability(codebase.codebase_id)
    return await TaskService(call).assign(
        JOB_TYPE,
        {**request.payload, "codebase_id": codebase.codebase_id},
        None if codebase.watching else f"worker:{codebase.worker_id}",
        priority=request.priority,
        required_capabilities=[capability, *([f"profile:{request.profile}"] if request.profile else [])],
        context_id=request.context_id,
    )


async def send_message_to_job(call: Call, codebase: CodebaseRow, text: str, task_id: str | None) -> TaskEntry:
    """Send a message to the agent of a job. Raises NotFound, Conflict if no job is running."""
    jobs = await _load_open_jobs(call, codebase, call.caller.subject if not call.caller.acts_for_others else "")
    job = next((job for job in jobs if task_id in (None, job.task_id)), None)
    if job is None and task_id is not None:
        raise not_found(
            "task_id",
            f"{task_id} is not an unfinished job of {codebase.codebase_id}.",
            fix=f"See GET /v1/agent/codebases/{codebase.codebase_id}/status.",
        )
    if job is None:
        raise Conflict(
            f"No job of yours is under way in {codebase.codebase_id}.",
            fix="Begin one with .../trigger, or go on with a session: .../sessions/SESSION/resume.",
        )
    return await TaskService(call).message(job.task_id, text)


async def cancel_jobs(call: Call, codebase: CodebaseRow, *, queued: bool, reason: str) -> list[str]:
    """Cancel the caller's jobs of a codebase; operators: all jobs. Returns their ids. queued: also waiting jobs."""
    jobs = await _load_open_jobs(call, codebase, "" if call.caller.acts_for_others else call.caller.subject)
    ended: list[str] = []
    for job in jobs:
        # The viewer's jobs include those it only works on, which it may not cancel.
        is_creator = call.caller.acts_for(job.created_by)
        if is_creator and (queued or job.status != TaskStatus.PENDING):
            await TaskService(call).cancel(job.task_id, reason)
            ended.append(job.task_id)
    call.target = codebase.codebase_id
    return ended


async def count_queued_jobs(call: Call, codebase: CodebaseRow) -> int:
    """Count the waiting jobs that the caller may see."""
    return sum(
        job.status == TaskStatus.PENDING
        for job in await _load_open_jobs(call, codebase, _get_visible_subject(call, codebase))
    )


async def read_codebase_status(call: Call, codebase: CodebaseRow, *, online: bool) -> contract.CodebaseStatus:
    """Read the status of a codebase, from the jobs that the caller may see."""
    jobs = await _load_open_jobs(call, codebase, _get_visible_subject(call, codebase))
    counts = {"queued": 0, "running": 0, "asking": 0}
    for job in jobs:
        kind = (
            "queued"
            if job.status == TaskStatus.PENDING
            else "asking"
            if job.status in states.INTERRUPTED_STATUSES
            else "running"
        )
        counts[kind] += 1
    reader = "" if call.caller.may("read:all") else call.caller.subject
    latest = await call.tx.all(
        statements.list_recent_sessions,
        reader=reader,
        codebase_id=codebase.codebase_id,
        before=tasks.NO_DEADLINE,
        after_codebase="",
        after="",
        search="",
        limit=1,
    )
    return contract.CodebaseStatus.model_construct(
        codebase_id=codebase.codebase_id,
        status=_choose_status_name(counts, online=online),
        online=online,
        worker_id=codebase.worker_id,
        watching=bool(codebase.watching),
        task_id=jobs[0].task_id if jobs else None,
        session_id=latest[0].session_id if latest else None,
        queued=counts["queued"],
        running=counts["running"],
        asking=counts["asking"],
    )


def _choose_status_name(counts: dict[str, int], *, online: bool) -> Any:
    if not online:
        return "offline"
    names = (("asking", "asking"), ("running", "busy"), ("queued", "queued"))
    return next((name for kind, name in names if counts[kind]), "idle")


def _get_visible_subject(call: Call, codebase: CodebaseRow) -> str:
    """Return the subject whose jobs a caller sees; '' sees all."""
    caller = call.caller
    sees_all = codebase.owner == caller.subject or caller.reads_all
    return "" if sees_all else caller.subject


async def _load_open_jobs(call: Call, codebase: CodebaseRow, viewer: str) -> Sequence[TaskRow]:
    """Load the unfinished jobs of a codebase, newest first."""
    return await call.tx.all(
        statements.select_open_jobs,
        worker_id=codebase.worker_id,
        by_id=build_contains_pattern(f'"codebase:{codebase.codebase_id}"'),
        # With the quotes of the JSON array, so that a name does not match a longer one.
        by_name=build_contains_pattern(f'"codebase:{codebase.name}"'),
        viewer=viewer,
        limit=MAX_JOBS,
    )


@value_class
class CodebaseEventFilter(EventFilter):
    """Filter for events of a codebase and of the jobs submitted by its id."""

    codebase_id: str = ""

    def matches_event(self, event: NewEvent) -> bool:
        if not self.wants_type(event.type):
            return False
        if event.type.startswith("agora.codebase."):
            return event.subject == self.codebase_id
        return bool(from_json(event.data).get("codebase") == self.codebase_id)


async def build_event_stream_spec(call: Call, codebase: CodebaseRow, last_event_id: str | None) -> EventStreamSpec:
    """Open the stream of a codebase's events: those for the caller, or all for a caller who reads all."""
    events = CodebaseEventFilter(types=CODEBASE_EVENTS, codebase_id=codebase.codebase_id)
    # The head is read within the call's transaction, so nothing committed after the answer is missed.
    place = str(await event_log.read_head(call.tx)) if last_event_id is None else last_event_id
    position = await event_log.resolve_position(call.tx, place)
    viewer = Viewer(call.caller.subject, sees_all=call.caller.may("read:all"))
    return EventStreamSpec(events, viewer, position, resumed=last_event_id is not None)
