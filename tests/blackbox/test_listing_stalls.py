"""The first listing of the whole contract does not block the event loop while it is built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.blackbox.server import ServerProcess
from tests.processes import process_cpu_seconds

from .loop_probe import LoopProbe


@pytest.mark.parametrize(
    "path", [pytest.param("/openapi.json", marks=pytest.mark.long), "/mcp/v1/tools", "/discovery/list"]
)
def test_loop_serves_others_while_a_full_listing_is_built(
    start_server: Callable[..., ServerProcess],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    probe = LoopProbe(tmp_path / "probe")
    for name, value in probe.environment.items():
        monkeypatch.setenv(name, value)
    server = start_server()
    probe.attach(server.pid)
    probe.reset()
    before = process_cpu_seconds(server.pid)
    answer = httpx.get(server.url + path, timeout=60)
    used = process_cpu_seconds(server.pid) - before
    assert answer.status_code == 200
    assert len(answer.content) > 300_000, answer.text[:300]
    assert probe.longest() < used / 4, f"the loop was blocked for {probe.longest():.2f} of {used:.2f} s"
