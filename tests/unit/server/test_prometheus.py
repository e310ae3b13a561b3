"""``/metrics``: access, contents, and bounded label values."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from agora.domains.monitoring.stored_counts import StoredCounts
from agora.domains.tasks.jobs import TaskDeadlineController
from agora.server.app import App
from agora.telemetry import CallSeries, Measures
from agora_sdk.contract import operations
from agora_sdk.errors import BY_CODE
from tests.harness import ManualClock, admin_token, local_client, make_settings, running
from tests.market import Market
from tests.polling import wait_until

TOKEN = "a-token-for-prometheus"


@pytest.fixture
async def public(tmp_path: Path) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    """A server that is not on loopback, and an anonymous caller."""
    app = App(make_settings(tmp_path / "public", host="0.0.0.0", metrics_token=TOKEN))
    await app.start()
    async with local_client(app) as client:
        yield app, client
    await app.stop()


async def _samples(client: httpx.AsyncClient) -> list[Sample]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


def _value(samples: Iterable[Sample], name: str, **labels: str) -> float:
    found = [s.value for s in samples if s.name == name and labels.items() <= s.labels.items()]
    assert found, f"{name} {labels} is not there"
    return sum(found)


async def test_metrics_require_a_credential(public: tuple[App, httpx.AsyncClient]) -> None:
    app, client = public
    refused = await client.get("/metrics")
    assert refused.status_code == 401
    assert "agora_" not in refused.text
    for wrong in ("x" * 20, TOKEN[:-1], TOKEN + "x"):
        assert (await client.get("/metrics", headers={"Authorization": f"Bearer {wrong}"})).status_code == 401
    for header in ({"Authorization": f"Bearer {TOKEN}"}, {"X-API-Key": TOKEN}):
        assert (await client.get("/metrics", headers=header)).status_code == 200
    operator = {"Authorization": f"Bearer {admin_token(app.settings)}"}
    assert (await client.get("/metrics", headers=operator)).status_code == 200


async def test_key_needs_the_scope(public: tuple[App, httpx.AsyncClient]) -> None:
    app, client = public
    operator = {"Authorization": f"Bearer {admin_token(app.settings)}"}
    for scopes, status in ((["read:agents"], 403), (["read:metrics"], 200)):
        made = await client.post("/tokens", json={"label": "prometheus", "scopes": scopes}, headers=operator)
        assert made.status_code in (200, 201), made.text
        answer = await client.get("/metrics", headers={"Authorization": f"Bearer {made.json()['token']}"})
        assert answer.status_code == status


async def test_metrics_token_gives_no_other_access(public: tuple[App, httpx.AsyncClient]) -> None:
    _, client = public
    assert (await client.get("/agents", headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 401


async def test_metrics_can_be_disabled(tmp_path: Path) -> None:
    app = App(make_settings(tmp_path / "off", metrics=False))
    await app.start()
    async with local_client(app) as client:
        assert (await client.get("/metrics")).status_code == 404
    await app.stop()


async def test_calls_are_counted_by_protocol_operation_and_code(app: App, client: httpx.AsyncClient) -> None:
    for name in ("Ada", "Bob"):
        assert (await client.post("/agora/agent/register", json={"agent_name": name})).is_success
    await client.get("/agents")
    assert (await client.get("/agents/nobody/status")).status_code == 404
    assert (await client.get("/nowhere")).status_code == 404
    rpc = {"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": "tsk_none"}}
    await client.post("/", json=rpc, headers={"A2A-Version": "1.0"})
    samples = await _samples(client)
    registered = {"protocol": "rest", "operation": "agora.agent.register"}
    assert _value(samples, "agora_calls_total", **registered, code="ok") == 2
    assert _value(samples, "agora_calls_total", protocol="rest", operation="agora.agent.status", code="not_found") == 1
    assert _value(samples, "agora_calls_total", protocol="a2a", code="not_found") == 1
    assert _value(samples, "agora_call_duration_seconds_count", **registered) == 2
    assert 0 < _value(samples, "agora_call_duration_seconds_sum", **registered) < 60
    assert _value(samples, "agora_http_responses_total", protocol="rest", status="404") == 2
    assert _value(samples, "agora_events_total", type="agora.agent.registered") == 2
    assert _value(samples, "agora_store_commit_duration_seconds_count") >= 2
    assert _value(samples, "agora_store_committed_calls_total") >= 2
    assert _value(samples, "agora_store_up") == 1
    assert _value(samples, "agora_ready") == 1
    assert _value(samples, "agora_store_queue_limit") > 0
    assert _value(samples, "process_cpu_seconds_total") > 0


async def test_each_duration_falls_into_one_bucket() -> None:
    series = CallSeries()
    for seconds in (0.0001, 0.0005, 0.02, 99):
        series.observe_duration(seconds)
    assert series.counts[0] == 2
    assert series.counts[-1] == 1
    assert sum(series.counts) == 4
    assert series.total == pytest.approx(99.0206)


async def test_model_calls_are_counted_by_agent_and_model(app: App, client: httpx.AsyncClient) -> None:
    market = Market(app, ManualClock())
    await market.call(
        market.operator, "token_billing.set_price", provider="own", model="m", input_cost_per_m=1, output_cost_per_m=2
    )
    thinker = await market.agent("Thinker")
    tokens = {"input_tokens": 1_000_000, "output_tokens": 500_000}
    report = {"call_key": "1", "provider": "own", "model": "m", "tokens": tokens, "time_to_first_token": 0.4}
    await market.call(thinker, "token_billing.report", **report)
    samples = await _samples(client)
    labels = {"agent": thinker.subject, "model": "own:m"}
    assert _value(samples, "agora_model_calls_total", **labels, is_estimate="false") == 1
    assert _value(samples, "agora_model_tokens_total", **labels, kind="input") == 1_000_000
    assert _value(samples, "agora_model_tokens_total", **labels, kind="output") == 500_000
    assert _value(samples, "agora_model_cost_total", **labels, currency="USD") == pytest.approx(2)
    assert _value(samples, "agora_model_time_to_first_token_seconds_count", **labels) == 1


def test_series_of_models_are_bounded() -> None:
    measures = Measures()
    for number in range(300):
        charge = {"agent_id": f"agent_{number}", "provider": "own", "model": "m", "currency": "USD", "cost": "0.01"}
        measures.record_model_call(charge)
    assert len(measures.models) == 201
    assert sum(measures.models["other", "other"].calls.values()) == 100


async def test_waiting_for_an_event_is_not_latency(app: App) -> None:
    market = Market(app, ManualClock())
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    waiting = asyncio.create_task(market.call(bob, "messaging.receive", wait=20))
    await wait_until(lambda: app.feed.waiting_calls)
    start = time.monotonic()
    for _ in range(20):  # time passes, as much as the machine needs for this
        await market.call(ada, "agent.heartbeat")
    await market.call(ada, "messaging.send", to_agent="Bob", content="hello")
    await waiting
    series = next(s for (_, o), s in app.measures.calls.items() if getattr(o, "attribute", "") == "receive")
    assert series.total < time.monotonic() - start


async def test_labels_contain_no_user_data(app: App, client: httpx.AsyncClient) -> None:
    """Values chosen by callers are excluded: names, ids, event types, paths, non-numeric statuses."""
    names = {operation.name for operation in operations()} | {"agora.upstream.call"}
    made = (await client.post("/agora/agent/register", json={"agent_name": "Zaphod-42"})).json()
    for number in range(30):
        await client.get(f"/agents/secret-{number}/status")
        await client.get(f"/nowhere/secret-{number}")
        await client.post("/events", json={"event_type": f"secret.{number}"})
    await _count_stored_rows(app)
    text = (await client.get("/metrics")).text
    for word in ("secret-", "secret.", "Zaphod", made["agent_id"], "default"):
        assert word not in text
    known = {"ok", "cancelled", *BY_CODE}
    for sample in await _samples(client):
        assert sample.labels.get("operation", "agora.agent.list") in names
        assert sample.labels.get("code", "ok") in known
        assert sample.labels.get("type", "agora.x").startswith(("agora.", "other"))
    assert len(text.splitlines()) < 1000


async def test_names_follow_the_conventions(client: httpx.AsyncClient) -> None:
    text = (await client.get("/metrics")).text
    families = [f for f in text_string_to_metric_families(text) if f.name.startswith("agora_")]
    assert len(families) > 20
    for family in families:
        assert family.documentation.endswith("."), family.name
        assert not family.name.endswith(("_ms", "_milliseconds", "_count", "_kb")), family.name
        totals = [s.name for s in family.samples if family.type == "counter" and not s.name.endswith("_created")]
        assert all(name.endswith("_total") for name in totals), family.name
    openmetrics = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


async def _count_stored_rows(app: App) -> None:
    app.measures.last_scraped_at = app.measures.last_scraped_at or 0.0
    await next(c for c in app.controllers if isinstance(c, StoredCounts)).step()


async def test_counts_are_computed_only_while_scraped(app: App, client: httpx.AsyncClient) -> None:
    market = Market(app, ManualClock())
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    await market.call(ada, "task.assign", task_type="x", payload={}, assignee="Bob")
    await market.call(ada, "messaging.send", to_agent="Bob", content="hello")
    census = next(c for c in app.controllers if isinstance(c, StoredCounts))
    await census.step()
    assert not app.measures.row_counts  # no scrape
    await client.get("/metrics")
    await census.step()
    samples = await _samples(client)
    assert _value(samples, "agora_agents", status="active") == 2
    assert _value(samples, "agora_tasks", status="pending") == 1
    assert _value(samples, "agora_messages_waiting", state="queued") == 1


async def test_expired_leases_are_counted(app: App, clock: ManualClock) -> None:
    market = Market(app, clock)
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    await market.call(ada, "task.assign", task_type="x", payload={}, assignee="Bob")
    await market.call(bob, "task.claim", lease_seconds=30)
    tasks = next(c for c in app.controllers if isinstance(c, TaskDeadlineController))
    await tasks.step()
    assert app.measures.lease_expiries == 0
    clock.advance(31)
    await tasks.step()
    assert app.measures.lease_expiries == 1


async def test_streams_are_counted(tmp_path: Path) -> None:
    async with (
        running(App(make_settings(tmp_path / "streams"))) as server,
        httpx.AsyncClient(base_url=server.url) as client,
        client.stream("GET", "/events") as stream,
    ):
        assert stream.status_code == 200
        text = (await client.get("/metrics")).text
        assert "agora_streams_open 1.0" in text
        assert 'agora_calls_total{code="ok",operation="agora.event.stream",protocol="sse"} 1.0' in text


async def test_series_do_not_grow_with_upstream_tools() -> None:
    measures = Measures()
    for number in range(100):
        measures.count_event(f"made-up.{number}")
    assert set(measures.events) == {"other"}
