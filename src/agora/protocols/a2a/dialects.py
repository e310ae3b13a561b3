"""Dialects: encoding of results and events for clients of each version.

The operations return A2A 1.0, whose JSON is sent unchanged; the other dialects are converted from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.value_classes import value_class
from agora.wire.a2a import v03 as legacy
from agora.wire.a2a import v03_cards as legacy_cards
from agora.wire.a2a import v03_proto as legacy_proto
from agora.wire.a2a.states import INTERRUPTED_STATES

__all__ = ["CURRENT", "LEGACY", "LEGACY_PROTO", "LEGACY_PROTO_TEXT", "Dialect"]

ConvertResult = Callable[[Any], Any]


@value_class
class Dialect:
    """A wire format. shapes: conversions of the 1.0 result by method; other methods are unchanged."""

    name: str
    old: bool
    shapes: Mapping[str, ConvertResult]
    update: Callable[..., Any] | None = None

    def encode_result(self, method: str, body: bytes) -> bytes:
        """Encode the result of a method from the operation's result."""
        shape = self.shapes.get(method)
        return body if shape is None else to_json(shape(from_json(body)))

    def encode_event(self, json: bytes, *, interrupts: bool) -> bytes:
        """Encode an item of a stream. interrupts: whether the stream ends when the task needs input."""
        if self.update is None:
            return json
        item = from_json(json)
        # Clients of 0.3 stop reading at "final": too early, they lose items; without it, they wait.
        final = interrupts and _convert_status_state(item) in INTERRUPTED_STATES
        return to_json(self.update(item, final=final))


def _convert_status_state(item: Mapping[str, Any]) -> str:
    update: Mapping[str, Any] = item.get("statusUpdate") or {}
    state: str = update.get("status", {}).get("state", "")
    return state


def _convert_tasks_of_page(task: ConvertResult) -> ConvertResult:
    return lambda found: {**found, "tasks": [task(entry) for entry in found.get("tasks", ())]}


CURRENT: Final = Dialect("1.0", False, {"DeleteTaskPushNotificationConfig": lambda found: {}})
LEGACY: Final = Dialect(
    "0.3",
    True,
    {
        "SendMessage": legacy.event_to_v03,
        "GetTask": legacy.task_to_v03,
        "CancelTask": legacy.task_to_v03,
        "ListTasks": _convert_tasks_of_page(legacy.task_to_v03),
        "CreateTaskPushNotificationConfig": legacy.push_config_to_v03,
        "GetTaskPushNotificationConfig": legacy.push_config_to_v03,
        "ListTaskPushNotificationConfigs": lambda found: [
            legacy.push_config_to_v03(c) for c in found.get("configs", ())
        ],
        "DeleteTaskPushNotificationConfig": lambda found: None,
        "GetExtendedAgentCard": legacy_cards.merge_versions,
    },
    legacy.event_to_v03,
)
LEGACY_PROTO: Final = Dialect(
    "0.3",
    True,
    {
        "SendMessage": legacy_proto.event_to_proto,
        "GetTask": legacy_proto.task_to_proto,
        "CancelTask": legacy_proto.task_to_proto,
        "ListTasks": _convert_tasks_of_page(legacy_proto.task_to_proto),
        "CreateTaskPushNotificationConfig": legacy_proto.push_config_to_proto,
        "GetTaskPushNotificationConfig": legacy_proto.push_config_to_proto,
        "ListTaskPushNotificationConfigs": lambda found: {
            "configs": [legacy_proto.push_config_to_proto(entry) for entry in found.get("configs", ())]
        },
        "DeleteTaskPushNotificationConfig": lambda found: {},
        "GetExtendedAgentCard": legacy_cards.merge_versions,
    },
    legacy_proto.event_to_proto,
)


def _with_bytes_as_text(shape: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments, **options: legacy_proto.encode_bytes_as_text(shape(*arguments, **options))


#: LEGACY_PROTO for clients that expect the bytes of a file as base64 text
LEGACY_PROTO_TEXT: Final = Dialect(
    "0.3",
    True,
    {name: _with_bytes_as_text(shape) for name, shape in LEGACY_PROTO.shapes.items()},
    _with_bytes_as_text(legacy_proto.event_to_proto),
)
