"""Attempts at one prompt: the groups, and one group with its attempts side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agora_sdk.contract.attempts import Attempt
from agora_sdk.contract.fields import TaskStatus

from ..registry import register_fragment, register_page
from ..view import View
from .list_parameters import list_page_or_filter_error, read_url_filters

__all__ = ["load_attempt_group_page", "load_attempts_page"]

EVENTS: Final = ("agora.attempt.*", "agora.review.changed", "agora.task.*")


@register_page("attempts", title="Attempts", scope="read:tasks", needs="agora.attempt.list", live=("attempt_rows",))
async def load_attempts_page(view: View) -> Mapping[str, Any]:
    """Load all groups, or those of a codebase."""
    return await load_attempt_rows_fragment(view)


@register_fragment("attempt_rows", on=EVENTS, tick=30, every=1.0)
async def load_attempt_rows_fragment(view: View) -> Mapping[str, Any]:
    """Load the table."""
    filters = read_url_filters(view, "codebase_id")
    page, trouble = await list_page_or_filter_error(view, "agora.attempt.list", filters)
    return {"found": page, "trouble": trouble, "filtered": bool(filters)}


@register_page(
    "attempts/{group_id}",
    title="Attempts",
    scope="read:tasks",
    needs="agora.attempt.get",
    live=("attempt_group_now",),
)
async def load_attempt_group_page(view: View) -> Mapping[str, Any]:
    """Load one group: the changes, usage and messages of its attempts."""
    return await load_attempt_group_now_fragment(view)


@register_fragment("attempt_group_now", on=EVENTS, tick=15, every=1.0)
async def load_attempt_group_now_fragment(view: View) -> Mapping[str, Any]:
    """Load the comparison and the choice."""
    group = await view.invoke("agora.attempt.get", {"group_id": view.path["group_id"]})
    may_choose = group.chosen is None and view.may_call("agora.attempt.choose")
    return {
        "group": group,
        "choosable": {each.task_id for each in group.attempts if may_choose and each.status == TaskStatus.COMPLETED},
        "durations": {each.number: _compute_seconds(each) for each in group.attempts},
    }


def _compute_seconds(attempt: Attempt) -> float | None:
    """Compute the seconds from the first start to the end; None while the attempt is running."""
    if attempt.started_at is None or attempt.completed_at is None:
        return None
    return (attempt.completed_at - attempt.started_at).total_seconds()
