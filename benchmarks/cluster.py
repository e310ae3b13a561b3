"""Three servers on one PostgreSQL, compared with one: the same sends with 64 callers in total, alternately, in the same
run.

All processes share the machine's cores: with two of them, three servers cannot be faster than one; the ratio is the
cost of coordination.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.request import Request, urlopen

from scripts.cluster import Replica, cluster, database

from benchmarks.load import Spec, run
from benchmarks.process import cpu_of

CALLERS, SECONDS, ROUNDS, SIZE = 64, 4.0, 3, 3


def _registered(replica: Replica) -> str:
    for name in ("Receiver", "Sender"):
        body = json.dumps({"agent_name": name}).encode()
        request = Request(f"{replica.url}/agents/register", body, {"Content-Type": "application/json"})
        with urlopen(request) as answer:
            token = json.loads(answer.read())["token"]
    return str(token)


def _measure(replicas: list[Replica], token: str) -> tuple[float, float]:
    """Measure sends per second over all servers, and microseconds of their CPU time per send."""
    body = json.dumps({"to_agent": "Receiver", "content": "x" * 200})
    headers = {"Authorization": f"Bearer {token}"}
    share, more = divmod(CALLERS, len(replicas))
    shares = [share + (at < more) for at in range(len(replicas))]
    specs = [
        Spec("127.0.0.1", replica.port, "POST", "/agora/messaging/send", [body], headers, callers, SECONDS)
        for replica, callers in zip(replicas, shares, strict=True)
    ]
    pids = [replica.process.pid for replica in replicas if replica.process is not None]
    before = sum(map(cpu_of, pids))
    with ThreadPoolExecutor(len(specs)) as threads:
        reports = list(threads.map(run, specs))
    assert not sum(report.failures for report in reports)
    done = sum(report.requests for report in reports)
    return sum(report.rate for report in reports), (sum(map(cpu_of, pids)) - before) / done * 1e6


async def _compare(directory: Path) -> None:
    async with AsyncExitStack() as stack:
        clusters = []
        for size in (1, SIZE):
            place = directory / str(size)
            store = stack.enter_context(database(place / "postgres"))
            made = cluster(place, store, "embedded", size, rate_basic="1000000")
            clusters.append(await stack.enter_async_context(made))
        tokens = [await asyncio.to_thread(_registered, replicas[0]) for replicas in clusters]
        found: list[list[tuple[float, float]]] = [[], []]
        for _ in range(ROUNDS):
            for at, replicas in enumerate(clusters):
                found[at].append(await asyncio.to_thread(_measure, replicas, tokens[at]))
    one, three = (statistics.median(rate for rate, _ in each) for each in found)
    cpu_one, cpu_three = (statistics.median(cpu for _, cpu in each) for each in found)
    ratios = ", ".join(f"{b[0] / a[0]:.2f}" for a, b in zip(*found, strict=True))
    print(f"one server      {one:6.0f} sends/s, {cpu_one:4.0f} us of the server's CPU per send (anchor)")
    print(f"{SIZE} servers       {three:6.0f} sends/s, {cpu_three:4.0f} us of the servers' CPU per send")
    print(f"ratio           {three / one:6.2f} (rounds: {ratios})")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        asyncio.run(_compare(Path(directory)))


if __name__ == "__main__":
    main()
