"""Event streams: live, resumed, deduplicated, over WebSocket or Server-Sent Events, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse

from agora_sdk import AgoraClient, EventStream
from agora_sdk.channels import MAX_FRAME_BYTES
from agora_sdk.errors import (
    CursorTooOld,
    Halted,
    InvalidRequest,
    Overloaded,
    ServerUnreachable,
    Unauthenticated,
    UpstreamFailed,
)
from agora_sdk.mcp_wire import Events
from agora_sdk.sse import EventSource
from tests.unit.sdk.scripted_server import Wire, entry, event, free_port

WAYS = pytest.mark.parametrize("way", ["WS", "SSE"])


def choose(wire: Wire, way: str) -> None:
    if way == "SSE":
        wire.socket_refusal = PlainTextResponse("no upgrade here", 404)


def take(stream: Any, count: int) -> list[int]:
    """Return the sequence numbers of the next events."""
    found: Iterator[Any] = iter(stream)
    return [next(found).sequence for _ in range(count)]


@WAYS
def test_events_arrive_live(wire: Wire, client: AgoraClient, way: str) -> None:
    choose(wire, way)
    with client.event.stream(["work.*", "agora.message.received"], agent="Ada") as stream:
        wire.publish(event(1), event(2, "work.begun", data="\u2028grüße"))
        first, second = (each for _, each in zip(range(2), stream, strict=False))
    assert (first.type, first.data, second.data) == ("work.done", {"n": 1}, "\u2028grüße")
    seen = wire.streams[-1]
    assert seen.method == way
    assert seen.query == [("types", "work.*"), ("types", "agora.message.received"), ("agent", "Ada")]


@WAYS
async def test_events_arrive_live_in_an_event_loop(wire: Wire, way: str) -> None:
    choose(wire, way)
    async with AgoraClient(wire.url, token="agt_1") as client, client.event.stream() as stream:
        assert await stream is stream
        wire.publish(event(1), event(2))
        found = []
        async for each in stream:
            found.append(each.sequence)
            if len(found) == 2:
                break
    assert found == [1, 2]
    assert wire.streams[-1].token == "agt_1"


@WAYS
def test_broken_stream_resumes_after_the_last_event_without_duplicates(
    wire: Wire, client: AgoraClient, way: str
) -> None:
    choose(wire, way)
    wire.repeats = 2
    stream = client.event.stream()
    events = iter(stream)
    wire.publish(event(1), event(2))
    assert [next(events).sequence, next(events).sequence] == [1, 2]
    wire.cut()
    wire.publish(event(3))
    assert next(events).sequence == 3
    wire.publish(event(4))
    assert next(events).sequence == 4
    stream.close()
    assert list(events) == []
    assert [dict(seen.query).get("last_event_id") for seen in wire.streams] == [None, "2"]


@WAYS
def test_events_before_the_first_received_one_are_not_lost(wire: Wire, client: AgoraClient, way: str) -> None:
    choose(wire, way)
    wire.publish(event(1))
    stream = client.event.stream()
    assert isinstance(stream, EventStream)
    wire.cut()
    wire.publish(event(2))
    assert take(stream, 1) == [2]
    assert stream.position == 2


@WAYS
def test_stream_begins_at_the_requested_position(wire: Wire, client: AgoraClient, way: str) -> None:
    choose(wire, way)
    wire.publish(*map(event, range(1, 6)))
    assert take(client.event.stream(last_event_id="3"), 2) == [4, 5]


def test_iteration_after_a_break_resumes(wire: Wire, client: AgoraClient) -> None:
    stream = client.event.stream()
    wire.publish(event(1), event(2), event(3))
    for _ in stream:
        break
    for each in stream:
        assert each.sequence == 2
        break
    assert take(stream, 1) == [3]


@WAYS
def test_position_too_old_error_names_the_oldest(wire: Wire, client: AgoraClient, way: str) -> None:
    choose(wire, way)
    wire.stream_refusals.append(CursorTooOld("Gone.", oldest=7))
    with pytest.raises(CursorTooOld) as caught:
        client.event.stream(last_event_id="3")
    assert caught.value.oldest == 7


def test_refusal_by_the_server_ends_the_stream_with_its_error(wire: Wire, client: AgoraClient) -> None:
    for error in (Unauthenticated("Revoked."), Halted("Stopped.")):
        stream = client.event.stream()
        wire.stream_refusals.append(error)
        wire.cut(error)
        with pytest.raises(type(error), match=str(error)):
            take(stream, 1)


def test_busy_server_is_retried(wire: Wire, client: AgoraClient) -> None:
    wire.stream_refusals.extend([Overloaded("Too many streams."), Overloaded("Too many streams.")])
    stream = client.event.stream()
    wire.publish(event(1))
    assert take(stream, 1) == [1]
    assert len(wire.streams) == 3


@WAYS
def test_temporary_refusal_of_a_stream_is_the_servers_own_error(wire: Wire, way: str) -> None:
    """It tells more than that the server cannot be reached."""
    choose(wire, way)
    wire.stream_refusals.append(Overloaded("Too many streams.", fix="Close one."))
    with AgoraClient(wire.url, retries=0) as client, pytest.raises(Overloaded, match=r"Too many streams\. Close one\."):
        client.event.stream()


def test_unresponsive_server_is_named(tmp_path: Any) -> None:
    with AgoraClient(f"http://127.0.0.1:{free_port()}", retries=1) as client, pytest.raises(ServerUnreachable):
        client.event.stream()


async def test_unresponsive_server_is_named_in_an_event_loop() -> None:
    async with AgoraClient(f"http://127.0.0.1:{free_port()}", retries=0) as client:
        with pytest.raises(ServerUnreachable):
            await client.event.stream()


def test_invalid_filters_are_refused_before_any_request(wire: Wire, client: AgoraClient) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.event.stream(subscription_id="sub_1")
    assert caught.value.errors[0]["field"] == "subscription_id"
    assert not wire.streams


def test_stream_can_be_closed_from_another_thread(wire: Wire, client: AgoraClient) -> None:
    stream = client.event.stream()
    wire.publish(event(1))
    found: list[int] = []
    one = threading.Event()

    def read() -> None:
        for each in stream:
            found.append(each.sequence)
            one.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert one.wait(60)
    stream.close()
    reader.join(10)
    assert not reader.is_alive()
    assert found == [1]


async def test_stream_can_be_closed_from_another_task(wire: Wire) -> None:
    async with AgoraClient(wire.url) as client:
        stream = await client.event.stream()
        reader = asyncio.create_task(_collect(stream))
        wire.publish(event(1))
        await asyncio.to_thread(wire.wait_for_streams, 1)
        await stream.aclose()
        assert await asyncio.wait_for(reader, 60) in ([], [1])


async def _collect(stream: Any) -> list[int]:
    return [each.sequence async for each in stream]


async def test_stream_cannot_mix_synchronous_and_asynchronous_reads(wire: Wire) -> None:
    async with AgoraClient(wire.url) as client:
        stream = await client.event.stream()
        with pytest.raises(InvalidRequest, match="Open one for each"):
            next(iter(stream))
        await stream.aclose()


def test_position_is_acknowledged_when_the_next_event_is_requested(wire: Wire, client: AgoraClient) -> None:
    stream = client.event.stream(subscription_id="sub_" + "0" * 32)
    wire.publish(event(1), event(2))
    take(stream, 2)
    wire.wait_for_acknowledged(1)
    assert wire.acknowledged == [1]


TASK = "task_" + "0" * 32


def test_log_is_read_to_its_end(wire: Wire, client: AgoraClient) -> None:
    wire.publish(entry(1, content="one"), entry(2, content="two"), entry(3, "done", status="completed"))
    stream = client.task.stream(TASK)
    wire.finish()
    entries = list(stream)
    assert [(each.number, each.type, each.content) for each in entries] == [
        (1, "output", "one"),
        (2, "output", "two"),
        (3, "done", None),
    ]
    assert list(stream) == [], "it has ended"
    (seen,) = wire.streams
    assert (seen.method, seen.query) == ("SSE", [("task_id", TASK)])
    assert isinstance(stream, EventStream)
    assert stream.position == 3


async def test_log_is_read_to_its_end_in_an_event_loop(wire: Wire) -> None:
    wire.publish(entry(1), entry(2, "done"))
    async with AgoraClient(wire.url) as client:
        stream = await client.task.stream(TASK)
        wire.finish()
        assert [each.number async for each in stream] == [1, 2]


def test_broken_log_resumes_after_the_last_entry_without_duplicates(wire: Wire, client: AgoraClient) -> None:
    wire.repeats = 1
    entries = iter(client.task.stream(TASK))
    wire.publish(entry(1), entry(2))
    assert [next(entries).number, next(entries).number] == [1, 2]
    wire.cut()
    wire.publish(entry(3))
    assert next(entries).number == 3
    wire.cut()
    wire.publish(entry(4, "done"))
    wire.finish()
    assert [each.number for each in entries] == [4]
    assert [dict(seen.query).get("last_event_id") for seen in wire.streams] == [None, "2", "3"]


def test_log_that_ended_during_an_outage_ends_the_iteration(wire: Wire, client: AgoraClient) -> None:
    entries = iter(client.task.stream(TASK))
    wire.publish(entry(1, "done"))
    assert next(entries).number == 1
    wire.cut()
    wire.finish()
    assert list(entries) == []
    assert dict(wire.streams[-1].query)["last_event_id"] == "1"


def test_log_begins_at_the_requested_position(wire: Wire, client: AgoraClient) -> None:
    wire.publish(entry(1), entry(2), entry(3, "done"))
    wire.finish()
    assert [each.number for each in client.task.stream(TASK, last_event_id="1")] == [2, 3]


@given(st.lists(st.tuples(st.integers(1, 9**9), st.text(max_size=30)), max_size=8), st.integers(1, 7))
def test_server_sent_events_are_parsed_for_any_chunking(messages: list[tuple[int, str]], size: int) -> None:
    import json

    text = b"retry: 1\nid: 0\n: connected\n\n"
    for sequence, data in messages:
        document = json.dumps({"sequence": sequence, "data": data}, ensure_ascii=False)
        text += f"id: {sequence}\nevent: x\ndata: {document}\n\n: heartbeat\nid: {sequence}\n\n".encode()
    source = EventSource()
    frames = [f for at in range(0, len(text), size) for f in source.feed(text[at : at + size])]
    expected: list[dict[str, Any]] = [{"control": "heartbeat", "sequence": 0}]
    for sequence, data in messages:
        expected += [{"sequence": sequence, "data": data}, {"control": "heartbeat", "sequence": sequence}]
    assert frames == expected


def test_server_sent_events_may_have_carriage_returns_and_several_data_lines() -> None:
    frames = list(EventSource().feed(b'data: {"a":\r\ndata: 1}\r\n\r\n'))
    assert frames == [{"a": 1}]


@pytest.mark.parametrize("chunk", [b"x" * 1_048_576, b"data: " + b"x" * 1_048_576 + b"\n"])
def test_server_sent_event_without_end_is_refused(chunk: bytes) -> None:
    source = EventSource()
    endless = (frame for _ in range(MAX_FRAME_BYTES // len(chunk) + 2) for frame in source.feed(chunk))
    with pytest.raises(UpstreamFailed, match="more than"):
        next(endless)


def test_position_of_a_message_defaults_to_its_id() -> None:
    text = b'id: 4\ndata: {"number":4}\n\nid: 5\ndata: {"sequence":6}\n\ndata: {"a":1}\n\n'
    assert list(EventSource().feed(text)) == [{"sequence": 4, "number": 4}, {"sequence": 6}, {"a": 1}]


def test_events_are_requested_without_compression(wire: Wire) -> None:
    choose(wire, "SSE")
    client = AgoraClient(wire.url)
    with client.event.stream(["work.*"]):
        wire.wait_for_streams(1)
    assert wire.streams[-1].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("digits", [400, 5000])
def test_reconnection_delay_that_is_no_number_of_seconds_is_ignored(digits: int) -> None:
    (event,) = Events().feed(b"retry: " + b"9" * digits + b"\ndata: {}\n\n")
    assert (event.data, event.retry) == (b"{}", None)
