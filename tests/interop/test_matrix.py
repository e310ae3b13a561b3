"""The interop matrix: what goes in through any protocol is observed, whole, through every other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import Running
from tests.interop.connectors import CONNECTORS, Connector

SENDERS = [name for name, connector in CONNECTORS.items() if connector.sends]
CONTENT = 'Grüße, 世界 🚀 "quoted" \\ <script>\n\ttab'


@pytest.fixture(params=SENDERS)
def sender_kind(request: pytest.FixtureRequest) -> type[Connector]:
    return CONNECTORS[request.param]


@pytest.fixture(params=list(CONNECTORS))
def observer_kind(request: pytest.FixtureRequest) -> type[Connector]:
    return CONNECTORS[request.param]


async def test_a_message_is_the_same_for_everyone(
    server: Running, sender_kind: type[Connector], observer_kind: type[Connector]
) -> None:
    async with sender_kind(server.url, "Sender") as sender, observer_kind(server.url, "Observer") as observer:
        arguments: dict[str, Any] = {
            "to_agent": "Observer",
            "content": CONTENT,
            "message_type": "alert",
            "priority": "urgent",
            "correlation_id": "exchange-1",
            "metadata": {"nested": {"list": [1, 2.5, None, True]}},
        }
        receipt = await sender.call("agora.messaging.send", arguments)
        message = await observer.message(receipt["message_id"])
        assert message["from_agent"] == sender.agent_id
        assert message["from_name"] == "Sender"
        for name in ("content", "message_type", "priority", "correlation_id", "metadata"):
            assert message[name] == arguments[name]
        assert message["timestamp"] == receipt["timestamp"]


async def test_an_event_is_the_same_for_everyone(
    server: Running, sender_kind: type[Connector], observer_kind: type[Connector]
) -> None:
    async with sender_kind(server.url, "Sender") as sender, observer_kind(server.url, "Observer") as observer:
        data = {"text": CONTENT, "numbers": [1, 2.5], "nothing": None}
        receipt = await sender.call(
            "agora.event.publish", {"event_type": "build.finished", "data": data, "subject": "build-7"}
        )
        event = await observer.event(receipt["event_id"])
        assert event["type"] == "build.finished"
        assert event["source"] == f"/agora/agents/{sender.agent_id}"
        assert (event["subject"], event["data"], event["specversion"]) == ("build-7", data, "1.0")
        assert event["time"] == receipt["timestamp"]


async def test_a_private_event_stays_private(server: Running, observer_kind: type[Connector]) -> None:
    kinds = CONNECTORS["rest"]
    async with (
        kinds(server.url, "Sender") as sender,
        observer_kind(server.url, "Friend") as friend,
        observer_kind(server.url, "Stranger") as stranger,
    ):
        secret = await sender.call("agora.event.publish", {"event_type": "secret", "data": 1, "to": ["Friend"]})
        public = await sender.call("agora.event.publish", {"event_type": "public", "data": 2})
        assert (await friend.event(secret["event_id"]))["data"] == 1
        assert (await stranger.event(public["event_id"]))["data"] == 2
        with pytest.raises((StopIteration, RuntimeError, StopAsyncIteration)):
            await _listed(stranger, secret["event_id"])
        assert secret["event_id"] not in stranger.passed


async def _listed(stranger: Connector, event_id: str) -> None:
    """Look for an event in the log with the stranger's credential."""
    rest = CONNECTORS["rest"](stranger.url, stranger.agent_name)
    rest.token = stranger.token
    await rest.open()
    try:
        await rest.event(event_id)
    finally:
        await rest.stack.aclose()
