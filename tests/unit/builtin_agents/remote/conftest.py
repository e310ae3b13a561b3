"""A marketplace that may connect to the loopback, where the remote agents of these tests run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.core.call import Caller
from agora.server.app import App
from tests.harness import ManualClock, make_settings
from tests.market import Market


@pytest.fixture
async def market(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Market]:
    app = App(make_settings(tmp_path / "data", a2a_private_networks=True), clock=clock)
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
async def ann(market: Market) -> Caller:
    return await market.agent("Ann")
