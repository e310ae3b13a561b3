"""The cost of creating a workflow grows linearly with its steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .loop_probe import LoopProbe
from .server import ServerProcess

MANY, FEW = 500, 50


def _conditions(count: int, agent: str) -> dict[str, Any]:
    """Build sequential steps that are all skipped."""
    steps = [{"name": f"s{n}", "agent": agent, "when": "input.a != 1"} for n in range(count)]
    return {"steps": steps, "input": {"a": 1}}


def _parts(count: int, agent: str) -> dict[str, Any]:
    """Build a step with twice as many parts that start concurrently."""
    return {"steps": [{"name": "s", "agent": agent, "for_each": list(range(2 * count)), "max_parallel": 2 * count}]}


@pytest.mark.parametrize("build", [_conditions, _parts], ids=["conditions", "parts"])
def test_creation_time_grows_linearly_with_steps(
    start_server: Callable[..., ServerProcess],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    build: Callable[[int, str], dict[str, Any]],
) -> None:
    probe = LoopProbe(tmp_path / "probe")
    for name, value in probe.environment.items():
        monkeypatch.setenv(name, value)
    server = start_server()
    probe.attach(server.pid)
    account = server.register("Creator")

    def longest_piece(count: int) -> float:
        """Return the minimum of three measurements in seconds of CPU time."""
        pieces = []
        for _ in range(3):
            probe.longest()
            probe.reset()
            account.post("/agora/workflow/create", {"workflow_name": "w"} | build(count, account.agent_id))
            pieces.append(probe.longest())
        return min(pieces)

    longest_piece(FEW)  # excludes one-time initialization
    few, many = longest_piece(FEW), longest_piece(MANY)
    assert many < 20 * few, f"{few * 1000:.1f} ms and {many * 1000:.1f} ms"
