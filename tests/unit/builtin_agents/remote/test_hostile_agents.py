"""Agents elsewhere that are slow, broken or hostile: the task ends with a clear error, and nothing is given away."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agora.builtin_agents.remote import client as line
from agora.core.call import Caller
from tests.conformance.a2a.a2a_calls import ask, say, shown, state_of
from tests.hostile_upstream import Heard, whole
from tests.market import Market
from tests.unit.builtin_agents.remote.hostile_agent import EVENTS, Answer, event, rogue, rpc, update
from tests.unit.builtin_agents.remote.remote_calls import add, send

TASK = {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_WORKING"}}


async def failed(market: Market, ann: Caller, *answers: Answer, streams: bool = False, **options: Any) -> str:
    """Return the error of a task assigned to such an agent; it is not retried."""
    async with rogue(*answers, streams=streams) as far:
        await add(market, far.url, **options)
        task = await send(market, ann, "do it")
        assert state_of(task) == "TASK_STATE_FAILED"
        own = await market.call(ann, "task.get", task_id=task["id"])
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
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * (line.MAX_RESPONSE_BYTES + 1), "larger than"),
    ],
)
async def test_what_is_no_answer(market: Market, ann: Caller, answer: bytes, said: str) -> None:
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
async def test_what_is_no_stream(market: Market, ann: Caller, events: bytes, said: str) -> None:
    assert said in await failed(market, ann, EVENTS + events, streams=True)


async def test_a_task_that_is_another_is_called_off(market: Market, ann: Caller) -> None:
    answers = (EVENTS + event({"task": TASK}) + event(update("COMPLETED", "t2")), rpc(TASK))
    async with rogue(*answers) as far:
        await add(market, far.url)
        assert state_of(await send(market, ann, "do it")) == "TASK_STATE_FAILED"
        assert far.called("CancelTask") == [{"id": "t1"}]


async def _endless(heard: Heard, item: bytes) -> None:
    await heard.say(EVENTS)
    while not heard.writer.is_closing():
        await heard.say(item)


async def test_an_endless_stream_ends(market: Market, ann: Caller) -> None:
    said = await failed(market, ann, lambda heard: _endless(heard, event(update("WORKING"))), rpc(TASK), streams=True)
    assert "more than 100000 items" in said


async def test_a_flood_of_artifacts_ends(market: Market, ann: Caller) -> None:
    piece = {"artifactId": "a", "parts": [{"text": "x" * 400_000}]}
    item = event({"artifactUpdate": {"taskId": "t1", "contextId": "c1", "artifact": piece, "append": True}})

    async def flood(heard: Heard) -> None:
        if "CancelTask" in heard.body.decode():
            await heard.say(rpc(TASK))
        else:
            await _endless(heard, item)

    said = await failed(market, ann, flood, streams=True)
    assert "the limit is" in said


async def test_a_huge_item_ends(market: Market, ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def flood(heard: Heard) -> None:
        await _endless(heard, b"data: " + b"x" * 1_000_000)

    assert "more than" in await failed(market, ann, flood, streams=True)


async def test_a_silent_one_is_given_up(market: Market, ann: Caller) -> None:
    """It takes the message and says nothing: that may pass, so it is tried as often as tasks are."""

    async def silent(heard: Heard) -> None:
        await asyncio.Event().wait()

    async with rogue(silent, streams=False) as far:
        await add(market, far.url, timeout=0.05)
        receipt = await market.call(
            ann, "task.assign", task_type="a2a.message", assignee="Far", payload={"text": "x"}, max_attempts=1
        )
        task = await shown(market, ann, receipt.task_id, wait=30)
        assert state_of(task) == "TASK_STATE_FAILED"
        own = await market.call(ann, "task.get", task_id=receipt.task_id)
        assert "sent nothing for 0.05 seconds" in own.error


async def test_a_stream_that_falls_silent_is_asked_about(market: Market, ann: Caller) -> None:
    async def silent(heard: Heard) -> None:
        await heard.say(EVENTS + event({"task": TASK}))
        await asyncio.Event().wait()

    done = TASK | {
        "status": {"state": "TASK_STATE_COMPLETED"},
        "artifacts": [{"artifactId": "a", "parts": [{"text": "x"}]}],
    }
    unsupported = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}
    async with rogue(silent, whole(json.dumps(unsupported).encode()), rpc(done)) as far:
        await add(market, far.url, timeout=0.1)
        task = await send(market, ann, "do it")
        assert state_of(task) == "TASK_STATE_COMPLETED"
        assert [heard.json["method"] for heard in far.heard] == ["SendStreamingMessage", "SubscribeToTask", "GetTask"]


async def test_a_stream_that_breaks_is_taken_up_again(market: Market, ann: Caller) -> None:
    """What was missed in between is made good, and what had come is not there twice."""
    cut = EVENTS + event({"task": TASK}) + event(_piece("one ")) + event(_piece("two ", append=True))
    now = TASK | {"artifacts": [{"artifactId": "a", "parts": [{"text": "one two three "}]}]}
    again = EVENTS + event({"task": now}) + event(_piece("four", append=True)) + event(update("COMPLETED"))
    async with rogue(cut, again) as far:
        await add(market, far.url)
        task = await send(market, ann, "do it")
        text = "".join(part["text"] for part in task["artifacts"][0]["parts"])
        assert (state_of(task), text) == ("TASK_STATE_COMPLETED", "one two three four")
        assert far.called("SubscribeToTask") == [{"id": "t1"}]


async def test_an_older_agent_whose_stream_breaks(market: Market, ann: Caller) -> None:
    """A stream of 0.3 does not begin with the task, so in the end it is asked for all of it."""

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


async def test_a_task_that_was_forgotten_there(market: Market, ann: Caller) -> None:
    forgotten = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "Task not found"}}
    cut = EVENTS + event({"task": TASK})
    said = await failed(market, ann, cut, whole(json.dumps(forgotten).encode()), streams=True)
    assert "Task not found" in said


async def test_it_says_that_it_streams_and_does_not(market: Market, ann: Caller) -> None:
    unsupported = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32004, "message": "no streams"}}
    done = {"task": TASK | {"status": {"state": "TASK_STATE_COMPLETED"}}}
    async with rogue(whole(json.dumps(unsupported).encode()), rpc(done)) as far:
        await add(market, far.url)
        assert state_of(await send(market, ann, "do it")) == "TASK_STATE_COMPLETED"
        first, second = (heard.json["params"]["message"]["messageId"] for heard in far.heard)
        assert first == second


async def test_end_marks_without_content(market: Market, ann: Caller) -> None:
    mark = {"artifactUpdate": {"taskId": "t1", "artifact": {"artifactId": "a", "parts": []}, "lastChunk": True}}
    empty = update("COMPLETED")
    empty["statusUpdate"]["status"]["message"] = {"messageId": "m", "role": "ROLE_AGENT", "parts": []}
    async with rogue(EVENTS + event({"task": TASK}) + event(_piece("x")) + event(mark) + event(empty)) as far:
        await add(market, far.url)
        task = await send(market, ann, "do it")
        assert task["artifacts"][0]["parts"] == [{"text": "x"}]


async def test_a_task_with_very_many_parts(market: Market, ann: Caller) -> None:
    parts = [{"data": {"n": number}} for number in range(250)]
    done = TASK | {"status": {"state": "TASK_STATE_COMPLETED"}, "artifacts": [{"artifactId": "a", "parts": parts}]}
    async with rogue(rpc({"task": done}), streams=False) as far:
        await add(market, far.url)
        task = await send(market, ann, "do it")
        assert task["artifacts"][0]["parts"] == parts


async def test_a_lost_answer_is_asked_for_again_under_the_same_id(market: Market, ann: Caller) -> None:
    async def hang_up(heard: Heard) -> None:
        heard.writer.transport.abort()

    done = {"task": TASK | {"status": {"state": "TASK_STATE_COMPLETED"}}}
    async with rogue(hang_up, rpc(done), streams=False) as far:
        await add(market, far.url)
        task = await say(market, ann, "do it", "Far")
        await market.app.agent_host.wait_until_idle()
        own = await market.call(ann, "task.get", task_id=task["id"])
        if own.status == "pending":  # it waits for another attempt
            market.clock.advance(60)
            await _tasks(market).step()
        assert state_of(await shown(market, ann, task["id"], wait=30)) == "TASK_STATE_COMPLETED"
        ids = {heard.json["params"]["message"]["messageId"] for heard in far.heard}
        assert len(far.heard) == 2
        assert len(ids) == 1


async def test_what_an_answer_cannot_smuggle(market: Market, ann: Caller) -> None:
    """Metadata of theirs cannot pass for the marketplace's own."""
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
async def test_a_cancellation_before_anything_was_heard(market: Market, ann: Caller, streams: bool) -> None:
    """Only the answer says which task it is: it is waited for a little, and then the task is cancelled there."""
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
