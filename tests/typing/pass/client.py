"""Results of a client have their types, synchronous or asynchronous."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import assert_type

from agora_sdk import AgoraClient, AgoraError
from agora_sdk.contract.agents import Agent, AgentStatusReport, Registration
from agora_sdk.contract.events import Event, EventReceipt
from agora_sdk.contract.messaging import Message, MessageReceipt, SubscriptionReceipt
from agora_sdk.contract.query import FoundAgentPage, ServicePage
from agora_sdk.types import AgentStatus, MessageType, Priority, ServiceTier

client = AgoraClient()


def blocking() -> None:
    registration = assert_type(client.register("Me", ["docs"], ServiceTier.BASIC, tags=["a"]), Registration)
    assert_type(registration.agent_id, str)
    assert_type(len(registration.available_services), int)
    assert_type(client.messaging.send("You", "Hello", MessageType.INFO, Priority.NORMAL), MessageReceipt)
    assert_type(client.query.agents(capabilities=["docs"], status=AgentStatus.ACTIVE), FoundAgentPage)
    for agent in client.query.agents():
        assert_type(agent, Agent)
    assert_type(client.query.agents()[0].metadata.get("team") == "docs", bool)
    for message in client.messaging.receive(since=datetime.now(UTC), unread=True):
        assert_type(message, Message)
    for event in client.event.stream(["agora.message.*"]):
        assert_type(event, Event)
    assert_type(client.discovery.list(category="messaging"), ServicePage)
    assert_type(client.discovery.list()[0].schema, dict[str, object] | None)
    assert_type(client.request("You", "Well?", timeout=3), Message)
    assert_type(client.publish_event("work.done", {"n": 1}), EventReceipt)
    assert_type(client.admin.health().status in ("healthy", "degraded"), bool)
    with client.with_options(timeout=3, idempotency_key="k") as copy:
        assert_type(copy, AgoraClient)


async def awaited() -> None:
    registration = assert_type(await client.register(agent_name="Me", capabilities=["docs"]), Registration)
    assert_type(await client.agent.status(registration.agent_id), AgentStatusReport)
    assert_type(len(await client.query.agents()), int)
    async for agent in await client.query.agents():
        assert_type(agent, Agent)
    async for event in client.event.stream():
        assert_type(event, Event)
    async with client.event.stream() as stream:
        async for event in stream:
            assert_type(event, Event)
    first, second = await asyncio.gather(client.agent.get("a"), client.messaging.subscribe("a", ["message_received"]))
    assert_type(first, Agent)
    assert_type(second, SubscriptionReceipt)
    listener = await client.subscribe_to_agent_events("You", "done", lambda kind, data: print(kind, data))
    listener.close()


try:
    blocking()
except AgoraError as error:
    assert_type(error.fix, str | None)
