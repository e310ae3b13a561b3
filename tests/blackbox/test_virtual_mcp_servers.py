"""Virtual MCP servers: a set of tools with its own URL, keys and instructions."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters

from tests.blackbox.server import Account, ServerProcess
from tests.mcp_upstream import Far, serving

MODERN, LEGACY = "2026-07-28", "2025-11-25"
TOOLS = ["agora.query.agents", "agora_task_get", "agora.billing.balance", "Shouter.shout"]
LISTED = {"agora_query_agents", "agora_task_get", "agora_billing_balance", "Shouter_shout"}


def ask(account: Account, path: str, method: str, params: dict[str, Any] | None = None) -> httpx.Response:
    """Send a request of the newest protocol version."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": MODERN,
        "mcp-method": method,
    }
    named = (params or {}).get("name") or (params or {}).get("uri")
    if named:
        headers["mcp-name"] = named
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**(params or {}), "_meta": meta}}
    return account.http.post(path, json=body, headers=headers)


def call(account: Account, path: str, tool: str, **arguments: Any) -> httpx.Response:
    return ask(account, path, "tools/call", {"name": tool, "arguments": arguments})


def names(account: Account, path: str) -> set[str]:
    return {tool["name"] for tool in ask(account, path, "tools/list").json()["result"]["tools"]}


@pytest.fixture(scope="module")
def desk(shared_server: ServerProcess) -> str:
    """Yield the path of a virtual server."""
    shared_server.register("Shouter", capabilities=["shout", "mcp_tools"])
    body = {"name": "desk", "tools": TOOLS, "instructions": "Look things up for the desk."}
    created = shared_server.operator.post("/virtual-servers", body)
    assert created["url"] == "/mcp/servers/desk"
    return str(created["url"])


def key(server: ServerProcess, name: str = "desk") -> Account:
    made = server.operator.post(f"/virtual-servers/{name}/keys", {"label": "a client"})
    return server.account(made["token"], "a client", made["token_id"])


def test_only_tools_of_the_set_are_listed(shared_server: ServerProcess, desk: str) -> None:
    for account in (shared_server.operator, key(shared_server)):
        assert names(account, desk) == LISTED
        assert ask(account, desk, "resources/list").json()["result"]["resources"] == []
        assert ask(account, desk, "prompts/list").json()["result"]["prompts"] == []
    described = ask(shared_server.operator, desk, "server/discover").json()["result"]
    assert described["instructions"] == "Look things up for the desk."


def test_key_may_call_only_the_set(shared_server: ServerProcess, desk: str) -> None:
    client = key(shared_server)
    for name in ("agora_query_agents", "agora.query.agents"):
        result = call(client, desk, name, search="Shouter").json()["result"]
        assert not result["isError"], result
        assert result["structuredContent"]["count"] == 1
    for name in ("agora_messaging_send", "agora_tools_call", "agora_admin_override"):
        refused = call(client, desk, name, to_agent="Shouter", content="x")
        assert refused.status_code in (400, 403), refused.text
    inner = {"name": "agora.messaging.send", "arguments": {"to_agent": "Shouter", "content": "x"}}
    assert call(client, desk, "agora.tools.call", **inner).status_code in (400, 403)
    client.get("/agora/query/agents", expect=403)
    elsewhere = call(client, "/mcp", "agora_query_agents")
    assert elsewhere.status_code == 403 or elsewhere.json()["result"]["isError"]
    shared_server.operator.post("/virtual-servers", {"name": "other", "tools": ["agora.agent.list"]})
    assert names(client, "/mcp/servers/other") == set()


def test_key_may_call_an_agents_tool(shared_server: ServerProcess, desk: str) -> None:
    worker = shared_server.register("Whisperer", capabilities=["whisper", "mcp_tools"])
    shared_server.operator.post("/virtual-servers", {"name": "quiet", "tools": ["Whisperer.whisper"]})
    client = key(shared_server, "quiet")

    def work() -> None:
        task = worker.post("/agora/task/claim", {"wait": 20})["tasks"][0]
        done = {"task_id": task["task_id"], "fencing_token": task["fencing_token"], "result": {"text": "psst"}}
        worker.post("/agora/task/complete", done)

    thread = threading.Thread(target=work)
    thread.start()
    answer = call(client, "/mcp/servers/quiet", "Whisperer_whisper", text="hello")
    thread.join()
    assert "psst" in answer.text


def test_agent_sees_only_tools_of_the_set_that_it_may_call(shared_server: ServerProcess, desk: str) -> None:
    agent = shared_server.register("Deskhand")
    assert names(agent, desk) == LISTED
    shared_server.operator.post(
        "/virtual-servers", {"name": "admin", "tools": ["agora.token.list", "agora.agent.list"]}
    )
    assert names(agent, "/mcp/servers/admin") == {"agora_agent_list"}
    assert names(shared_server.operator, "/mcp/servers/admin") == {"agora_agent_list", "agora_token_list"}


def test_session_of_the_older_revisions_is_supported(shared_server: ServerProcess, desk: str) -> None:
    client = key(shared_server)
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": LEGACY}
    hello = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    begun = client.http.post(desk, json=body, headers=headers)
    assert "Look things up for the desk." in begun.text
    headers["mcp-session-id"] = begun.headers["mcp-session-id"]
    listed = client.http.post(desk, json={"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, headers=headers)
    assert {tool["name"] for tool in listed.json()["result"]["tools"]} == LISTED


def test_virtual_server_is_created_updated_and_deleted(shared_server: ServerProcess) -> None:
    operator = shared_server.operator
    operator.post("/virtual-servers", {"name": "brief", "tools": ["agora.agent.get"]})
    operator.post("/virtual-servers", {"name": "brief", "tools": ["agora.agent.get"]}, expect=409)
    wrong = operator.post("/virtual-servers", {"name": "wrong", "tools": ["agora.agent.fly"]}, expect=422)
    assert "agora.agent.fly" in wrong["detail"]
    assert "brief" in {server["name"] for server in operator.get("/virtual-servers")["servers"]}
    client = key(shared_server, "brief")
    assert names(client, "/mcp/servers/brief") == {"agora_agent_get"}
    operator.call("PATCH", "/virtual-servers/brief", json={"tools": ["agora.agent.list"]})
    assert names(client, "/mcp/servers/brief") == {"agora_agent_list"}
    assert operator.call("DELETE", "/virtual-servers/brief")["revoked_keys"] == 1
    assert ask(operator, "/mcp/servers/brief", "tools/list").status_code == 404
    operator.post("/virtual-servers", {"name": "brief", "tools": ["agora.agent.get"]})
    assert ask(client, "/mcp/servers/brief", "tools/list").status_code == 401
    agent = shared_server.register("Nosy")
    agent.post("/virtual-servers", {"name": "mine", "tools": ["agora.agent.get"]}, expect=403)


async def test_bridge_connects_to_a_virtual_server(shared_server: ServerProcess, desk: str) -> None:
    token = key(shared_server).token
    arguments = ["-m", "agora.cli", "mcp", "--url", shared_server.url, "--server", "desk"]
    environment = shared_server.environment | {"AGORA_TOKEN": token}
    command = StdioServerParameters(command=sys.executable, args=arguments, env=environment)
    async with Client(command, mode="legacy", cache=None) as client:
        assert client.instructions is not None
        assert "Look things up for the desk." in client.instructions
        assert {tool.name for tool in (await client.list_tools()).tools} == LISTED
        result = await client.call_tool("agora_query_agents", {})
        assert not result.is_error, result.content


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def federated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that accepts local upstreams, on either engine."""
    with contextlib.ExitStack() as stack:
        settings = {}
        if request.param == "postgres":
            settings["store"] = stack.enter_context(request.getfixturevalue("postgres_server").database_url())
        server = ServerProcess(tmp_path / "data", mcp_private_networks="true", **settings).start()
        stack.callback(server.close)
        yield server


async def test_virtual_server_offers_an_upstreams_tool(federated: ServerProcess) -> None:
    async with serving(Far().app()) as url:
        await asyncio.to_thread(federated.operator.post, "/upstreams", {"name": "far", "url": url})
        body = {"name": "hall", "tools": ["far.echo", "agora.query.agents"]}
        await asyncio.to_thread(federated.operator.post, "/virtual-servers", body)
        visitor = await asyncio.to_thread(key, federated, "hall")
        path = "/mcp/servers/hall"
        assert await asyncio.to_thread(names, visitor, path) == {"far_echo", "agora_query_agents"}
        said = await asyncio.to_thread(call, visitor, path, "far_echo", text="hello")
        assert said.json()["result"]["content"][0]["text"] == "hello", said.text
        refused = await asyncio.to_thread(call, visitor, path, "far.count")
        assert "error" in refused.json() or refused.json()["result"]["isError"], refused.text
