"""The event loop watchdog of the fault tests."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.faults.loop_watch import LoopStalled, LoopWatch, find_server_stall


def _retry_without_yielding() -> None:
    while True:
        time.monotonic()


async def test_blocked_loop_is_interrupted(loop_watchdog: LoopWatch) -> None:
    loop_watchdog.limit = 0.3
    await asyncio.sleep(0)
    with pytest.raises(LoopStalled, match="_retry_without_yielding"):
        _retry_without_yielding()


def test_stall_in_the_log_of_a_server_is_found(tmp_path: Path) -> None:
    line = "2026-01-01T00:00:00Z [error] The event loop has been blocked for 9.0 s, using {} s of CPU time, in:\n  File x\n"
    log = tmp_path / "data" / "server.log"
    log.parent.mkdir()
    log.write_text(line.format("4.9"))
    assert find_server_stall(tmp_path) is None
    log.write_text(line.format("4.9") + line.format("5.1"))
    assert "using 5.1 s" in (find_server_stall(tmp_path) or "")
