"""An application without running time: clocks and loops advance only when a test says so. For stateful tests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from agora.core.call import Caller
from agora.core.jobs import JobContext
from agora.domains.tasks.jobs import TaskDeadlineController
from agora.server.app import App
from agora.store.port import Query, Reader
from tests.conformance.engines import Engine
from tests.harness import make_settings
from tests.market import Market

__all__ = ["SECOND", "Place"]

T = TypeVar("T")
SECOND = 1_000_000
MOST_LOOKS = 10  #: limit of rounds until all due work must be done

_DUE = Query(
    "select count(*) as due from tasks where tenant_id = :tenant and due_at <= :now", int, types={"now": "bigint"}
)


class StillClock:
    def __init__(self) -> None:
        self.time = 1_800_000_000 * SECOND

    def now(self) -> int:
        return self.time


class StillApp(App):
    """An application without loops."""

    def _create_components(self) -> None:
        super()._create_components()
        self.controllers = []


class Place:
    """One application, called from synchronous code; each example has its own tenant."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self.runner, self.clock = asyncio.Runner(), StillClock()
        self._rows: dict[tuple[str, Query[Any], str], list[Any]] = {}  # rows read since the last call
        self.app = StillApp(
            make_settings(directory, billing_price_notice=0), clock=self.clock, store=engine.store(self.clock)
        )
        self.run(self.app.start())
        app = self.app
        self.upkeep = TaskDeadlineController(
            JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, self.clock)
        )
        self.market = Market(app, self.clock)  # type: ignore[arg-type]

    def run(self, work: Coroutine[Any, Any, T], *, is_read: bool = False) -> T:
        """Run a coroutine to its end. is_read: it changes no row."""
        # Not Runner.run(), which sets a signal handler each time, at the cost of a small query.
        if not is_read:
            self._rows.clear()
        return self.runner.get_loop().run_until_complete(work)

    def tenant(self) -> str:
        """Create a new tenant."""
        name = f"t-{uuid4().hex}"
        self.run(self.market.call(self.market.operator, "tenant.create", tenant_id=name, name=name))
        return name

    def close(self) -> None:
        self.run(self.app.stop())
        self.runner.close()

    def call(self, caller: Caller, operation: str, **given: Any) -> Any:
        return self.run(self.market.call(caller, operation, **given))

    def register(self, operator: Caller, name: str, able: list[str]) -> Caller:
        """Register an agent in the operator's tenant. Returns its caller."""

        async def work() -> Caller:
            given = {"agent_name": name, "capabilities": able}
            registration = await self.market.call(operator, "agent.register", **given)
            return await self.app.authenticator.authenticate(registration.token)

        return self.run(work())

    def rows(self, tenant: str, query: Query[Any], **parameters: Any) -> list[Any]:
        """Return the rows of a query. They cannot change between two calls, so all invariants of a step share one
        read."""
        key = (tenant, query, repr(parameters))
        if key not in self._rows:

            async def work(reader: Reader) -> list[Any]:
                return list(await reader.all(query, **parameters))

            rows = self.run(self.app.store.read(tenant, work), is_read=True)
            self._rows[key] = rows
        return list(self._rows[key])

    def settle(self, tenant: str) -> None:
        """Run the controller until nothing is due; it must terminate."""
        for _ in range(MOST_LOOKS):
            self.run(self.upkeep.reconcile(tenant))
            if not self.rows(tenant, _DUE, now=self.clock.time)[0]:
                return
        raise AssertionError(f"still due after {MOST_LOOKS} rounds")
