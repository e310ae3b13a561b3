"""Servers for black-box tests: one per module if tests can share it, or one per test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.server import ServerProcess
from tests.postgres import postgres_server

__all__ = ["postgres_server"]


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server on SQLite shared by the tests of a module; tests use unique names."""
    server = ServerProcess(tmp_path_factory.mktemp("shared") / "data").start()
    yield server
    server.close()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start servers with specific settings: ``start_server(rate_basic="10")``."""
    servers: list[ServerProcess] = []

    def start(name: str = "data", **settings: Any) -> ServerProcess:
        server = ServerProcess(tmp_path / name, **settings)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.close()
