"""A server for the long tests with real coding agents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.server import ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A separate server for each test."""
    server = ServerProcess(tmp_path / "data").start()
    yield server
    server.close()
