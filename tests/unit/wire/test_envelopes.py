"""The four representations of a message: every conversion is lossless, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agora.wire.envelopes import AGORA_KEY, VIEW_BY_NAME, convert_document, convert_to_agentify_envelope, embed_document
from agora_sdk.contract.envelopes import Performative

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = st.sampled_from(["Ada", "agent.company.name", "broadcast", "a,b", "", "agora"]) | TEXT
SPECIAL = st.sampled_from(["agora", "agentify", "a2a", "bus", "-", "kept", "empty", "drop", "text", "metadata"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SPECIAL | TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(SPECIAL | TEXT, JSON, max_size=3)
TIME = st.sampled_from(["2026-01-16T10:30:00Z", "2026-01-16T10:30:00.000001Z", "2026-01-16T11:30:00+01:00"])
NUMBER = st.one_of(TEXT, st.builds(json.dumps, OBJECT), st.just('{"a":1}'), st.just('{"text":"x"}'))


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


MESSAGES = st.fixed_dictionaries(
    {
        "message_id": TEXT,
        "from_agent": NAME,
        "from_name": NAME,
        "to_agent": NAME,
        "content": NUMBER,
        "message_type": st.sampled_from([*Performative, "info", "task", "alert"]).map(str) | TEXT,
        "priority": st.sampled_from(["low", "normal", "high", "urgent"]),
        "timestamp": TIME,
        "expires_at": st.none() | TIME,
        "correlation_id": st.none() | TEXT,
        "reply_to": st.none() | TEXT,
        "metadata": OBJECT,
        "broadcast": st.booleans(),
    },
    optional={"status": TEXT},
)
ENVELOPES = _some(
    id=TEXT,
    ts=TIME,
    type=st.sampled_from(Performative).map(str),
    sender=NAME,
    to=st.lists(NAME, max_size=3),
    intent=TEXT,
    task=TEXT,
    payload=OBJECT,
    context=OBJECT,
    correlation=_some(conversation_id=TEXT, reply_to=TEXT, trace=JSON),
    expected=_some(type=TEXT, timeout=st.integers(0, 9)),
    status=_some(state=TEXT, progress=st.floats(0, 1)),
    security=_some(permissions=st.lists(TEXT, max_size=2)),
    agora=JSON,
    extension=JSON,
)
PARTS = st.lists(
    _some(text=TEXT, data=JSON, url=TEXT, mediaType=TEXT, metadata=OBJECT),
    max_size=3,
)
A2A = _some(
    messageId=TEXT,
    contextId=TEXT,
    taskId=TEXT,
    role=st.sampled_from(["ROLE_AGENT", "ROLE_USER"]),
    parts=PARTS,
    metadata=OBJECT,
    extensions=st.lists(TEXT, max_size=2),
    referenceTaskIds=st.lists(TEXT, max_size=2),
)
ENTRIES = _some(
    message_id=TEXT,
    timestamp=TIME,
    sender=NAME,
    target=NAME,
    type=st.sampled_from(["task_assignment", "task_completion", "state_update", "error_report", "assistance_request"]),
    priority=st.sampled_from(["high", "medium", "low"]),
    content=OBJECT,
    correlation_id=TEXT,
    extensions=JSON,
    extension=JSON,
)
DOCUMENTS = {"message": MESSAGES, "agentify": ENVELOPES, "a2a": A2A, "bus": ENTRIES}
PAIRS = [(one, other) for one in DOCUMENTS for other in DOCUMENTS if one != other]


def _exact(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(data=st.data())
def test_message_round_trips(source: str, target: str, data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS[source])
    there = convert_document(document, source, target)
    assert _exact(convert_document(there, target, source)) == _exact(document)


@given(st.sampled_from(sorted(DOCUMENTS)), st.lists(st.sampled_from(sorted(DOCUMENTS)), max_size=5), st.data())
def test_any_sequence_of_conversions_is_lossless(source: str, way: list[str], data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS[source])
    at, here = document, source
    for view in [*way, source]:
        at, here = convert_document(at, here, view), view
    assert _exact(at) == _exact(document)


@pytest.mark.parametrize("view", VIEW_BY_NAME)
@given(data=st.data())
def test_foreign_data_in_the_reserved_member_is_only_stored(view: str, data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS[view])
    message = convert_document(document, view, "message", is_slot_trusted=False)
    assert _exact(convert_document(message, "message", view)) == _exact(document)
    plain = VIEW_BY_NAME[view].convert_to_message(VIEW_BY_NAME[view].extract_slot(document)[1])
    for name in plain.keys() - {"metadata"}:
        assert message[name] == plain[name]
    for name in ("agentify", "bus", "a2a"):
        assert name == view or name not in message["metadata"]


def test_message_is_readable_in_every_representation() -> None:
    envelope = {
        "id": "msg-1",
        "ts": "2026-01-16T10:30:00Z",
        "type": "request",
        "sender": "agent.app.orchestrator",
        "to": ["agent.calculator.calculation"],
        "intent": "calculate",
        "payload": {"a": 5, "b": 3},
        "context": {"customer_id": "customer-123"},
    }
    message = convert_document(envelope, "agentify", "message")
    assert message["content"] == '{"a":5,"b":3}'
    assert (message["message_type"], message["to_agent"]) == ("request", "agent.calculator.calculation")
    assert message["metadata"] == {"customer_id": "customer-123", "agentify": {"intent": "calculate"}}
    assert convert_document(envelope, "agentify", "a2a")["parts"] == [{"data": {"a": 5, "b": 3}}]
    entry = convert_document(envelope, "agentify", "bus")
    assert (entry["type"], entry["priority"], entry["content"]) == ("assistance_request", "medium", {"a": 5, "b": 3})
    text = convert_document({"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": "Hello"}]}, "a2a", "message")
    assert text["content"] == "Hello"
    assert convert_document(text, "message", "bus")["content"] == {"text": "Hello"}


def test_server_fields_do_not_change_author_fields() -> None:
    envelope = {"id": "mine", "type": "inform", "sender": "Ada", "to": ["Bob"], "intent": "x", "payload": {"n": 1.0}}
    plain = convert_document(envelope, "agentify", "message")
    stored = plain | {"message_id": "msg_1", "from_agent": "agent_1", "timestamp": "2026-01-16T10:30:00Z"}
    message = embed_document("agentify", stored, envelope)
    back = convert_to_agentify_envelope(message)
    slot = back.pop(AGORA_KEY)
    assert _exact(back) == _exact(envelope)
    assert slot == {"message_id": "msg_1", "from_agent": "agent_1", "timestamp": "2026-01-16T10:30:00Z"}


@pytest.mark.parametrize("content", ['{"a":NaN}', '{"a":1,"a":2}', '{"a": 1}', "{}", "[1]", '{"' * 2000, '{"a":1e999}'])
def test_text_that_resembles_data_stays_text(content: str) -> None:
    message = convert_document({"content": content}, "message", "agentify")
    assert message["payload"] == {"text": content}
