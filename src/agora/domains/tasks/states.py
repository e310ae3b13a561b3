"""The state machine of a task.

::

    pending ──► in_progress ──► completed, failed, cancelled, rejected, dead_lettered
       ▲             │  ▲
       └─────────────┤  └────────────┐
                     └──► input_required, auth_required
    pending, input_required, auth_required ──► cancelled, rejected, expired

A pending task that is set to a later state passes through in_progress in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping

from agora.clock import SECOND
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.errors import IllegalTransition

from .queries import NO_DEADLINE
from .queues import parse_queue_address
from .records import TaskRow

__all__ = [
    "INTERRUPTED_STATUSES",
    "ONLINE_SECONDS",
    "TERMINAL_STATUSES",
    "TRANSITIONS",
    "UNFINISHED_STATUSES",
    "check_transition",
    "compute_next_due_time",
    "is_balanced",
    "list_allowed_transitions",
]

#: time that a balanced task waits for its agent before others may claim it, in microseconds
ASSIGNMENT_TIMEOUT = 30_000_000
ONLINE_SECONDS = 90  #: seconds after its last contact during which a worker counts as online
_S = TaskStatus
TERMINAL_STATUSES = frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.DEAD_LETTERED})
UNFINISHED_STATUSES = frozenset(_S) - TERMINAL_STATUSES
INTERRUPTED_STATUSES = frozenset({_S.INPUT_REQUIRED, _S.AUTH_REQUIRED})
_EXPLICIT_ENDS = frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELLED, _S.REJECTED})

TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    _S.PENDING: frozenset({_S.IN_PROGRESS, _S.EXPIRED, *INTERRUPTED_STATUSES, *_EXPLICIT_ENDS}),
    _S.IN_PROGRESS: frozenset({_S.PENDING, _S.DEAD_LETTERED, *INTERRUPTED_STATUSES, *_EXPLICIT_ENDS}),
    _S.INPUT_REQUIRED: frozenset({_S.PENDING, _S.IN_PROGRESS, _S.AUTH_REQUIRED, _S.EXPIRED, *_EXPLICIT_ENDS}),
    _S.AUTH_REQUIRED: frozenset({_S.PENDING, _S.IN_PROGRESS, _S.INPUT_REQUIRED, _S.EXPIRED, *_EXPLICIT_ENDS}),
} | {status: frozenset() for status in TERMINAL_STATUSES}


def list_allowed_transitions(status: str) -> list[str]:
    """List the states that a caller may set after this one; only the server expires or dead-letters tasks."""
    by_time = {_S.EXPIRED, _S.DEAD_LETTERED}
    return sorted(state.value for state in TRANSITIONS[TaskStatus(status)] - by_time)


def check_transition(task_id: str, before: str, after: TaskStatus) -> None:
    """Raise IllegalTransition, with the allowed states, unless ``after`` may follow ``before``."""
    if after not in TRANSITIONS[TaskStatus(before)]:
        allowed = list_allowed_transitions(before)
        can = (
            f"It can become {', '.join(allowed)}."
            if allowed
            else "It has ended; agora.task.retry creates a new task from it."
        )
        raise IllegalTransition(f"{task_id} is {before}; it cannot become {after.value}.", fix=can, allowed=allowed)


def is_balanced(row: TaskRow) -> bool:
    """Whether the task's agent was chosen by load instead of named by the creator."""
    is_named = row.assignee is not None and not row.assignee.startswith("capability:")
    return not is_named and parse_queue_address(row.queue) is not None


def compute_next_due_time(row: TaskRow, now: int) -> int | None:
    """Return when the task's next timer is due, in microseconds since 1970; None without a timer."""
    status, moments = row.status, []
    if status in TERMINAL_STATUSES:
        return None
    if status == _S.IN_PROGRESS:
        if row.lease_until is not None:
            moments.append(row.lease_until)
        if row.timeout is not None and row.started_at is not None:
            moments.append(row.started_at + row.timeout * SECOND)
        # A passed deadline was reported as overdue; as a timer it would be due at once, without end.
        if row.deadline > now:
            moments.append(row.deadline)
    else:
        moments += [row.deadline, NO_DEADLINE]
        if row.lease_until is not None:  # the holder waits for an answer
            moments.append(row.lease_until)
        if row.available_at is not None and not row.waiting:
            moments.append(row.available_at)
        if row.waiting and is_balanced(row):
            # From updated_at, which the offer has just written. Comments move it too, which gives the agent at most another period.
            moments.append(row.updated_at + ASSIGNMENT_TIMEOUT)
    soonest = min(moments, default=NO_DEADLINE)
    return None if soonest == NO_DEADLINE else soonest
