"""The cost of metrics per call: CPU time through the dispatcher, compared with the same call without metrics.

The anchor is the same server in the same process without its metrics; rounds alternate. Prints microseconds of CPU time
per call, their difference, and the cost of one scrape of /metrics. Fails if the metrics cost 5 µs or more.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Hashable
from pathlib import Path

from agora.server.app import App
from agora.settings import Settings
from agora.telemetry import Measures
from agora.telemetry.context import CURRENT_PROTOCOL

ROUNDS, CALLS = 15, 400
LIMIT = 5.0  # limit in microseconds


class _Nothing(Measures):
    """Metrics that record nothing."""

    def call(self, protocol: str, operation: Hashable, seconds: float, failure: str | None) -> None: ...


async def _call_microseconds(app: App) -> float:
    """Measure the CPU time of one small query through the dispatcher."""
    operation, caller = app.registry.resolve("agora.discovery.list"), app.authenticator.operator
    began = time.process_time()
    for _ in range(CALLS):
        await app.dispatcher.invoke(operation, caller, {"limit": 1})
    return (time.process_time() - began) / CALLS * 1e6


async def _compare(directory: Path) -> float:
    app = App(
        Settings.load_settings(
            environ={}, data_dir=directory, port=0, events_port=0, builtin_agents=False, rate_basic=10**6
        )
    )
    await app.start()
    try:
        counted, uncounted = app.measures, _Nothing()
        with_it, without = [], []
        for _ in range(ROUNDS):
            app.dispatcher.measures = uncounted
            without.append(await _call_microseconds(app))
            app.dispatcher.measures = counted
            with_it.append(await _call_microseconds(app))
        plain, more = statistics.median(without), statistics.median(map(float.__sub__, with_it, without))
        print(f"a call: {plain:.1f} µs of CPU uncounted, {more:+.2f} µs counted ({more / plain:+.1%})")
        alone = _alone_microseconds(counted)
        print(f"counting alone: {alone:.2f} µs a call, and an answer over HTTP {_answer_microseconds(counted):.2f} µs")
        print(f"a scrape of /metrics: {_scrape_milliseconds(app):.1f} ms of CPU")
        return alone
    finally:
        await app.stop()


def _alone_microseconds(measures: Measures) -> float:
    operation, count = object(), 100_000
    began = time.process_time()
    for _ in range(count):
        measures.record_call(CURRENT_PROTOCOL.get(), operation, 0.001, None)
    return (time.process_time() - began) / count * 1e6


def _answer_microseconds(measures: Measures) -> float:
    count = 100_000
    began = time.process_time()
    for _ in range(count):
        measures.responses[CURRENT_PROTOCOL.get(), 200] += 1
    return (time.process_time() - began) / count * 1e6


def _scrape_milliseconds(app: App) -> float:
    app.exporter.render("")  # loads Prometheus' library
    began = time.process_time()
    for _ in range(20):
        app.exporter.render("")
    return (time.process_time() - began) / 20 * 1e3


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        alone = asyncio.run(_compare(Path(directory)))
    print(f"limit: {LIMIT:g} µs a call")
    return 0 if alone < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
