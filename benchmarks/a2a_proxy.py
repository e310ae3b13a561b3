"""Calls of a remote agent through Agora, compared with the same calls made directly.

The agent (``benchmarks.a2a_remote``) is a separate process. *CPU added*: CPU time of Agora and of the agent per call
through Agora, minus that of the agent called directly. Through Agora a call is a durable task, with its log and events.
*Passed on*: time from the agent's write of an artifact chunk to its stream until a client that streams from Agora has
read it.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import load, process

ROUNDS, SECONDS, CONNECTIONS, STREAMS = 5, 2.0, 16, 100
ADDED, PASSED_ON = 2500.0, 5.0  # limits: microseconds of CPU time per call, milliseconds
HEADERS = {"A2A-Version": "1.0"}


def _body(method: str, text: str = "what time is it") -> str:
    message = {"messageId": f"m-{load.COUNTER}", "role": "ROLE_USER", "parts": [{"text": text}]}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": message}})


def _post(url: str, body: dict[str, Any]) -> Any:
    data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as response:
        return json.load(response)


def _cost(servers: list[process.Server], target: process.Server, path: str, method: str, token: str) -> float:
    """Measure the CPU time of the servers per call in microseconds."""
    headers = HEADERS | ({"Authorization": f"Bearer {token}"} if token else {})
    spec = load.Spec("127.0.0.1", target.port, "POST", path, [_body(method)], headers, CONNECTIONS, SECONDS)
    before = sum(server.cpu() for server in servers)
    report = load.run(spec)
    assert report.failures == 0, f"{report.failures} requests failed"
    return (sum(server.cpu() for server in servers) - before) / report.requests * 1e6


async def _passed_on(port: int, path: str, token: str) -> float:
    """Measure the milliseconds from the agent's write to our read of the first chunk, over one stream."""
    body = _body("SendStreamingMessage", "slow").replace(load.COUNTER, str(time.monotonic_ns())).encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "A2A-Version: 1.0", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", "Connection: close"] + (
        [f"Authorization: Bearer {token}"] if token else []
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    try:
        while line := await reader.readline():
            if line.startswith(b"data:") and b"artifactUpdate" in line:
                now = time.monotonic_ns()
                update = json.loads(line[5:])["result"]["artifactUpdate"]
                return float(now - int(update["artifact"]["parts"][0]["text"])) / 1e6
    finally:
        writer.close()
    raise AssertionError("the stream ended without an artifact")


async def _latencies(port: int, path: str, token: str) -> list[float]:
    return sorted([await _passed_on(port, path, token) for _ in range(STREAMS)])


def _measure(ours: process.Server, remote: process.Server, path: str, token: str, rounds: int) -> None:
    for method in ("SendMessage", "SendStreamingMessage"):
        _cost([remote], remote, "/", method, "")
        _cost([ours, remote], ours, path, method, token)  # warm-up
        pairs = [
            (_cost([remote], remote, "/", method, ""), _cost([ours, remote], ours, path, method, token))
            for _ in range(rounds)
        ]
        direct, through = (statistics.median(pair[number] for pair in pairs) for number in range(2))
        added = statistics.median(b - a for a, b in pairs)
        print(f"{method}:")
        print(f"  directly           {direct:8.0f} us CPU a call (anchor)")
        print(f"  through Agora      {through:8.0f} us CPU a call: {added:.0f} us added (target: at most {ADDED:.0f})")
    for name, port, where, credential in (
        ("directly", remote.port, "/", ""),
        ("through Agora", ours.port, path, token),
    ):
        found = asyncio.run(_latencies(port, where, credential))
        target = f" (target: at most {PASSED_ON:g} ms)" if credential else " (anchor)"
        last = found[int(len(found) * 0.95)]
        print(f"first piece, {name:<14}{statistics.median(found):6.2f} ms p50, {last:.2f} ms p95{target}")


def main(rounds: int = ROUNDS) -> None:
    settings = {"rate_enterprise": "1000000", "a2a_private_networks": "true"}
    with (
        tempfile.TemporaryDirectory() as directory,
        process.agora(Path(directory), **settings) as ours,
        process.anchor("benchmarks.a2a_remote:app") as remote,
    ):
        sender = _post(f"{ours.url}/agents/register", {"agent_name": "Sender", "service_tier": "enterprise"})
        added = _post(f"{ours.url}/agora/a2a/add_remote", {"url": remote.url})
        _measure(ours, remote, f"/a2a/{added['agent_id']}", sender["token"], rounds)


if __name__ == "__main__":
    main()
