"""Discovery: the operation catalogue as visible to a caller."""

from __future__ import annotations

from pathlib import Path

import pytest

from agora.server.app import App
from agora_sdk.errors import InvalidRequest, NotFound
from tests.conformance.engines import RunsOn
from tests.harness import ManualClock, local_client, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH


async def test_list_contains_operations_that_the_caller_may_call(market: Market) -> None:
    ada = await market.agent("Ada")
    names = [service.name for service in (await market.call(ada, "discovery.list")).services]
    assert "agora.messaging.send" in names
    assert "agora.admin.override" not in names
    everything = [service.name for service in (await market.call(market.operator, "discovery.list")).services]
    assert "agora.admin.override" in everything
    (send,) = [
        s for s in (await market.call(ada, "discovery.list", category="messaging")).services if s.name.endswith(".send")
    ]
    assert (send.version, send.status, send.category) == ("1.0.0", "active", "messaging")
    assert send.input_schema is not None
    assert send.last_updated is not None


async def test_list_includes_versions_and_statuses(market: Market) -> None:
    async def names(**filters: object) -> list[str]:
        page = await market.call(market.operator, "discovery.list", category="messaging", **filters)
        return [service.name for service in page.services]

    assert "agora.messaging.send_legacy" in await names(status="sunset")
    assert "agora.messaging.send_legacy" not in await names(status="active")
    assert await names(version="<1") == ["agora.messaging.send_legacy"]
    assert "agora.messaging.send" in await names(version="^1.0")
    assert await names(version=">=2") == []
    with pytest.raises(InvalidRequest, match="version"):
        await names(version="newest!")


async def test_schema_describes_the_call(market: Market) -> None:
    schema = await market.call(market.operator, "discovery.schema", service="agora.messaging.send", version="1.0.0")
    assert schema.input_schema["required"] == ["to_agent", "content"]
    assert "message_id" in schema.output_schema["properties"]
    assert "POST /agora/messaging/send" in schema.routes
    for service, version in (("agora.messaging.sned", None), ("agora.messaging.send", "9.9.9")):
        with pytest.raises(NotFound) as failure:
            await market.call(market.operator, "discovery.schema", service=service, version=version)
        assert failure.value.fix


async def test_list_is_paged(market: Market) -> None:
    page = await market.call(market.operator, "discovery.list", limit=3)
    assert (page.count, page.has_more) == (3, True)
    rest = await market.call(market.operator, "discovery.list", offset=3)
    assert page.total == rest.total == 3 + rest.count


async def test_discovery_can_be_disabled(tmp_path: Path, clock: ManualClock) -> None:
    app = App(make_settings(tmp_path / "closed", service_discovery="disabled"), clock=clock)
    await app.start()
    async with local_client(app) as client:
        answer = await client.get("/discovery/list")
        assert answer.status_code == 404
        assert "SERVICE_DISCOVERY" in answer.json()["fix"]
    await app.stop()
