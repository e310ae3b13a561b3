"""Fixtures of hostile tests of tasks and workflows: one marketplace per file, because almost everything is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import pytest_asyncio

from agora.server.app import App
from tests.harness import ManualClock, local_client, make_settings
from tests.unit.domains.tasks.hostile_caller import Place, an_agent


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    clock = ManualClock()
    clock.freeze()  # no lease expires and no agent goes offline, however long the module takes
    app = App(make_settings(tmp_path_factory.mktemp("tasks") / "data"), clock=clock)
    await app.start()
    yield app
    await app.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with local_client(app) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(client: httpx.AsyncClient) -> Place:
    place = Place(client, await an_agent(client, "Boss"), await an_agent(client, "Doer", "c"))
    given = await place.post("/agora/task/assign", {"task_type": "work", "assignee": "Doer"})
    place.task_id = given.json()["task_id"]
    claimed = await place.post("/agora/task/claim", {}, place.doer)
    place.token = claimed.json()["tasks"][0]["fencing_token"]
    made = await place.post("/agora/workflow/create", {"workflow_name": "w", "steps": ["a", "b", "c"]})
    place.workflow_id = made.json()["workflow_id"]
    return place


@pytest.fixture
def unchanged(app: App) -> Callable[[], None]:
    """Fail if any event has been emitted since."""
    before = app.feed.head("default")

    def check() -> None:
        assert app.feed.head("default") == before, "what was refused left an event"

    return check
