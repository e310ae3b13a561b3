"""Conversion between A2A 1.0 and 0.3: lossless, and compatible with the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
from a2a.compat.v0_3 import conversions
from a2a.compat.v0_3 import types as v03
from a2a.types import a2a_pb2 as v10
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given

from agora.wire.a2a import tolerant_input as reading
from agora.wire.a2a import v03 as legacy
from agora.wire.a2a import v03_cards as legacy_cards
from agora.wire.a2a import v03_proto as legacy_proto
from agora.wire.a2a.states import LEGACY_STATES, TASK_STATES, parse_task_state_or_none
from agora_sdk.errors import InvalidRequest
from tests.unit.wire import a2a_messages as shapes


@given(shapes.messages)
def test_message_round_trips_through_0_3(message: dict[str, Any]) -> None:
    assert reading.read_message(legacy.message_to_v03(message)) == message


@given(shapes.events)
def test_event_round_trips_through_0_3(event: dict[str, Any]) -> None:
    assert legacy.event_to_v1(legacy.event_to_v03(event)) == event


@given(shapes.messages)
def test_1_0_data_is_unchanged(message: dict[str, Any]) -> None:
    assert reading.read_message(message) == message


@given(shapes.events)
def test_sdk_reads_converted_events_of_0_3(event: dict[str, Any]) -> None:
    written = legacy.event_to_v03(event)
    kinds: dict[str, Any] = {
        "task": (v03.Task, conversions.to_core_task, v10.Task),
        "message": (v03.Message, conversions.to_core_message, v10.Message),
        "status-update": (
            v03.TaskStatusUpdateEvent,
            conversions.to_core_task_status_update_event,
            v10.TaskStatusUpdateEvent,
        ),
        "artifact-update": (
            v03.TaskArtifactUpdateEvent,
            conversions.to_core_task_artifact_update_event,
            v10.TaskArtifactUpdateEvent,
        ),
    }
    model, to_core, message = kinds[written["kind"]]
    read = MessageToDict(to_core(model.model_validate(written)))
    (inner,) = event.values()
    assert _plain(read) == _plain(MessageToDict(ParseDict(inner, message())))


def _plain(value: Any) -> Any:
    """Remove empty values, and members unknown to 0.3, which we store in metadata and the SDK drops."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _plain(entry) for key, entry in value.items() if key != reading.PART_FIELDS_KEY}
    if "text" in kept or "data" in kept:
        kept = {key: entry for key, entry in kept.items() if key not in ("filename", "mediaType")}
    return {key: entry for key, entry in kept.items() if entry != {} or key not in ("metadata",)}


@given(shapes.cards)
def test_sdk_reads_an_equal_card_in_0_3(card: dict[str, Any]) -> None:
    ours = conversions.to_core_agent_card(v03.AgentCard.model_validate(legacy_cards.card_to_v03(card)))
    theirs = ParseDict(card, v10.AgentCard())
    for member in ("name", "description", "version", "skills", "default_input_modes", "security_schemes"):
        assert getattr(ours, member) == getattr(theirs, member), member
    assert ours.capabilities.streaming == theirs.capabilities.streaming


@given(shapes.cards)
def test_card_round_trips_through_0_3(card: dict[str, Any]) -> None:
    assert legacy_cards.card_to_v1(legacy_cards.card_to_v03(card)) == card


@given(shapes.cards)
def test_merged_card_is_valid_in_both_versions(card: dict[str, Any]) -> None:
    merged = legacy_cards.add_legacy_card_members(card)
    assert ParseDict(merged, v10.AgentCard(), ignore_unknown_fields=True) == ParseDict(card, v10.AgentCard())
    assert v03.AgentCard.model_validate(merged).url == "https://agents.example/a2a/x"
    assert legacy_cards.card_to_v1(merged) == card


@given(shapes.events)
def test_sdk_reads_0_3_as_protocol_buffers(event: dict[str, Any]) -> None:
    from a2a.compat.v0_3 import a2a_v0_3_pb2

    read = ParseDict(legacy_proto.event_to_proto(event), a2a_v0_3_pb2.StreamResponse(), ignore_unknown_fields=False)
    assert read.WhichOneof("payload") is not None


@pytest.mark.parametrize("state", TASK_STATES)
def test_every_state_has_a_name_in_0_3(state: str) -> None:
    assert parse_task_state_or_none(LEGACY_STATES[state]) == state
    assert parse_task_state_or_none(TASK_STATES.index(state)) == state
    assert v03.TaskState(LEGACY_STATES[state])


def test_push_configuration_round_trips() -> None:
    config = {
        "id": "one",
        "taskId": "task_1",
        "url": "https://hooks.example/a",
        "token": "t",
        "authentication": {"scheme": "Bearer", "credentials": "c"},
    }
    assert reading.read_push_config(legacy.push_config_to_v03(config)) == config
    assert (
        v03.TaskPushNotificationConfig.model_validate(legacy.push_config_to_v03(config)).push_notification_config.id
        == "one"
    )


def test_common_security_scheme_is_chosen() -> None:
    given = {"url": "https://hooks.example", "authentication": {"schemes": ["Basic", "Bearer"], "credentials": "c"}}
    assert reading.read_push_config(given)["authentication"] == {"scheme": "Bearer", "credentials": "c"}


@given(shapes.messages)
def test_request_round_trips_through_0_3(message: dict[str, Any]) -> None:
    request = {
        "message": message,
        "configuration": {
            "acceptedOutputModes": ["text/plain"],
            "historyLength": 3,
            "returnImmediately": True,
            "taskPushNotificationConfig": {"url": "https://hooks.example"},
        },
        "metadata": {"skill": "sum"},
    }
    assert reading.read_send_request(legacy.send_request_to_v03(request), legacy=True) == request


def test_history_length_0_means_unlimited_in_0_3() -> None:
    assert reading.read_configuration({"historyLength": 0}, legacy=True) == {}
    assert reading.read_configuration({"historyLength": 0}) == {"historyLength": 0}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "content": "Calculate 25 * 4"},
        {"type": "text", "text": "Calculate 25 * 4"},
        {"kind": "text", "text": "Calculate 25 * 4"},
        {"text": "Calculate 25 * 4"},
        {"content": "Calculate 25 * 4"},
        "Calculate 25 * 4",
    ],
)
def test_text_is_read_in_every_form(part: Any) -> None:
    assert reading.read_part(part, "part") == {"text": "Calculate 25 * 4"}


@pytest.mark.parametrize(
    ("part", "read"),
    [
        ({"type": "data", "content": {"a": 1}}, {"data": {"a": 1}}),
        ({"type": "json", "content": [1]}, {"data": [1]}),
        (
            {"kind": "file", "file": {"bytes": "aGk", "mimeType": "text/plain", "name": "a.txt"}},
            {"raw": "aGk=", "mediaType": "text/plain", "filename": "a.txt"},
        ),
        ({"kind": "file", "file": {"fileWithUri": "https://a.example/b"}}, {"url": "https://a.example/b"}),
        ({"raw": "_-8=", "media_type": "image/png"}, {"raw": "/+8=", "mediaType": "image/png"}),
        ({"type": "file", "content": "aGk="}, {"raw": "aGk="}),
        ({"data": None}, {"data": None}),
        ({"text": "a", "raw": None, "metadata": None}, {"text": "a"}),
    ],
)
def test_other_parts_are_read_in_every_form(part: Any, read: Any) -> None:
    assert reading.read_part(part, "part") == read


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({}, "p"),
        ({"text": "a", "url": "b"}, "p"),
        ({"text": 1}, "p.text"),
        ({"kind": "video", "video": "x"}, "p.kind"),
        ({"kind": "text"}, "p"),
        ({"kind": "file"}, "p"),
        ({"kind": "file", "file": {"bytes": "%%%"}}, "p.raw"),
        ({"raw": "a"}, "p.raw"),
        ({"text": "a", "metadata": "m"}, "p.metadata"),
        ({"type": ["text"], "content": "a"}, "p.kind"),
        (7, "p"),
        (None, "p"),
    ],
)
def test_unreadable_part_is_refused_by_name(part: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        reading.read_part(part, "p")
    assert refused.value.extra["errors"][0]["field"] == field


def test_message_needs_no_id_and_no_role() -> None:
    message = reading.read_message({"parts": [{"type": "text", "content": "hello"}]})
    assert message["messageId"].startswith("msg_")
    assert message["role"] == "ROLE_USER"
    assert reading.read_message({"content": "hello"})["parts"] == [{"text": "hello"}]
    assert reading.read_message({"text": "hello"})["parts"] == [{"text": "hello"}]
    assert reading.read_message("hello")["parts"] == [{"text": "hello"}]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (None, "message"),
        ([], "message"),
        ({}, "message.parts"),
        ({"parts": []}, "message.parts"),
        ({"parts": 5}, "message.parts"),
        ({"parts": "a"}, "message.parts"),
        ({"kind": "message", "role": "user", "parts": ["a"]}, "message.messageId"),
        ({"kind": "message", "messageId": "m", "parts": ["a"]}, "message.role"),
        ({"parts": ["a"], "role": "robot"}, "message.role"),
        ({"parts": ["a"], "messageId": {}}, "message.messageId"),
        ({"parts": ["a"], "messageId": ""}, "message.messageId"),
        ({"parts": ["a"], "metadata": []}, "message.metadata"),
        ({"parts": ["a"], "extensions": "x"}, "message.extensions"),
        ({"parts": ["a"], "taskId": 5.5}, "message.taskId"),
    ],
)
def test_invalid_message_is_refused(message: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        reading.read_message(message)
    assert refused.value.extra["errors"][0]["field"] == field


def test_names_of_protocol_buffers_are_read() -> None:
    given = {
        "message": {"message_id": "m", "context_id": "c", "task_id": "t", "role": 1, "parts": [{"text": "a"}]},
        "configuration": {"accepted_output_modes": ["text/plain"], "history_length": "2", "return_immediately": True},
    }
    assert reading.read_send_request(given) == {
        "message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "a"}], "contextId": "c", "taskId": "t"},
        "configuration": {"acceptedOutputModes": ["text/plain"], "historyLength": 2, "returnImmediately": True},
    }


def test_keys_of_data_are_not_renamed() -> None:
    assert reading.read_part({"data": {"snake_case": {"a_b": None}}}, "p") == {"data": {"snake_case": {"a_b": None}}}
    assert reading.read_part({"data": {"a_b": 1}, "media_type": "x/y"}, "p") == {"data": {"a_b": 1}, "mediaType": "x/y"}
