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

ResultConverter = Callable[[Any], Any]


@value_class
class Dialect:
    """A wire format.

    is_legacy: whether it is one of 0.3. result_converters: convert the 1.0 result, by method; other results are
    unchanged. convert_event: converts an item of a stream; None leaves it unchanged.
    """

    name: str
    is_legacy: bool
    result_converters: Mapping[str, ResultConverter]
    convert_event: Callable[..., Any] | None = None

    def encode_result(self, method: str, body: bytes) -> bytes:
        """Encode the result of a method from the operation's result."""
        convert = self.result_converters.get(method)
        return body if convert is None else to_json(convert(from_json(body)))

    def encode_event(self, json: bytes, *, interrupts: bool) -> bytes:
        """Encode an item of a stream. interrupts: whether the stream ends when the task needs input."""
        if self.convert_event is None:
            return json
        item = from_json(json)
        # Clients of 0.3 stop reading at "final": too early, they lose items; without it, they wait.
        final = interrupts and _read_status_state(item) in INTERRUPTED_STATES
        return to_json(self.convert_event(item, final=final))


def _read_status_state(item: Mapping[str, Any]) -> str:
    update: Mapping[str, Any] = item.get("statusUpdate") or {}
    state: str = update.get("status", {}).get("state", "")
    return state


def _build_task_page_converter(convert_task: ResultConverter) -> ResultConverter:
    return lambda page: {**page, "tasks": [convert_task(task) for task in page.get("tasks", ())]}


CURRENT: Final = Dialect("1.0", False, {"DeleteTaskPushNotificationConfig": lambda result: {}})
LEGACY: Final = Dialect(
    "0.3",
    True,
    {
        "SendMessage": legacy.event_to_v03,
        "GetTask": legacy.task_to_v03,
        "CancelTask": legacy.task_to_v03,
        "ListTasks": _build_task_page_converter(legacy.task_to_v03),
        "CreateTaskPushNotificationConfig": legacy.push_config_to_v03,
        "GetTaskPushNotificationConfig": legacy.push_config_to_v03,
        "ListTaskPushNotificationConfigs": lambda page: [
            legacy.push_config_to_v03(config) for config in page.get("configs", ())
        ],
        "DeleteTaskPushNotificationConfig": lambda result: None,
        "GetExtendedAgentCard": legacy_cards.add_legacy_card_members,
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
        "ListTasks": _build_task_page_converter(legacy_proto.task_to_proto),
        "CreateTaskPushNotificationConfig": legacy_proto.push_config_to_proto,
        "GetTaskPushNotificationConfig": legacy_proto.push_config_to_proto,
        "ListTaskPushNotificationConfigs": lambda page: {
            "configs": [legacy_proto.push_config_to_proto(config) for config in page.get("configs", ())]
        },
        "DeleteTaskPushNotificationConfig": lambda result: {},
        "GetExtendedAgentCard": legacy_cards.add_legacy_card_members,
    },
    legacy_proto.event_to_proto,
)


def _build_text_bytes_converter(convert: Callable[..., Any]) -> Callable[..., Any]:
    """Build a converter that also encodes the bytes of files as base64 text."""
    return lambda *arguments, **options: legacy_proto.encode_bytes_as_text(convert(*arguments, **options))


#: LEGACY_PROTO for clients that expect the bytes of a file as base64 text
LEGACY_PROTO_TEXT: Final = Dialect(
    "0.3",
    True,
    {name: _build_text_bytes_converter(convert) for name, convert in LEGACY_PROTO.result_converters.items()},
    _build_text_bytes_converter(legacy_proto.event_to_proto),
)
