"""Real MCP clients over the bridge: the official Python client in both generations, and the inspector."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.server.subscriptions import ToolsListChanged

from tests.unit.cli.mcp import inspector
from tests.unit.cli.mcp.conftest import Bridges
from tests.unit.cli.mcp.workshop_server import NAMES, Workshop

ERAS = {"legacy": "2025-11-25", "auto": "2026-07-28", "2026-07-28": "2026-07-28"}


@pytest.fixture(params=ERAS)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def official(mode: str, workshop: Workshop, bridges: Bridges) -> Client:
    """The official client, entered by the test itself: its cancel scopes belong to one asyncio task."""
    command = ["-m", "agora.cli", "mcp", "--url", workshop.url]
    bridge = StdioServerParameters(command=sys.executable, args=command, env=bridges.environment)
    return Client(bridge, mode=mode, cache=None)


async def test_official_client_works_over_the_bridge(official: Client, mode: str) -> None:
    async with official as client:
        assert client.protocol_version == ERAS[mode]
        names, cursor = [], None
        while True:
            page = await client.list_tools(cursor=cursor)
            names += [tool.name for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert names == list(NAMES)
        heard: list[float] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            heard.append(progress)

        result = await client.call_tool("count", {"text": "ümlaut \u2028"}, progress_callback=note)
        assert result.structured_content == {"name": "count", "text": "ümlaut \u2028"}
        assert heard == [1, 2, 3]
        assert (await client.read_resource("note://ä")).contents[0].text == "noted"  # type: ignore[union-attr]
        assert (await client.call_tool("fail")).is_error
        with pytest.raises(MCPError) as caught:
            await client.call_tool("nothing_of_the_sort")
        assert caught.value.error.code == -32602


async def test_official_client_cancels_a_call(official: Client, workshop: Workshop) -> None:
    async with official as client:
        calling = asyncio.create_task(client.call_tool("wait"))
        await asyncio.wait_for(workshop.waiting.wait(), 60)
        calling.cancel()
        await asyncio.wait_for(workshop.cancelled.wait(), 60)
        assert not (await client.call_tool("agora.echo")).is_error


async def test_official_client_survives_a_server_restart(official: Client, workshop: Workshop) -> None:
    async with official as client:
        await client.call_tool("agora.echo")
        await workshop.stop()
        await workshop.start()
        assert not (await client.call_tool("agora.echo")).is_error


@pytest.mark.parametrize("mode", ["legacy"])
async def test_server_asks_its_client(official: Client) -> None:
    async with official as client:
        assert not (await client.call_tool("ask", {"text": "here"})).is_error  # on the stream of the call
        assert not (await client.call_tool("ask")).is_error  # on the session's own stream


@pytest.mark.parametrize("mode", ["auto"])
async def test_official_client_subscribes(official: Client, workshop: Workshop) -> None:
    async with official as client, client.listen(tools_list_changed=True) as changes:
        await workshop.tools_changed()
        assert await anext(changes) == ToolsListChanged()
        await workshop.stop(graceful=True)
        await workshop.start()
        assert await anext(changes) == ToolsListChanged()


async def _inspected(workshop: Workshop, bridges: Bridges, *options: str) -> Any:
    bridge = (sys.executable, "-m", "agora.cli", "mcp", "--url", workshop.url)
    process = await asyncio.create_subprocess_exec(
        *inspector.command(),
        *bridge,
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=bridges.environment,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


@pytest.mark.long  # the MCP server's own tests run it too
async def test_inspector_works_over_the_bridge(workshop: Workshop, bridges: Bridges) -> None:
    listed = await _inspected(workshop, bridges, "--method", "tools/list")
    assert [tool["name"] for tool in listed["tools"]] == list(NAMES)
    called = ("--method", "tools/call", "--tool-name", "agora.echo", "--tool-arg", "text=hi")
    assert (await _inspected(workshop, bridges, *called))["structuredContent"] == {"name": "agora.echo", "text": "hi"}


def test_search_path_of_the_inspector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_NODE_TOOLS", str(tmp_path))
    monkeypatch.setenv("AGORA_REQUIRE", "")
    with pytest.raises(pytest.skip.Exception, match="inspector"):
        inspector.command()
    assert os.listdir(tmp_path) == []
