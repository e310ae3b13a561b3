"""Schemathesis on the OpenAPI document: responses match their description for any input."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from agora.server.app import App
from agora_sdk.contract import Kind, operations
from tests.harness import make_settings, running

if TYPE_CHECKING:
    import schemathesis

TIMEOUT = 120.0  # seconds; a busy machine may need many for the first OpenAPI document
EXAMPLES = int(os.environ.get("AGORA_SCHEMATHESIS_EXAMPLES", "1"))


class _Background:
    """A server in a thread with a separate event loop: the generated tests are synchronous."""

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
        assert self.ready.wait(TIMEOUT)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(TIMEOUT)


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Background]:
    server = _Background(tmp_path_factory.mktemp("schemathesis") / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def api(background: _Background) -> schemathesis.BaseSchema:
    import schemathesis  # not at module level: every worker collects this module, one runs its tests

    return schemathesis.openapi.from_url(f"{background.url}/openapi.json", timeout=TIMEOUT)


SORTS = ("positive", "negative")


def _list_cases() -> Iterator[object]:
    """Return routes with the kind of data to send. The first route of an operation is tested in each run with one kind,
    in turn."""
    tested = [each for each in operations() if each.kind is not Kind.STREAM and each.sunset_date is None]
    for number, operation in enumerate(tested):
        for index, route in enumerate(operation.routes):  # further routes lead to the same operation
            for sort in SORTS:
                ordinary = index == 0 and sort == SORTS[number % 2]
                marks = [] if ordinary else [pytest.mark.long]
                yield pytest.param(
                    route.method, route.path, sort, id=f"{sort}-{route.method} {route.path}", marks=marks
                )


@pytest.mark.parametrize(("method", "path", "sort"), list(_list_cases()))
def test_responses_match_the_openapi_document(api: schemathesis.BaseSchema, method: str, path: str, sort: str) -> None:
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

    mode = GenerationMode(sort)
    # Valid input may still not match the state (an unknown agent, a used cursor); paths share methods.
    excluded = [positive_data_acceptance, unsupported_method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        for values in (case.query, case.body):  # waiting is tested elsewhere
            if isinstance(values, dict) and isinstance(values.get("wait"), int | float) and values["wait"] > 0:
                values["wait"] = 0
        response = case.call(timeout=TIMEOUT)
        if response.status_code != 413:  # too large regardless of other errors
            case.validate_response(response, excluded_checks=excluded)

    try:
        check()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing valid can be generated"
