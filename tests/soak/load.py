"""Callers of every protocol, each repeating small steps, whatever fails in the meantime."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import redis.asyncio
import redis.exceptions
import websockets

from tests.blackbox.server import ServerProcess

__all__ = ["Load"]

PAUSE = 0.1  # mean seconds between two steps of one caller
STEP_TIMEOUT = 20.0  # timeout of a step in seconds
STREAM = "xnai:agent_bus"
AGENTS = ("Rest", "Worker", "Socket", "Stream", "Mcp", "Asker", "Speaker", "Bus")
FAILURES = (httpx.HTTPError, OSError, TimeoutError, websockets.WebSocketException, redis.exceptions.RedisError)


class StepFailed(Exception):
    """The server answered with an error."""


class Load:
    """Callers of a server. ``steps`` and ``failures`` count by protocol; ``reasons`` by protocol and error text."""

    def __init__(self, url: str, redis_url: str, tokens: dict[str, str], chance: random.Random) -> None:
        self.url, self.redis_url, self.tokens, self._chance = url, redis_url, tokens, chance
        self.steps: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.reasons: Counter[tuple[str, str]] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._callers: dict[str, Callable[[], Any]] = {
            "rest": self._rest,
            "tasks": self._work,
            "websocket": self._websocket,
            "sse": self._sse,
            "mcp": self._mcp,
            "upstream": self._upstream,
            "a2a": self._a2a,
            "agent protocol": self._agent_protocol,
            "redis": self._redis,
        }

    @classmethod
    def with_agents(cls, server: ServerProcess, redis_url: str, chance: random.Random) -> Load:
        """Create a load with newly registered agents."""
        return cls(server.url, redis_url, {name: server.register(name).token for name in AGENTS}, chance)

    async def count_steps(self) -> Mapping[str, int]:
        """Count steps by protocol, including protocols without any."""
        return {protocol: self.steps[protocol] for protocol in self._callers}

    def start(self) -> None:
        for protocol, caller in self._callers.items():
            self._tasks.append(asyncio.create_task(self._repeat(protocol, caller)))

    async def stop(self) -> None:
        """Cancel every caller, repeatedly: a cancellation that coincides with an answer may get lost in a client
        library."""
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=1)

    # -- callers: contexts that yield a step; after a failed step the context is opened again ------------

    async def _repeat(self, protocol: str, caller: Callable[[], Any]) -> None:
        while True:
            try:
                async with caller() as step:
                    while True:
                        async with asyncio.timeout(STEP_TIMEOUT):
                            await step()
                        self.steps[protocol] += 1
                        await self._pause()
            except (*FAILURES, StepFailed) as error:
                self.failures[protocol] += 1
                self.reasons[protocol, _describe_error(error)] += 1
                await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.uniform(0, 2 * PAUSE))

    def _client(self, agent: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.tokens[agent]}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=STEP_TIMEOUT)

    @contextlib.asynccontextmanager
    async def _rest(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Send a message to itself, receive it, acknowledge it."""
        async with self._client("Rest") as client:

            async def step() -> None:
                await _post(client, "/agora/messaging/send", {"to_agent": "Rest", "content": "x" * 200})
                page = _checked(await client.get("/agora/messaging/receive", params={"unread": True, "limit": 50}))
                ids = [message["message_id"] for message in page["messages"]]
                if ids:
                    await _post(client, "/agora/messaging/mark", {"message_ids": ids, "status": "acknowledged"})

            yield step

    @contextlib.asynccontextmanager
    async def _work(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Assign a task to itself, claim available ones, complete them."""
        async with self._client("Worker") as client:

            async def step() -> None:
                await _post(
                    client, "/agora/task/assign", {"assignee": "Worker", "task_type": "soak", "payload": {"n": 1}}
                )
                claim = await _post(client, "/agora/task/claim", {"limit": 10})
                for task in claim["tasks"]:
                    body = {"task_id": task["task_id"], "fencing_token": task["fencing_token"], "result": {}}
                    await _post(client, "/agora/task/complete", body)

            yield step

    @contextlib.asynccontextmanager
    async def _websocket(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Publish an event by a call, and read until it arrives."""
        headers = {"Authorization": f"Bearer {self.tokens['Socket']}"}
        url = self.url.replace("http", "ws", 1) + "/ws?types=soak.socket"
        async with websockets.connect(url, subprotocols=["agora"], additional_headers=headers) as socket:  # type: ignore[list-item]

            async def step() -> None:
                call = {
                    "id": str(uuid4()),
                    "operation": "agora.event.publish",
                    "arguments": {"event_type": "soak.socket"},
                }
                await socket.send(json.dumps(call))
                due = {"answer", "event"}
                while due:
                    frame = json.loads(await socket.recv())
                    if "error" in frame:
                        raise StepFailed(frame["error"])
                    due -= {"answer" if "result" in frame else "event" if "type" in frame else ""}

            yield step

    @contextlib.asynccontextmanager
    async def _sse(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Publish an event over REST, and read the stream until it arrives."""
        async with (
            self._client("Stream") as client,
            client.stream("GET", "/events", params={"types": "soak.stream"}) as stream,
        ):
            if stream.status_code != 200:
                raise StepFailed(f"HTTP {stream.status_code}")
            lines = stream.aiter_lines()

            async def step() -> None:
                await _post(client, "/agora/event/publish", {"event_type": "soak.stream"})
                async for line in lines:
                    if line.startswith("event: soak.stream"):
                        return
                raise StepFailed("the stream ended")

            yield step

    @contextlib.asynccontextmanager
    async def _mcp(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Use a session of the Model Context Protocol for a few calls."""
        async with self._client("Mcp") as client:
            call = _mcp_call(client)

            async def step() -> None:
                await call("tools/call", {"name": "agora_agent_list", "arguments": {"limit": 5}})

            await call("initialize", _INITIALIZE)
            yield step

    @contextlib.asynccontextmanager
    async def _upstream(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Call a tool of an upstream MCP server."""
        async with self._client("Mcp") as client:

            async def step() -> None:
                await _post(client, "/tools/far/echo", {"arguments": {"text": "x"}})

            yield step

    @contextlib.asynccontextmanager
    async def _a2a(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Call a built-in agent over A2A."""
        async with self._client("Asker") as client:

            async def step() -> None:
                message = {"parts": [{"type": "text", "text": "Calculate 25 * 4"}]}
                body = {"jsonrpc": "2.0", "id": "1", "method": "message/send", "params": {"message": message}}
                answer = await _post(client, "/", body)
                if "error" in answer:
                    raise StepFailed(answer["error"])

            yield step

    @contextlib.asynccontextmanager
    async def _agent_protocol(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Ask the marketplace for an agent over the Agent Communication Protocol."""
        async with self._client("Speaker") as client:

            async def step() -> None:
                await _post(
                    client,
                    "/agent/message",
                    {
                        "type": "discover",
                        "sender": "Speaker",
                        "to": ["agent.marketplace.orchestrator"],
                        "intent": "find_agent",
                        "payload": {"capability": "soak", "customer_id": "c"},
                        "expected": {"timeout": 5000},
                    },
                )

            yield step

    @contextlib.asynccontextmanager
    async def _redis(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Publish on the bus as a program that uses only Redis, and read its entries."""
        client = redis.asyncio.Redis.from_url(self.redis_url, decode_responses=True)
        own = f"{STREAM}:Bus"
        try:

            async def step() -> None:
                await client.xadd(STREAM, self._entry())
                if await client.exists(own):
                    for _, entries in await client.xreadgroup("Bus", "one", {own: ">"}, count=50):
                        await client.xack(own, "Bus", *[entry_id for entry_id, _ in entries])

            yield step
        finally:
            await client.aclose()

    def _entry(self) -> dict[Any, Any]:
        fields = {
            "message_id": str(uuid4()),
            "timestamp": datetime.now(UTC).isoformat(),
            "sender": "Bus",
            "target": "Bus",
            "type": "state_update",
            "priority": "low",
            "content": json.dumps({"n": 1}),
        }
        text = "\0".join(f"{name}={fields[name]}" for name in sorted(fields))
        return fields | {"signature": hmac.new(self.tokens["Bus"].encode(), text.encode(), "sha256").hexdigest()}


_INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "soak", "version": "1"}}


def _mcp_call(client: httpx.AsyncClient) -> Callable[[str, dict[str, Any]], Awaitable[Any]]:
    headers = {"Accept": "application/json, text/event-stream"}

    async def call(method: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = await client.post("/mcp", json=body, headers=headers)
        if session := response.headers.get("mcp-session-id"):
            headers["Mcp-Session-Id"] = session
        if not response.is_success or '"error"' in response.text[:200]:
            raise StepFailed(f"{method}: HTTP {response.status_code} {response.text[:200]}")
        return response.text

    return call


async def _post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    return _checked(await client.post(path, json=body))


def _describe_error(error: Exception) -> str:
    """Return the error text without its variable parts."""
    return re.sub(r"[0-9a-f]{12,}|(?<!HTTP )\b\d+(\.\d+)?", "#", f"{type(error).__name__}: {error}")[:300]


def _checked(response: httpx.Response) -> Any:
    if not response.is_success:
        problem = response.json() if "json" in response.headers.get("content-type", "") else {}
        code = problem.get("code", response.text[:200])
        raise StepFailed(
            f"{response.request.url.path}: HTTP {response.status_code} {code}: {problem.get('detail', '')}"
        )
    return response.json()
