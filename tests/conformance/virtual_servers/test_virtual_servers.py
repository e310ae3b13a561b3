"""Virtual MCP servers: named sets of tools, and the keys that give access to them."""

from __future__ import annotations

import pytest

from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_virtual_server_is_created_and_deleted(market: Market) -> None:
    tools = ["agora.agent.list", "far.echo", "agora.agent.list"]
    created = await market.call(market.operator, "virtual_server.create", name="desk", tools=tools)
    assert created.tools == ["agora.agent.list", "far.echo"]
    with pytest.raises(Conflict):
        await market.call(market.operator, "virtual_server.create", name="desk", tools=tools)
    await market.call(market.operator, "virtual_server.create", name="bench", tools=["agora.task.list"])
    listed = await market.call(market.operator, "virtual_server.list")
    assert [server.name for server in listed.servers] == ["bench", "desk"]
    changed = await market.call(market.operator, "virtual_server.update", name="desk", instructions="Ask first.")
    assert (changed.tools, changed.instructions) == (created.tools, "Ask first.")
    key = await market.call(market.operator, "virtual_server.create_key", name="desk", label="host")
    assert (await market.app.authenticator.authenticate(key.token)).scopes == {"server:desk"}
    removal = await market.call(market.operator, "virtual_server.delete", name="desk")
    assert removal.revoked_keys == 1
    with pytest.raises(NotFound):
        await market.call(market.operator, "virtual_server.get", name="desk")


async def test_unknown_operation_is_refused(market: Market) -> None:
    with pytest.raises(InvalidRequest, match=r"agora\.nothing"):
        await market.call(market.operator, "virtual_server.create", name="desk", tools=["agora.nothing"])


async def test_agents_cannot_administer_virtual_servers(market: Market) -> None:
    agent = await market.agent("Visitor")
    with pytest.raises(PermissionDenied):
        await market.call(agent, "virtual_server.create", name="desk", tools=["agora.agent.list"])
