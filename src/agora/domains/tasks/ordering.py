"""Claim order of waiting tasks of one priority, by their sort keys.

The initial key of a task is its deadline and its id: the earlier deadline comes first, then the older task. A task that is
moved before or after another one gets a key next to that one's. Each initial key is the *anchor* of a *gap* that begins with
it; the key of a moved task is the anchor and a suffix that orders it within the gap. The keys of other tasks do not change,
and claims order by a single indexed column, whether tasks were moved or not.
"""

from __future__ import annotations

from typing import Any

from agora.core.call import Call, encode_json
from agora.value_classes import value_class
from agora_sdk.contract.fields import Priority, TaskStatus
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import queries as tasks
from . import states, views
from .access import lock_own_task
from .draft import TaskDraft
from .records import TaskRow

__all__ = ["Place", "build_sort_key", "move_in_order"]

NO_DEADLINE_KEY = "~"  #: sorts after every deadline
DEADLINE_DIGITS, ID_DIGITS = 15, 32
LEAST, MOST = 0x21, 0x7F  #: characters of a suffix, the latter excluded; none ends with the least
# Suffixes end with no least character, so that there is always room below one (fractional indexing).
MAX_SUFFIX = 500  #: characters; a thousand moves to one place take about 170


def build_sort_key(task_id: str, deadline: int) -> str:
    """Build the key of a task that was not moved. deadline: microseconds since 1970, or ``NO_DEADLINE``."""
    prefix = NO_DEADLINE_KEY if deadline >= tasks.NO_DEADLINE else f"{deadline:0{DEADLINE_DIGITS}x}"
    return prefix + task_id.removeprefix("task_")


@value_class
class Place:
    """Target position: a priority, or directly before or after another task, whose priority it takes."""

    priority: Priority | None = None
    before: str | None = None
    after: str | None = None


async def move_in_order(call: Call, task_id: str, place: Place) -> TaskDraft:
    """Move a task to a place.

    Raises InvalidRequest, NotFound, PermissionDenied, Conflict if it has ended or the other task is not waiting.
    """
    ids = sorted(filter(None, (task_id, place.before, place.after)))
    await call.tx.all(tasks.lock_tasks, ids=encode_json(ids))  # in id order, so that concurrent moves cannot deadlock
    draft = await lock_own_task(call, task_id)
    if draft.row.status in states.TERMINAL_STATUSES:
        raise Conflict(
            f"{draft.task_id} is {draft.row.status}.", fix="Retry it with agora.task.retry, then prioritize that."
        )
    neighbour = await _lock_neighbour(draft, place)
    if neighbour is None:
        assert place.priority is not None
        rank, moved = views.RANKS[place.priority], 0
        key = build_sort_key(draft.task_id, draft.row.deadline)
    else:
        rank, moved = neighbour.priority, 1
        key = await _choose_key_beside(draft, neighbour, before=place.before is not None)
    # A repeated move changes nothing, and emits no second event.
    if (rank, key) == (draft.row.priority, draft.row.sort_key):
        return draft
    previous = views.PRIORITIES[draft.row.priority].value
    draft.set_columns(priority=rank, sort_key=key, moved=moved)
    details: dict[str, Any] = {
        name: value for name, value in (("before", place.before), ("after", place.after)) if value
    }
    draft.emit(
        "prioritized",
        by=call.caller.subject,
        priority=views.PRIORITIES[rank].value,
        previous=previous,
        **details,
    )
    await draft.save()
    return draft


async def _lock_neighbour(draft: TaskDraft, place: Place) -> TaskRow | None:
    """Lock the task next to which another one is moved; None if the place is a priority."""
    call, task_id = draft.call, place.before or place.after
    if (place.before and place.after) or (task_id is None and place.priority is None):
        problem = "Say where it is to go: a priority, or before or after another task."
        raise InvalidRequest(problem, errors=[field_error("priority", "or one of before and after")])
    if task_id is None:
        return None
    field = "before" if place.before else "after"
    if task_id == draft.task_id:
        raise InvalidRequest("A task cannot be placed beside itself.", errors=[field_error(field, "the task itself")])
    # Locked, so that the second of two concurrent moves next to it sees the first.
    row = (await lock_own_task(call, task_id)).row
    call.target = draft.task_id
    if row.status != TaskStatus.PENDING:
        raise Conflict(f"{task_id} is {row.status}; it has no place in a queue.", fix="Choose one that waits.")
    if place.priority is not None and views.RANKS[place.priority] != row.priority:
        problem = f"{task_id} has the priority {views.PRIORITIES[row.priority].value}."
        raise InvalidRequest(problem, errors=[field_error("priority", "another one than the other task's")])
    return row


async def _choose_key_beside(draft: TaskDraft, neighbour: TaskRow, *, before: bool) -> str:
    """Find a key that orders a task directly before or after another one. Raises Conflict."""
    anchor, suffix = _split_key(neighbour.sort_key)
    low, high = ("", suffix) if before else (suffix, "")
    if before and not suffix:
        anchor = _build_previous_anchor(anchor)
    bounds = {"task_id": draft.task_id, "low": anchor + low, "high": anchor + (high or chr(MOST))}
    # Another moved task may lie between the neighbour and the end of the gap: the new key goes between that one and the neighbour.
    query = tasks.select_last_moved if before else tasks.select_first_moved
    nearest = await draft.call.tx.one(query, **bounds)
    neighbour_suffix = "" if nearest is None else nearest[len(anchor) :]
    low, high = (neighbour_suffix, high) if before else (low, neighbour_suffix)
    new_suffix = _build_suffix_between(low, high)
    if len(new_suffix) > MAX_SUFFIX:
        raise Conflict(
            "Too many tasks were moved to this place.", fix="Set the priorities of some again; that undoes their moves."
        )
    return anchor + new_suffix


def _split_key(key: str) -> tuple[str, str]:
    """Split a key into its anchor and its suffix, which is empty for a task that was not moved."""
    length = (len(NO_DEADLINE_KEY) if key.startswith(NO_DEADLINE_KEY) else DEADLINE_DIGITS) + ID_DIGITS
    return key[:length], key[length:]


def _build_previous_anchor(anchor: str) -> str:
    """Build the anchor of the gap that ends at this anchor; no initial key lies between the two."""
    number = int(anchor[-ID_DIGITS:], 16)
    return f"{anchor[:-ID_DIGITS]}{max(0, number - 1):0{ID_DIGITS}x}"


def _build_suffix_between(low: str, high: str) -> str:
    """Build a short string between two others in character order. high: empty for no bound."""
    result = ""
    while True:
        index = len(result)
        least = ord(low[index]) if index < len(low) else LEAST
        most = ord(high[index]) if index < len(high) else MOST
        # The middle, so that moves on either side lengthen the keys logarithmically.
        middle = (least + most) // 2
        if middle > least:
            return result + chr(middle)
        if most > least:  # no character between the two: any continuation of the lower one sorts below the upper one
            high = ""
        result += chr(least)
