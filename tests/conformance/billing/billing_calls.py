"""Calls of the billing conformance tests."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from agora.core.call import Call, Caller
from agora.core.jobs import JobContext
from agora.domains.billing.jobs import BillingController
from agora.domains.billing.ledger import Charge, Ledger
from agora.domains.billing.metering import Run, bill_run_growth
from agora.store.port import Query, Reader
from agora_sdk.contract.billing import EntryKind
from tests.dict_rows import DictQuery
from tests.market import Market

__all__ = ["COST", "DAY", "HOUR", "PRICE", "SECOND", "Till", "a_run", "costs", "priced", "rows", "till"]

T = TypeVar("T")
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
EVERYTHING = DictQuery("select * from billing_ledger where tenant_id = :tenant order by entry_id")


async def rows(market: Market, query: Query[Any] = EVERYTHING, tenant: str = "default", **parameters: Any) -> list[Any]:
    async def work(reader: Reader) -> list[Any]:
        return list(await reader.all(query, **parameters))

    return await market.app.store.read(tenant, work)


async def costs(market: Market, caller: Caller | None = None, **asked: Any) -> float:
    return float((await market.call(caller or market.operator, "billing.cost", **asked)).total_cost)


class Till:
    """Calls of other services to billing, in separate transactions."""

    def __init__(self, market: Market, tenant: str = "default") -> None:
        self.market, self.tenant = market, tenant
        app = market.app
        self.keeper = BillingController(
            JobContext(app.store, app.dispatcher, app.feed, app.overrides, app.meter, app.context, market.clock)
        )

    async def act(self, work: Callable[[Call], Coroutine[Any, Any, T]]) -> T:
        return await self.market.app.dispatcher.write_as_system(self.tenant, work)

    async def execute(self, key: str, account: str, agent: Caller, instance: str = "", **options: Any) -> Any:
        """Charge for one execution."""
        charge = Charge(f"execution:{key}", account, agent.subject, EntryKind.REQUEST, 1, instance)

        async def work(call: Call) -> Any:
            return await Ledger(call).charge_unless_recorded(charge, **options)

        return await self.act(work)

    async def reverse(self, key: str) -> Any:
        return await self.act(lambda call: Ledger(call).reverse_by_key(f"execution:{key}", "it failed"))

    async def run(self, *runs: Run) -> None:
        await self.act(lambda call: bill_run_growth(call, runs))

    async def blocked(self, account: str, agent: Caller) -> str | None:
        async def work(call: Call) -> str | None:
            ledger = Ledger(call)
            return await ledger.find_block_reason(account, agent.subject, await ledger.read_terms(agent.subject))

        return await self.act(work)

    def customer(self, account: str) -> Caller:
        """Return a caller of an account with the permissions of an agent."""
        from agora.core import scopes

        return replace(
            self.market.operator,
            tenant=self.tenant,
            subject=f"key_{account}",
            kind="key",
            scopes=scopes.AGENT,
            account=account,
            authority=0,
        )


PRICE, COST = "billing.set_price", "billing.cost"


@pytest.fixture
def till(market: Market) -> Till:
    return Till(market)


async def priced(market: Market, name: str = "Worker", **price: Any) -> Any:
    agent = await market.agent(name)
    await market.call(agent, PRICE, agent_id=name, **price)
    return agent


def a_run(
    market: Market,
    agent: Any,
    *,
    number: int = 1,
    seconds: float = 0,
    closed: bool = False,
    began: int | None = None,
    instance: str = "inst_1",
) -> Run:
    start = 1_795_000_000 * SECOND if began is None else began
    return Run(instance, number, "acme", agent.subject, start, start + int(seconds * SECOND), 0, closed)
