"""A server for the tests of a file, and browsers that are not signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.server.app import App
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.unit.protocols.web.http_browser import Browser


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    clock = ManualClock()
    app = App(make_settings(tmp_path), clock=clock)
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
async def browser(market: Market) -> AsyncIterator[Browser]:
    made = Browser(market.app)
    yield made
    await made.http.aclose()
