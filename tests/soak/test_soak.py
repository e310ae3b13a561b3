"""An hour of mixed load over every protocol, with Redis, PostgreSQL and an upstream cut and restored at random.

``AGORA_SOAK_SECONDS`` sets the duration, ``AGORA_SOAK_SEED`` the faults. Measurements are printed.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox.postgres_process import PostgresProcess
from tests.blackbox.server import ServerProcess
from tests.blackbox.tcp_proxy import TcpProxy, running_proxy
from tests.mcp_upstream import Far, serving
from tests.polling import wait_until
from tests.processes import process_cpu_seconds, process_file_count, process_rss_bytes
from tests.soak.load import Load
from tests.valkey import running_broker

SECONDS = float(os.environ.get("AGORA_SOAK_SECONDS", "3600"))
SEED = int(os.environ.get("AGORA_SOAK_SEED") or random.SystemRandom().randrange(2**32))
WARMUP = min(SECONDS / 5, 300.0)  # seconds until caches are filled, excluded from the samples
FAULT_PAUSE, FAULT_LENGTH = (2.0, 20.0), (0.0, 8.0)  # seconds between faults, and of each fault
MIB = 2**20
RSS_GROWTH, RSS_SLACK = 1.05, 16 * MIB  # ratio of the median of the last third to that of the first
FILE_SLACK = 16
POINTS = 20  # samples printed
IDLE_SHARE, IDLE_WINDOW, SETTLE_SECONDS = 0.01, 20.0, float(os.environ.get("AGORA_SOAK_SETTLE", "180"))
STALL = re.compile(
    r"The event loop (?:has been blocked for|runs again after) ([\d.]+) s, (?:using )?([\d.]+) s of (?:CPU time|them on the CPU)"
)
STALL_CPU, STALL_LENGTH = (
    0.5,
    10.0,
)  # seconds from which a stall is the server's own, not caused by a busy machine


#: error texts for callers whose connection was cut
OUTAGE = re.compile(r"storage_unavailable|STORAGE_UNAVAILABLE|upstream_(failed|unavailable)|HTTP 503|the stream ended")


@dataclass(frozen=True)
class Sample:
    """The server's resource usage at one moment."""

    at: float  # seconds since the start of the load
    rss: int
    files: int


@pytest.fixture
def postgres() -> Iterator[PostgresProcess]:
    with tempfile.TemporaryDirectory(prefix="agora-soak-") as directory:
        server = PostgresProcess(Path(directory)).create().start()
        yield server
        server.close()


async def _cut_at_random(proxies: dict[str, TcpProxy], chance: random.Random, cuts: dict[str, int]) -> None:
    """Cut connections one by one, for a moment or for seconds; sometimes all of them at once."""
    while True:
        await asyncio.sleep(chance.uniform(*FAULT_PAUSE))
        names = list(proxies) if chance.random() < 0.1 else [chance.choice(list(proxies))]
        for name in names:
            cuts[name] = cuts.get(name, 0) + 1
            await asyncio.to_thread(proxies[name].cut)
        await asyncio.sleep(chance.uniform(*FAULT_LENGTH))
        for name in names:
            proxies[name].restore()


async def _sample(pid: int, samples: list[Sample]) -> None:
    begin = time.monotonic()
    await asyncio.sleep(WARMUP)
    while True:
        samples.append(Sample(time.monotonic() - begin, process_rss_bytes(pid), process_file_count(pid)))
        await asyncio.sleep(1)


async def _idle_share(pid: int) -> float:
    """Return the minimum share of a core used by the server in a window, after it has settled."""
    least, deadline = float("inf"), time.monotonic() + SETTLE_SECONDS
    while least > IDLE_SHARE and time.monotonic() < deadline:
        begin, cpu = time.monotonic(), process_cpu_seconds(pid)
        await asyncio.sleep(IDLE_WINDOW)
        least = min(least, (process_cpu_seconds(pid) - cpu) / (time.monotonic() - begin))
    return least


def _stalls(log: str) -> list[tuple[float, float]]:
    """Return each report of a blocked event loop: duration and CPU time in seconds."""
    return [(float(seconds), float(cpu)) for seconds, cpu in STALL.findall(log)]


def _median(samples: list[Sample], name: str) -> float:
    return statistics.median(getattr(sample, name) for sample in samples)


@pytest.mark.long
@pytest.mark.timeout(SECONDS + SETTLE_SECONDS + 300)
async def test_mixed_load_with_faults_does_not_grow_resources(tmp_path: Path, postgres: PostgresProcess) -> None:
    print(f"seed {SEED}, {SECONDS:g} s")
    chance, far = random.Random(SEED), Far()
    samples, cuts = list[Sample](), dict[str, int]()
    with running_broker(fsync="everysec") as broker:
        async with serving(far.app()) as upstream_url:
            with (
                running_proxy(broker.port) as redis_proxy,
                running_proxy(postgres.directory / ".s.PGSQL.5432") as postgres_proxy,
                running_proxy(int(upstream_url.split(":")[2].split("/")[0])) as upstream_proxy,
            ):
                server = ServerProcess(
                    tmp_path / "data",
                    store=f"postgresql://postgres@127.0.0.1:{postgres_proxy.port}/postgres",
                    bus=f"redis://127.0.0.1:{redis_proxy.port}/0",
                    mcp_private_networks="true",
                    builtin_agents="true",
                    rate_anonymous="100000",
                )
                try:
                    await asyncio.to_thread(server.start)
                    body = {"name": "far", "url": f"http://127.0.0.1:{upstream_proxy.port}/mcp"}
                    await asyncio.to_thread(server.operator.post, "/upstreams", body)
                    load = await asyncio.to_thread(Load.with_agents, server, broker.url, chance)
                    load.start()
                    proxies = {"redis": redis_proxy, "postgres": postgres_proxy, "upstream": upstream_proxy}
                    beside = [
                        asyncio.create_task(_cut_at_random(proxies, chance, cuts)),
                        asyncio.create_task(_sample(server.pid, samples)),
                    ]
                    await asyncio.sleep(SECONDS)
                    for task in beside:
                        task.cancel()
                    await asyncio.gather(*beside, return_exceptions=True)
                    for proxy in proxies.values():
                        proxy.restore()
                    steps, failures = dict(load.steps), dict(load.failures)
                    await _wait_for_progress(load)
                    await load.stop()
                    idle = await _idle_share(server.pid)
                    await asyncio.to_thread(server.stop)
                finally:
                    log = server.log()
                    server.close()
    third = len(samples) // 3
    first, last = samples[:third], samples[-third:]
    strange = {reason: count for reason, count in load.reasons.items() if not OUTAGE.search(reason[1])}
    print(f"steps {steps}\nfailures {failures}\ncuts {cuts}")
    for (protocol, reason), count in load.reasons.most_common():
        print(f"  {count} {protocol}: {reason}")
    for sample in samples[:: max(1, len(samples) // POINTS)]:
        print(f"  at {sample.at:.0f} s: RSS {sample.rss / MIB:.1f} MiB, {sample.files} files")
    print(f"RSS {_median(first, 'rss') / MIB:.1f} -> {_median(last, 'rss') / MIB:.1f} MiB")
    print(f"files {_median(first, 'files'):.0f} -> {_median(last, 'files'):.0f}, idle {idle:.2%} of a core")
    stalls = _stalls(log)
    print(f"stalls (seconds, CPU seconds): {stalls}")
    assert ("stood still" in log) == bool(stalls), "the log words stalls otherwise than this test reads them"
    assert not [one for one in stalls if one[0] > STALL_LENGTH or one[1] >= STALL_CPU], log[-5000:]
    assert not strange, "errors that no cut connection explains"
    assert _median(last, "rss") <= _median(first, "rss") * RSS_GROWTH + RSS_SLACK
    assert _median(last, "files") <= _median(first, "files") + FILE_SLACK
    assert idle <= IDLE_SHARE


async def _wait_for_progress(load: Load) -> None:
    """Wait until every protocol works again when nothing is cut."""
    before = dict(load.steps)

    def find_stuck() -> list[str]:
        return [name for name in {*load.failures, *before} if load.steps[name] <= before.get(name, 0)]

    try:
        await wait_until(lambda: not find_stuck(), timeout=SETTLE_SECONDS)
    except AssertionError:
        pytest.fail(f"{find_stuck()} do not work again: {load.reasons}")
