"""Slow, broken or hostile remote agents: the task ends with a clear error, and no data leaks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agora.builtin_agents.remote import client
from agora.core.call import Caller
from tests.conformance.a2a.a2a_calls import ask, say, shown, state_of
from tests.hostile_upstream import Heard, whole
from tests.market import Market
from tests.polling import eventually
from tests.unit.builtin_agents.remote.hostile_agent import EVENTS, Answer, event, rogue, rpc, update
from tests.unit.builtin_agents.remote.remote_calls import add, send

TASK = {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_WORKING"}}


async def failed(market: Market, ann: Caller, *answers: Answer, streams: bool = False, **options: Any) -> str:
    """Return the error of a task assigned to such an agent; it is not retried."""
    async with rogue(*answers, streams=streams) as far:
        await add(market, far.url, **options)
        task_id = (await send(market, ann, "do it"))["id"]
        # A busy machine may read the longest streams for more than the minute that the call waits.
        await eventually(lambda: shown(market, ann, task_id), lambda task: state_of(task) == "TASK_STATE_FAILED")
        own = await market.call(ann, "task.get", task_id=task_id)
        assert own.attempts == 1
        return str(own.error)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (whole(b"<html>"), "not JSON"),
        (whole(b'{"jsonrpc": "2.0", "id": 1'), "not JSON"),
        (whole(b'{"result": NaN}'), "not JSON"),
        (whole(b"[" * 100_000), "not JSON"),
        (whole(b"[]"), "not a JSON-RPC response"),
        (whole(b'{"jsonrpc": "2.0", "id": 1}'), "not a JSON-RPC response"),
        (rpc({}), "not A2A"),
        (rpc("hello"), "not A2A"),
        (rpc({"task": {"id": "t1"}}), "not A2A"),
        (rpc({"task": {"id": ["t1"], "status": {"state": "TASK_STATE_WORKING"}}}), "not A2A"),
        (rpc({"task": {"id": "t1", "status": {"state": "TASK_STATE_ODD"}}}), "not A2A"),
        (rpc({"task": {"id": "t" * 201, "status": {"state": "TASK_STATE_WORKING"}}}), "more than 200"),
        (rpc({"message": {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": 7}]}}), "not A2A"),
        (whole(b"{}", "302 Found"), "redirects"),
        (whole(b"{}", "401 Unauthorized"), "credentials"),
        (whole(b"{}", "404 Not Found"), "404"),
        (whole(json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "No."}}).encode()), "No"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", "compressed"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * (client.MAX_RESPONSE_BYTES + 1),
            "larger than",
        ),
    ],
)
async def test_invalid_response_fails_the_task(market: Market, ann: Caller, answer: bytes, said: str) -> None:
    assert said in await failed(market, ann, answer)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (event({"task": TASK}) + b"data: {\n\n", "not JSON"),
        (event({"task": TASK}) + event(update("COMPLETED", "t2")), "another task"),
        (event(update("WORKING", "")), "which task"),
        (event({"task": TASK | {"id": ""}}), "not A2A"),
        (
            event({"artifactUpdate": {"taskId": "t1", "artifact": {"artifactId": "a", "parts": [{"text": "nul \0"}]}}}),
            "text",
        ),
        (event({"artifactUpdate": {"taskId": "t1", "artifact": {"parts": [{"text": "x"}]}}}), "artifactId"),
    ],
)
async def test_invalid_stream_fails_the_task(market: Market, ann: Caller, events: bytes, said: str) -> None:
    assert said in await failed(market, ann, EVENTS + events, streams=True)


async def test_answer_about_another_task_is_cancelled(market: Market, ann: Caller) -> None:
    answers = (EVENTS + event({"task": TASK}) + event(update("COMPLETED", "t2")), rpc(TASK))
    async with rogue(*answers) as far:
        await add(market, far.url)
        assert state_of(await send(market, ann, "do it")) == "TASK_STATE_FAILED"
        assert far.called("CancelTask") == [{"id": "t1"}]


async def _endless(heard: Heard, item: bytes) -> None:
    await heard.say(EVENTS)
    while not heard.writer.is_closing():
        await heard.say(item)


async def test_endless_stream_is_ended(market: Market, ann: Caller) -> None:
    said = await failed(market, ann, lambda heard: _endless(heard, event(update("WORKING"))), rpc(TASK), streams=True)
    assert "more than 100000 items" in said


async def test_flood_of_artifacts_is_ended(market: Market, ann: Caller) -> None:
    piece = {"artifactId": "a", "parts": [{"text": "x" * 400_000}]}
    item = event({"artifactUpdate": {"taskId": "t1", "contextId": "c1", "artifact": piece, "append": True}})

    async def flood(heard: Heard) -> None:
        if "CancelTask" in heard.body.decode():
            await heard.say(rpc(TASK))
        else:
            await _endless(heard, item)

    said = await failed(market, ann, flood, streams=True)
    assert "the limit is" in said


async def test_oversized_item_ends_the_stream(market: Market, ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def flood(heard: Heard) -> None:
        await _endless(heard, b"data: " + b"x" * 1_000_000)

    assert "more than" in await failed(market, ann, flood, streams=True)


async def test_silent_agent_times_out(market: Market, ann: Caller) -> None:
    """The agent accepts the message and does not answer. This may be temporary, so the task is retried as usual."""

    async def silent(heard: Heard) -> None:
        await asyncio.Event().wait()

    async with rogue(silent, streams=False) as far:
        await add(market, far.url, timeout=2)
        receipt = await market.call(
            ann, "task.assign", task_type="a2a.message", assignee="Far", payload={"text": "x"}, max_attempts=1
        )
        task = await shown(market, ann, receipt.task_id, wait=30)
        assert state_of(task) == "TASK_STATE_FAILED"
        own = await market.call(ann, "task.get", task_id=receipt.task_id)
        assert "sent nothing for 2 seconds" in own.error


async def test_silent_stream_is_replaced_by_polling(market: Market, ann: Caller) -> None:
    async def silent(heard: Heard) -> None:
        await heard.say(EVENTS + event({"task": TASK}))
        await asyncio.Event().wait()

    done = TASK | {
        "status": {"state": "TASK_STATE_COMPLETED"},
        "artifacts": [{"artifactId": "a", "parts": [{"text": "x"}]}],
    }
    unsupported = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}
    async with rogue(silent, whole(json.dumps(unsupported).encode()), rpc(done)) as far:
        await add(market, far.url, timeout=2)
        task = await send(market, ann, "do it")
        assert state_of(task) == "TASK_STATE_COMPLETED"
        assert [heard.json["method"] for heard in far.heard] == ["SendStreamingMessage", "SubscribeToTask", "GetTask"]


async def test_broken_stream_is_resumed(market: Market, ann: Caller) -> None:
    """Missed updates are fetched, and received ones are not duplicated."""
    cut = EVENTS + event({"task": TASK}) + event(_piece("one ")) + event(_piece("two ", append=True))
    now = TASK | {"artifacts": [{"artifactId": "a", "parts": [{"text": "one two three "}]}]}
    again = EVENTS + event({"task": now}) + event(_piece("four", append=True)) + event(update("COMPLETED"))
    async with rogue(cut, again) as far:
        await add(market, far.url)
        task = await send(market, ann, "do it")
        text = "".join(part["text"] for part in task["artifacts"][0]["parts"])
        assert (state_of(task), text) == ("TASK_STATE_COMPLETED", "one two three four")
        assert far.called("SubscribeToTask") == [{"id": "t1"}]


async def test_broken_stream_of_an_older_agent_is_completed_by_a_read(market: Market, ann: Caller) -> None:
    """A stream of 0.3 does not begin with the task, so the whole task is read at the end."""

    def old(text: str, append: bool) -> dict[str, Any]:
        artifact = {"artifactId": "a", "parts": [{"kind": "text", "text": text}]}
        about = {"kind": "artifact-update", "taskId": "t1", "contextId": "c1"}
        return about | {"artifact": artifact, "append": append}

    status = {
        "kind": "status-update",
        "taskId": "t1",
        "contextId": "c1",
        "status": {"state": "completed"},
        "final": True,
    }
    parts = [{"kind": "text", "text": "one two three"}]
    done = {"kind": "task", "id": "t1", "contextId": "c1", "status": {"state": "completed"}}
    done |= {"artifacts": [{"artifactId": "a", "parts": parts}]}
    cut, rest = EVENTS + event(old("one ", False)), EVENTS + event(old("three", True)) + event(status)
    async with rogue(cut, rest, rpc(done), version="0.3") as far:
        await add(market, far.url)
        task = await send(market, ann, "do it")
        assert "".join(part["text"] for part in task["artifacts"][0]["parts"]) == "one two three"
        assert [heard.json["method"] for heard in far.heard] == ["message/stream", "tasks/resubscribe", "tasks/get"]


async def test_task_unknown_to_the_remote_agent_fails(market: Market, ann: Caller) -> None:
    forgotten = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "Task not found"}}
    cut = EVENTS + event({"task": TASK})
    said = await failed(market, ann, cut, whole(json.dumps(forgotten).encode()), streams=True)
    assert "Task not found" in said


async def test_agent_that_wrongly_declares_streaming_is_polled(market: Market, ann: Caller) -> None:
    unsupported = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32004, "message": "no streams"}}
    done = {"task": TASK | {"status": {"state": "TASK_STATE_COMPLETED"}}}
    async with rogue(whole(json.dumps(unsupported).encode()), rpc(done)) as far:
        await add(market, far.url)
        assert state_of(await send(market, ann, "do it")) == "TASK_STATE_COMPLETED"
        first, second = (heard.json["params"]["message"]["messageId"] for heard in far.heard)
        assert first == second


async def test_end_markers_without_content_are_handled(market: Market, ann: Caller) -> None:
    mark = {"artifactUpdate": {"taskId": "t1", "artifact": {"artifactId": "a", "parts": []}, "lastChunk": True}}
    empty = update("COMPLETED")
    empty["statusUpdate"]["status"]["message"] = {"messageId": "m", "role": "ROLE_AGENT", "parts": []}
    async with rogue(EVENTS + event({"task": TASK}) + event(_piece("x")) + event(mark) + event(empty)) as far:
        await add(market, far.url)
        task = await send(market, ann, "do it")
        assert task["artifacts"][0]["parts"] == [{"text": "x"}]


async def test_task_with_very_many_parts_is_relayed(market: Market, ann: Caller) -> None:
    parts = [{"data": {"n": number}} for number in range(250)]
    done = TASK | {"status": {"state": "TASK_STATE_COMPLETED"}, "artifacts": [{"artifactId": "a", "parts": parts}]}
    async with rogue(rpc({"task": done}), streams=False) as far:
        await add(market, far.url)
        task = await send(market, ann, "do it")
        assert task["artifacts"][0]["parts"] == parts


async def test_lost_response_is_requested_again_with_the_same_id(market: Market, ann: Caller) -> None:
    async def hang_up(heard: Heard) -> None:
        heard.writer.transport.abort()

    done = {"task": TASK | {"status": {"state": "TASK_STATE_COMPLETED"}}}
    async with rogue(hang_up, rpc(done), streams=False) as far:
        await add(market, far.url)
        task = await say(market, ann, "do it", "Far")
        await market.app.agent_host.wait_until_idle()
        own = await market.call(ann, "task.get", task_id=task["id"])
        if own.status == "pending":  # it waits for the next attempt
            market.clock.advance(60)
            await _tasks(market).step()
        assert state_of(await shown(market, ann, task["id"], wait=30)) == "TASK_STATE_COMPLETED"
        ids = {heard.json["params"]["message"]["messageId"] for heard in far.heard}
        assert len(far.heard) == 2
        assert len(ids) == 1


async def test_reserved_metadata_of_a_response_is_dropped(market: Market, ann: Caller) -> None:
    """The agent's metadata must not be mistaken for the marketplace's own."""
    status = {"state": "TASK_STATE_COMPLETED"}
    evil = TASK | {"status": status, "metadata": {"agora": {"agent": "agent_of_ann", "position": 999}}}
    async with rogue(rpc({"task": evil}), streams=False) as far:
        added = await add(market, far.url)
        task = await send(market, ann, "do it")
        assert task["metadata"]["agora"]["agent"] == added.agent_id
        assert task["metadata"]["agora"]["position"] != 999


def _piece(text: str, *, append: bool = False) -> dict[str, Any]:
    artifact = {"artifactId": "a", "parts": [{"text": text}]}
    return {"artifactUpdate": {"taskId": "t1", "contextId": "c1", "artifact": artifact, "append": append}}


def _tasks(market: Market) -> Any:
    return next(found for found in market.app.controllers if found.name == "tasks")


@pytest.mark.parametrize("streams", [True, False])
async def test_cancellation_before_the_first_response(market: Market, ann: Caller, streams: bool) -> None:
    """Only the response contains the task's id: it is awaited briefly, then the remote task is cancelled."""
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def slow(heard: Heard) -> None:
        if heard.json["method"] == "CancelTask":
            cancelled.set()
            await heard.say(rpc(TASK | {"status": {"state": "TASK_STATE_CANCELED"}}))
            return
        asked.set()
        await gone.wait()
        await heard.say(EVENTS + event({"task": TASK}) if streams else rpc({"task": TASK}))

    gone = asyncio.Event()
    async with rogue(slow, streams=streams) as far:
        await add(market, far.url)
        task = await say(market, ann, "do it", "Far")
        await asked.wait()
        await ask(market, ann, "cancel", task_id=task["id"])
        gone.set()
        await asyncio.wait_for(cancelled.wait(), 60)
        await market.app.agent_host.wait_until_idle()
        assert far.called("CancelTask") == [{"id": "t1"}]
