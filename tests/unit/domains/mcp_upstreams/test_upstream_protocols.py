"""An upstream's tools over every protocol (REST, WebSocket, MCP, SDK, command line), with equal results."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from mcp import Client
from typer.testing import CliRunner

from agora.cli.app import build_application
from agora.server.app import App
from agora_sdk import AgoraClient
from agora_sdk.errors import DeadlineExceeded, UpstreamFailed
from tests.harness import Running, make_settings, running
from tests.mcp_upstream import Far, serving
from tests.unit.protocols.mcp.mcp_clients import connect

CONTENT = [{"type": "text", "text": "hi"}]


@pytest.fixture
def far() -> Far:
    return Far()


@pytest.fixture
async def server(far: Far, tmp_path: Path) -> AsyncIterator[Running]:
    """A server with an upstream, and a client's token."""
    async with (
        serving(far.app()) as url,
        running(App(make_settings(tmp_path / "data", mcp_private_networks=True))) as server,
    ):
        async with AgoraClient(server.url) as client:
            await client.upstream.add("far", url)
        yield server


async def test_tool_is_called_over_rest(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post("/tools/far/echo", json={"arguments": {"text": "hi"}})
        assert (answer.status_code, answer.json()["content"]) == (200, CONTENT)
        listed = await client.get("/discovery/list", params={"category": "far"})
        assert "far.echo" in {service["name"] for service in listed.json()["services"]}
        missing = await client.post("/tools/far/none", json={})
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
        refused = await client.post("/tools/far/refuse", json={})
        assert (refused.status_code, refused.json()["code"]) == (502, "upstream_failed")


async def test_disconnection_over_rest_cancels_the_call(server: Running, far: Far) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client, asyncio.timeout(60):
        calling = asyncio.create_task(client.post("/tools/far/slow", json={}))
        await far.began.wait()
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await far.cancelled.wait()


async def test_tool_is_called_over_the_sdk(server: Running) -> None:
    async with AgoraClient(server.url) as client:
        answer = await client.upstream.call("far", "echo", {"text": "hi"})
        assert answer.content == CONTENT
        assert (await client.upstream.list()).upstreams[0].state.value == "connected"


async def test_call_with_unknown_outcome_is_not_repeated(server: Running, far: Far) -> None:
    async with AgoraClient(server.url) as client:
        with pytest.raises(DeadlineExceeded) as late:
            await client.upstream.call("far", "slow", timeout=1)
        assert late.value.outcome == "unknown"
        with pytest.raises(UpstreamFailed, match="not today"):
            await client.upstream.call("far", "refuse")
    assert [name for name, _ in far.asked] == ["slow", "refuse"]


async def test_callers_credential_is_not_forwarded(server: Running, far: Far, tmp_path: Path) -> None:
    async with AgoraClient(server.url, credentials=tmp_path / "own.json") as client:
        token = (await client.register("Caller")).token
        await client.upstream.call("far", "echo", {"text": "hi"})
    secret = {"Authorization": f"Bearer {token}", "X-API-Key": token, "Cookie": f"a={token}", "X-Own": token}
    async with httpx.AsyncClient(base_url=server.url, headers=secret) as http:
        assert (await http.post("/tools/far/echo", json={"arguments": {"text": "hi"}})).status_code == 200
    for mode in ("auto", "legacy"):
        async with connect(f"{server.url}/mcp", "modern" if mode == "auto" else mode, token) as mcp:
            assert not (await mcp.call_tool("far.echo", {"text": "hi"})).is_error
    assert len(far.asked) == 4
    sent = json.dumps(far.headers)
    assert token not in sent
    assert not {"authorization", "x-api-key", "cookie", "x-own"} & {name for each in far.headers for name in each}


@pytest.mark.parametrize(
    "words",
    [
        ("upstream", "call", "far", "echo", '{"text": "hi"}'),
        ("call", "upstream.call", "far", "echo", "--arguments", "text=hi"),
        ("call", "far.echo", "text=hi"),
        ("call", "far.echo", "--json", '{"text": "hi"}'),
        ("call", "far.echo", "--arguments", "text=hi", "--timeout", "5"),
    ],
)
async def test_tool_is_called_on_the_command_line(
    server: Running, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AGORA_URL", server.url)
    done = await asyncio.to_thread(CliRunner().invoke, build_application(), ["--json", *words])
    assert done.exit_code == 0, (done.stdout, done.stderr)
    assert json.loads(done.stdout)["content"] == CONTENT


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mesaging.send", "Did you mean messaging.send"),
        ("messaging.sent", "Did you mean messaging.send"),
        ("far.none", "far has no tool 'none'"),
        ("far.", "no operation 'far.'"),
    ],
)
async def test_command_line_reports_an_unknown_tool(
    server: Running, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.setenv("AGORA_URL", server.url)
    done = await asyncio.to_thread(CliRunner().invoke, build_application(), ["call", name])
    assert done.exit_code == 4
    assert words in done.stderr


async def test_tool_is_called_over_websocket(server: Running) -> None:
    async with websockets.connect(server.ws_url) as socket:
        for name, arguments in (
            ("far.echo", {"text": "hi"}),
            ("agora.upstream.call", {"upstream": "far", "tool": "echo", "arguments": {"text": "hi"}}),
        ):
            await socket.send(json.dumps({"id": name, "operation": name, "arguments": arguments}))
            while (answer := json.loads(await socket.recv())).get("id") != name:
                pass
            assert answer["result"]["content"] == CONTENT


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_tool_is_called_over_mcp(server: Running, far: Far, mode: Any) -> None:
    heard: list[Any] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with Client(f"{server.url}/mcp?view=full", mode=mode) as client:
        tools, cursor = {}, None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools |= {tool.name: tool for tool in page.tools}
            if not (cursor := page.next_cursor):
                break
        assert {f"far.{name}" for name in far.tools} <= tools.keys()
        assert tools["far.echo"].input_schema == far.tools["echo"].input_schema
        assert tools["far.shape"].output_schema == far.tools["shape"].output_schema
        assert tools["far.echo"].annotations is not None
        assert tools["far.echo"].annotations.read_only_hint is True
        answer = await client.call_tool("far.echo", {"text": "hi"})
        assert [block.model_dump(exclude_none=True) for block in answer.content] == CONTENT
        shape = await client.call_tool("far.shape", {})
        assert shape.structured_content == {"n": 1.5, "list": [1, None, {"ä": "ö"}], "text": "x" * 10}
        assert (await client.call_tool("far.fail", {})).is_error
        await client.call_tool("far_count", {}, progress_callback=hear)
        assert heard == [(1, 3, "at 1"), (2, 3, "at 2"), (3, 3, "at 3")]
