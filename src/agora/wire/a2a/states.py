"""Names of states and roles, in every version and spelling."""

from __future__ import annotations

from typing import Any, Final

__all__ = [
    "INTERRUPTED_STATES",
    "LEGACY_STATES",
    "ROLES",
    "TASK_STATES",
    "TERMINAL_STATES",
    "parse_role_or_none",
    "parse_task_state_or_none",
]

STATE_PREFIX: Final = "TASK_STATE_"

#: A2A 1.0, section 4.1.3, ordered by their numbers
TASK_STATES: Final = (
    "TASK_STATE_UNSPECIFIED",
    "TASK_STATE_SUBMITTED",
    "TASK_STATE_WORKING",
    "TASK_STATE_COMPLETED",
    "TASK_STATE_FAILED",
    "TASK_STATE_CANCELED",
    "TASK_STATE_INPUT_REQUIRED",
    "TASK_STATE_REJECTED",
    "TASK_STATE_AUTH_REQUIRED",
)
TERMINAL_STATES: Final = frozenset(
    {"TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED", "TASK_STATE_REJECTED"}
)
INTERRUPTED_STATES: Final = frozenset({"TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"})
ROLES: Final = ("ROLE_UNSPECIFIED", "ROLE_USER", "ROLE_AGENT")

#: states of A2A 0.3, section 6.3
LEGACY_STATES: Final = {
    state: "unknown" if state == TASK_STATES[0] else state.removeprefix(STATE_PREFIX).lower().replace("_", "-")
    for state in TASK_STATES
}

_STATE_BY_NAME: Final = {
    **{legacy: state for state, legacy in LEGACY_STATES.items()},
    **{state: state for state in TASK_STATES},
    "TASK_STATE_CANCELLED": "TASK_STATE_CANCELED",  # the spelling in Protocol Buffers of 0.3
    "cancelled": "TASK_STATE_CANCELED",
}


def parse_task_state_or_none(value: Any) -> str | None:
    """Find the 1.0 name of a state by any spelling or number; None if there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        # ProtoJSON allows numbers for enumerations. bool is an int in Python: ``true`` must not be the state number 1.
        return TASK_STATES[value] if 0 <= value < len(TASK_STATES) else None
    if not isinstance(value, str):
        return None
    return _STATE_BY_NAME.get(value) or _STATE_BY_NAME.get(value.lower().replace("_", "-"))


def parse_role_or_none(value: Any) -> str | None:
    """Find the 1.0 name of a role by any spelling or number; None if there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return ROLES[value] if 0 <= value < len(ROLES) else None
    if not isinstance(value, str):
        return None
    name = value.upper()
    name = name if name.startswith("ROLE_") else f"ROLE_{name}"
    return name if name in ROLES else None
