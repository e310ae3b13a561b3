"""The bridge's connection to Redis: late start, outages, and lost data."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from agora.core.call import Caller
from agora.domains.bus import bridge as bridge_module
from agora.domains.bus.bridge import MAX_REFUSALS_PER_EVENT
from agora.server.app import App
from agora.store.port import StoreFailure
from tests.conformance.bus.redis_bridge import (
    GROUP,
    SECONDS,
    STREAM,
    a,
    b,
    bridge_of,
    broker,
    client,
    entry,
    inbox,
    joined,
    market,
    own_stream,
    settled,
    token_of,
    up,
    valkey_server,
)
from tests.conformance.engines import RunsOn
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.polling import wait_until
from tests.valkey import running_broker

RUNS_ON = RunsOn.SQLITE

__all__ = ["a", "b", "broker", "client", "market", "valkey_server"]


async def test_health_reports_redis(market: Market, client: Any, a: Caller) -> None:
    await market.app.monitor.take_sample()
    health = (await market.call(a, "bus.health")).model_dump(mode="json")
    health.pop("timestamp")
    assert health == {
        "status": "healthy", "redis_connection": True, "consumer_group": GROUP, "message_lag": 0,
    }  # fmt: skip
    stats = await market.call(market.operator, "bus.stats")
    assert (stats.engine, stats.durability) == ("redis", "appendonly yes, appendfsync everysec")
    assert "appendfsync" in stats.warnings[0]
    component = (await market.call(market.operator, "admin.health")).components["bus"]
    assert (component.status, component.metrics) == ("healthy", {"connected": 1.0, "lag": 0.0})


async def test_nothing_is_lost_if_redis_starts_late_or_stops(tmp_path: Path, clock: ManualClock) -> None:
    with running_broker(fsync="always") as server:
        server.kill()
        app = App(make_settings(tmp_path / "data", bus=server.url), clock=clock)
        await app.start()
        market = Market(app, clock)
        a, b = await market.agent("A"), await market.agent("B")
        await app.monitor.take_sample()
        assert (await market.call(a, "bus.health")).status == "unhealthy"
        component = (await market.call(market.operator, "admin.health")).components["bus"]
        assert component.status == "degraded"
        assert "cannot be reached" in component.detail
        await joined(market, b)
        sent = [(await market.call(a, "messaging.send", to_agent="B", content=str(n))).message_id for n in range(3)]
        server.start()
        await up(market)
        client = redis.asyncio.Redis.from_url(server.url, decode_responses=True)
        assert [f["message_id"] for _, f in await own_stream(client, "B", 3)] == sent
        server.kill()
        sent = [(await market.call(a, "messaging.send", to_agent="B", content=str(n))).message_id for n in range(3)]
        server.start()
        await up(market)
        await client.connection_pool.disconnect()
        assert [f["message_id"] for _, f in await own_stream(client, "B", 3)] == sent
        await client.xadd(STREAM, entry("B", "A", key=token_of(market, b)))
        assert len(await inbox(market, a)) == 1
        await client.aclose()
        await app.stop()


async def test_deleted_stream_is_recreated(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await client.flushdb()
    await up(market)
    await client.xadd(STREAM, entry("A", "B", key=token_of(market, a)))
    assert len(await inbox(market, b)) == 1


async def test_entries_lost_by_redis_are_sent_again(tmp_path: Path, clock: ManualClock) -> None:
    with running_broker(fsync="never") as server:
        app = App(make_settings(tmp_path / "data", bus=server.url), clock=clock)
        await app.start()
        market = Market(app, clock)
        a, b = await market.agent("A"), await market.agent("B")
        await joined(market, b)
        for number in range(3):
            await market.call(a, "messaging.send", to_agent="B", content=str(number))
        client = redis.asyncio.Redis.from_url(server.url, decode_responses=True)
        first = await own_stream(client, "B", 3)
        await client.xack(f"{STREAM}:B", "B", first[0][0])
        async with asyncio.timeout(SECONDS):
            while (await market.call(b, "messaging.receive")).messages[0].status.value != "acknowledged":
                await bridge_of(market).sync_acknowledgements("default")
        server.kill()
        server.start()  # without data
        await up(market)
        await client.connection_pool.disconnect()
        again = await own_stream(client, "B", 2)
        assert [f["message_id"] for _, f in again] == [f["message_id"] for _, f in first[1:]]
        await client.aclose()
        await app.stop()


async def test_entries_are_sent_after_the_store_was_unavailable(
    market: Market, client: Any, a: Caller, b: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge, failed, recovered = bridge_of(market), asyncio.Event(), asyncio.Event()

    class FailingStore:
        """The store, of which the outbound loop's first read of the tenants fails."""

        def __getattr__(self, name: str) -> Any:
            return getattr(market.app.store, name)

        async def tenants(self) -> Any:
            if sys._getframe(1).f_code.co_name == "_run_outbound_loops":
                if not failed.is_set():
                    failed.set()
                    raise StoreFailure("unavailable")
                recovered.set()
            return await market.app.store.tenants()

    monkeypatch.setattr(bridge, "context", replace(bridge.context, store=FailingStore()))
    await joined(market, b)
    async with asyncio.timeout(SECONDS):
        await recovered.wait()
    await market.call(a, "messaging.send", to_agent="B", content="hello")
    ((_, fields),) = await own_stream(client, "B")
    assert "hello" in fields["content"]


async def test_refusals_are_reported_after_the_store_was_unavailable(
    market: Market, client: Any, a: Caller, b: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = bridge_of(market)
    write, failures, is_failing = bridge.write_as_system, asyncio.Semaphore(0), True

    async def write_if_available(*arguments: Any) -> Any:
        if is_failing:
            failures.release()
            raise StoreFailure("unavailable")
        return await write(*arguments)

    monkeypatch.setattr(bridge, "write_as_system", write_if_available)
    entries = [await client.xadd(STREAM, entry("A", "B")) for _ in range(2)]
    async with asyncio.timeout(SECONDS):
        for _ in range(2):
            await failures.acquire()
    entries += [await client.xadd(STREAM, entry("A", "B")) for _ in range(MAX_REFUSALS_PER_EVENT)]
    await settled(client)
    is_failing = False

    def read_reports() -> list[Any]:
        return [json.loads(event.data) for event in market.of_type("agora.bus.refused")]

    await wait_until(lambda: sum(report["count"] for report in read_reports()) == len(entries), "all are reported")
    listed = [each["entry_id"] for report in read_reports() for each in report["entries"]]
    assert listed[:MAX_REFUSALS_PER_EVENT] == entries[:MAX_REFUSALS_PER_EVENT]


async def test_entries_of_a_deleted_tenant_are_no_longer_sent(
    market: Market, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_loops() -> list[str]:
        return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "bus_bridge.other"]

    monkeypatch.setattr(bridge_module, "SENT_CHECK_SECONDS", 0.05)
    await market.call(market.operator, "tenant.create", tenant_id="other", name="Other")
    await wait_until(find_loops, "the tenant has a loop")
    await market.call(market.operator, "tenant.suspend", tenant_id="other")
    await market.call(market.operator, "tenant.delete", tenant_id="other", confirm="other")
    await wait_until(lambda: not find_loops(), "the loop has ended")
