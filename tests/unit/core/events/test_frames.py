"""Wire format of events."""

from __future__ import annotations

import json

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from agora.core.events.frames import (
    CLOSE_TOO_SLOW,
    Batch,
    CloseReason,
    EncodedEvent,
    encode_sse_closing_message,
    encode_websocket_text_frame,
)
from agora.store.port import NewEvent, StoredEvent
from agora_sdk.contract.events import Event
from agora_sdk.errors import CursorTooOld


def stored(
    data: bytes = b'{"n":1}', *, time: int = 1_700_000_000_123_456, subject: str | None = "agent_x"
) -> StoredEvent:
    event = NewEvent("evt_1", "work.done", "/agora/agents/agent_a", subject, time, data)
    return StoredEvent("default", 7, event)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_frames_are_readable_by_a_real_client(size: int) -> None:
    payload = b"x" * size
    reader = StreamReader()
    reader.feed_data(encode_websocket_text_frame(payload) + encode_websocket_text_frame(b"next"))
    assert [parse(reader), parse(reader)] == [Frame(Opcode.TEXT, payload), Frame(Opcode.TEXT, b"next")]


def parse(reader: StreamReader) -> Frame:
    try:
        next(Frame.parse(reader.read_exact, mask=False))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("the frame is not complete")


@pytest.mark.parametrize("time", [0, 1_700_000_000_000_000, 1_700_000_000_123_456])
@pytest.mark.parametrize("subject", [None, 'a "quoted" name'])
def test_document_is_the_events_model_as_json(time: int, subject: str | None) -> None:
    encoded = EncodedEvent(stored(b'{"text":"\xc3\xa9"}', time=time, subject=subject))
    assert Event.model_validate_json(encoded.json) == encoded.model()
    assert encoded.json.decode() == encoded.model().model_dump_json()


def test_batch_concatenates_its_events() -> None:
    events = [EncodedEvent(stored(b"1")), EncodedEvent(stored(b"2"))]
    batch = Batch(events, 7)
    assert batch.frames == events[0].frame + events[1].frame
    assert batch.chunk == events[0].chunk + events[1].chunk
    assert batch.texts == (events[0].json, events[1].json)
    assert events[0].chunk == b"id: 7\nevent: work.done\ndata: " + events[0].json + b"\n\n"


def test_heartbeat_advances_the_resume_position() -> None:
    beat = Batch((), 12)
    assert beat.chunk == b": heartbeat\nid: 12\n\n"
    assert beat.frames == encode_websocket_text_frame(b'{"control":"heartbeat","sequence":12}')


def test_last_sse_message_has_reason_and_position() -> None:
    chunk = encode_sse_closing_message(CloseReason.from_error(CursorTooOld("Too late.", oldest=3)), 2)
    head, data, *_ = chunk.decode().split("\ndata: ")[0], chunk.decode().split("\ndata: ")[1]
    closing = json.loads(data)
    assert head == "id: 2\nevent: closing"
    assert (closing["control"], closing["code"], closing["error"]["oldest"]) == ("closing", 4410, 3)


def test_slow_reader_has_a_distinct_close_code() -> None:
    assert CloseReason.too_slow().code == CLOSE_TOO_SLOW == 4508
