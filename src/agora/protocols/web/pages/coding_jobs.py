"""Jobs of coding agents: which tasks are jobs, and which of them belong to a codebase or session.

A job has its codebase in its payload, and its session once there is one. Tasks cannot be listed by either: the newest
jobs are read and filtered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agora.value_classes import value_class
from agora_sdk.contract.codebases import Codebase, Session
from agora_sdk.contract.reviews import Review
from agora_sdk.contract.tasks import Task
from agora_sdk.contract.tasks.coding import DELIVERY_TYPE, JOB_TYPE

from ..filters import find_page_path
from ..view import View
from .list_parameters import query_if_allowed

__all__ = [
    "MAX_JOBS",
    "OPEN_STATUSES",
    "TokenUsage",
    "find_session_ids",
    "is_job_of_codebase",
    "is_job_of_session",
    "load_codebase",
    "load_jobs",
    "load_review",
    "read_first_job_id",
    "sum_usage",
]

MAX_JOBS: Final = 100  #: number of jobs read
MAX_REPORTED: Final = 10**15  #: larger numbers of an agent are no counts or costs
OPEN_STATUSES: Final = frozenset({"pending", "in_progress", "input_required", "auth_required"})


@value_class
class TokenUsage:
    """Tokens and estimated cost reported by agents. currency: of the cost, if any."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    currency: str = ""


async def load_jobs(view: View, context_id: str | None = None) -> list[Task]:
    """List the newest jobs visible to the user, newest first; optionally of one context."""
    arguments = {"task_type": JOB_TYPE, "context_id": context_id, "descending": True, "limit": MAX_JOBS}
    page = await query_if_allowed(view, "agora.task.list", arguments)
    return list(page.items) if page else []


def is_job_of_codebase(task: Task, codebase: Codebase) -> bool:
    """Whether a job was assigned to a codebase, by its id or by its worker's name for it."""
    codebase_ref = task.payload.get("codebase_id") or task.payload.get("codebase")
    if codebase_ref == codebase.codebase_id or f"codebase:{codebase.codebase_id}" in task.required_capabilities:
        return True
    worked_here = task.worker in (None, codebase.worker_id)
    return worked_here and codebase_ref in (codebase.name, codebase.repository) and codebase_ref is not None


def is_job_of_session(task: Task, session: Session) -> bool:
    """Whether a job works in a session, now, earlier or later."""
    if task.task_id == session.task_id or (session.context_id and task.context_id == session.context_id):
        return True
    places = (task.payload, task.checkpoint, task.result)
    return any(isinstance(place, Mapping) and place.get("session_id") == session.session_id for place in places)


def find_session_ids(task: Task) -> tuple[str, str] | None:
    """Find the ids of the codebase and the session of a job that has both."""
    codebase = task.payload.get("codebase_id")
    places = (task.result, task.checkpoint, task.payload)
    ids = [place.get("session_id") for place in places if isinstance(place, Mapping)]
    session = next((id for id in ids if isinstance(id, str) and id), None)
    return (codebase, session) if isinstance(codebase, str) and session else None


def read_first_job_id(task: Task) -> str:
    """Find the id of the job with the worktree and branch: its own, or of the job that it continues; empty without one."""
    place = (task.checkpoint or {}).get("workplace")
    return str(place.get("job") or "") if isinstance(place, Mapping) else ""


async def load_codebase(view: View, task: Task) -> Codebase | None:
    """Load the codebase of a job, if it has one that is visible to the user."""
    codebase_id = task.payload.get("codebase_id") if task.task_type == JOB_TYPE else None
    if not isinstance(codebase_id, str) or find_page_path(codebase_id) is None:  # the author can set any value
        return None
    codebase: Codebase | None = await query_if_allowed(view, "agora.codebase.get", {"codebase_id": codebase_id})
    return codebase


async def load_review(view: View, task: Task) -> Review | None:
    """Load the review of a job's changes, or of the changes of a delivery."""
    if task.task_type == DELIVERY_TYPE:
        job_id = str(task.payload.get("job_id") or "")
    else:
        job_id = (read_first_job_id(task) or task.task_id) if task.task_type == JOB_TYPE else ""
    if find_page_path(job_id) is None:
        return None
    review: Review | None = await query_if_allowed(view, "agora.review.get", {"job_id": job_id})
    return review


def sum_usage(jobs: list[Task]) -> TokenUsage:
    """Sum the usage of jobs: from results of finished jobs, and checkpoints of the others."""
    usage = TokenUsage()
    for job in jobs:
        holder = job.result if isinstance(job.result, Mapping) else job.checkpoint
        reported = holder.get("usage") if isinstance(holder, Mapping) else None
        if isinstance(reported, Mapping):
            usage = _add_usage(usage, reported)
    return usage


def _add_usage(usage: TokenUsage, reported: Mapping[str, Any]) -> TokenUsage:
    cost = reported.get("cost")
    currency = str(reported.get("currency") or "")[:8]
    # Agents report any JSON: an integer may be too large for a float, which the page would fail to format.
    is_number = isinstance(cost, int | float) and not isinstance(cost, bool) and abs(cost) < MAX_REPORTED
    is_cost = is_number and usage.currency in ("", currency)
    return TokenUsage(
        usage.input_tokens + _read_count(reported.get("input_tokens")),
        usage.output_tokens + _read_count(reported.get("output_tokens")),
        (usage.cost or 0.0) + float(cost) if is_cost and cost is not None else usage.cost,
        currency if is_cost else usage.currency,
    )


def _read_count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_REPORTED else 0
