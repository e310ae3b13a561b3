"""The bridge and MCPClient with a real Agora server."""

from __future__ import annotations

import asyncio
import sys

import pytest
from mcp import Client, StdioServerParameters

from agora_sdk import AgoraClient
from agora_sdk.errors import InvalidRequest, NotFound, Unauthenticated
from agora_sdk.mcp import MCPClient
from tests.harness import Running
from tests.unit.cli.mcp.conftest import Bridges, Wire


async def _register(server: Running, name: str) -> str:
    async with AgoraClient(server.url) as client:
        return str((await client.register(name)).token)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_agent_works_over_the_bridge(server: Running, bridges: Bridges, mode: str) -> None:
    await _register(server, "Reader")
    await _register(server, "Writer")
    command = ["-m", "agora.cli", "mcp", "--url", server.url, "--agent", "Writer", "--names", "underscore"]
    bridge = StdioServerParameters(command=sys.executable, args=command, env=bridges.environment)
    async with Client(bridge, mode=mode, cache=None) as client:
        tools = (await client.list_tools()).tools
        assert "agora_messaging_send" in {tool.name for tool in tools}
        assert not any("." in tool.name for tool in tools)
        sent = await client.call_tool("agora_messaging_send", {"to_agent": "Reader", "content": f"by {mode}"})
        assert sent.structured_content is not None
        assert sent.structured_content["status"] == "queued"
    async with AgoraClient(server.url, agent="Reader") as reader:
        [message] = [message async for message in reader.messaging.receive()]
        assert message.content == f"by {mode}"
        assert message.from_agent == (await reader.agent.get("Writer")).agent_id


async def test_list_change_is_notified_in_both_generations(server: Running, bridges: Bridges) -> None:
    wire = await bridges("--url", server.url)
    await wire.shake_hands()
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    listen = {"notifications": {"toolsListChanged": True}, "_meta": meta}
    await wire.say({"jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen", "params": listen})
    await wire.hear_until(method="notifications/subscriptions/acknowledged")
    async with AgoraClient(server.url) as client:
        await client.register("Tool", capabilities=["shout", "mcp_tools"])
    heard = [await wire.hear_until(method="notifications/tools/list_changed") for _ in range(2)]
    marks = [
        message.get("params", {}).get("_meta", {}).get("io.modelcontextprotocol/subscriptionId") for message in heard
    ]
    assert sorted(map(str, marks)) == ["None", "s"]


async def test_waiting_call_is_cancelled(server: Running, bridges: Bridges) -> None:
    await _register(server, "Waiter")
    wire = await bridges("--url", server.url, "--agent", "Waiter")
    await wire.shake_hands()
    call = {"name": "agora.messaging.receive", "arguments": {"wait": 60}}
    await wire.say({"jsonrpc": "2.0", "id": "w", "method": "tools/call", "params": call})
    await wire.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "w"}})
    assert "result" in await wire.ask("ping")
    code, _ = await wire.end()
    assert code == 0


async def test_invalid_credential_fails_every_request(server: Running, bridges: Bridges) -> None:
    wire: Wire = await bridges("--url", server.url, "--token", "agt_nonsense")
    refused = await wire.ask("tools/list", modern=True)
    assert refused["error"]["code"] == -32001
    assert refused["error"]["data"]["code"] == "unauthenticated"


@pytest.mark.parametrize("blocking", [False, True])
async def test_mcp_client_calls_agora(server: Running, blocking: bool) -> None:
    token = await _register(server, "Caller")

    def use() -> None:
        with MCPClient() as client:
            connected = client.connect(server.url, token=token)
            assert (connected.name, connected.url) == ("agora", f"{server.url}/mcp")
            receipt = client.call_tool("agora.messaging.send", {"to_agent": "Caller", "content": "hello"})
            assert receipt["status"] == "queued"
            assert client.call_tool("agora.messaging.receive")["messages"][0]["content"] == "hello"
            with pytest.raises(NotFound, match="Nobody"):
                client.call_tool("agora.agent.get", {"agent_id": "Nobody"})
            with pytest.raises(InvalidRequest) as caught:
                client.call_tool("agora.messaging.send", {"to_agent": "Caller"})
            assert caught.value.errors[0]["field"] == "content"
            with pytest.raises(Unauthenticated):
                client.connect(server.url, token="agt_nonsense")

    async def use_awaiting() -> None:
        async with MCPClient() as client:
            await client.connect(server.url, token=token)
            receipt = await client.call_tool("agora.messaging.send", {"to_agent": "Caller", "content": "hello"})
            assert receipt["status"] == "queued"
            with pytest.raises(NotFound, match="Nobody"):
                await client.call_tool("agora.agent.get", {"agent_id": "Nobody"})

    await (asyncio.to_thread(use) if blocking else use_awaiting())
