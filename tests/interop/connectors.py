"""Connectors: an agent's participation over each protocol.

A connector registers an agent, sends, publishes, and observes. A new protocol adds a subclass, which the matrix
includes automatically.
"""

from __future__ import annotations

import asyncio
import json
import os
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self
from uuid import uuid4

import httpx
import redis.asyncio
import websockets
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.types import a2a_pb2
from google.protobuf.json_format import MessageToDict, ParseDict
from openai import AsyncOpenAI
from openai.types.responses import Response

from agora.domains.bus.engines import wire
from agora.wire.envelopes import convert_document
from agora_sdk import AgoraClient
from agora_sdk.contract.bus import BusEntry
from tests.processes import TETHER, node_executable
from tests.unit.protocols.mcp.mcp_clients import connect

__all__ = ["CONNECTORS", "Connector", "OpenAi"]

CONNECTORS: dict[str, type[Connector]] = {}
WAIT = 60
RUST_PARTY = os.environ.get("AGORA_RUST_PARTY")  # a program built from sdk/rust; without it, Rust is skipped
LARGEST_LINE = 16 * 1024 * 1024


class Connector:
    """An agent on the marketplace over one protocol."""

    name: ClassVar[str] = ""
    sends: ClassVar[bool] = True
    observes: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        if cls.name:
            CONNECTORS[cls.name] = cls

    def __init__(self, url: str, agent_name: str) -> None:
        self.url, self.agent_name = url, agent_name
        self.agent_id = self.token = ""
        self.stack = AsyncExitStack()
        self.seen: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.passed: set[str] = set()

    async def __aenter__(self) -> Self:
        async with httpx.AsyncClient(base_url=self.url, timeout=WAIT) as http:
            answer = await http.post("/agents/register", json={"agent_name": self.agent_name})
            assert answer.status_code == 200, answer.text
            self.agent_id, self.token = answer.json()["agent_id"], answer.json()["token"]
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stack.aclose()

    async def watch(self, events: AsyncIterator[dict[str, Any]]) -> None:
        """Collect the events of a stream in the background."""

        async def collect() -> None:
            async for event in events:
                self.passed.add(event["id"])
                self.seen.put_nowait(event)

        task = asyncio.create_task(collect())

        async def stop() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.stack.push_async_callback(stop)

    async def live(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for the first matching event on the stream."""
        async with asyncio.timeout(WAIT):
            while not wanted(event := await self.seen.get()):
                pass
            return event

    @abstractmethod
    async def open(self) -> None:
        """Connect, including streams."""

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call an operation; not called for pure observers."""
        raise AssertionError(f"{self.name} only observes")

    async def message(self, message_id: str) -> dict[str, Any]:
        """Return the message as received here."""
        event = await self.live(lambda event: event["data"] and event["data"].get("message_id") == message_id)
        data: dict[str, Any] = event["data"]
        return data

    async def event(self, event_id: str) -> dict[str, Any]:
        """Return the event as received here."""
        return await self.live(lambda event: bool(event["id"] == event_id))


class Rest(Connector):
    """Plain HTTP, polling."""

    name = "rest"

    async def open(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = await self.stack.enter_async_context(
            httpx.AsyncClient(base_url=self.url, headers=headers, timeout=WAIT)
        )

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        path = "/" + operation.replace(".", "/")
        reads = operation in ("agora.task.get", "agora.task.history")
        answer = await (self.http.get(path, params=arguments) if reads else self.http.post(path, json=arguments))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def message(self, message_id: str) -> dict[str, Any]:
        page = (await self.http.get("/agora/messaging/receive", params={"wait": 10})).json()
        return next(m for m in page["messages"] if m["message_id"] == message_id)

    async def event(self, event_id: str) -> dict[str, Any]:
        page = (await self.http.get("/agora/event/list", params={"limit": 500})).json()
        return next(event for event in page["events"] if event["id"] == event_id)


class SdkAsync(Connector):
    """The asynchronous Python SDK."""

    name = "sdk-async"
    mode: ClassVar[Any] = "async"

    async def open(self) -> None:
        self.client = AgoraClient(self.url, token=self.token, mode="async")
        self.stack.push_async_callback(self.client.aclose)
        stream = await self.client.event.stream()
        await self.watch(_models(stream))

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        _, category, action = operation.split(".")
        result = await getattr(getattr(self.client, category), action)(**arguments)
        found: dict[str, Any] = result.model_dump(mode="json")
        return found


async def _models(stream: Any) -> AsyncIterator[dict[str, Any]]:
    async with stream:
        async for event in stream:
            yield event.model_dump(mode="json")


class SdkSync(Connector):
    """The Python SDK in synchronous code, in a thread."""

    name = "sdk-sync"

    async def open(self) -> None:
        self.client = AgoraClient(self.url, token=self.token, mode="sync")
        self.stack.callback(self.client.close)

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        _, category, action = operation.split(".")
        method = getattr(getattr(self.client, category), action)
        found: dict[str, Any] = (await asyncio.to_thread(lambda: method(**arguments))).model_dump(mode="json")
        return found

    async def message(self, message_id: str) -> dict[str, Any]:
        page = await asyncio.to_thread(lambda: self.client.messaging.receive(wait=10))
        return next(m.model_dump(mode="json") for m in page if m.message_id == message_id)

    async def event(self, event_id: str) -> dict[str, Any]:
        def read() -> dict[str, Any]:
            with self.client.event.stream(last_event_id="0") as stream:
                return next(e.model_dump(mode="json") for e in stream if e.id == event_id)

        return await asyncio.wait_for(asyncio.to_thread(read), WAIT)


class SdkProcess(Connector):
    """An SDK of another language: all its agents run in one process, controlled by JSON lines."""

    command: ClassVar[Sequence[str]] = ()
    process_of_all: ClassVar[PartyProcess | None] = None

    async def open(self) -> None:
        kind = type(self)
        process = kind.process_of_all
        if process is None or process.is_over or process.loop is not asyncio.get_running_loop():
            process = kind.process_of_all = await PartyProcess.start(self.command)
        self.process = await self.stack.enter_async_context(process)
        self.party = f"{self.agent_id}"
        process.events[self.party] = asyncio.Queue()
        await process.ask({"party": self.party, "open": {"url": self.url, "token": self.token}})
        await self.watch(self._events())

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await self.process.ask({"party": self.party, "operation": operation, "arguments": arguments})
        found: dict[str, Any] = result
        return found

    async def _events(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            yield await self.process.events[self.party].get()


class TypeScript(SdkProcess):
    """The TypeScript SDK, run by Node from source."""

    name = "typescript"
    command = (node_executable(), str(Path(__file__).with_name("typescript_party.ts")))


if RUST_PARTY:

    class Rust(SdkProcess):
        """The Rust crate; `make test-rust` builds the program and passes its path."""

        name = "rust"
        command = (RUST_PARTY,)


class PartyProcess:
    """A program of parties, until the last agent has left."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.loop = asyncio.get_running_loop()
        self.events: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self.is_over = False
        self._process, self._users = process, 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, command: Sequence[str]) -> PartyProcess:
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec(*TETHER, *command, stdin=pipe, stdout=pipe, limit=LARGEST_LINE))

    async def __aenter__(self) -> Self:
        self._users += 1
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._users -= 1
        if self._users == 0:
            self.is_over = True
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()
            await self._reading

    async def ask(self, request: dict[str, Any]) -> Any:
        """Send a request. Returns its result; fails with its error."""
        assert self._process.stdin is not None
        number = len(self._answers) + 1
        self._answers[number] = self.loop.create_future()
        self._process.stdin.write(json.dumps({"id": number, **request}).encode() + b"\n")
        answer = await asyncio.wait_for(self._answers[number], WAIT)
        assert "error" not in answer, answer
        return answer["result"]

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            document = json.loads(line)
            if "event" in document:
                self.events[document["party"]].put_nowait(document["event"])
            else:
                self._answers[document["id"]].set_result(document)


class WebSocket(Connector):
    """One WebSocket for calls and events."""

    name = "websocket"

    async def open(self) -> None:
        self.socket = await self.stack.enter_async_context(
            websockets.connect(
                self.url.replace("http", "ws", 1) + "/ws", additional_headers={"Authorization": f"Bearer {self.token}"}
            )
        )
        self.answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        await self.watch(self._frames())

    async def _frames(self) -> AsyncIterator[dict[str, Any]]:
        async for frame in self.socket:
            document = json.loads(frame)
            if "id" in document and "specversion" not in document:
                self.answers[document["id"]].set_result(document)
            elif "specversion" in document:
                yield document

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        number = len(self.answers) + 1
        self.answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": number, "operation": operation, "arguments": arguments}))
        answer = await asyncio.wait_for(self.answers[number], WAIT)
        assert "result" in answer, answer
        found: dict[str, Any] = answer["result"]
        return found


class ServerSentEvents(Connector):
    """A stream over plain HTTP, for observation only."""

    name = "sse"
    sends = False

    async def open(self) -> None:
        http = await self.stack.enter_async_context(httpx.AsyncClient(base_url=self.url, timeout=None))
        headers = {"Authorization": f"Bearer {self.token}"}
        response = await self.stack.enter_async_context(http.stream("GET", "/events", headers=headers))
        assert response.status_code == 200
        await self.watch(self._events(response))

    async def _events(self, response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                document = json.loads(line.removeprefix("data:"))
                if "specversion" in document:
                    yield document


#: listed for the official client, which validates answers by them: the used tools, by their dotted names
TOOLS = "view=full&toolsets=event,messaging,task,a2a,conversation"


class Mcp(Connector):
    """The official MCP client, in the newer generation: tools for calls, segments of a stream for events."""

    name = "mcp"
    era: ClassVar[str] = "modern"

    async def open(self) -> None:
        self.client = await self.stack.enter_async_context(connect(f"{self.url}/mcp?{TOOLS}", self.era, self.token))
        await self.watch(self._events())

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await self.client.call_tool(operation, arguments)
        assert not result.is_error, result.content
        found: dict[str, Any] = result.structured_content or {}
        return found

    async def _events(self) -> AsyncIterator[dict[str, Any]]:
        cursor = "0"
        while True:
            stretch = await self.call("agora.event.stream", {"last_event_id": cursor, "wait": WAIT})
            cursor = stretch["cursor"]
            for event in stretch["items"]:
                yield event


class McpLegacy(Mcp):
    """The same in the older generation, with a handshake and a session."""

    name = "mcp-legacy"
    era = "legacy"


class A2a(Connector):
    """The official A2A client, version 1.0: it only sends messages to agents and follows their tasks."""

    name = "a2a"
    sends = observes = False
    version: ClassVar[str] = "1.0"

    async def open(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = await self.stack.enter_async_context(httpx.AsyncClient(headers=headers, timeout=WAIT))

    async def at(self, agent: str) -> Any:
        """Create a client of an agent."""
        card = await A2ACardResolver(self.http, f"{self.url}/a2a/{agent}").get_agent_card()
        wanted = [entry for entry in card.supported_interfaces if entry.protocol_version == self.version]
        del card.supported_interfaces[:]
        card.supported_interfaces.extend(wanted)
        return ClientFactory(ClientConfig(httpx_client=self.http)).create(card)

    async def say(self, agent: str, message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Send a message. Yields the stream in the JSON of A2A 1.0."""
        request = ParseDict({"message": message}, a2a_pb2.SendMessageRequest())
        async for event in (await self.at(agent)).send_message(request):
            yield MessageToDict(event)

    async def look(self, agent: str, task_id: str) -> dict[str, Any]:
        """Return a task in A2A form."""
        found: dict[str, Any] = MessageToDict(await (await self.at(agent)).get_task(a2a_pb2.GetTaskRequest(id=task_id)))
        return found


class A2aLegacy(A2a):
    """The same in version 0.3."""

    name = "a2a-legacy"
    version = "0.3"


class OpenAi(Connector):
    """The official client of OpenAI's API: it only calls agents as if they were models."""

    name = "openai"
    sends = observes = False

    async def open(self) -> None:
        client = AsyncOpenAI(base_url=f"{self.url}/v1", api_key=self.token, max_retries=0, timeout=WAIT)
        self.client = await self.stack.enter_async_context(client)

    async def respond(self, agent: str, text: str, previous_response_id: str | None = None) -> Response:
        """Let an agent answer, streamed. Returns the final response."""
        stream = await self.client.responses.create(
            model=agent, input=text, stream=True, previous_response_id=previous_response_id
        )
        async for event in stream:
            if event.type in ("response.completed", "response.failed", "response.incomplete"):
                return event.response
        raise AssertionError("the stream has no end")


class Bus(Connector):
    """The agent bus over HTTP: entries are published and read; it has no event stream."""

    name = "bus"
    sends = observes = False

    async def open(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = await self.stack.enter_async_context(
            httpx.AsyncClient(base_url=self.url, headers=headers, timeout=WAIT)
        )

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if operation == "agora.task.claim":
            return {"tasks": [await self._assignment()]}
        return await self.publish(_entry(operation, arguments))

    async def publish(self, entry: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.post("/agora/bus/publish", json=entry)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def entries(self) -> list[dict[str, Any]]:
        """Read the next entries."""
        answer = await self.http.post("/agora/bus/read", json={"wait": 10})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["entries"]
        await self.http.post("/agora/bus/ack", json={"message_ids": [entry["entry_id"] for entry in found]})
        return found

    async def _assignment(self) -> dict[str, Any]:
        async with asyncio.timeout(WAIT):
            while not (found := [e for e in await self.entries() if e["type"] == "task_assignment"]):
                pass
        content: dict[str, Any] = found[0]["content"]
        giver = (await self.http.get(f"/agents/{found[0]['sender']}")).json()["agent_id"]
        return content | {"created_by": giver, "assigned_agent": self.agent_id, "priority": found[0]["priority"]}

    async def message(self, message_id: str) -> dict[str, Any]:
        async with asyncio.timeout(WAIT):
            while True:
                for message in map(_message, await self.entries()):
                    if message["message_id"] == message_id:
                        return message


def _entry(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Convert an operation to an entry."""
    if operation == "agora.task.assign":
        content = {"task_type": arguments["task_type"], "payload": arguments["payload"]}
        entry = {"type": "task_assignment", "target": arguments["assignee"], "content": content}
        return entry | {"priority": arguments["priority"]}
    if operation == "agora.task.complete":
        return {"type": "task_completion", "target": "operator", "content": arguments}
    entry = {"type": "error_report", "target": arguments["to_agent"], "content": {"text": arguments["content"]}}
    beyond = {name: arguments[name] for name in ("message_type", "priority", "metadata")}
    return entry | {"priority": "high", "correlation_id": arguments["correlation_id"], "extensions": beyond}


def _message(entry: dict[str, Any]) -> dict[str, Any]:
    """Convert an entry to the message that it represents."""
    fields = {name: entry[name] for name in BusEntry.model_fields if entry.get(name) not in (None, {})}
    return convert_document(fields, "bus", "message")


class BusRedis(Bus):
    """A program that uses only Redis Streams, at ``redis``. Entries are signed."""

    name = "bus-redis"
    redis: ClassVar[str] = ""
    stream: ClassVar[str] = "xnai:agent_bus"

    async def open(self) -> None:
        await super().open()  # to look up the outcome of an entry, which Redis does not report
        self.client = await self.stack.enter_async_context(
            redis.asyncio.Redis.from_url(self.redis, decode_responses=True)
        )
        await self.http.post("/agora/bus/join", json={})

    async def publish(self, entry: dict[str, Any]) -> dict[str, Any]:
        own = {"message_id": str(uuid4()), "timestamp": datetime.now(UTC).isoformat(), "sender": self.agent_name}
        fields = own | {name: value if isinstance(value, str) else json.dumps(value) for name, value in entry.items()}
        await self.client.xadd(self.stream, fields | {"signature": wire.compute_signature(fields, self.token)})
        async with asyncio.timeout(WAIT), httpx.AsyncClient(base_url=self.url) as operator:
            while True:
                if entry["type"] == "task_assignment":
                    page = (await operator.get("/agora/task/list")).json()["tasks"]
                    found = [t for t in page if t["metadata"].get("bus", {}).get("message_id") == own["message_id"]]
                else:
                    query = {"agent_id": entry["target"], "wait": 1}
                    page = (await operator.get("/agora/messaging/receive", params=query)).json().get("messages", [])
                    found = [m for m in page if m["metadata"].get("bus", {}).get("message_id") == own["message_id"]]
                if found or entry["target"] == "operator":
                    return dict(found[0]) if found else {}

    async def entries(self) -> list[dict[str, Any]]:
        own = f"{self.stream}:{self.agent_name}"
        try:
            fresh = await self.client.xreadgroup(self.agent_name, "mcp-a1b2c3d4", {own: ">"}, count=10, block=500)
        except redis.exceptions.ResponseError:  # the group is created with the first entry
            return []
        found = []
        for entry_id, fields in (entry for _, entries in fresh for entry in entries):
            await self.client.xack(own, self.agent_name, entry_id)
            structured = {name: json.loads(fields[name]) for name in ("content", "extensions") if name in fields}
            found.append(fields | structured | {"entry_id": entry_id})
        return found


class Agentify(Connector):
    """The Agent Communication Protocol over HTTP: messages are posted, pending ones fetched."""

    name = "agentify"

    async def open(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = await self.stack.enter_async_context(
            httpx.AsyncClient(base_url=self.url, headers=headers, timeout=WAIT)
        )

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.post("/agent/message", json=_calling(operation, arguments))
        assert answer.status_code == 200, answer.text
        return _result(answer.json())

    async def message(self, message_id: str) -> dict[str, Any]:
        page = (await self.http.get(f"/agents/{self.agent_id}/pending", params={"wait": 10})).json()
        found = (convert_document(envelope, "agentify", "message") for envelope in page["messages"])
        return next(message for message in found if message["message_id"] == message_id)

    async def event(self, event_id: str) -> dict[str, Any]:
        page = await self.call("agora.event.list", {"limit": 500})
        return next(event for event in page["events"] if event["id"] == event_id)


def _calling(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    to = ["agent.marketplace.orchestrator"]
    return {"type": "request", "to": to, "intent": operation, "payload": arguments}


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    assert (answer["type"], answer["intent"]) == ("inform", "result"), answer
    found: dict[str, Any] = answer["payload"]
    return found


class AgentifySocket(Agentify):
    """The Agent Communication Protocol over a WebSocket: messages in both directions."""

    name = "agentify-ws"

    async def open(self) -> None:
        self.socket = await self.stack.enter_async_context(
            websockets.connect(
                self.url.replace("http", "ws", 1) + "/agent/ws",
                additional_headers={"Authorization": f"Bearer {self.token}"},
            )
        )
        self.answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        await self.watch(self._frames())

    async def _frames(self) -> AsyncIterator[dict[str, Any]]:
        async for frame in self.socket:
            document = json.loads(frame)
            answered = self.answers.get(document.get("correlation", {}).get("reply_to"))
            if answered is not None:
                answered.set_result(document)
            else:
                message = convert_document(document, "agentify", "message")
                yield {"id": message["message_id"], "data": message}

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        number = f"call-{len(self.answers)}"
        self.answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps(_calling(operation, arguments) | {"id": number}))
        return _result(await asyncio.wait_for(self.answers[number], WAIT))

    async def message(self, message_id: str) -> dict[str, Any]:
        return await Connector.message(self, message_id)
