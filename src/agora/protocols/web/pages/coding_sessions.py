"""A session of a coding agent as a conversation: its messages and tool calls, the current work, and how to continue it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from agora_sdk.contract.codebases import Codebase, Session
from agora_sdk.contract.tasks import Task

from ..registry import register_fragment, register_page
from ..view import View
from .coding_jobs import OPEN_STATUSES, is_job_of_session, load_jobs, load_review, read_first_job_id, sum_usage
from .list_parameters import has_event_about, list_page_or_filter_error, query_if_allowed
from .session_messages import read_messages, read_output
from .task_exchange import TaskExchange, load_exchange

__all__ = ["load_session_page"]

MAX_MESSAGES: Final = 30  #: maximum per session, newest ones
OUTPUT_TAIL_CHARACTERS: Final = 6_000  #: characters of the agent's current output
MAX_FOLLOW_UPS: Final = 100
MAX_TURNS: Final = 100
MAX_TURN_NUMBER: Final = 100_000
FOLLOW_UP_EVENTS: Final = (
    "agora.task.follow_up",
    "agora.task.assigned",
    "agora.task.completed",
    "agora.task.failed",
    "agora.task.cancelled",
)
#: events that change the messages of a session: the worker stores one at the begin of a turn and one at its end
TURN_EVENTS: Final = (
    "agora.task.started",
    "agora.task.input_required",
    "agora.task.progress",
    "agora.task.message",
    "agora.task.requeued",
    "agora.task.completed",
    "agora.task.failed",
    "agora.task.cancelled",
)


@register_page(
    "codebases/{codebase_id}/sessions/{session_id}",
    title="Session",
    scope="read:tasks",
    needs="agora.session.get",
    live=(
        "session_now",
        "session_messages",
        "session_output",
        "session_follow_ups",
        "session_turns",
        "session_question",
    ),
)
async def load_session_page(view: View) -> Mapping[str, Any]:
    """Load one session."""
    now, messages, question, follow_ups, turns = await asyncio.gather(
        load_session_now_fragment(view),
        load_session_messages_fragment(view),
        load_session_question_fragment(view),
        load_session_follow_ups_fragment(view),
        load_session_turns_fragment(view),
    )
    return {**now, **messages, **question, **follow_ups, **turns, **await _load_output_values(view, now["job"])}


@register_fragment("session_now", on=("agora.task.*",), tick=30, every=0.5)
async def load_session_now_fragment(view: View) -> Mapping[str, Any]:
    """Load the session's current job, and the usage so far."""
    codebase, record = await _load_session(view)
    jobs = await _load_jobs(view, record)
    job = _choose_current_job(jobs)
    return {
        "codebase": codebase,
        "session": record,
        "job": job,
        "phase": _choose_phase(job),
        "usage": sum_usage(jobs),
        "branch": _read_branch(job),
        "review": await load_review(view, job) if job else None,
    }


@register_fragment("session_question", on=("agora.task.*",), tick=30, every=0.5)
async def load_session_question_fragment(view: View) -> Mapping[str, Any]:
    """Load the job's question for the answer form."""
    _, record = await _load_session(view)
    job = _choose_current_job(await _load_jobs(view, record))
    exchange = await load_exchange(view, job, artifacts=False) if job else TaskExchange([], [])
    return {"job": job, "phase": _choose_phase(job), "exchange": exchange}


@register_fragment("session_follow_ups", on=FOLLOW_UP_EVENTS, tick=30, every=0.5)
async def load_session_follow_ups_fragment(view: View) -> Mapping[str, Any]:
    """Load the waiting follow-ups, which can still be changed."""
    _, record = await _load_session(view)
    job = _choose_current_job(await _load_jobs(view, record))
    arguments = {"task_id": job.task_id if job else "", "waiting": True, "limit": MAX_FOLLOW_UPS}
    page = await query_if_allowed(view, "agora.follow_up.list", arguments) if job else None
    return {"follow_ups": page.items if page else [], "job": job, "phase": _choose_phase(job)}


@register_fragment("session_turns", on=TURN_EVENTS, tick=30, every=1.0)
async def load_session_turns_fragment(view: View) -> Mapping[str, Any]:
    """Load the newest turns as checkpoints, and the changes that rewinding to the turn in the URL would make."""
    _, record = await _load_session(view)
    job = _choose_current_job(await _load_jobs(view, record))
    root = read_first_job_id(job) if job else ""
    arguments = {"job_id": root, "limit": MAX_TURNS}
    page = await query_if_allowed(view, "agora.turn.list", arguments) if root else None
    number = view.query.get("turn", "")
    # The length first, because int() raises for several thousand digits.
    turn_number = int(number) if number.isdecimal() and len(number) < 7 and 0 < int(number) < MAX_TURN_NUMBER else 0
    key = {"job_id": root, "number": turn_number}
    preview = await query_if_allowed(view, "agora.turn.preview", key) if page and turn_number else None
    return {"turns": page.items if page else [], "preview": preview, "phase": _choose_phase(job)}


@register_fragment("session_messages", on=TURN_EVENTS, tick=10, every=1.0)
async def load_session_messages_fragment(view: View) -> Mapping[str, Any]:
    """Load the newest messages, oldest first; a URL with a cursor has older ones."""
    key = {name: view.path[name] for name in ("codebase_id", "session_id")}
    page, _ = await list_page_or_filter_error(
        view, "agora.session.messages", {**key, "descending": True}, rows=MAX_MESSAGES
    )
    newest_first = page.items if page.count else []
    return {"messages": await read_messages(newest_first[::-1]), "earlier": page.next_cursor}


@register_fragment("session_output", on=("agora.task.*",), every=0.5)
async def load_session_output_fragment(view: View) -> Mapping[str, Any] | None:
    """Load the current output of the agent."""
    _, record = await _load_session(view)
    # Events of every task ring here: only those of this session's job cost a read.
    if record.task_id is None or not has_event_about(view, record.task_id):
        return None
    return await _load_output_values(view, await query_if_allowed(view, "agora.task.get", {"task_id": record.task_id}))


async def _load_session(view: View) -> tuple[Codebase, Session]:
    key = {name: view.path[name] for name in ("codebase_id", "session_id")}
    codebase, record = await asyncio.gather(
        view.invoke("agora.codebase.get", {"codebase_id": key["codebase_id"]}), view.invoke("agora.session.get", key)
    )
    return codebase, record


async def _load_jobs(view: View, record: Session) -> list[Task]:
    """List the jobs of a session, newest first."""
    return [job for job in await load_jobs(view, record.context_id) if is_job_of_session(job, record)]


def _choose_current_job(jobs: list[Task]) -> Task | None:
    """Choose the current job of a session: the oldest unfinished one, otherwise the latest. jobs: newest first."""
    unfinished = [job for job in jobs if job.status in OPEN_STATUSES]
    return unfinished[-1] if unfinished else (jobs[0] if jobs else None)


def _choose_phase(job: Task | None) -> str:
    """Choose the phase: ``asking`` for an open question, ``working`` for a running job, ``ended`` if a new one may
    begin."""
    if job is None or job.status not in OPEN_STATUSES:
        return "ended"
    return "asking" if job.status in ("input_required", "auth_required") else "working"


def _read_branch(job: Task | None) -> str:
    if job is None:
        return ""
    result = job.result if isinstance(job.result, Mapping) else {}
    workplace = (job.checkpoint or {}).get("workplace")
    branch = result.get("branch") or (workplace.get("branch") if isinstance(workplace, Mapping) else None)
    return str(branch or "")[:200]


async def _load_output_values(view: View, job: Task | None) -> Mapping[str, Any]:
    """Build the end of the output of a running job."""
    if job is None or job.status != "in_progress":
        return {"output": None, "parts": [], "left_out": 0}
    arguments = {
        "task_id": job.task_id,
        "offset": max(0, job.output_size - OUTPUT_TAIL_CHARACTERS),
        "limit": OUTPUT_TAIL_CHARACTERS,
    }
    output = await query_if_allowed(view, "agora.task.output", arguments)
    text = output.content if output else ""
    if output and output.offset:  # the first line is incomplete
        text = text.partition("\n")[2] or text
    left_out = output.offset + len(output.content) - len(text) if output else 0
    return {"output": output, "parts": await read_output(text), "left_out": left_out}
