"""Mapping of all task states to states of A2A 1.0.

==============  ==============================  =====================================================
task            A2A                             message of the status
==============  ==============================  =====================================================
pending         TASK_STATE_SUBMITTED            none: the reason for a return to the queue is internal
in_progress     TASK_STATE_WORKING              notes and messages of its worker
input_required  TASK_STATE_INPUT_REQUIRED       the question
auth_required   TASK_STATE_AUTH_REQUIRED        the required authorization
completed       TASK_STATE_COMPLETED            its notes; the result is an artifact
failed          TASK_STATE_FAILED               the error
cancelled       TASK_STATE_CANCELED             the reason
rejected        TASK_STATE_REJECTED             the reason
expired         TASK_STATE_FAILED               that its deadline passed before completion
dead_lettered   TASK_STATE_FAILED               that its last attempt was lost with its lease
==============  ==============================  =====================================================
"""

from __future__ import annotations

from collections.abc import Mapping

from agora_sdk.contract.a2a import A2AState
from agora_sdk.contract.fields import TaskStatus

__all__ = ["STATES", "to_a2a_state", "to_task_statuses"]

_S = TaskStatus
STATES: Mapping[TaskStatus, A2AState] = {
    _S.PENDING: A2AState.SUBMITTED,
    _S.IN_PROGRESS: A2AState.WORKING,
    _S.INPUT_REQUIRED: A2AState.INPUT_REQUIRED,
    _S.AUTH_REQUIRED: A2AState.AUTH_REQUIRED,
    _S.COMPLETED: A2AState.COMPLETED,
    _S.FAILED: A2AState.FAILED,
    _S.CANCELLED: A2AState.CANCELED,
    _S.REJECTED: A2AState.REJECTED,
    _S.EXPIRED: A2AState.FAILED,
    _S.DEAD_LETTERED: A2AState.FAILED,
}
_VALUES = {status.value: state.value for status, state in STATES.items()}


def to_a2a_state(status: str) -> str:
    """Convert a task status to its A2A state."""
    return _VALUES[status]


def to_task_statuses(state: A2AState) -> list[str]:
    """List the task statuses that map to an A2A state."""
    return [status.value for status, candidate in STATES.items() if candidate is state]
