"""The inbox: every question that waits for a person, with the offered answers, and workflow approvals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import list_page_or_filter_error, query_if_allowed
from .task_exchange import QUESTION_STATES, load_exchange

__all__ = ["load_inbox_page"]

MAX_QUESTIONS: Final = 20  #: maximum per page
MAX_APPROVALS: Final = 20


@register_page(
    "inbox", title="Inbox", scope="read:tasks", nav=15, key="q", needs="agora.task.list", live=("inbox_list",)
)
async def load_inbox_page(view: View) -> Mapping[str, Any]:
    """Load what waits for a person."""
    return await load_inbox_list_fragment(view)


@register_fragment(
    "inbox_list",
    on=(
        "agora.task.input_required",
        "agora.task.auth_required",
        "agora.task.message",
        "agora.task.started",
        "agora.task.requeued",
        "agora.task.cancelled",
        "agora.task.expired",
        "agora.workflow.*",
    ),
    every=0.5,
)
async def load_inbox_list_fragment(view: View) -> Mapping[str, Any]:
    """Load the questions, longest waiting first."""
    (page, error), approvals = await asyncio.gather(
        list_page_or_filter_error(view, "agora.task.list", {"status": list(QUESTION_STATES)}, rows=MAX_QUESTIONS),
        query_if_allowed(view, "agora.workflow.list", {"status": "waiting_approval", "limit": MAX_APPROVALS}),
    )
    tasks = page.items if page.count else []
    exchanges, names = await asyncio.gather(
        asyncio.gather(*(load_exchange(view, task) for task in tasks)),
        load_agent_names(view, [task.assigned_agent for task in tasks]),
    )
    return {
        "found": page,
        "trouble": error,
        "questions": list(zip(tasks, exchanges, strict=True)),
        "approvals": approvals,
        "names": names,
    }
