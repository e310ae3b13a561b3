"""States of a task: which may follow which.

::

    pending ──► in_progress ──► completed, failed, cancelled, rejected, dead_lettered
       ▲             │  ▲
       └─────────────┤  └────────────┐
                     └──► input_required, auth_required
    pending, input_required, auth_required ──► cancelled, rejected, expired

A task set to a state that lies behind in_progress passes through it, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.store.port import Row
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.errors import IllegalTransition

from .queries import NEVER
from .queues import address_of

__all__ = [
    "INTERRUPTED",
    "TERMINAL",
    "TRANSITIONS",
    "UNFINISHED",
    "allowed_after",
    "check_transition",
    "is_balanced",
    "next_due",
]

ASSIGNMENT_TIMEOUT = 30_000_000  #: how long such a task waits for the one agent before anyone may take it
_S = TaskStatus
TERMINAL = frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.DEAD_LETTERED})
UNFINISHED = frozenset(_S) - TERMINAL
INTERRUPTED = frozenset({_S.INPUT_REQUIRED, _S.AUTH_REQUIRED})
_ENDED_BY_HAND = frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELLED, _S.REJECTED})

TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    _S.PENDING: frozenset({_S.IN_PROGRESS, _S.EXPIRED, *INTERRUPTED, *_ENDED_BY_HAND}),
    _S.IN_PROGRESS: frozenset({_S.PENDING, _S.DEAD_LETTERED, *INTERRUPTED, *_ENDED_BY_HAND}),
    _S.INPUT_REQUIRED: frozenset({_S.PENDING, _S.IN_PROGRESS, _S.AUTH_REQUIRED, _S.EXPIRED, *_ENDED_BY_HAND}),
    _S.AUTH_REQUIRED: frozenset({_S.PENDING, _S.IN_PROGRESS, _S.INPUT_REQUIRED, _S.EXPIRED, *_ENDED_BY_HAND}),
} | {status: frozenset() for status in TERMINAL}


def allowed_after(status: str) -> list[str]:
    """What a caller may set a task to that is in this state."""
    by_time = {_S.EXPIRED, _S.DEAD_LETTERED}
    return sorted(state.value for state in TRANSITIONS[TaskStatus(status)] - by_time)


def check_transition(task_id: str, before: str, after: TaskStatus) -> None:
    """Refuse what cannot follow. Raises IllegalTransition naming what can."""
    if after not in TRANSITIONS[TaskStatus(before)]:
        allowed = allowed_after(before)
        can = (
            f"It can become {', '.join(allowed)}."
            if allowed
            else "It has ended; agora.task.retry makes a new one of it."
        )
        raise IllegalTransition(f"{task_id} is {before}; it cannot become {after.value}.", fix=can, allowed=allowed)


def is_balanced(row: Mapping[str, Any] | Row) -> bool:
    """Whether a task is with an agent, or waits for one, that was chosen by its load, not named."""
    named = row["assignee"] is not None and not row["assignee"].startswith("capability:")
    return not named and address_of(row["queue"]) is not None


def next_due(row: Mapping[str, Any], now: int) -> int | None:
    """When time next changes something about a task; None if it never does."""
    status, moments = row["status"], []
    if status in TERMINAL:
        return None
    if status == _S.IN_PROGRESS:
        if row["lease_until"] is not None:
            moments.append(row["lease_until"])
        if row["timeout"] is not None:
            moments.append(row["started_at"] + row["timeout"] * 1_000_000)
        if row["deadline"] > now:
            moments.append(row["deadline"])
    else:
        moments += [row["deadline"], NEVER]
        if row["available_at"] is not None and not row["waiting"]:
            moments.append(row["available_at"])
        if row["waiting"] and is_balanced(row):
            moments.append(row["updated_at"] + ASSIGNMENT_TIMEOUT)
    soonest = min(moments, default=NEVER)
    return None if soonest == NEVER else soonest
