"""A server on a socket, with direct access to its transport and behind middleware."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from agora.server.app import App
from agora.settings import Settings
from tests.failing_stores import FailingSqliteStore
from tests.harness import ManualClock, Running, running
from tests.unit.protocols.streaming.stream_clients import Hidden


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "limits(**settings): settings of the test's server")


@pytest.fixture(params=["transport", "asgi"])
async def server(request: pytest.FixtureRequest, settings: Settings, clock: ManualClock) -> AsyncIterator[Running]:
    marker = request.node.get_closest_marker("limits")
    store = FailingSqliteStore(settings.data_dir / "agora.db", clock=clock)
    app: Any = App(settings.model_copy(update=marker.kwargs if marker else {}), clock=clock, store=store)
    async with running(app if request.param == "transport" else Hidden(app)) as server:  # type: ignore[arg-type]
        yield server
