"""Every series and label used by the dashboard and the alerts is exposed by a real server."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from agora.domains.monitoring.jobs import ReadinessController, SamplingController
from agora.domains.monitoring.stored_counts import StoredCounts
from agora.server.app import App
from tests.deploy.prometheus_expressions import expressions
from tests.harness import ManualClock, local_client, make_settings
from tests.market import Market

#: exposed only with PostgreSQL or Redis, after a controller ran, or after a push notification was posted
ELSEWHERE: dict[str, set[str]] = {
    "agora_store_connections": set(),
    "agora_store_connections_limit": set(),
    "agora_bus_connected": set(),
    "agora_bus_lag_entries": set(),
    "agora_controller_last_success_timestamp_seconds": {"controller"},
    "agora_push_posts_total": {"outcome"},
    "up": set(),
}
GIVEN = {"instance", "job"}  # created by Prometheus itself


async def _shown(directory: Path) -> dict[str, set[str]]:
    """Return the labels of each series by name."""
    app = App(make_settings(directory))
    await app.start()
    async with local_client(app) as client:
        market = Market(app, ManualClock())
        await market.agent("Ada")
        await client.get("/metrics")
        app.measures.record_model_call({"provider": "own", "model": "small", "currency": "USD", "cost": "0.5"})
        for kind in (StoredCounts, ReadinessController, SamplingController):
            await next(found for found in app.controllers if isinstance(found, kind)).step()
        text = (await client.get("/metrics")).text
    await app.stop()
    labels: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels[sample.name] |= sample.labels.keys()
    return dict(labels)


async def test_every_queried_series_and_label_is_exposed(tmp_path: Path) -> None:
    shown = await _shown(tmp_path) | ELSEWHERE
    found = 0
    for where, expression in expressions():
        named = re.findall(r"\b((?:agora|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?", re.sub(r"\$\w+", "x", expression))
        assert named, where
        allowed = set(GIVEN)
        for name, matchers in named:
            assert name in shown, f"{where}: {name}"
            allowed |= shown[name]
            assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= shown[name] | GIVEN, f"{where}: {expression}"
            found += 1
        for grouped in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
            assert set(re.findall(r"\w+", grouped)) <= allowed, f"{where}: {expression}"
    assert found > 60


async def test_counters_of_alerts_are_exposed_before_their_first_increment(tmp_path: Path) -> None:
    """Otherwise the first event would not be an increase."""
    app = App(make_settings(tmp_path))
    await app.start()
    async with local_client(app) as client:
        assert (await client.post("/agora/agent/register", json={"agent_name": "Ada"})).is_success
        text = (await client.get("/metrics")).text
        assert 'agora_events_total{type="agora.task.dead_lettered"} 0.0' in text
        for code in ("internal_error", "overloaded"):
            assert f'{{code="{code}",operation="agora.agent.register",protocol="rest"}} 0.0' in text
        await next(found for found in app.controllers if isinstance(found, StoredCounts)).step()
        text = (await client.get("/metrics")).text
        assert 'agora_tasks{status="pending"} 0.0' in text
    await app.stop()
