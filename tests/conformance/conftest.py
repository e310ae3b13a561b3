"""Conformance: one suite of behaviour, run on every engine. Both always run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.core.jobs import JobContext
from agora.domains.tasks.jobs import TaskDeadlines
from agora.server.app import App
from agora.store.port import Store
from tests.conformance.engines import ENGINES, Engine, PostgresEngine, an_engine
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.postgres import PostgresServer, postgres_server

__all__ = ["postgres_server"]

HERE = Path(__file__).parent


#: modules whose tests run on PostgreSQL each time; the others do so in the long form: what they add to these is not the
#: store's, and every statement of theirs is prepared on both engines (test_statements) each time
ON_BOTH_ENGINES = frozenset(
    [
        "agents/test_agents",
        "billing/test_billing_property",
        "core/test_event_log",
        "core/test_feed_property",
        "core/test_log_stream_property",
        "events/test_event_service",
        "identity/test_api_keys",
        "messaging/test_messaging",
        "search/test_agent_search",
        "server/test_replicas",
        "store/test_lost_connections",
        "store/test_migrations",
        "store/test_postgres_failures",
        "store/test_statements",
        "store/test_store",
        "store/test_store_cluster",
        "store/test_store_concurrency",
        "store/test_store_durability",
        "store/test_store_events",
        "store/test_store_queue",
        "store/test_store_shared_writes",
        "store/test_tenant_policies",
        "tasks/test_claims",
        "tasks/test_task_property",
        "tasks/test_tasks",
        "tenants/test_tenant_isolation",
        "tenants/test_tenants",
        "workflows/test_workflow_property",
    ]
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (
            not item.path.is_relative_to(HERE)
            or item.path.relative_to(HERE).with_suffix("").as_posix() in ON_BOTH_ENGINES
        ):
            continue
        chosen = getattr(item, "callspec", None)
        if chosen is not None and "postgres" in (chosen.params.get("engine"), chosen.params.get("new_engine")):
            item.add_marker(pytest.mark.long)


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
    """Without tables."""
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
    settings = make_settings(tmp_path / "data", billing_price_notice=0)  # a price holds at once for what runs
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
def upkeep(market: Market) -> TaskDeadlines:
    """The controller that looks after tasks, to be stepped by hand."""
    app = market.app
    return TaskDeadlines(
        JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)
    )


@pytest.fixture
async def postgres(tmp_path: Path, postgres_server: PostgresServer) -> AsyncIterator[PostgresEngine]:
    """A PostgreSQL database, for what only that engine does."""
    async with postgres_server.database() as url:
        yield PostgresEngine(url)
