"""A marketplace with a bridge to a real Redis, and a bare client of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis.asyncio

from agora.core.call import Caller
from agora.domains.bus.bridge import BusBridge
from agora.domains.bus.engines import wire
from agora.server.app import App
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.polling import passing
from tests.valkey import broker, valkey_server

__all__ = [
    "GROUP",
    "SECONDS",
    "STREAM",
    "a",
    "b",
    "bridge_of",
    "broker",
    "client",
    "entry",
    "inbox",
    "joined",
    "market",
    "market_turn",
    "own_stream",
    "settled",
    "signed",
    "token_of",
    "up",
    "valkey_server",
]

STREAM = "xnai:agent_bus"
GROUP = "xnai-mcp-server"
SECONDS = 60


@pytest.fixture
async def client(broker: str) -> AsyncIterator[Any]:
    async with redis.asyncio.Redis.from_url(broker, decode_responses=True, encoding_errors="replace") as client:
        yield client


@pytest.fixture
async def market(tmp_path: Path, clock: ManualClock, broker: str) -> AsyncIterator[Market]:
    app = App(make_settings(tmp_path / "data", bus=broker), clock=clock)
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
async def a(market: Market) -> Caller:
    return await market.agent("A")


@pytest.fixture
async def b(market: Market) -> Caller:
    return await market.agent("B")


def bridge_of(market: Market) -> BusBridge:
    return next(c for c in market.app.controllers if isinstance(c, BusBridge))


def token_of(market: Market, agent: Caller) -> str:
    return market.app.signer.sign_agent_token(agent.tenant, agent.subject, agent.generation)


def entry(sender: str, target: str, content: Any = None, **fields: str) -> dict[str, str]:
    """Build an entry in wire format."""
    return {
        "message_id": str(uuid4()),
        "timestamp": datetime.now(UTC).isoformat(),
        "sender": sender,
        "target": target,
        "type": "assistance_request",
        "priority": "medium",
        "content": json.dumps(content if content is not None else {"text": "hello"}),
    } | fields


def signed(fields: dict[str, str], token: str) -> dict[str, str]:
    return fields | {"signature": wire.compute_signature(fields, token)}


async def inbox(market: Market, agent: Caller, count: int = 1) -> list[Any]:
    """Wait for that number of messages, and return them as shown by every protocol."""
    async with asyncio.timeout(SECONDS):
        while True:
            messages = (await market.call(agent, "messaging.receive", wait=5)).messages
            if len(messages) >= count:
                return list(messages)


async def own_stream(client: Any, name: str, count: int = 1) -> list[tuple[str, dict[str, str]]]:
    """Read an agent's stream, as its programs would."""
    found: list[tuple[str, dict[str, str]]] = []
    stream = f"{STREAM}:{name}"
    async with asyncio.timeout(SECONDS):
        while len(found) < count:
            try:
                for _, entries in await client.xreadgroup(name, "mcp-a1b2c3d4", {stream: ">"}, count=10, block=200):
                    found += entries
            except redis.exceptions.ResponseError:
                await market_turn()  # the group is created with the first entry
    return found


async def market_turn() -> None:
    """Let other tasks run: the test waits for another process."""
    await passing(0.02)


async def settled(client: Any) -> None:
    """Wait until everything on the stream was processed."""
    async with asyncio.timeout(SECONDS):
        while True:
            (group,) = await client.xinfo_groups(STREAM)
            if group["pending"] == 0 and group["lag"] == 0:
                return
            await market_turn()


async def joined(market: Market, agent: Caller) -> Any:
    return await market.call(agent, "bus.join")


async def up(market: Market) -> None:
    """Wait until the bridge is connected again."""
    bridge = bridge_of(market)
    async with asyncio.timeout(SECONDS):
        while not (bridge.state.connected and bridge.ready):
            await bridge.step()
            await market_turn()
