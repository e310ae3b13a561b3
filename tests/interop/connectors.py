"""One connector for each protocol: how an agent takes part through it.

A connector registers an agent, sends, publishes, and observes. A new protocol adds itself by one more
subclass; the matrix picks it up.
"""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Self

import httpx
import websockets

from agora_sdk import AgoraClient
from tests.unit.mcp.support import connect

__all__ = ["CONNECTORS", "Connector"]

CONNECTORS: dict[str, type[Connector]] = {}
WAIT = 20.0


class Connector:
    """An agent on the marketplace through one protocol."""

    name: ClassVar[str] = ""
    sends: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        CONNECTORS[cls.name] = cls

    def __init__(self, url: str, agent_name: str) -> None:
        self.url, self.agent_name = url, agent_name
        self.agent_id = self.token = ""
        self.stack = AsyncExitStack()
        self.seen: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.passed: set[str] = set()

    async def __aenter__(self) -> Self:
        async with httpx.AsyncClient(base_url=self.url) as http:
            answer = await http.post("/agents/register", json={"agent_name": self.agent_name})
            assert answer.status_code == 200, answer.text
            self.agent_id, self.token = answer.json()["agent_id"], answer.json()["token"]
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stack.aclose()

    async def watch(self, events: AsyncIterator[dict[str, Any]]) -> None:
        """Collect what a stream shows in the background."""

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
        """The first event seen on the stream that is wanted."""
        async with asyncio.timeout(WAIT):
            while not wanted(event := await self.seen.get()):
                pass
            return event

    @abstractmethod
    async def open(self) -> None:
        """Connect, streams included."""

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call an operation; observers that cannot are never asked."""
        raise AssertionError(f"{self.name} only observes")

    async def message(self, message_id: str) -> dict[str, Any]:
        """The message as it arrives here."""
        event = await self.live(lambda event: event["data"] and event["data"].get("message_id") == message_id)
        data: dict[str, Any] = event["data"]
        return data

    async def event(self, event_id: str) -> dict[str, Any]:
        """The event as it arrives here."""
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
        answer = await self.http.post("/" + operation.replace(".", "/"), json=arguments)
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
    """The Python SDK, awaited."""

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
    """The Python SDK as plain synchronous code uses it, in a thread."""

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
    """A stream over plain HTTP; it only observes."""

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


class Mcp(Connector):
    """The official MCP client, in the newer era: tools for calls, stretches of a stream for events."""

    name = "mcp"
    era: ClassVar[str] = "modern"

    async def open(self) -> None:
        self.client = await self.stack.enter_async_context(connect(f"{self.url}/mcp", self.era, self.token))
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
    """The same in the older era, with a handshake and a session."""

    name = "mcp-legacy"
    era = "legacy"
