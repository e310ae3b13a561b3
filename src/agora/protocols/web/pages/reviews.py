"""Reviews of coding jobs: the list, and one review with its diff, line comments and decision."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from agora_sdk.contract.reviews import Review, ReviewComment, ReviewFile

from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .diff_table import MAX_ROWS, MAX_SELECTED_ROWS, FileView, build_file_view
from .list_parameters import list_page_or_filter_error, query_if_allowed, read_url_filters

__all__ = ["load_review_page", "load_reviews_page"]

EVENTS: Final = ("agora.review.*",)
MAX_FILES: Final = 20
MAX_PAGE_ROWS: Final = 3_000  #: maximum for all files of a page
MAX_COMMENTS: Final = 200
MAX_LINE: Final = 2**31
#: states in which a person may decide
DECIDABLE_STATES: Final = frozenset(
    {"open", "conflicted", "changes_requested", "pushed", "proposed", "patched", "dismissed"}
)


@register_page(
    "reviews",
    title="Reviews",
    scope="read:tasks",
    nav=26,
    key="r",
    needs="agora.review.list",
    live=("review_rows",),
)
async def load_reviews_page(view: View) -> Mapping[str, Any]:
    """Load all reviews, or those in a state."""
    return await load_review_rows_fragment(view)


@register_fragment("review_rows", on=EVENTS, tick=30, every=1.0)
async def load_review_rows_fragment(view: View) -> Mapping[str, Any]:
    """Load the table."""
    filters = read_url_filters(view, "state", "codebase_id")
    found, error = await list_page_or_filter_error(view, "agora.review.list", filters)
    return {"found": found, "trouble": error, "filtered": bool(filters)}


@register_page(
    "reviews/{job_id}",
    title="Review",
    scope="read:tasks",
    needs="agora.review.get",
    live=("review_now", "review_files", "review_decision"),
)
async def load_review_page(view: View) -> Mapping[str, Any]:
    """Load one review: the decision, and the diff file by file."""
    now, files = await asyncio.gather(load_review_now_fragment(view), load_review_files_fragment(view))
    return {**files, **now}


@register_fragment("review_now", on=EVENTS, tick=30, every=0.5)
async def load_review_now_fragment(view: View) -> Mapping[str, Any]:
    """Load the decision, and the possible ones."""
    record = await view.invoke("agora.review.get", {"job_id": view.path["job_id"]})
    arguments = {"job_id": record.job_id, "waiting": True, "limit": MAX_COMMENTS}
    open_comments = await query_if_allowed(view, "agora.review.comments", arguments)
    return {
        "review": record,
        "waiting": open_comments.count if open_comments else 0,
        "may_decide": _may_decide(view, record),
    }


@register_fragment("review_decision", on=EVENTS, tick=30, every=0.5)
async def load_review_decision_fragment(view: View) -> Mapping[str, Any]:
    """Load the possible decisions, shown below the changes."""
    return await load_review_now_fragment(view)


@register_fragment("review_files", on=EVENTS, every=1.0)
async def load_review_files_fragment(view: View) -> Mapping[str, Any]:
    """Load the diff, file by file, with line comments."""
    key = {"job_id": view.path["job_id"]}
    record, files, comments = await asyncio.gather(
        view.invoke("agora.review.get", key),
        list_page_or_filter_error(view, "agora.review.files", key, rows=MAX_FILES),
        query_if_allowed(view, "agora.review.comments", {**key, "limit": MAX_COMMENTS}),
    )
    notes: list[ReviewComment] = list(comments.items) if comments else []
    page, _ = files
    views = list(_view_files(view, page.items if page.count else (), notes))
    return {
        "review": record,
        "found": page,
        "views": views,
        "split": view.query.get("view") == "split",
        "may_decide": _may_decide(view, record),
        "names": await load_agent_names(view, [note.author for note in notes]),
    }


def _view_files(view: View, files: Iterable[ReviewFile], notes: Sequence[ReviewComment]) -> Iterator[FileView]:
    """Build the views of the files within the page's row limit, and all rows of the selected one."""
    commented_line, budget = _read_commented_line(view), MAX_PAGE_ROWS
    file_number = view.query.get("file", "")
    for file in files:
        is_selected = file_number == str(file.number)
        one = build_file_view(
            file,
            [note for note in notes if note.path == file.path],
            split=view.query.get("view") == "split",
            commented_line=commented_line[1:] if commented_line and commented_line[0] == file.number else None,
            limit=MAX_SELECTED_ROWS if is_selected else min(MAX_ROWS, budget),
        )
        budget -= 0 if is_selected else len(one.rows)
        yield one


def _may_decide(view: View, record: Review) -> bool:
    return record.state in DECIDABLE_STATES and view.may_call("agora.review.approve")


def _read_commented_line(view: View) -> tuple[int, str, int] | None:
    """Read the line of the comment form from the URL: number of its file, side, and line number."""
    number, side, line = (view.query.get(name, "") for name in ("file", "side", "line"))
    if not (number.isdecimal() and line.isdecimal() and len(number) < 10 and len(line) < 11):
        return None
    return int(number), "old" if side == "old" else "new", min(int(line), MAX_LINE)
