"""Schemathesis over the OpenAPI document: what it describes is what happens, whatever is sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from tests.harness import make_settings, running

from agora.app import App


class _Background:
    """A server in a thread with an event loop of its own: the generated tests are synchronous."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.url = directory, ""
        self.ready, self.stopping = threading.Event(), asyncio.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        app = App(make_settings(self.directory))
        async with running(app) as server:
            self.url = server.url
            self.ready.set()
            await self.stopping.wait()

    def start(self) -> None:
        self.thread.start()
        assert self.ready.wait(30)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(30)


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Background]:
    server = _Background(tmp_path_factory.mktemp("schemathesis") / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def api(background: _Background) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{background.url}/openapi.json")


schema = schemathesis.pytest.from_fixture("api").exclude(
    path_regex=r"^/(events|agora/event/stream|ready|health)$", method="GET"
)


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_document_is_true(case: schemathesis.Case) -> None:
    case.call_and_validate(timeout=20)
