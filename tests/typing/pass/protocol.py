"""Methods of the agent protocol have their types, synchronous or asynchronous."""

from __future__ import annotations

from typing import assert_type

from agora_sdk import AgentMessage, AgentProtocol, AgoraClient
from agora_sdk.contract.agents import Agent
from agora_sdk.contract.conversations import Accepted, ConversationPage, PendingPage
from agora_sdk.contract.messaging import Marked

client = AgoraClient()
protocol = assert_type(client.protocol, AgentProtocol)


def blocking() -> None:
    answer = assert_type(protocol.request("You", "add", {"a": 1}, timeout=3, encrypt=True), AgentMessage)
    assert_type(protocol.inform(answer, "thanks"), AgentMessage)
    assert_type(protocol.discover("adding", min_rating=8.0), AgentMessage)
    for message in assert_type(protocol.pending(), PendingPage):
        assert_type(protocol.acknowledge(message), Marked)
    assert_type(protocol.publish_key(), Agent)
    assert_type(client.conversation.list(state="open"), ConversationPage)
    assert_type(client.conversation.send(answer), Accepted)


async def awaited() -> None:
    assert_type(await protocol.request("You", "add"), AgentMessage)
    assert_type(await protocol.agree("You"), AgentMessage)
    async for message in await protocol.pending():
        assert_type(message, AgentMessage)
