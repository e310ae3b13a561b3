"""Agents that define ``process_message``: called for messages, tasks and A2A, and messaging each other."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agora_sdk import Agent, AgoraClient, InputRequired, Message, Part
from agora_sdk.errors import AgoraError
from tests.harness import Running


class Worker(Agent):
    """Acts as the text requests."""

    capabilities = ["work"]

    async def process_message(self, message: Message) -> Message | None:
        text = self._extract_text_content(message)
        self.seen: list[Message] = [*getattr(self, "seen", []), message]
        if text == "nothing":
            return None
        if text == "data":
            return Message(parts=[Part(type="data", content={"n": 1}), Part(content="one")])
        if text == "ask":
            raise InputRequired("Which one?")
        if text == "fail":
            raise RuntimeError("cannot")
        return Message(parts=[Part(type="text", content=f"did {text}")])


@pytest.fixture
async def client(server: Running, tmp_path: Path) -> Any:
    """Another agent, which sends requests."""
    async with AgoraClient(server.url, credentials=tmp_path / "other.json", mode="async") as client:
        await client.register("Asker")
        yield client


async def test_message_is_replied_to(server: Running, client: AgoraClient) -> None:
    async with Worker(url=server.url) as worker:
        reply = await client.request("Worker", "this")
        assert (reply.content, reply.from_name) == ("did this", "Worker")
        assert worker.seen[0].sender == client.agent_id
        reply = await client.request("Worker", "data")
        assert reply.content == "one"
        carried = Message.carried(reply.content, reply.metadata)
        assert carried.data == {"n": 1}
        assert [part.type for part in carried.parts] == ["data", "text"]
        assert (await client.request("Worker", "ask")).content == "Which one?"


@pytest.mark.parametrize("task_type", ["a2a.message", "work"])
async def test_task_is_completed(server: Running, client: AgoraClient, task_type: str) -> None:
    async with Worker(url=server.url) as worker:
        task = await ended(client, await client.task.assign(task_type, {"text": "this"}, "Worker"))
        assert (task.status, task.result) == ("completed", "did this")
        assert worker.seen[0].skill == (None if task_type == "a2a.message" else "work")
        task = await ended(client, await client.task.assign(task_type, {"text": "data"}, "Worker"))
        assert task.result == "one"
        task = await ended(client, await client.task.assign(task_type, {"text": "nothing"}, "Worker"))
        assert (task.status, task.result) == ("completed", None)
        task = await ended(client, await client.task.assign(task_type, {"text": "fail"}, "Worker", max_attempts=1))
        assert (task.status, task.error) == ("failed", "RuntimeError: cannot")


async def test_question_is_answered_in_the_task(server: Running, client: AgoraClient) -> None:
    async with Worker(url=server.url) as worker:
        receipt = await client.task.assign("a2a.message", {"text": "ask"}, "Worker")
        task = await ended(client, receipt, "input_required")
        await client.task.message(task.task_id, "the second")
        assert (await ended(client, receipt)).result == "did the second"
        assert [message.text for message in worker.seen] == ["ask", "the second"]


async def test_messages_to_others_are_ignored(server: Running, client: AgoraClient) -> None:
    async with Worker(url=server.url):
        other = await client.task.assign("other", {"text": "x"})
        await ended(client, await client.task.assign("work", {"text": "this"}))
        assert (await client.task.get(other.task_id)).status == "pending"


async def ended(client: AgoraClient, receipt: Any, status: str = "") -> Any:
    """Return a task when it has ended, or reached a state."""
    async with asyncio.timeout(60), client.task.stream(receipt.task_id) as entries:
        async for entry in entries:
            if entry.status is not None and entry.status.value == status:
                break
    return await client.task.get(receipt.task_id)


async def test_replies_between_agents_do_not_loop(server: Running) -> None:
    class Coordinator(Agent):
        replies: list[str] = []
        replied = asyncio.Event()

        async def process_message(self, message: Message) -> Message:
            await self.send_message_to_agent("Worker", Message(parts=[Part(type="text", content="this")]))
            return Message(parts=[Part(type="text", content="Tasks distributed")])

        async def on_reply(self, message: Any) -> None:
            self.replies.append(message.content)
            self.replied.set()

    async with Worker(url=server.url) as worker, Coordinator(message_broker=server.url) as coordinator:
        response = await coordinator.process_message(Message(parts=[Part(content="go")]))
        assert response.text == "Tasks distributed"
        async with asyncio.timeout(60):
            await coordinator.replied.wait()
        assert coordinator.replies == ["did this"]
        assert [message.text for message in worker.seen] == ["this"]


async def test_events_of_others_are_received_until_unsubscribed(server: Running) -> None:
    class Processor(Agent):
        name = "Data Processor Agent"

    class Monitor(Agent):
        name, heard = "Monitoring Agent", asyncio.Queue[Any]()

        async def initialize(self, message_broker: Any = None) -> None:
            await super().initialize(message_broker)
            await self.subscribe_to_agent_events("Data Processor Agent", "processing.complete", self.handle)

        async def handle(self, event_type: str, data: dict[str, Any]) -> None:
            await self.heard.put((event_type, data))

    async with Processor(url=server.url) as processor, Monitor(url=server.url) as monitor:
        await processor.publish_event("processing.complete", {"records_processed": 2})
        await monitor.publish_event("processing.complete", {"records_processed": 0})
        async with asyncio.timeout(60):
            assert await monitor.heard.get() == ("processing.complete", {"records_processed": 2})
        ended = await monitor.unsubscribe_from_agent_events(
            "Data Processor Agent", "processing.complete", monitor.handle
        )
        assert ended.ended == 1
        assert monitor.heard.empty()


async def test_failed_start_reports_its_reason(server: Running, client: AgoraClient) -> None:
    with pytest.raises(AgoraError, match="Asker"):
        async with Worker("Asker", url=server.url):
            raise AssertionError("the name is another's")


def test_every_form_of_parts_is_read() -> None:
    wires: list[dict[str, Any]] = [
        {"text": "a"},
        {"kind": "text", "text": "a"},
        {"type": "text", "content": "a"},
        {"type": "text", "text": "a"},
    ]
    assert [Part.of(wire) for wire in wires] == [Part("text", "a")] * 4
    assert Part.of({"data": {"n": 1}}).wire() == {"data": {"n": 1}}
    old = {"kind": "file", "file": {"bytes": "aGk=", "name": "hi.txt", "mimeType": "text/plain"}}
    assert Part.of(old).wire() == {"raw": "aGk=", "filename": "hi.txt", "mediaType": "text/plain"}
    assert Part.of({"kind": "file", "file": {"uri": "http://x/y"}}).wire() == {"url": "http://x/y"}
    assert Part.of({}).wire() == {"data": None}
    message = Message.of({"messageId": "m", "contextId": "c", "role": "ROLE_AGENT", "parts": wires})
    assert (message.text, message.role, message.context_id) == ("a\na\na\na", "agent", "c")
    assert Message.of(message.wire()) == message
