"""The board of coding jobs: queued, in progress, waiting for an answer, waiting for a review, and finished."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from agora_sdk.contract.fields import Priority
from agora_sdk.contract.tasks.coding import JOB_TYPE

from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import query_if_allowed

__all__ = ["load_board_page"]

MAX_CARDS: Final = 50  #: maximum per column; a fuller column shows that it has more
PRIORITIES: Final = tuple(reversed(Priority))  #: most urgent first
INTERRUPTED_STATUSES: Final = ["input_required", "auth_required"]
#: states of reviews that wait for a person
UNDECIDED_STATES: Final = ("open", "conflicted")


@register_page(
    "board", title="Board", scope="read:tasks", nav=24, key="o", needs="agora.task.list", live=("board_columns",)
)
async def load_board_page(view: View) -> Mapping[str, Any]:
    """Load all jobs visible to the user."""
    return await load_board_columns_fragment(view)


@register_fragment("board_columns", on=("agora.task.*", "agora.review.changed"), tick=60, every=1.0)
async def load_board_columns_fragment(view: View) -> Mapping[str, Any]:
    """Load the columns with their cards."""
    queued, working, asking, done, *reviews = await asyncio.gather(
        _load_jobs(view, status="pending", sort="priority"),
        _load_jobs(view, status="in_progress"),
        _load_jobs(view, status=INTERRUPTED_STATUSES),
        _load_jobs(view, status=["completed", "failed", "cancelled"], descending=True),
        # A call for each state: unlike the list of tasks, that of reviews takes one.
        *(
            query_if_allowed(view, "agora.review.list", {"state": state, "limit": MAX_CARDS})
            for state in UNDECIDED_STATES
        ),
    )
    jobs = _list_cards((queued, working, asking, done))
    undecided = _list_cards(reviews)
    return {
        "queued": queued,
        "priorities": [(priority.value, _select_priority(queued, priority)) for priority in PRIORITIES],
        "working": working,
        "asking": asking,
        "reviews": undecided,
        "has_more_reviews": any(column.has_more for column in reviews if column),
        "done": done,
        "in_review": {id for review in undecided for id in (review.job_id, review.task_id)},
        "names": await load_agent_names(view, [job.assigned_agent for job in jobs]),
        "may_prioritize": view.may_call("agora.task.prioritize"),
    }


async def _load_jobs(view: View, **filters: Any) -> Any:
    """Load a page of coding jobs; None if the user may not list them."""
    return await query_if_allowed(view, "agora.task.list", {"task_type": JOB_TYPE, "limit": MAX_CARDS, **filters})


def _list_cards(columns: Iterable[Any]) -> list[Any]:
    return [card for column in columns if column for card in column.items]


def _select_priority(queued: Any, priority: Priority) -> list[Any]:
    return [job for job in queued.items if job.priority == priority] if queued else []
