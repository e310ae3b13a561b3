"""MCP tools of the bus, under their original names: publish_task, read_tasks, ack_task, recover_tasks, bus_health."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import Running
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import Wire, connect

NAMES = {"publish_task", "read_tasks", "ack_task", "recover_tasks", "bus_health"}


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_bus_is_usable_through_its_tools(server: Running, wire: Wire, era: str) -> None:
    await server.app.monitor.take_sample()
    alice, bob = await register(wire, "Alice"), await register(wire, "Bob")
    async with (
        connect(f"{server.url}/mcp?view=full", era, alice.token) as sender,
        connect(f"{server.url}/mcp?view=full", era, bob.token) as reader,
    ):
        listed = {tool.name for tool in (await reader.list_tools()).tools}
        assert listed >= NAMES

        async def call(client: Any, tool: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result.content
            found: dict[str, Any] = result.structured_content
            return found

        sent = await call(
            sender, "publish_task", type="assistance_request", target="Bob", priority="high", content={"q": "?"}
        )
        health = await call(reader, "bus_health")
        assert health.keys() == {"status", "redis_connection", "consumer_group", "message_lag", "timestamp"}
        assert (health["status"], health["message_lag"]) == ("healthy", 1)
        (entry,) = (await call(reader, "read_tasks", count=10, consumer="mcp-a1b2c3d4"))["entries"]
        assert (entry["message_id"], entry["content"], entry["sender"]) == (sent["message_id"], {"q": "?"}, "Alice")
        (again,) = (await call(reader, "recover_tasks", idle=0, consumer="mcp-other"))["entries"]
        assert (again["entry_id"], again["deliveries"]) == (entry["entry_id"], 2)
        assert (await call(reader, "ack_task", message_ids=entry["message_id"]))["acknowledged"] == 1
        assert (await call(reader, "ack_task", message_ids=[entry["entry_id"]]))["acknowledged"] == 0
        assert (await call(reader, "bus_health"))["message_lag"] == 0


async def test_both_names_denote_the_same_tool(wire: Wire) -> None:
    wire.query = "?toolsets=bus"
    listed = (await wire.call("modern", "tools/list"))["result"]["tools"]
    tools = {tool["name"]: tool for tool in listed}
    assert tools.keys() >= NAMES
    assert tools["publish_task"]["inputSchema"] == tools["agora.bus.publish"]["inputSchema"]
    wire.query = "?names=underscore&toolsets=bus"
    listed = (await wire.call("modern", "tools/list"))["result"]["tools"]
    assert {"publish_task", "agora_bus_publish"} <= {tool["name"] for tool in listed}
