"""A declared agent over every protocol: its text streams while it is generated, and its questions are answered there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import mcp_types as types
import pytest
import websockets

from agora.demo.scripted_model import ModelRequest, ScriptedReply, ToolCall
from tests.blackbox.mcp_task_calls import Connection
from tests.blackbox.mcp_wire import stream_messages
from tests.blackbox.server import ServerProcess
from tests.blackbox.thinking import Thinkers, running_thinkers

WORDS = "one two three four five six"
ANSWERED = "It is done in red."


@pytest.fixture(scope="module")
def thinkers(shared_server: ServerProcess) -> Iterator[Thinkers]:
    """``count`` writes slowly enough to be followed; ``paint`` asks a question."""

    def paint(request: ModelRequest) -> ScriptedReply:
        if request.results:
            return ScriptedReply(f"It is done in {request.results[-1]}.")
        return ScriptedReply("", [ToolCall("ask_requester", {"question": "Which colour?"})])

    with running_thinkers(shared_server) as place:
        place.scripts["count"] = lambda request: ScriptedReply(WORDS, pause=0.2)
        place.scripts["paint"] = paint
        for name in ("count", "paint"):  # as the agent's tool ``ask`` does
            place.scripts[f"Do the task '{name}'"] = place.scripts[name]
        place.declare("Voice", capabilities=["count", "paint", "mcp_tools"])
        yield place


def follow_a2a(thinkers: Thinkers, text: str, **message: Any) -> list[dict[str, Any]]:
    """Return the updates of a message sent over A2A, to the end of the stream."""
    message |= {"messageId": f"m-{text}", "role": "ROLE_USER", "parts": [{"text": text}]}
    request = {"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": {"message": message}}
    headers = {"A2A-Version": "1.0", "Accept": "text/event-stream"}
    with thinkers.operator.http.stream("POST", "/a2a/Voice", json=request, headers=headers) as response:
        return [answer["result"] for answer in stream_messages(response)]


def state_of(update: dict[str, Any]) -> str:
    return str(update["statusUpdate"]["status"]["state"])


def test_a2a_artifacts_grow_with_the_output(thinkers: Thinkers) -> None:
    updates = follow_a2a(thinkers, "count")
    pieces = [update["artifactUpdate"] for update in updates if "artifactUpdate" in update]
    spoken = [piece for piece in pieces if piece["artifact"]["artifactId"] == pieces[0]["artifact"]["artifactId"]]
    assert len(spoken) > 2
    assert [bool(piece.get("append")) for piece in spoken] == [False] + [True] * (len(spoken) - 1)
    assert "".join(piece["artifact"]["parts"][0]["text"] for piece in spoken) == WORDS
    assert state_of(updates[-1]) == "TASK_STATE_COMPLETED"


def test_question_over_a2a_is_input_required(thinkers: Thinkers) -> None:
    asked = follow_a2a(thinkers, "paint")
    status = asked[-1]["statusUpdate"]
    assert (state_of(asked[-1]), status["status"]["message"]["parts"][0]["text"]) == (
        "TASK_STATE_INPUT_REQUIRED",
        "Which colour?",
    )
    answered = follow_a2a(thinkers, "red", taskId=status["taskId"])
    assert state_of(answered[-1]) == "TASK_STATE_COMPLETED"
    assert ANSWERED in json.dumps(answered)


async def test_mcp_tool_reports_output_as_progress(thinkers: Thinkers) -> None:
    heard: list[str] = []

    async def on_progress(done: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with Connection(thinkers.server, "legacy") as client:
        result = await asyncio.wait_for(client.call_tool("Voice.count", {}, progress_callback=on_progress), 60)
    assert (result.is_error, result.content[0].text) == (False, WORDS)
    spoken = [text for text in heard if text.strip() and text.strip() in WORDS]
    assert len(spoken) > 2, heard


@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_mcp_tool_elicits_an_answer_from_the_client(thinkers: Thinkers, era: str) -> None:
    async def answer(context: Any, params: Any) -> types.ElicitResult:
        assert params.message == "Which colour?"
        return types.ElicitResult(action="accept", content={"answer": "red"})

    async with Connection(thinkers.server, era, elicitation_callback=answer) as client:
        result = await asyncio.wait_for(client.call_tool("Voice.paint", {}), 60)
    assert result.content[0].text == ANSWERED


def test_server_sent_events_stream_output(thinkers: Thinkers) -> None:
    task_id = thinkers.give("Voice", "count")
    with thinkers.operator.http.stream("GET", "/agora/task/stream", params={"task_id": task_id}) as response:
        entries = [entry for entry in stream_messages(response) if "type" in entry and "number" in entry]
    check_entries(entries)


async def test_websocket_streams_output(thinkers: Thinkers) -> None:
    task_id = thinkers.give("Voice", "count")
    url = thinkers.server.url.replace("http", "ws", 1) + "/ws"
    headers = {"Authorization": f"Bearer {thinkers.server.admin_token}"}
    entries: list[dict[str, Any]] = []
    async with websockets.connect(url, additional_headers=headers) as socket, asyncio.timeout(60):
        order = {"id": 7, "operation": "agora.task.stream", "arguments": {"task_id": task_id}}
        await socket.send(json.dumps(order))
        while not entries or entries[-1]["type"] != "done":
            frame = json.loads(await socket.recv())
            entries += [frame["item"]] if "item" in frame else []
    check_entries(entries)


def check_entries(entries: list[dict[str, Any]]) -> None:
    """Check several output chunks, followed by the end."""
    spoken = [entry["content"] for entry in entries if entry["type"] == "output"]
    assert len(spoken) > 2
    assert "".join(spoken) == WORDS
    assert (entries[-1]["type"], entries[-1]["status"]) == ("done", "completed")
