"""Administration on every engine: overrides, management of agents and settings, audit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agora.core.call import Caller
from agora.server.app import App
from agora_sdk.errors import (
    Halted,
    IllegalTransition,
    InvalidRequest,
    NotFound,
    OperationSunset,
    PermissionDenied,
    Unauthenticated,
)
from tests.conformance.engines import Engine, PostgresEngine, RunsOn
from tests.harness import ManualClock, make_settings
from tests.market import Market

RUNS_ON = RunsOn.BOTH

OVERRIDE, MANAGE, AUDIT, SEND = "admin.override", "admin.manage", "admin.audit", "messaging.send"


@pytest.fixture
def admin(market: Market) -> Callable[[int], Caller]:
    """Create operators with a given authority."""
    return lambda authority: replace(market.operator, subject=f"admin{authority}", kind="key", authority=authority)


async def _refused(market: Market, caller: Caller, name: str, **arguments: Any) -> Halted:
    with pytest.raises(Halted) as failure:
        await market.call(caller, name, **arguments)
    return failure.value


async def test_halt_refuses_every_command_except_resume(market: Market) -> None:
    ada = await market.agent("Ada")
    receipt = await market.call(
        market.operator, OVERRIDE, target_id="system_wide", action="emergency_halt", reason="fire"
    )
    assert (receipt.status, receipt.priority) == ("halted", 255)
    for caller in (ada, market.operator):
        refusal = await _refused(market, caller, SEND, to_agent="Ada", content="x")
        assert "fire" in refusal.detail
        assert refusal.override_id == receipt.override_id
        assert (await market.call(caller, "agent.list")).count == 1, "reads still work"
    assert (await market.call(ada, "admin.health")).status
    await market.call(market.operator, AUDIT)
    resumed = await market.call(market.operator, OVERRIDE, target_id="system_wide", action="resume")
    assert (resumed.status, resumed.lifted) == ("resumed", [receipt.override_id])
    await market.call(ada, SEND, to_agent="Ada", content="x")


async def test_pause_refuses_commands_but_not_reads(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    await market.call(market.operator, OVERRIDE, target_id="Ada", action="pause", reason="check")
    assert (await market.call(bob, "agent.get", agent_id="Ada")).status == "paused"
    await _refused(market, ada, SEND, to_agent="Bob", content="x")
    await market.call(ada, "agent.list")
    await market.call(ada, "agent.heartbeat")
    await market.call(bob, SEND, to_agent="Ada", content="waits for Ada")
    assert (await market.call(ada, "messaging.receive")).count == 1
    await market.call(market.operator, OVERRIDE, target_id="Ada", action="resume")
    assert (await market.call(bob, "agent.get", agent_id="Ada")).status == "active"
    await market.call(ada, SEND, to_agent="Bob", content="x")


async def test_halted_agent_is_refused_every_call(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.call(market.operator, OVERRIDE, target_id=ada.subject, action="emergency_halt")
    await _refused(market, ada, "agent.list")
    await _refused(market, ada, "agent.heartbeat")


async def test_termination_retires_the_agent(market: Market) -> None:
    registration = await market.call(market.operator, "agent.register", agent_name="Ada")
    await market.call(market.operator, OVERRIDE, target_id="Ada", action="terminate")
    with pytest.raises(Unauthenticated):
        await market.app.authenticator.authenticate(registration.token)
    with pytest.raises(IllegalTransition):
        await market.call(market.operator, OVERRIDE, target_id="system_wide", action="terminate")


async def test_lower_authority_cannot_lift_an_override_of_a_higher_one(
    market: Market, admin: Callable[[int], Caller]
) -> None:
    ada = await market.agent("Ada")
    high = await market.call(admin(200), OVERRIDE, target_id="Ada", action="pause", priority=200)
    with pytest.raises(PermissionDenied, match="200"):
        await market.call(admin(100), OVERRIDE, target_id="Ada", action="resume")
    with pytest.raises(PermissionDenied, match="an override of 201"):
        await market.call(admin(200), OVERRIDE, target_id="Ada", action="resume", priority=201)
    low = await market.call(admin(50), OVERRIDE, target_id="Ada", action="pause")
    partly = await market.call(admin(100), OVERRIDE, target_id="Ada", action="resume")
    assert (partly.status, partly.lifted) == ("partly_resumed", [low.override_id])
    await _refused(market, ada, SEND, to_agent="Ada", content="x")
    supreme = await market.call(market.operator, OVERRIDE, target_id="Ada", action="resume", priority=255)
    assert supreme.lifted == [high.override_id]
    await market.call(ada, SEND, to_agent="Ada", content="x")


async def test_override_expires(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.call(market.operator, OVERRIDE, target_id="system_wide", action="pause", expires_in=60)
    await _refused(market, ada, SEND, to_agent="Ada", content="x")
    market.clock.advance(61)
    await market.call(ada, SEND, to_agent="Ada", content="x")


async def test_overrides_survive_a_restart(engine: Engine, tmp_path: Path, clock: ManualClock) -> None:
    settings = make_settings(tmp_path / "data")
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    market = Market(app, clock)
    registration = await market.call(market.operator, "agent.register", agent_name="Ada")
    await market.call(market.operator, MANAGE, resource="configuration", target="rate_basic", action="set", value=77)
    await market.call(market.operator, OVERRIDE, target_id="system_wide", action="pause", reason="over night")
    await app.stop()
    app = App(settings, clock=clock, store=engine.store(clock))
    await app.start()
    ada = await app.authenticator.authenticate(registration.token)
    await _refused(Market(app, clock), ada, SEND, to_agent="Ada", content="x")
    assert app.configuration.current.rate_basic == 77
    await app.stop()


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
async def test_override_does_not_replace_a_concurrent_suspension(market: Market, engine: PostgresEngine) -> None:
    ada = await market.agent("Ada")
    suspension = f"update agents set status = 'suspended' where agent_id = '{ada.subject}'"
    await engine.run_before(suspension, market.call(market.operator, OVERRIDE, target_id="Ada", action="pause"))
    await market.call(market.operator, OVERRIDE, target_id="Ada", action="resume")
    assert (await market.call(market.operator, "agent.get", agent_id="Ada")).status == "suspended"


async def test_invalid_overrides_are_refused(market: Market) -> None:
    for arguments, error in (
        ({"target_id": "Nobody", "action": "pause"}, NotFound),
        ({"target_id": "system_wide", "action": "explode"}, InvalidRequest),
        ({"target_id": "system_wide", "action": "pause", "priority": 256}, InvalidRequest),
        ({"target_id": "system_wide", "action": "resume"}, IllegalTransition),
    ):
        with pytest.raises(error):
            await market.call(market.operator, OVERRIDE, **arguments)
    ada = await market.agent("Ada")
    with pytest.raises(PermissionDenied):
        await market.call(ada, OVERRIDE, target_id="Ada", action="pause")


async def test_settings_can_change_at_run_time(market: Market) -> None:
    async def manage(action: str, target: str = "rate_basic", value: Any = None) -> Any:
        return await market.call(
            market.operator, MANAGE, resource="configuration", target=target, action=action, value=value
        )

    assert (await manage("set", value=5)).after == 5
    assert (await manage("get")).after == 5
    assert market.app.configuration.current.rate_basic == 5
    assert (await manage("reset")).after == market.app.settings.rate_basic
    for target, value in (
        ("rate_basic", 0),
        ("rate_basic", "many"),
        ("log_level", "loud"),
        ("port", 1),
        ("nonsense", 1),
    ):
        with pytest.raises(InvalidRequest, match=target):
            await manage("set", target, value)
    with pytest.raises(InvalidRequest, match="juggle"):
        await manage("juggle")


async def test_services_are_deprecated_and_sunset(market: Market) -> None:
    async def manage(action: str) -> Any:
        return await market.call(market.operator, MANAGE, resource="service", target="agora.agent.list", action=action)

    operation = market.app.registry.resolve("agora.agent.list")
    assert (await manage("deprecate")).after == "deprecated"
    outcome = await market.app.dispatcher.invoke(operation, market.operator, {})
    assert outcome.notices["Deprecation"].startswith("@")
    await manage("sunset")
    with pytest.raises(OperationSunset):
        await market.call(market.operator, "agent.list")
    await manage("reset")
    assert (await market.app.dispatcher.invoke(operation, market.operator, {})).notices == {}
    with pytest.raises(IllegalTransition):
        await market.call(market.operator, MANAGE, resource="service", target="agora.admin.manage", action="sunset")


async def test_agents_are_managed(market: Market) -> None:
    ada = await market.agent("Ada")

    def manage(action: str, value: Any = None) -> Awaitable[Any]:
        return market.call(market.operator, MANAGE, resource="agent", target="Ada", action=action, value=value)

    assert (await manage("set_tier", "enterprise")).before == "basic"
    assert (await market.call(ada, "agent.get", agent_id="Ada")).service_tier == "enterprise"
    assert (await manage("suspend")).after == "suspended"
    assert (await market.call(ada, "agent.get", agent_id="Ada")).status == "suspended"
    assert (await manage("activate")).after == "active"
    for action, value in (("set_tier", "gold"), ("promote", None)):
        with pytest.raises(InvalidRequest):
            await manage(action, value)
    assert (await manage("retire")).after == "retired"
    with pytest.raises((IllegalTransition, NotFound)):
        await manage("suspend")


async def test_every_change_is_in_the_audit_trail(market: Market) -> None:
    ada = await market.agent("Ada")
    await asyncio.gather(*(market.call(ada, SEND, to_agent="Ada", content=str(n)) for n in range(5)))
    await market.call(market.operator, OVERRIDE, target_id="Ada", action="pause", reason="look")
    await _refused(market, ada, SEND, to_agent="Ada", content="x")
    page = await market.call(market.operator, AUDIT)
    assert [entry.operation for entry in page.entries[:2]] == ["agora.messaging.send", "agora.admin.override"]
    assert (page.entries[0].outcome, page.entries[1].outcome) == ("halted", "ok")
    assert (page.entries[1].target, page.entries[1].detail) == (ada.subject, "pause with authority 255: look")
    sends = await market.call(market.operator, AUDIT, operation="agora.messaging.send", outcome="ok", actor=ada.subject)
    assert sends.count == 5
    seen, cursor = [], None
    while True:
        page = await market.call(market.operator, AUDIT, limit=3, cursor=cursor)
        seen += [entry.audit_id for entry in page.entries]
        if not page.has_more:
            break
        cursor = page.next_cursor
    assert len(seen) == len(set(seen)) == 8
    assert seen == sorted(seen, reverse=True)
    with pytest.raises(PermissionDenied):
        await market.call(ada, AUDIT)
