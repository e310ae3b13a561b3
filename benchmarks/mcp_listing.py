"""The initial context of a model: ``tools/list`` in tools, bytes and tokens.

Without arguments, it measures each view of Agora and prints the figures of GitHub's MCP server and of ContextForge, measured
with this program. ``python -m benchmarks.mcp_listing URL [NAME:VALUE ...]`` measures any MCP server, with headers of the requests;
``python -m benchmarks.mcp_listing COMMAND [ARGUMENT ...]`` starts it first.

Bytes are those of the ``tools`` array as compact JSON, without icons, which hosts show to people; four of them count as a token, which
is close to current tokenizers for English and JSON schemas. ContextForge has no tools of its own: it lists those of all its upstreams.
Its only upstream was the protocol's server-everything, which lists 13 tools in 7,653 bytes when called directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from benchmarks import process
from benchmarks.mcp import register

BYTES_PER_TOKEN = 4
VIEWS = {
    "default (model view)": "",
    "model view of toolsets task, billing": "&view=model&toolsets=task,billing",
    "?toolsets=essential": "&toolsets=essential",
    "?view=full": "&view=full",
}
#: tools and bytes of others, measured with this program; with their icons, GitHub's are 119,867 bytes
OTHERS = {
    "GitHub's MCP server, default (commit 64a49f3)": (44, 50_887),
    "ContextForge 1.0.7 over server-everything 2026.8.31": (13, 7_277),
}


def list_tools(server: process.Server, query: str, token: str = "") -> tuple[int, int]:
    """Return the number of tools of a view, and their bytes as compact JSON."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    url = f"{server.url}/mcp/v1/rpc?page=1000{query or '&view=model'}"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:
        tools = json.load(response)["result"]["tools"]
    return len(tools), measure_json(tools)


async def measure_server(address: str, arguments: Sequence[str]) -> tuple[int, int]:
    """Count all tools of an MCP server, and their bytes as compact JSON.

    arguments: headers ``NAME:VALUE`` if the address is a URL, else the arguments of the command.
    """
    tools: list[Any] = []
    async with contextlib.AsyncExitStack() as stack:
        if address.startswith(("http://", "https://")):
            pairs = [header.partition(":") for header in arguments]
            headers = {name: value.strip() for name, _, value in pairs}
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=60))
            transport = streamable_http_client(address, http_client=http)
        else:
            transport = stdio_client(StdioServerParameters(command=address, args=list(arguments), env=dict(os.environ)))
        client = await stack.enter_async_context(Client(transport, cache=None))
        cursor = None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += [
                tool.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"icons"})
                for tool in page.tools
            ]
            cursor = page.next_cursor
            if cursor is None:
                return len(tools), measure_json(tools)


def measure_json(tools: Sequence[Any]) -> int:
    """Count the bytes of tools as compact JSON."""
    return len(json.dumps(tools, separators=(",", ":"), ensure_ascii=False).encode())


def print_row(label: str, tools: int, size: int) -> None:
    print(f"{label:50} {tools:4} tools {size:8,} bytes {size // BYTES_PER_TOKEN:8,} tokens")


def main() -> None:
    if len(sys.argv) > 1:
        server_address, *arguments = sys.argv[1:]
        print_row(server_address, *asyncio.run(measure_server(server_address, arguments)))
        return
    with tempfile.TemporaryDirectory() as directory, process.agora(Path(directory)) as server:
        agent = register(server, "Reader")
        for caller, token in (("operator", ""), ("agent", agent)):
            for view, query in VIEWS.items():
                print_row(f"{caller}: {view}", *list_tools(server, query, token))
    for label, numbers in OTHERS.items():
        print_row(label, *numbers)


if __name__ == "__main__":
    main()
