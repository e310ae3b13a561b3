"""``tools/call`` over MCP 2026-07-28, compared with the official SDK's low-level server with an empty tool.

Prints server CPU time per call of a durable ``agora.messaging.send``, of a read-only operation, and of the anchor.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import load, process

__all__ = ["measure", "register"]

ROUNDS, SECONDS, CONNECTIONS = 5, 2.0, 16
REVISION = "2026-07-28"


def register(server: process.Server, name: str) -> str:
    """Register an agent without a rate limit. Returns its token."""
    body = json.dumps({"agent_name": name, "service_tier": "enterprise"}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/agents/register", data=body, headers=headers)
    with urllib.request.urlopen(request) as response:
        return str(json.load(response)["token"])


def measure(server: process.Server, tool: str, arguments: dict[str, Any], token: str = "") -> float:
    """Measure microseconds of server CPU time per call."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": REVISION,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(f"{server.url}/mcp", body.encode(), headers | {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        assert b'"isError":true' not in response.read(), f"{tool} failed"
    spec = load.Spec("127.0.0.1", server.port, "POST", "/mcp", [body], headers, CONNECTIONS, SECONDS)
    before = server.cpu()
    report = load.run(spec)
    assert report.failures == 0, f"{report.failures} calls failed"
    return (server.cpu() - before) / report.requests * 1e6


def main(rounds: int = ROUNDS) -> None:
    with tempfile.TemporaryDirectory() as directory:
        ours = process.agora(Path(directory), rate_enterprise="1000000")
        with ours as server, process.anchor("benchmarks.mcp_anchor:app", "/mcp") as anchor:
            register(server, "Receiver")
            token = register(server, "Sender")
            message = {"to_agent": "Receiver", "content": "x" * 200}
            kinds = {
                "agora.messaging.send": message,
                "agora.discovery.schema": {"service": "agora.messaging.send"},
            }
            found: dict[str, list[float]] = {name: [] for name in (*kinds, "anchor")}
            for _ in range(rounds):
                found["anchor"].append(measure(anchor, "nothing", message))
                for name, arguments in kinds.items():
                    found[name].append(measure(server, name, arguments, token))
    bare = statistics.median(found["anchor"])
    print(f"{'SDK, a tool that does nothing':<30}{bare:7.0f} us CPU a call (anchor)")
    for name in kinds:
        ratio = statistics.median(mine / other for mine, other in zip(found[name], found["anchor"], strict=True))
        print(f"{name:<30}{statistics.median(found[name]):7.0f} us CPU a call (ratio {ratio:.2f})")


if __name__ == "__main__":
    main()
