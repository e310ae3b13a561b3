"""Tools of an upstream through Agora, compared with the same tools called directly.

The same official client, in a separate process, calls the same tool of the same upstream (the official SDK's low-level
server, one process) in both cases: directly, and as ``far.echo`` of Agora's ``/mcp?view=full``, which lists it: the
client lists all tools again for each result of an unlisted tool. The figures are the CPU time of all processes involved
in a call, 8 concurrently: client and upstream; client, Agora and upstream. Agora does the same as for every call:
authorisation, validation, an audit record, and the stored outcome if the call has a key.

It also measures the cost of ``agora.messaging.send`` over MCP on a server with 200 federated tools, compared with one
without.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import urllib.request
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

from benchmarks import mcp, mcp_client, process

ROUNDS = 5
UPSTREAM = "benchmarks.federation_upstream:app"
TOKENLESS = {"rate_anonymous": "1000000", "rate_enterprise": "1000000", "rate_basic": "1000000"}
Mode = Literal["auto", "legacy"]
MESSAGE = {"to_agent": "Receiver", "content": "x" * 200}


def _federate(server: process.Server, upstream: process.Server) -> int:
    """Add the upstream. Returns the number of its tools."""
    body = json.dumps({"name": "far", "url": f"{upstream.url}/mcp"}).encode()
    request = urllib.request.Request(f"{server.url}/upstreams", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return int(json.load(response)["tools"])


def _specs(server: process.Server, upstream: process.Server, mode: Mode) -> tuple[mcp_client.Spec, mcp_client.Spec]:
    """Build the same call, directly and federated."""
    pids, arguments = [server.process.pid, upstream.process.pid], {"text": "x" * 200}
    direct = mcp_client.Spec(f"{upstream.url}/mcp", "echo", arguments, mode, cpu_of=pids[1:])
    return direct, mcp_client.Spec(f"{server.url}/mcp?view=full", "far.echo", arguments, mode, cpu_of=pids)


def _calls(server: process.Server, upstream: process.Server, rounds: int, mode: Mode) -> None:
    specs = _specs(server, upstream, mode)
    pairs = [tuple(mcp_client.run(spec) for spec in specs) for _ in range(rounds)]
    alone = [mcp_client.run(replace(spec, concurrency=1, calls=300)).p50 for spec in specs]
    era = "2026-07-28" if mode == "auto" else "2025-11-25"
    for number, name in enumerate(("direct", "federated")):
        whole = statistics.median(pair[number].all for pair in pairs)
        share = statistics.median(pair[1].servers[0] for pair in pairs)
        note = f", of which Agora {share:.0f} us" if number else " (anchor)"
        print(f"{name:<10} MCP {era}  {whole:7.0f} us CPU a call, {alone[number]:.2f} ms p50 alone{note}")
    ratios = [federated.all / direct.all for direct, federated in pairs]
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio      MCP {era}  {statistics.median(ratios):7.2f} (rounds: {shown})")


def _sends(bare: process.Server, federated: process.Server, rounds: int) -> None:
    tokens = {}
    for server in (bare, federated):
        mcp.register(server, "Receiver")
        tokens[server] = mcp.register(server, "Sender")
        mcp.measure(server, "agora.messaging.send", MESSAGE, tokens[server])
    costs: dict[process.Server, list[float]] = {bare: [], federated: []}
    for _ in range(rounds):
        for server in (bare, federated):
            costs[server].append(mcp.measure(server, "agora.messaging.send", MESSAGE, tokens[server]))
    ratios = [mine / other for mine, other in zip(costs[federated], costs[bare], strict=True)]
    print(f"send, no federated tools   {statistics.median(costs[bare]):7.0f} us CPU a call (anchor)")
    print(f"send, 200 federated tools  {statistics.median(costs[federated]):7.0f} us CPU a call")
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio                      {statistics.median(ratios):7.2f} (rounds: {shown})")


def main(rounds: int = ROUNDS) -> None:
    with ExitStack() as stack:
        first, second = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        upstream = stack.enter_context(process.anchor(UPSTREAM, "/mcp"))
        bare = stack.enter_context(process.agora(first, **TOKENLESS))
        federated = stack.enter_context(process.agora(second, mcp_private_networks="true", **TOKENLESS))
        assert _federate(federated, upstream) == 200
        _calls(federated, upstream, rounds, "auto")
        _calls(federated, upstream, rounds, "legacy")
        _sends(bare, federated, rounds)


if __name__ == "__main__":
    main()
