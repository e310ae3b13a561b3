"""An interrupted instance benchmark ends everything that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.processes import spawn_tethered

ROOT = Path(__file__).parents[2]
PATIENCE = 60


def _of(directory: Path) -> list[int]:
    """Return processes started with a path in a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and f"AGORA_STATE_DIR={directory}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has ended, or belongs to another user
            continue
    return found


@pytest.mark.parametrize("more", [("--within", "300"), ("--within", "2")])
def test_interrupted_benchmark_leaves_no_process(tmp_path: Path, more: Sequence[str]) -> None:
    command = [sys.executable, "-m", "benchmarks.instances", "--instances", "2", "--rounds", "1000", *more]
    process = spawn_tethered(command, cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _of(tmp_path) and process.poll() is None:
            assert time.monotonic() < deadline, "it has started nothing"
        if "2" not in more:
            process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert _of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
    assert (b"are over" in output) == ("2" in more)
