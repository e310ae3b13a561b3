"""A2A streams: contents, ends, and lossless resumption."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.harness import Running
from tests.polling import wait_until
from tests.unit.protocols.a2a.raw_requests import Wire, events_of, said

SECONDS = 60


@dataclass
class Worker:
    """A connected agent: it claims its tasks over REST, and does not use A2A."""

    http: httpx.AsyncClient
    agent_id: str
    token: str

    async def call(self, operation: str, **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.http.post("/" + operation.replace(".", "/"), json=arguments, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def claim(self) -> dict[str, Any]:
        found = await self.call("agora.task.claim", wait=SECONDS)
        (task,) = found["tasks"]
        return {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}


@pytest.fixture
async def worker(wire: Wire) -> Worker:
    made = (await wire.http.post("/agents/register", json={"agent_name": "Worker"})).json()
    return Worker(wire.http, made["agent_id"], made["token"])


@pytest.fixture
async def desk(wire: Wire, worker: Worker) -> Wire:
    """Yield the worker's address."""
    return wire.at(f"/a2a/{worker.agent_id}")


async def _take(events: AsyncIterator[tuple[str, Any]], count: int) -> list[tuple[str, Any]]:
    async with asyncio.timeout(SECONDS):
        return [await anext(events) for _ in range(count)]


async def _rest(events: AsyncIterator[tuple[str, Any]]) -> list[tuple[str, Any]]:
    async with asyncio.timeout(SECONDS):
        return [event async for event in events]


def _kinds(events: list[tuple[str, Any]]) -> list[str]:
    return [next(iter(event["result"])) for _, event in events]


async def test_stream_begins_with_the_task_and_ends_at_its_end(wire: Wire) -> None:
    async with wire.stream("SendStreamingMessage", {"message": said("hello")}) as events:
        found = await _rest(events)
    kinds = _kinds(found)
    assert kinds[0] == "task"
    assert "artifactUpdate" in kinds
    last = found[-1][1]["result"]
    assert last["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    numbers = [int(id) for id, _ in found]
    assert numbers == sorted(set(numbers))
    assert all(event["jsonrpc"] == "2.0" and event["id"] == 1 for _, event in found)


async def test_last_event_of_0_3_is_marked_final(wire: Wire) -> None:
    message = {"role": "user", "parts": [{"type": "text", "content": "Generate a report"}]}
    async with wire.at(wire.path, version=None).stream("message/stream", {"message": message}) as events:
        found = [event["result"] for _, event in await _rest(events)]
    assert found[0]["kind"] == "task"
    assert [event.get("final") for event in found if event["kind"] == "status-update"][-1] is True
    assert {event["kind"] for event in found} == {"task", "status-update", "artifact-update"}


async def test_progress_is_streamed(desk: Wire, worker: Worker) -> None:
    async with desk.stream("SendStreamingMessage", {"message": said("report")}) as events:
        (first,) = await _take(events, 1)
        task = await worker.claim()
        assert first[1]["result"]["task"]["id"] == task["task_id"]
        await worker.call("agora.task.append", content="one ", **task)
        await worker.call("agora.task.append", content="two", **task)
        await worker.call("agora.task.complete", result={"pages": 2}, **task)
        found = await _rest(events)
    updates = [event["result"] for _, event in found]
    pieces = [update["artifactUpdate"] for update in updates if "artifactUpdate" in update]
    text = "".join(part["text"] for piece in pieces for part in piece["artifact"]["parts"] if "text" in part)
    assert text == "one two"
    assert any(part.get("data") == {"pages": 2} for piece in pieces for part in piece["artifact"]["parts"])
    assert updates[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


async def test_concurrent_streams_receive_the_same_items(desk: Wire, worker: Worker) -> None:
    sent = await desk.result("SendMessage", {"message": said("x"), "configuration": {"returnImmediately": True}})
    params = {"id": sent["task"]["id"]}
    async with desk.stream("SubscribeToTask", params) as one, desk.stream("SubscribeToTask", params) as other:
        firsts = [*await _take(one, 1), *await _take(other, 1)]
        task = await worker.claim()
        await worker.call("agora.task.complete", result="done", **task)
        assert await _rest(one) == await _rest(other)
    assert _kinds(firsts) == ["task", "task"]


async def test_broken_stream_resumes_at_its_position(desk: Wire, worker: Worker) -> None:
    message = {"message": said("report")}
    async with desk.stream("SendStreamingMessage", message) as events:
        (first,) = await _take(events, 1)
        task = await worker.claim()
        await worker.call("agora.task.append", content="one ", **task)
        seen = await _take(events, 2)
    await worker.call("agora.task.append", content="two", **task)
    await worker.call("agora.task.complete", result="fine", **task)
    last = seen[-1][0]
    resume = {"Last-Event-ID": last}
    async with desk.stream("SubscribeToTask", {"id": task["task_id"]}, **resume) as events:
        rest = await _rest(events)
    async with desk.stream("SendStreamingMessage", message, **resume) as events:
        assert await _rest(events) == rest
    numbers = [int(id) for id, _ in (first, *seen, *rest)]
    assert numbers == sorted(set(numbers))
    shown = json.dumps(seen + rest)
    assert [shown.count(word) for word in ('"one "', '"two"', '"fine"')] == [1, 1, 1]
    async with desk.stream("SubscribeToTask", {"id": task["task_id"]}, **{"Last-Event-ID": rest[-1][0]}) as events:
        assert await _rest(events) == []


async def test_question_ends_the_stream_but_not_the_task(desk: Wire, worker: Worker) -> None:
    old = desk.at(desk.path, version=None)
    async with old.stream("message/stream", {"message": {"parts": [{"type": "text", "content": "book"}]}}) as events:
        await _take(events, 1)
        task = await worker.claim()
        asked = {"text": "For when?", "status": "input_required"}
        await worker.call("agora.task.message", **asked, **task)
        found = [event["result"] for _, event in await _rest(events)]
    assert (found[-1]["status"]["state"], found[-1]["final"]) == ("input-required", True)
    assert found[-1]["status"]["message"]["parts"] == [{"kind": "text", "text": "For when?"}]
    async with desk.stream("SendStreamingMessage", {"message": said("Monday", taskId=task["task_id"])}) as events:
        (again,) = await _take(events, 1)
        assert again[1]["result"]["task"]["id"] == task["task_id"]
        taken = await worker.claim()
        await worker.call("agora.task.complete", result="booked", **taken)
        await _rest(events)
    seen = await desk.result("GetTask", {"id": task["task_id"]})
    assert [m["role"] for m in seen["history"]] == ["ROLE_USER", "ROLE_AGENT", "ROLE_USER"]


async def test_authorization_request_ends_the_stream(desk: Wire, worker: Worker) -> None:
    sending = asyncio.create_task(desk.result("SendMessage", {"message": said("pay")}))
    task = await worker.claim()
    await worker.call("agora.task.message", text="Log in first", status="auth_required", **task)
    found = (await asyncio.wait_for(sending, SECONDS))["task"]
    assert found["status"]["state"] == "TASK_STATE_AUTH_REQUIRED"
    answered = {"message": said("done", taskId=task["task_id"]), "configuration": {"returnImmediately": True}}
    assert (await desk.result("SendMessage", answered))["task"]["status"]["state"] != "TASK_STATE_AUTH_REQUIRED"


async def test_cancellation_ends_the_stream(desk: Wire, worker: Worker) -> None:
    async with desk.stream("SendStreamingMessage", {"message": said("never mind")}) as events:
        (first,) = await _take(events, 1)
        cancelled = await desk.result("CancelTask", {"id": first[1]["result"]["task"]["id"]})
        assert cancelled["status"]["state"] == "TASK_STATE_CANCELED"
        found = await _rest(events)
    assert found[-1][1]["result"]["statusUpdate"]["status"]["state"] == "TASK_STATE_CANCELED"


async def test_http_json_items_have_no_envelope(wire: Wire) -> None:
    async with wire.http.stream(
        "POST", f"{wire.path}/message:stream", json={"message": said("hello")}, headers=wire.headers()
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        found = [event async for _, event in events_of(response)]
    assert "task" in found[0]
    assert found[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


async def test_invalid_position_is_refused(wire: Wire) -> None:
    for given in ("yesterday", "-1", "9" * 30):
        answer = await wire.http.post(
            wire.path,
            json={"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": {"id": "task_1"}},
            headers=wire.headers(**{"Last-Event-ID": given}),
        )
        assert answer.json()["error"]["code"] == -32602, given


async def test_clients_of_0_3_get_errors_as_events(wire: Wire) -> None:
    document = {"jsonrpc": "2.0", "id": 7, "method": "tasks/resubscribe", "params": {"id": "nothing"}}
    answer = await wire.http.post(wire.path, json=document, headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert json.loads(answer.text.removeprefix("data: "))["error"]["code"] == -32001
    plain = await wire.http.post(wire.path, json=document, headers={"Accept": "application/json, text/event-stream"})
    assert plain.json()["error"]["code"] == -32001


async def test_client_that_does_not_read_is_disconnected(desk: Wire, worker: Worker, server: Running) -> None:
    feed = server.app.feed
    feed.stall_seconds, feed.grace_seconds, feed.buffer_limit = 0.05, 0.01, 65_536
    sent = await desk.result("SendMessage", {"message": said("x"), "configuration": {"returnImmediately": True}})
    task = await worker.claim()
    params = {"id": sent["task"]["id"]}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": params})
    port = int(server.url.rsplit(":", 1)[1])
    lines = [f"POST {desk.path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
    lines += ["A2A-Version: 1.0", f"Content-Length: {len(body)}", "", body]
    others = server.transports
    with socket.create_connection(("127.0.0.1", port)) as deaf:
        deaf.sendall("\r\n".join(lines).encode())
        await wait_until(lambda: feed.live["subscribers"] == 1)
        (transport,) = [each for each in server.transports if each not in others]
        for _ in range(200):
            await worker.call("agora.task.append", content="x" * 250_000, **task)
            if feed.live["cut_off"]:
                break
        await wait_until(transport.is_closing)
        assert transport.get_write_buffer_size() == 0, "data that will not be read is freed"
    await wait_until(lambda: feed.live["subscribers"] == 0)
    await worker.call("agora.task.complete", result="done", **task)
    async with desk.stream("SubscribeToTask", params, **{"Last-Event-ID": "0"}) as events:  # it can resume
        assert (await _rest(events))[-1][1]["result"]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
