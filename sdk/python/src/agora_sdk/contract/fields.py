"""Field types shared by the operations, with their bounds and descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, JsonValue

__all__ = [
    "AgentName",
    "AgentRef",
    "AgentStatus",
    "AgentStatusLike",
    "BusyPolicy",
    "Capability",
    "Cursor",
    "DeliveryState",
    "DeliveryStateLike",
    "EventType",
    "JsonData",
    "JsonObject",
    "Label",
    "Limit",
    "MessageType",
    "Offset",
    "OverrideAction",
    "OverrideActionLike",
    "Priority",
    "PriorityLike",
    "Recipients",
    "ServiceTier",
    "ServiceTierLike",
    "TaskStatus",
    "TaskStatusLike",
    "Text",
    "Timestamp",
    "Visibility",
    "VisibilityLike",
    "not_a_boolean",
    "not_a_number",
    "split",
]

MAX_DEPTH = 100  #: maximum nesting of free-form JSON
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
NAME = r"^[^\x00-\x1f\x7f/]+$"


class Priority(StrEnum):
    """Priority of a message or task."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


BusyPolicy: TypeAlias = Annotated[
    Literal["enqueue", "reject", "interrupt", "rollback", "concurrent"],
    Field(
        description="What to do with a new task while an earlier task of the same requester, agent and context is "
        "running: wait until that one ends or asks a question (enqueue), reject the new one (reject), cancel the "
        "earlier one and keep it in the conversation (interrupt) or remove it from the conversation "
        "(rollback), or run both (concurrent)."
    ),
]


class ServiceTier(StrEnum):
    """Service tier of an agent; determines its rate limit."""

    BASIC = "basic"
    PREMIUM = "premium"
    ENTERPRISE = "enterprise"


class AgentStatus(StrEnum):
    """Lifecycle state of an agent."""

    ACTIVE = "active"
    BUSY = "busy"
    ERROR = "error"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    INACTIVE = "inactive"
    OFFLINE = "offline"
    RETIRED = "retired"


class Visibility(StrEnum):
    """Visibility of an agent in searches."""

    PUBLIC = "public"
    ORGANIZATION = "organization"
    TEAM = "team"
    PROJECT = "project"
    PRIVATE = "private"


class MessageType(StrEnum):
    """Well-known message types. Any other label is also accepted."""

    INFO = "info"
    TASK = "task"
    ALERT = "alert"
    SYSTEM = "system"
    INTRODUCTION = "introduction"
    TASK_COMPLETION = "task_completion"
    SYSTEM_ANNOUNCEMENT = "system_announcement"
    DEPRECATION_NOTICE = "deprecation_notice"


class TaskStatus(StrEnum):
    """States of a task."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INPUT_REQUIRED = "input_required"
    AUTH_REQUIRED = "auth_required"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DEAD_LETTERED = "dead_lettered"


class DeliveryState(StrEnum):
    """State of a message for one recipient."""

    HELD = "held"
    QUEUED = "queued"
    DELIVERED = "delivered"
    READ = "read"
    ACKNOWLEDGED = "acknowledged"
    EXPIRED = "expired"
    DEAD_LETTERED = "dead_lettered"


class OverrideAction(StrEnum):
    """What an administrative override does to its target."""

    PAUSE = "pause"
    RESUME = "resume"
    TERMINATE = "terminate"
    EMERGENCY_HALT = "emergency_halt"


# Parameters accept a member, or its value as a literal. Only type checkers see the literals; models and
# implementations use the enum.
if TYPE_CHECKING:
    PriorityLike: TypeAlias = Priority | Literal["low", "normal", "high", "urgent"]
    ServiceTierLike: TypeAlias = ServiceTier | Literal["basic", "premium", "enterprise"]
    AgentStatusLike: TypeAlias = (
        AgentStatus | Literal["active", "busy", "error", "paused", "suspended", "inactive", "offline", "retired"]
    )
    VisibilityLike: TypeAlias = Visibility | Literal["public", "organization", "team", "project", "private"]
    TaskStatusLike: TypeAlias = (
        TaskStatus
        | Literal[
            "pending",
            "in_progress",
            "completed",
            "failed",
            "cancelled",
            "input_required",
            "auth_required",
            "rejected",
            "expired",
            "dead_lettered",
        ]
    )
    DeliveryStateLike: TypeAlias = (
        DeliveryState | Literal["held", "queued", "delivered", "read", "acknowledged", "expired", "dead_lettered"]
    )
    OverrideActionLike: TypeAlias = OverrideAction | Literal["pause", "resume", "terminate", "emergency_halt"]
else:
    PriorityLike = Priority
    ServiceTierLike = ServiceTier
    AgentStatusLike = AgentStatus
    VisibilityLike = Visibility
    TaskStatusLike = TaskStatus
    DeliveryStateLike = DeliveryState
    OverrideActionLike = OverrideAction


def split(value: Any) -> Any:
    """Split a text at commas, because a query string has no lists."""
    return value.split(",") if isinstance(value, str) and "," in value else value


AgentRef = Annotated[
    str, Field(min_length=1, max_length=200, pattern=NAME, description="Agent id, name or dotted alias.")
]
AgentName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=NAME,
        description="Name of the agent, unique in the marketplace; no slash, no control character.",
        examples=["DocSystemAgent"],
    ),
]
Recipients = Annotated[
    AgentRef | Annotated[list[AgentRef], Field(min_length=1, max_length=100)],
    BeforeValidator(split),
    Field(
        description="Agent id or name, a list of them, 'broadcast' for everyone, or 'capability:NAME' "
        "for every agent that has it."
    ),
]
Capability = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE, examples=["documentation"])]
Label = Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTABLE)]
EventType = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9_.*-]+$",
        description="Event type, short name (message_received) or pattern (agora.message.*).",
    ),
]
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]


def _check_portable(value: Any) -> Any:
    """Reject JSON nested too deeply to be parsed again once responses and events wrap it."""
    level = [value]
    # Level by level and not recursively: deep nesting must not exhaust the stack before it is found.
    for _ in range(MAX_DEPTH):
        level = [part for item in level for part in _list_parts(item)]
        if not level:
            return value
    raise ValueError(f"nested deeper than {MAX_DEPTH} levels")


def _list_parts(item: Any) -> Iterable[Any]:
    if isinstance(item, float) and not isfinite(item):
        raise ValueError("NaN and infinity are not JSON")
    return item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()


JsonObject = Annotated[dict[Annotated[str, Field(max_length=200)], JsonValue], AfterValidator(_check_portable)]
JsonData = Annotated[JsonValue, AfterValidator(_check_portable)]
Limit = Annotated[int, Field(ge=1, le=500, description="Maximum number of items returned.")]
Offset = Annotated[
    int,
    Field(ge=0, le=2_000, description="Number of items to skip. A cursor is cheaper."),
]
Cursor = Annotated[
    Annotated[str, Field(max_length=400, pattern=r"^[A-Za-z0-9_-]+$")] | None,
    Field(description="'next_cursor' of the previous page."),
]


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is out of range") from None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ]|$)")
_SPACE_BEFORE_OFFSET = re.compile(r"[0-9-]{10}[Tt ][0-9:.]+ [0-9]{2}:?[0-9]{2}")


def not_a_number(value: object) -> object:
    """Reject Unix timestamps, which pydantic would accept: the schema requires RFC 3339."""
    if isinstance(value, int | float) or (isinstance(value, str) and not _DATE.match(value)):
        raise ValueError("expected a date or time of RFC 3339, such as 2026-01-31T12:00:00Z")
    if isinstance(value, str) and _SPACE_BEFORE_OFFSET.fullmatch(value):  # an unescaped + in a query string
        raise ValueError("has a space instead of the sign of the offset; in a URL, write + as %2B")
    return value


def not_a_boolean(value: object) -> object:
    """Reject true and false, which pydantic would accept as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("expected a number, not true or false")
    return value


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc),
    BeforeValidator(not_a_number),
    Field(description="RFC 3339 time with an offset."),
]
