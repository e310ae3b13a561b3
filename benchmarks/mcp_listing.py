"""The initial context of a model: ``tools/list`` of each view in tools, bytes and tokens.

Bytes are those of the ``tools`` array as compact JSON; four of them count as a token, which is close to current
tokenizers for English and JSON schemas. For comparison, it prints the default of GitHub's MCP server: the toolsets
context, repos, issues, pull_requests and users, from the tool snapshots of its repository
(``pkg/github/__toolsnaps__``). ContextForge has no own tools: it lists those of its upstreams unchanged.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from pathlib import Path

from benchmarks import process
from benchmarks.mcp import register

BYTES_PER_TOKEN = 4
VIEWS = {
    "default (model view)": "",
    "model view of toolsets task, billing": "&view=model&toolsets=task,billing",
    "?toolsets=essential": "&toolsets=essential",
    "?view=full": "&view=full",
}
#: github/github-mcp-server, commit 64a49f3 (2026-08-20): tools and bytes of the default toolsets
GITHUB_DEFAULT = (43, 51_962)


def list_tools(server: process.Server, query: str, token: str = "") -> tuple[int, int]:
    """Return the number of tools of a view, and their bytes as compact JSON."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    url = f"{server.url}/mcp/v1/rpc?page=1000{query or '&view=model'}"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:
        tools = json.load(response)["result"]["tools"]
    return len(tools), len(json.dumps(tools, separators=(",", ":"), ensure_ascii=False).encode())


def print_row(label: str, tools: int, size: int) -> None:
    print(f"{label:50} {tools:4} tools {size:8,} bytes {size // BYTES_PER_TOKEN:8,} tokens")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, process.agora(Path(directory)) as server:
        agent = register(server, "Reader")
        for caller, token in (("operator", ""), ("agent", agent)):
            for view, query in VIEWS.items():
                print_row(f"{caller}: {view}", *list_tools(server, query, token))
    print_row("GitHub's MCP server, default toolsets", *GITHUB_DEFAULT)


if __name__ == "__main__":
    main()
