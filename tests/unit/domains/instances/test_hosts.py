"""Which servers are hosts of instances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agora.domains.instances import host_queries as hosting
from agora.domains.instances.maintenance import InstanceMaintenance
from agora.server.app import App
from tests.harness import make_settings


async def _hosts(directory: Path, **settings: Any) -> list[str]:
    app = App(make_settings(directory, docker_host="none", **settings))
    await app.start()
    try:
        upkeep = next(found for found in app.controllers if isinstance(found, InstanceMaintenance))
        await upkeep.instances.store_heartbeat("default")
        return [row.host_id for row in await upkeep.read("default", hosting.list_hosts, after="", limit=10)]
    finally:
        await app.stop()


@pytest.mark.parametrize("runs", [True, False])
async def test_server_with_an_engine_is_a_host(tmp_path: Path, runs: bool) -> None:
    found = await _hosts(tmp_path, process_engine=runs)
    assert found == ([(tmp_path / "host-id").read_text().strip()] if runs else [])


async def test_server_that_loses_its_engine_stops_being_a_host(tmp_path: Path) -> None:
    assert await _hosts(tmp_path) == await _hosts(tmp_path, process_engine=False)
