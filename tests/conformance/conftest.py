"""Fixtures of the conformance suite, which runs every test on every engine. Both engines always run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.core.jobs import JobContext
from agora.domains.tasks.jobs import TaskDeadlineController
from agora.server.app import App
from agora.store.port import Store
from tests.conformance.engines import ENGINES, Engine, PostgresEngine, RunsOn, an_engine
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.postgres import PostgresServer, postgres_server

__all__ = ["postgres_server"]

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Check each module's declared engines: an error if it has tests on another engine, or declares none."""
    for item in items:
        if not isinstance(item, pytest.Function) or not item.path.is_relative_to(HERE):
            continue
        runs_on = getattr(item.module, "RUNS_ON", None)
        if not isinstance(runs_on, RunsOn):
            raise pytest.UsageError(f"{item.path}: state which engines it runs on, as RUNS_ON = RunsOn.BOTH")
        engine = engine_of(item)
        if engine is not None and not runs_on.includes(engine):
            raise pytest.UsageError(f"{item.nodeid} runs on {engine}: its module's RUNS_ON says {runs_on.value}")
        if engine == "postgres" and runs_on is RunsOn.BOTH_IF_LONG:
            item.add_marker(pytest.mark.long)


def engine_of(item: pytest.Function) -> str | None:
    """Return the engine that a test gets from the fixtures below; None for a test that opens its own stores, or none."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    engine: str | None = parameters.get("engine") or parameters.get("new_engine")
    return engine or ("postgres" if "postgres" in item.fixturenames else None)


@pytest.fixture(params=ENGINES)
async def engine(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: PostgresServer
) -> AsyncIterator[Engine]:
    async with an_engine(request.param, tmp_path, postgres_server) as engine:
        yield engine


@pytest.fixture(params=ENGINES)
async def new_engine(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: PostgresServer
) -> AsyncIterator[Engine]:
    """An engine without tables."""
    async with an_engine(request.param, tmp_path, postgres_server, empty=True) as engine:
        yield engine


@pytest.fixture
async def store(engine: Engine) -> AsyncIterator[Store]:
    """A started store on an empty database."""
    store = engine.store()
    await store.start()
    yield store
    await store.close()


@pytest.fixture
async def market(engine: Engine, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Market]:
    """A started application on each engine."""
    # a new price applies to running instances immediately
    settings = make_settings(tmp_path / "data", billing_price_notice=0)
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
def job_context(market: Market) -> JobContext:
    """The context of controllers that are stepped manually."""
    app = market.app
    return JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)


@pytest.fixture
def upkeep(job_context: JobContext) -> TaskDeadlineController:
    """The controller of task deadlines, to be stepped manually."""
    return TaskDeadlineController(job_context)


@pytest.fixture
async def postgres(tmp_path: Path, postgres_server: PostgresServer) -> AsyncIterator[PostgresEngine]:
    """A PostgreSQL database, for tests of that engine only."""
    async with postgres_server.database() as url:
        yield PostgresEngine(url)
