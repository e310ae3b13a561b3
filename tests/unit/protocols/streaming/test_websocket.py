"""WebSocket streams with a real server and a real client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agora.protocols.streaming import websocket_calls
from agora.protocols.streaming.websocket import TransportSink
from tests.failing_stores import failing_store
from tests.harness import Running
from tests.polling import wait_until
from tests.unit.protocols.streaming.stream_clients import (
    WEBSOCKET,
    call,
    deaf,
    events_of,
    flood,
    prune,
    publish,
    receive,
    socket,
)


async def closed(connection: Any) -> tuple[int, str]:
    """Return code and reason of the server's close."""
    await rest_of(connection)
    return connection.close_code, connection.close_reason


async def rest_of(connection: Any) -> list[Any]:
    """Return the messages until the server closes."""
    frames = []
    async with asyncio.timeout(60):
        try:
            while True:
                frames.append(json.loads(await connection.recv()))
        except ConnectionClosed:
            return frames


async def refusal(server: Running, **query: Any) -> tuple[int, Any]:
    """Return status and problem document of a refused handshake."""
    with pytest.raises(InvalidStatus) as refused:
        async with socket(server, **query):
            pass
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, json.loads(response.body)


async def invoke(connection: Any, operation: str, id: Any = 1, **arguments: Any) -> Any:
    frame = {"id": id, "operation": f"agora.{operation}", "arguments": arguments}
    await connection.send(json.dumps(frame))
    while "id" not in (answer := await receive(connection)) or "specversion" in answer:
        pass
    return answer


async def test_events_arrive_as_logged(server: Running, request: pytest.FixtureRequest) -> None:
    async with socket(server) as connection:
        await publish(server, "build.started", "build.finished", data={"ok": True})
        events = await events_of(connection, 2)
        direct = isinstance(server.app.feed.list_streams()[0].sink, TransportSink)
        assert direct is ("transport" in request.node.callspec.id)
    page = await call(server, "event.list")
    assert events == json.loads(page.model_dump_json())["events"]


async def test_greeting_reports_the_start_position(server: Running) -> None:
    await publish(server, "a.b", "a.c")
    async with socket(server) as connection:
        assert connection.greeting == {
            "control": "connected",
            "sequence": 2,
            "subject": "operator",
            "subscription_id": None,
            "heartbeat": 15.0,
        }


@pytest.mark.parametrize("types", ["a.x,b.*", ["a.x", "b.*"]])
async def test_filters_are_query_parameters(server: Running, types: Any) -> None:
    async with socket(server, types=types) as connection:
        await publish(server, "a.x", "a.y", "b.y", "c", "a.x")
        assert [event["type"] for event in await events_of(connection, 3)] == ["a.x", "b.y", "a.x"]


async def test_filter_by_agent_name(server: Running) -> None:
    registration = await call(server, "agent.register", agent_name="Worker")
    worker = await server.app.authenticator.authenticate(registration.token)
    async with socket(server, agent="Worker") as connection:
        await publish(server, "not.its")
        await call(server, "event.publish", worker, event_type="its.own")
        (event,) = await events_of(connection, 1)
        assert (event["type"], event["source"]) == ("its.own", f"/agora/agents/{worker.subject}")


async def test_resumption_loses_and_repeats_nothing(server: Running) -> None:
    ids = await publish(server, *(f"number.{n}" for n in range(6)))
    async with socket(server, last_event_id=ids[1]) as connection:
        assert [event["id"] for event in await events_of(connection, 4)] == ids[2:]
    async with socket(server, last_event_id=4) as connection:
        ids += await publish(server, "number.6")
        assert [event["id"] for event in await events_of(connection, 3)] == ids[4:]


async def test_long_log_is_replayed_in_pages(server: Running) -> None:
    await asyncio.gather(*(publish(server, f"number.{n % 7}") for n in range(1100)))
    async with socket(server, last_event_id=0) as connection:
        await publish(server, "last")
        events = await events_of(connection, 1101)
        assert [event["sequence"] for event in events] == list(range(1, 1102))
    async with socket(server, last_event_id=0, types="number.3") as connection:
        assert {event["type"] for event in await events_of(connection, 1100 // 7)} == {"number.3"}


async def test_invalid_resume_positions_are_refused(server: Running) -> None:
    await publish(server, "a", "b", "c")
    assert (await refusal(server, last_event_id=99))[0] == 422
    assert (await refusal(server, last_event_id="evt_" + "f" * 32))[0] == 404
    oldest = await prune(server)
    status, problem = await refusal(server, last_event_id=1)
    assert (status, problem["code"], problem["oldest"]) == (410, "cursor_too_old", oldest)
    async with socket(server, last_event_id=oldest - 1) as connection:
        assert [event["sequence"] for event in await events_of(connection, 1)] == [oldest]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"types": "no spaces"}, "types.0"),
        ({"subscription_id": "sub_1"}, "subscription_id"),
    ],
)
async def test_invalid_parameters_are_named(server: Running, query: dict[str, str], field: str) -> None:
    status, problem = await refusal(server, **query)
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [field]


async def test_credentials_are_accepted_in_header_subprotocol_and_query(server: Running) -> None:
    token = (await call(server, "agent.register", agent_name="Worker")).token
    async with socket(server, token=token) as connection:
        assert connection.greeting["subject"].startswith("agent_")
    async with socket(server, access_token=token) as connection:
        assert connection.greeting["subject"].startswith("agent_")
    async with socket(server, subprotocols=["agora", f"bearer.{token}"]) as connection:
        assert connection.greeting["subject"].startswith("agent_")
        assert connection.subprotocol == "agora"


async def test_invalid_credentials_are_refused_before_the_socket_opens(server: Running) -> None:
    for query in ({"token": "agt_forged"}, {"access_token": "agt_forged"}, {"subprotocols": ["agora", "bearer.agt_x"]}):
        status, problem = await refusal(server, **query)
        assert (status, problem["code"]) == (401, "unauthenticated")
    key = await call(server, "token.create", label="no events", scopes=["read:agents"])
    status, problem = await refusal(server, token=key.token)
    assert (status, problem["required"]) == (403, "read:events")
    assert server.app.feed.live["subscribers"] == 0


async def test_token_in_the_query_is_not_logged(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    token = (await call(server, "agent.register", agent_name="Worker")).token
    with caplog.at_level(logging.INFO):
        async with socket(server, types="a.b", access_token=token):
            pass
    logged = [record.getMessage() for record in caplog.records]
    assert any("types=a.b" in line for line in logged if "accepted" in line)
    assert not any(token in line for line in logged)


async def test_private_events_stay_private(server: Running) -> None:
    tokens = [(await call(server, "agent.register", agent_name=name)).token for name in ("One", "Two")]
    async with socket(server, token=tokens[0]) as one, socket(server, token=tokens[1]) as two:
        await call(server, "event.publish", event_type="for.one", to=["One"])
        await publish(server, "for.all")
        assert [event["type"] for event in await events_of(one, 2)] == ["for.one", "for.all"]
        assert [event["type"] for event in await events_of(two, 1)] == ["for.all"]


async def test_events_port_serves_its_root(server: Running) -> None:
    async with socket(server, path="/") as connection:
        await publish(server, "a.b")
        assert len(await events_of(connection, 1)) == 1


async def test_operations_are_called_over_the_socket(server: Running) -> None:
    token = (await call(server, "agent.register", agent_name="Worker")).token
    async with socket(server, token=token, types="never") as connection:
        answer = await invoke(connection, "event.publish", "first", event_type="a.b", data=[1])
        assert answer["id"] == "first"
        assert answer["result"]["event_type"] == "a.b"
        page = (await invoke(connection, "event.list", 2, types=["a.b"]))["result"]
        assert page["events"][0]["id"] == answer["result"]["event_id"]


async def test_idempotency_key_works_over_the_socket(server: Running) -> None:
    async with socket(server, types="never") as connection:
        frame = {"operation": "agora.event.publish", "arguments": {"event_type": "a.b"}, "idempotency_key": "k1"}
        ids = []
        for n in range(2):
            await connection.send(json.dumps(frame | {"id": n}))
            ids.append((await receive(connection))["result"]["event_id"])
        assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("frame", "code", "field"),
    [
        ({"id": 1, "operation": "agora.event.publish", "arguments": {}}, "invalid_request", "event_type"),
        ({"id": 1, "operation": "agora.nothing"}, "not_found", None),
        ({"id": 1, "operation": "agora.event.stream", "arguments": {"types": 7}}, "invalid_request", "types"),
        ({"id": 1, "cancel": 1.5}, "invalid_request", None),
        ({"id": 1, "operation": 7}, "invalid_request", "operation"),
        ({"id": 1, "operation": "agora.event.list", "argument": {}}, "invalid_request", "argument"),
        ({"id": 1, "operation": "agora.event.list", "arguments": []}, "invalid_request", "arguments"),
    ],
)
async def test_invalid_call_is_answered_with_a_problem(
    server: Running, frame: dict[str, Any], code: str, field: str | None
) -> None:
    async with socket(server) as connection:
        await connection.send(json.dumps(frame))
        answer = await receive(connection)
        assert (answer["id"], answer["error"]["code"]) == (1, code)
        if field is not None:
            assert answer["error"]["errors"][0]["field"] == field
        assert "result" in await invoke(connection, "event.list", 2)


async def test_calls_overlap_and_are_answered_when_ready(server: Running) -> None:
    token = (await call(server, "agent.register", agent_name="Worker")).token
    async with socket(server, token=token, types="never") as connection:
        waiting = {"id": "mail", "operation": "agora.messaging.receive", "arguments": {"wait": 20}}
        await connection.send(json.dumps(waiting))
        assert (await invoke(connection, "event.list", "quick"))["id"] == "quick"
        await call(server, "messaging.send", to_agent="Worker", content="hello")
        answer = await receive(connection)
        assert answer["id"] == "mail"
        assert answer["result"]["messages"][0]["content"] == "hello"


async def test_concurrent_calls_are_bounded(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_calls, "SLOT_TIMEOUT", 0.01)
    token = (await call(server, "agent.register", agent_name="Worker")).token
    async with socket(server, token=token, types="never") as connection:
        frame = {"operation": "agora.messaging.receive", "arguments": {"wait": 60}}
        for n in range(websocket_calls.MAX_CALLS + 1):
            await connection.send(json.dumps(frame | {"id": n}))
        answer = await receive(connection)
        assert (answer["id"], answer["error"]["code"]) == (websocket_calls.MAX_CALLS, "overloaded")
        await call(server, "messaging.send", to_agent="Worker", content="hello")
        answered = {(await receive(connection))["id"] for _ in range(websocket_calls.MAX_CALLS)}
        assert answered == set(range(websocket_calls.MAX_CALLS))
        assert "result" in await invoke(connection, "event.list")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1e400", '"\\ud800"'])
async def test_invalid_json_is_never_stored(server: Running, value: str) -> None:
    async with socket(server) as connection:
        frame = '{"id":1,"operation":"agora.event.publish","arguments":{"event_type":"a.b","data":[%s]}}'
        await connection.send(frame % value)
        with contextlib.suppress(ConnectionClosed):
            assert "error" in await receive(connection)
    assert server.app.feed.head("default") == 0


@pytest.mark.parametrize(
    "garbage",
    ["", "hello", "[1]", "null", '{"id":1}', "[" * 10_000, '{"a":' * 10_000, b"\x00\x01"],
    ids=["empty", "text", "array", "null", "nothing", "deep-array", "deep-object", "binary"],
)
async def test_garbage_closes_the_socket_with_an_error(server: Running, garbage: str | bytes) -> None:
    async with socket(server) as connection:
        await connection.send(garbage)
        code, reason = await closed(connection)
        assert code == 4400
        assert reason
    await wait_until(lambda: server.app.feed.live["subscribers"] == 0)


@pytest.mark.limits(body_limit=2048)
async def test_large_frame_is_refused(server: Running) -> None:
    async with socket(server) as connection:
        answer = await invoke(connection, "event.publish", event_type="a.b", data="x" * 2048)
        assert (answer["id"], answer["error"]["code"]) == (None, "payload_too_large")
        call = {"operation": "event.publish", "id": 1, "arguments": {"event_type": "a.b", "data": "ä" * 1100}}
        await connection.send(json.dumps(call, ensure_ascii=False))
        answer = json.loads(await connection.recv())
        assert (answer["id"], answer["error"]["code"]) == (None, "payload_too_large"), "the limit is in bytes"
        assert "result" in await invoke(connection, "event.list", 2)


async def test_acknowledgement_advances_a_durable_subscription(server: Running) -> None:
    subscription = await call(server, "event.subscribe", types=["work.*"])
    await publish(server, "work.a", "rest", "work.b", "work.c")
    async with socket(server, subscription_id=subscription.subscription_id) as connection:
        events = await events_of(connection, 3)
        assert [event["type"] for event in events] == ["work.a", "work.b", "work.c"]
        await connection.send(json.dumps({"ack": events[1]["sequence"]}))
        assert "result" in await invoke(connection, "event.list")
    async with socket(server, subscription_id=subscription.subscription_id) as connection:
        assert [event["type"] for event in await events_of(connection, 1)] == ["work.c"]
        await connection.send(json.dumps({"ack": 10_000}))
        assert (await receive(connection))["error"]["errors"][0]["field"] == "ack"


async def test_subscription_of_another_caller_is_refused(server: Running) -> None:
    subscription = await call(server, "event.subscribe")
    token = (await call(server, "agent.register", agent_name="Curious")).token
    status, _ = await refusal(server, token=token, subscription_id=subscription.subscription_id)
    assert status == 403
    assert (await refusal(server, subscription_id="sub_" + "0" * 32))[0] == 404
    both = {"subscription_id": subscription.subscription_id, "types": "a.b"}
    assert (await refusal(server, **both))[0] == 422


@pytest.mark.parametrize("politely", [True, False])
async def test_disconnected_client_is_released(server: Running, politely: bool) -> None:
    feed = server.app.feed
    async with socket(server) as connection, socket(server) as other:
        waiting = {"id": 1, "operation": "agora.messaging.receive", "arguments": {"wait": 60}}
        await connection.send(json.dumps(waiting))
        assert feed.live["subscribers"] == 2
        if politely:
            await connection.close()
        else:
            connection.transport.abort()
        await wait_until(lambda: feed.live["subscribers"] == 1)
        await publish(server, "a.b")
        assert len(await events_of(other, 1)) == 1
    await wait_until(lambda: feed.live["subscribers"] == 0)
    assert not feed.has_readers("default")
    assert feed.live["cut_off"] == 0


async def test_draining_closes_with_resume_later_and_finishes_calls(server: Running) -> None:
    async with socket(server) as connection:
        await publish(server, "a.b")
        await connection.send(
            json.dumps({"id": 1, "operation": "agora.event.publish", "arguments": {"event_type": "b"}})
        )
        await wait_until(lambda: server.app.feed.head("default") == 2)
        server.app.feed.end_streams_and_refuse_new()
        assert await closed(connection) == (1012, "resume later")
    status, problem = await refusal(server)
    assert (status, problem["code"]) == (503, "overloaded")


async def test_stream_ends_with_its_credential(server: Running) -> None:
    registration = await call(server, "agent.register", agent_name="Worker")
    async with socket(server, token=registration.token) as connection:
        await call(server, "agent.deregister", agent_id="Worker")
        await server.app.feed.recheck_streams()
        assert (await closed(connection))[0] == 4401


@pytest.mark.limits(heartbeat_interval=0.1)
async def test_heartbeats_report_the_position_of_a_filtered_stream(server: Running) -> None:
    async with socket(server, types="never") as connection:
        await publish(server, "a.b", "a.c")
        while (beat := await receive(connection))["sequence"] < 2:
            assert beat["control"] == "heartbeat"
        assert beat == {"control": "heartbeat", "sequence": 2}


@pytest.mark.limits(max_streams=1)
async def test_number_of_streams_is_bounded(server: Running) -> None:
    async with socket(server):
        status, problem = await refusal(server)
        assert (status, problem["retry_after"]) == (503, 15)


async def test_internal_error_of_a_call_shows_no_details(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    async with socket(server) as connection:
        with failing_store(server.app).failing(RuntimeError("the inner secret")):
            answer = await invoke(connection, "event.list")
        assert (answer["id"], answer["error"]["code"]) == (1, "internal_error")
        assert "secret" not in json.dumps(answer)
        assert "the inner secret" in caplog.text


async def test_internal_error_closes_the_socket_with_1011(
    server: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*_: Any) -> None:
        raise RuntimeError("the inner secret")

    monkeypatch.setattr(websocket_calls.SocketCalls, "dispatch_frame", breaks)
    async with socket(server) as connection:
        await connection.send("{}")
        code, reason = await closed(connection)
        assert (code, "secret" in reason) == (1011, False)
        assert "a socket failed" in caplog.text


async def test_failed_handshake_is_closed(server: Running) -> None:
    sent: list[Any] = []

    async def hears() -> Any:
        return {"type": "websocket.connect"}

    async def says(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/ws", "query_string": b"", "headers": [(b"x-api-key", b"agfy_x")]}
    await server.app.sockets(scope | {"client": ("127.0.0.1", 1)}, hears, says)
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 4401)]


@pytest.mark.limits(stream_buffer=65_536)
@pytest.mark.parametrize("server", ["transport"], indirect=True)
async def test_client_that_stops_reading_is_disconnected(server: Running) -> None:
    server.app.feed.grace_seconds = 0.01
    async with deaf(server, "/ws", WEBSOCKET):
        (transport,) = server.transports
        await flood(server)
        await wait_until(transport.is_closing)
        assert transport.get_write_buffer_size() == 0, "data that will not be read is freed"


@pytest.mark.limits(stream_buffer=65_536)
async def test_slow_client_is_disconnected_and_resumes(server: Running) -> None:
    feed = server.app.feed
    async with socket(server, max_queue=1) as connection:
        published = await flood(server)
        assert feed.live["subscribers"] == 0
        seen = [frame["sequence"] for frame in await rest_of(connection)]
        assert connection.close_code == 4508
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) < published
    async with socket(server, last_event_id=seen[-1]) as connection:
        rest = await events_of(connection, published - len(seen))
        assert [event["sequence"] for event in rest] == list(range(len(seen) + 1, published + 1))
