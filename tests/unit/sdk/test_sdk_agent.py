"""The Agent base class on a real server."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from agora.core.events.frames import CLOSE_RESTARTING, CloseReason
from agora_sdk import Agent, AgoraClient
from agora_sdk.agent import run
from agora_sdk.backoff import Backoff
from agora_sdk.contract.agents import Agents
from agora_sdk.contract.events import Event
from agora_sdk.contract.messaging import Message
from agora_sdk.errors import AgoraError, InvalidRequest, Overloaded, ServerUnreachable, Unauthenticated
from agora_sdk.types import AgentStatus, DeliveryState
from tests.harness import Running
from tests.polling import eventually
from tests.unit.sdk.scripted_server import NOW, Wire, agent_answer, page

WAIT = 60
AT_ONCE = Backoff(first=0.0)


class Recorder(Agent):
    """Records its calls."""

    backoff = AT_ONCE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.got: asyncio.Queue[Message] = asyncio.Queue()
        self.errors: list[tuple[str, int]] = []
        self.life: list[str] = []

    async def on_start(self) -> None:
        self.life.append("start")

    async def on_stop(self) -> None:
        self.life.append("stop")

    async def on_message(self, message: Message) -> None:
        self.got.put_nowait(message)

    async def on_error(self, message: Message, error: Exception, attempt: int) -> None:
        self.errors.append((str(error), attempt))
        await super().on_error(message, error, attempt)

    async def next(self) -> Message:
        return await asyncio.wait_for(self.got.get(), WAIT)


class Echo(Recorder):
    capabilities = ("echo",)
    description = "Says what it hears."
    metadata = {"language": "any"}

    async def on_message(self, message: Message) -> None:
        await self.reply(message, message.content.upper())


@asynccontextmanager
async def living(agent: Agent) -> AsyncIterator[Agent]:
    """Run an agent until the block ends."""
    life = asyncio.create_task(agent.serve())
    try:
        yield agent
        agent.stop()
        await asyncio.wait_for(life, WAIT)
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


@pytest.fixture
async def ada(server: Running) -> AsyncIterator[AgoraClient]:
    """Another agent, for conversations."""
    async with AgoraClient(server.url) as client:
        await client.register("Ada")
        yield client


async def state_of(client: AgoraClient, message_id: str, state: DeliveryState) -> None:
    """Wait until a message of an inbox has a state."""
    async with asyncio.timeout(WAIT):
        async for event in client.event.stream(["agora.message.marked"], last_event_id="0"):
            data: Any = event.data
            if message_id in data["message_ids"] and data["status"] == state:
                return


async def test_request_is_answered(server: Running, ada: AgoraClient) -> None:
    async with living(Echo(url=server.url)):
        reply = await ada.request("Echo", "hello", timeout=WAIT)
        assert (reply.content, reply.from_name) == ("HELLO", "Echo")
        found = await ada.agent.get("Echo")
        assert (found.capabilities, found.metadata) == (["echo"], {"language": "any"})
        page = await ada.messaging.receive()
        assert [message.status for message in page] == [DeliveryState.ACKNOWLEDGED]


async def test_local_operator_can_send_requests(server: Running) -> None:
    async with living(Echo(url=server.url)), AgoraClient(server.url) as operator:
        assert (await operator.request("Echo", "hello", timeout=WAIT)).content == "HELLO"


async def test_request_to_an_unknown_agent_times_out(ada: AgoraClient) -> None:
    with pytest.raises(AgoraError, match=r"did not answer within 0\.05 seconds") as caught:
        await ada.request("Nobody", "hello", timeout=0.05)
    assert caught.value.code == "deadline_exceeded"


async def test_messages_sent_before_the_start_are_handled_in_order(server: Running, ada: AgoraClient) -> None:
    sent = [await ada.messaging.send("Recorder", str(n)) for n in range(5)]
    async with living(Recorder(url=server.url)) as agent:
        assert isinstance(agent, Recorder)
        got = [await agent.next() for _ in range(5)]
        assert [message.message_id for message in got] == [receipt.message_id for receipt in sent]
        await state_of(agent.client, sent[-1].message_id, DeliveryState.ACKNOWLEDGED)
    assert agent.life == ["start", "stop"]
    assert (await ada.agent.get("Recorder")).status is AgentStatus.OFFLINE


async def test_broadcasts_and_multi_recipient_messages_arrive_once(server: Running, ada: AgoraClient) -> None:
    async with living(Recorder(url=server.url)) as agent:
        assert isinstance(agent, Recorder)
        await ada.messaging.send("Recorder", "first")
        await agent.next()
        await ada.messaging.send("broadcast", "second")
        await ada.messaging.send(["Recorder", "Ada"], "third")
        assert {(await agent.next()).content, (await agent.next()).content} == {"second", "third"}
        await agent.client.messaging.send("broadcast", "my own")
        await ada.messaging.send("Recorder", "last")
        assert (await agent.next()).content == "last"


async def test_messages_arrive_after_a_broken_connection(server: Running, ada: AgoraClient) -> None:
    async with living(Recorder(url=server.url)) as agent:
        assert isinstance(agent, Recorder)
        await ada.messaging.send("Recorder", "before")
        await agent.next()
        for stream in server.app.feed.list_streams():
            stream.end(CloseReason(CLOSE_RESTARTING))
        await ada.messaging.send("Recorder", "after")
        assert (await agent.next()).content == "after"
        assert agent.got.empty()


async def test_failing_handler_is_tried_three_times_and_the_message_marked_read(
    server: Running, ada: AgoraClient, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Recorder):
        async def on_message(self, message: Message) -> None:
            raise ValueError("no idea")

    async with living(Broken(url=server.url)) as agent, AgoraClient(server.url) as operator:
        assert isinstance(agent, Recorder)
        receipt = await ada.messaging.send("Broken", "hello")
        await state_of(agent.client, receipt.message_id, DeliveryState.READ)
        assert agent.errors == [("no idea", 1), ("no idea", 2), ("no idea", 3)]
        told: list[Any] = [event.data for event in await operator.event.list(["error"])]
        assert [(data["attempt"], data["error"]) for data in told] == [(n, "ValueError: no idea") for n in (1, 2, 3)]
        assert not [event async for event in await ada.event.list(["error"])], "others are not notified"
    assert "no idea" in caplog.text


async def test_handler_that_ends_cancelled_counts_as_failed(server: Running, ada: AgoraClient) -> None:
    class Broken(Recorder):
        async def on_message(self, message: Message) -> None:
            child = asyncio.create_task(asyncio.Event().wait())
            child.cancel()
            await child  # raises CancelledError, and the agent goes on

    async with living(Broken(url=server.url)) as agent:
        assert isinstance(agent, Recorder)
        receipt = await ada.messaging.send("Broken", "hello")
        await asyncio.wait_for(state_of(agent.client, receipt.message_id, DeliveryState.READ), WAIT)
        assert [attempt for _, attempt in agent.errors] == [1, 2, 3]


async def test_server_error_does_not_count_as_a_handler_failure(server: Running, ada: AgoraClient) -> None:
    class Unlucky(Recorder):
        async def on_message(self, message: Message) -> None:
            self.life.append(message.content)
            if self.life.count(message.content) < 5:
                raise ServerUnreachable("away")
            await super().on_message(message)

    async with living(Unlucky(url=server.url)) as agent:
        assert isinstance(agent, Recorder)
        receipt = await ada.messaging.send("Unlucky", "hello")
        assert (await agent.next()).message_id == receipt.message_id
        await state_of(agent.client, receipt.message_id, DeliveryState.ACKNOWLEDGED)
        assert agent.errors == []


async def test_number_of_concurrent_handlers_is_bounded(server: Running, ada: AgoraClient) -> None:
    class Slow(Recorder):
        max_concurrent_tasks = 2
        release: asyncio.Event

        async def on_message(self, message: Message) -> None:
            await super().on_message(message)
            await self.release.wait()

    slow = Slow(url=server.url)
    slow.release = asyncio.Event()
    sent = [await ada.messaging.send("Slow", str(n)) for n in range(5)]
    async with living(slow):
        await slow.next()
        await slow.next()
        await state_of(slow.client, sent[-1].message_id, DeliveryState.DELIVERED)
        assert slow.got.empty()
        assert slow.load == 1.0
        slow.release.set()
        assert [(await slow.next()).content for _ in range(3)] == ["2", "3", "4"]


async def test_message_handled_during_a_crash_is_handled_again(server: Running, ada: AgoraClient) -> None:
    class Hanging(Recorder):
        async def on_message(self, message: Message) -> None:
            await super().on_message(message)
            await asyncio.Event().wait()

    first = Hanging(url=server.url, name="Phoenix")
    life = asyncio.create_task(first.serve())
    receipt = await ada.messaging.send("Phoenix", "hello")
    await first.next()
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    async with living(Recorder(url=server.url, name="Phoenix")) as second:
        assert isinstance(second, Recorder)
        assert (await second.next()).message_id == receipt.message_id


async def test_stop_waits_for_running_handlers(server: Running, ada: AgoraClient) -> None:
    class Slow(Recorder):
        async def on_message(self, message: Message) -> None:
            await super().on_message(message)
            self.stop()
            await self.reply(message, "in time")

    slow = Slow(url=server.url)
    life = asyncio.create_task(slow.serve())
    reply = await ada.request("Slow", "hello", timeout=WAIT)
    assert reply.content == "in time"
    await asyncio.wait_for(life, WAIT)


async def test_handler_that_never_ends_is_cancelled(server: Running, ada: AgoraClient) -> None:
    class Stuck(Recorder):
        stop_seconds = 0.01

        async def on_message(self, message: Message) -> None:
            self.stop()
            try:
                await asyncio.Event().wait()
            finally:
                self.life.append("cancelled")

    stuck = Stuck(url=server.url)
    await ada.messaging.send("Stuck", "hello")
    await asyncio.wait_for(stuck.serve(), WAIT)
    assert stuck.life == ["start", "cancelled", "stop"]


async def test_handler_can_send_a_request_and_get_the_reply(server: Running, ada: AgoraClient) -> None:
    class Asker(Recorder):
        async def on_message(self, message: Message) -> None:
            await super().on_message(message)
            answer = await self.request("Echo", message.content, timeout=WAIT)
            await self.reply(message, f"they say {answer.content}")

    async with living(Echo(url=server.url)), living(Asker(url=server.url)) as asker:
        assert isinstance(asker, Recorder)
        for _ in range(3):
            assert (await ada.request("Asker", "hi", timeout=WAIT)).content == "they say HI"
        assert asker.got.qsize() == 3


async def test_events_are_published_and_received(server: Running, ada: AgoraClient) -> None:
    class Follower(Recorder):
        events = ("work.*",)

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.followed: asyncio.Queue[Event] = asyncio.Queue()
            self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

        async def on_start(self) -> None:
            await self.subscribe_to_agent_events("Ada", "work.done", self.hear)

        async def hear(self, event_type: str, data: Any) -> None:
            await self.publish_event("heard", data)
            self.heard.put_nowait((event_type, data))
            if data == 1:
                raise ValueError("logged, and the next follows")

        async def on_event(self, event: Event) -> None:
            self.followed.put_nowait(event)
            raise ValueError("logged, and the next follows")

    async with living(Follower(url=server.url)) as agent, AgoraClient(server.url) as operator:
        assert isinstance(agent, Follower)
        await ada.messaging.send("Follower", "are you there?")
        await agent.next()
        for number in (1, 2):
            await operator.publish_event("work.done", "not Ada's")
            await ada.publish_event("work.done", number)
        assert [await asyncio.wait_for(agent.heard.get(), WAIT) for _ in range(2)] == [
            ("work.done", 1),
            ("work.done", 2),
        ]
        async with asyncio.timeout(WAIT):
            while (await agent.followed.get()).data != 2:
                pass
        ended = await agent.unsubscribe_from_agent_events("Ada", "work.done")
        assert ended.ended == 1
        heard = [event.data for event in await operator.event.list(["heard"])]
        assert heard == [1, 2]


async def test_heartbeats_are_sent(server: Running, clock: Any, ada: AgoraClient) -> None:
    class Lively(Recorder):
        heartbeat_seconds = 0.01

    async with living(Lively(url=server.url)) as agent, asyncio.timeout(WAIT):
        assert isinstance(agent, Recorder)
        await ada.messaging.send("Lively", "are you there?")
        await agent.next()
        clock.advance(1000)
        before = (await ada.agent.get("Lively")).registered_at
        while ((await ada.agent.get("Lively")).last_activity - before).total_seconds() < 1000:
            pass


async def test_deregistered_agent_ends_with_the_reason(server: Running) -> None:
    class Lively(Recorder):
        heartbeat_seconds = 0.01

    agent = Lively(url=server.url)
    life = asyncio.create_task(agent.serve())
    async with AgoraClient(server.url) as operator, asyncio.timeout(WAIT):
        async for _ in operator.event.stream(["agora.agent.registered"], last_event_id="0"):
            break
        await operator.agent.deregister("Lively")
        with pytest.raises(Unauthenticated):
            await life


async def test_agent_waits_for_its_server(wire: Wire) -> None:
    waited = asyncio.Event()

    def answer(seen: Any) -> Any:
        return JSONResponse(agent_answer(agent_name="Recorder"))

    wire.answer("/agents/register", *[Overloaded("starting")] * 9, answer)
    wire.answer("/agora/messaging/receive", page("messages", []))
    wire.answer(
        "/agora/agent/heartbeat", {"agent_id": "x", "status": "offline", "last_activity": NOW, "next_before": NOW}
    )

    class Patient(Recorder):
        async def on_start(self) -> None:
            waited.set()

    async with AgoraClient(wire.url, retries=0) as client, living(Patient(client=client)):
        await asyncio.wait_for(waited.wait(), WAIT)
    assert len(wire.of("/agents/register")) == 10


async def test_cancelled_entry_of_the_block_ends_the_agent(wire: Wire) -> None:
    wire.answer("/agents/register", Overloaded("starting"))
    async with AgoraClient(wire.url, retries=0) as client:
        agent = Recorder(client=client)
        entry = asyncio.create_task(agent.__aenter__())
        await asyncio.to_thread(wire.wait_for, lambda: wire.of("/agents/register"))
        entry.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entry
        assert [task for task in asyncio.all_tasks() if task.get_name() == "agent Recorder"] == []


async def test_lost_read_marker_is_sent_again(wire: Wire) -> None:
    message = {
        "message_id": "msg_" + "1" * 32,
        "from_agent": "agent_" + "b" * 32,
        "from_name": "Bob",
        "to_agent": "Recorder",
        "content": "hi",
        "timestamp": NOW,
        "status": "delivered",
    }
    marked = {"updated": 1, "status": "acknowledged"}
    wire.answer("/agents/register", agent_answer(agent_name="Recorder"))
    wire.answer("/agora/messaging/receive", page("messages", [message]))
    wire.answer("/agora/messaging/mark", Overloaded("busy"), marked)
    wire.answer("/agora/agent/heartbeat", Overloaded("busy"))
    async with AgoraClient(wire.url, retries=0) as client, living(Recorder(client=client)) as agent:
        assert isinstance(agent, Recorder)
        await agent.next()

        async def announce() -> int:
            sequence = len(wire.log) + 1
            event = {"id": "evt_1", "type": "agora.broadcast.sent", "source": "x", "time": NOW}
            wire.publish({"sequence": sequence} | event)
            return len(wire.of("/agora/messaging/mark"))

        await eventually(announce, lambda marks: marks >= 2)
    assert agent.got.empty(), "it is handled once"
    assert {seen.body["status"] for seen in wire.of("/agora/messaging/mark")} == {"acknowledged"}


def test_synchronous_hooks_are_refused() -> None:
    with pytest.raises(TypeError, match="'async def'"):

        class Wrong(Agent):
            def on_message(self, message: Message) -> None:  # type: ignore[override]
                """Not a coroutine function."""


def test_class_attributes_match_registration_parameters() -> None:
    others = {"public_keys", "manifest"}  # published by client.protocol; for agents run by the marketplace
    parameters = set(Agents.operations["register"].parameters) - {"agent_name"} - others
    assert parameters == {name for name in parameters if hasattr(Agent, name)}
    with pytest.raises(AgoraError, match="not registered yet"):
        Agent(url="http://127.0.0.1:1").agent_id  # noqa: B018


@pytest.mark.parametrize(
    "spec", ["", "module", ":Agent", "no_such_module:Agent", "agora_sdk.agent:Nothing", "agora_sdk.agent:run"]
)
def test_specification_without_an_agent_is_refused(spec: str) -> None:
    with pytest.raises(InvalidRequest):
        run(spec)


PROGRAM = """
from agora_sdk import Agent

class Echo(Agent):
    async def on_message(self, message):
        await self.reply(message, message.content)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_agent_runs_by_name_in_a_process_and_stops_on_request(
    server: Running, ada: AgoraClient, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "bots.py").write_text(PROGRAM)
    start = "import sys; from agora_sdk.agent import run; run('bots:Echo', url=sys.argv[1], name='Echo2')"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", start, server.url, cwd=tmp_path)
    try:
        assert (await ada.request("Echo2", "hello", timeout=WAIT)).content == "hello"
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), WAIT) == 0
        assert (await ada.agent.get("Echo2")).status is AgentStatus.OFFLINE
    finally:
        if process.returncode is None:
            process.kill()
