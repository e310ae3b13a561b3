"""MCP Inspector on the command line: an upstream's tools return the same results through every view as directly."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.server import Account, ServerProcess
from tests.everything import CALLS, everything, normalize_result
from tests.polling import poll_until

from .catalogue import MCP_CLIENTS

__all__ = ["everything"]

SECONDS = 120.0
#: tools that server-everything lists only for clients that can be asked, unlike the Inspector's command line
ASKING = {"trigger-elicitation-request", "trigger-sampling-request", "trigger-url-elicitation"}

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

Inspect = Callable[..., tuple[dict[str, Any], str]]


@pytest.fixture(scope="module")
def inspect() -> Inspect:
    """Run a method of a server; returns the answer and the messages of the Inspector."""
    client = next(client for client in MCP_CLIENTS if client.package == "@modelcontextprotocol/inspector")
    _, variables = client.install()
    launcher = Path(variables["MCP_JS_HOME"]) / "clients/launcher/build/index.js"
    command = [variables["NODE"], str(launcher), "--cli"]

    def run(url: str, token: str, method: str, *arguments: str) -> tuple[dict[str, Any], str]:
        credential = ["--header", f"Authorization: Bearer {token}"] if token else []
        words = [*command, url, "--transport", "http", *credential, "--method", method, *arguments]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS, env=os.environ)
        return json.loads(done.stdout or "{}"), done.stderr

    return run


@pytest.fixture(scope="module")
def federated(everything: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, Account]]:
    """A server with server-everything as an upstream, a virtual server of its tools, and an agent."""
    server = ServerProcess(tmp_path_factory.mktemp("federated") / "data", mcp_private_networks="true").start()
    try:
        server.operator.post("/upstreams", {"name": "everything", "url": everything})
        poll_until(lambda: _read_upstream(server)["listed_at"], "the upstream's tools are listed", SECONDS)
        tools = [f"everything.{item['name']}" for item in _read_upstream(server)["items"] if item["kind"] == "tool"]
        assert {f"everything.{name}" for name in CALLS} <= set(tools)
        server.operator.post("/agora/virtual_server/create", {"name": "all", "tools": tools})
        yield server, server.register("Inspector")
    finally:
        server.close()


def _read_upstream(server: ServerProcess) -> dict[str, Any]:
    upstream: dict[str, Any] = server.operator.http.get("/upstreams/everything").json()
    return upstream


def _write_options(arguments: Mapping[str, Any]) -> Sequence[str]:
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in arguments.items()}
    return [word for key, value in values.items() for word in ("--tool-arg", f"{key}={value}")]


def _call(
    inspect: Inspect, url: str, token: str, name: str, arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    return inspect(url, token, "tools/call", "--tool-name", name, *_write_options(arguments))


@pytest.mark.parametrize("tool", CALLS)
def test_every_tool_behaves_as_when_called_directly(
    inspect: Inspect, everything: str, federated: tuple[ServerProcess, Account], tool: str
) -> None:
    server, agent = federated
    direct, refusal = _call(inspect, everything, "", tool, CALLS[tool])
    calls = {
        "/mcp": ("agora_tools_call", {"name": f"everything_{tool}", "arguments": CALLS[tool]}),
        "/mcp?view=full": (f"everything.{tool}", CALLS[tool]),
        "/mcp/servers/all": (f"everything_{tool}", CALLS[tool]),
    }
    for path, (name, arguments) in calls.items():
        relayed, _ = _call(inspect, f"{server.url}{path}", agent.token, name, arguments)
        if tool in ASKING:
            assert not direct, "the Inspector can be asked now: compare its results"
            assert "not found" in refusal
            assert relayed["isError"], path
            assert "not found" in relayed["content"][0]["text"], path
        else:
            assert direct["content"]
            assert normalize_result(relayed) == normalize_result(direct), path


def test_every_view_is_listed_without_a_warning(inspect: Inspect, federated: tuple[ServerProcess, Account]) -> None:
    server, agent = federated
    numbers = {}
    for path in ("/mcp", "/mcp?view=full&page=1000", "/mcp/servers/all"):
        listing, messages = inspect(f"{server.url}{path}", agent.token, "tools/list", "--strict")
        assert "Warning: tool" not in messages, path
        numbers[path] = len(listing["tools"])
    assert numbers["/mcp"] <= 30
    assert numbers["/mcp/servers/all"] >= len(CALLS)
    assert numbers["/mcp?view=full&page=1000"] > 200
