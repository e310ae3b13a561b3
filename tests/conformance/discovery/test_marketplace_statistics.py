"""Services with their usage, and statistics of the marketplace, on every engine."""

from __future__ import annotations

import asyncio

import pytest

from agora_sdk.errors import InvalidRequest
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_services_include_their_usage_statistics(market: Market) -> None:
    ada = await market.agent("Ada")
    for recipient in ("Ada", "agent_" + "0" * 32):
        await asyncio.gather(
            market.call(ada, "messaging.send", to_agent=recipient, content="hi"), return_exceptions=True
        )
    page = await market.call(ada, "query.services", category="messaging", version="^1.0", status="active")
    assert {service.category for service in page} == {"messaging"}
    [send] = [service for service in page if service.name == "agora.messaging.send"]
    assert (send.usage.calls, send.usage.errors) == (2, 1)
    assert 0 < send.usage.p50_ms <= send.usage.p99_ms
    untouched = [service.usage for service in page if service.name == "agora.messaging.mark"]
    assert [(usage.calls, usage.p50_ms) for usage in untouched] == [(0, None)]


async def test_services_are_paged_and_visible_only_to_permitted_callers(market: Market) -> None:
    ada = await market.agent("Ada")
    everything = await market.call(market.operator, "query.services")
    assert everything.total == everything.count > 20
    second = await market.call(market.operator, "query.services", limit=5, offset=5)
    assert [service.name for service in second.services] == [service.name for service in everything.services[5:10]]
    assert (second.count, second.total, second.has_more) == (5, everything.total, True)
    assert (await market.call(ada, "query.services")).total < everything.total
    assert (await market.call(ada, "query.services", category="nothing")).total == 0
    with pytest.raises(InvalidRequest) as failure:
        await market.call(ada, "query.services", version="newest")
    assert failure.value.errors[0]["field"] == "version"


async def test_marketplace_statistics_count_objects(market: Market) -> None:
    ada = await market.agent("Ada", capabilities=["x", "y"], service_tier="premium")
    bob = await market.agent("Bob", capabilities=["x"])
    await market.agent("Hidden", capabilities=["secret"], visibility="private")
    gone = await market.agent("Gone", capabilities=["x"])
    await market.call(gone, "agent.deregister", agent_id="Gone")
    await market.call(bob, "agent.update", agent_id="Bob", status="busy")
    await market.call(ada, "messaging.send", to_agent="Bob", content="old")
    market.clock.advance(2 * 3600)
    await market.call(ada, "messaging.send", to_agent=["Bob", "Nobody yet"], content="new")
    seen = await market.call(ada, "query.marketplace")
    assert (seen.agents_total, seen.agents_by_status, seen.agents_by_tier) == (
        3, {"active": 2, "busy": 1}, {"basic": 2, "premium": 1},
    )  # fmt: skip
    assert seen.top_capabilities == {"x": 2, "y": 1}
    assert (seen.messages.total, seen.messages.last_hour, seen.messages.waiting) == (2, 1, 3)
    assert seen.events_total == len(market.events) > 0
    assert seen.busiest_services["agora.agent.register"] == 4
    assert seen.calls >= 8
    assert seen.errors == 0
    assert (seen.timestamp - seen.started_at).total_seconds() >= 2 * 3600


async def test_empty_marketplace_has_statistics(market: Market) -> None:
    seen = await market.call(market.operator, "query.marketplace")
    assert (seen.agents_total, seen.events_total, seen.messages.total, seen.top_capabilities) == (0, 0, 0, {})
