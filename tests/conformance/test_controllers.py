"""Controllers keep the marketplace in order, the same on every engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic_core import from_json

from agora.controllers import build
from agora.controllers.base import Controller, House
from agora.controllers.heartbeats import Heartbeats
from agora.controllers.mail import Mail
from agora.controllers.overrides import Overrides
from agora.controllers.positions import Positions
from agora.controllers.retention import Retention
from agora.controllers.usage import UsageCounters
from agora.services.base import Call, Caller
from agora.services.monitor import HealthMonitor
from agora.store.port import Write
from agora.usage import Meter
from tests.conformance.engines import Engine
from tests.market import Market

HOUR, DAY = 3600, 86_400
SEND, RECEIVE, MARK = "messaging.send", "messaging.receive", "messaging.mark"

Make = Callable[[type[Controller]], Any]


@pytest.fixture
def house(market: Market) -> House:
    app = market.app
    return House(app.store, app.dispatcher, app.feed, app.gate, app.meter, app.context, market.clock)


@pytest.fixture
def heartbeats(house: House) -> Heartbeats:
    return Heartbeats(house)


def data(market: Market, type: str) -> list[Any]:
    return [from_json(event.data) for event in market.of_type(type)]


async def status(market: Market, agent: Caller) -> str:
    return str((await market.call(market.operator, "agent.get", agent_id=agent.subject)).status)


async def count(engine: Engine, table: str, where: str = "1 = 1") -> int:
    (row,) = await engine.run(f"select count(*) as n from {table} where {where}")
    return int(row["n"])


# -- heartbeats --------------------------------------------------------------------------------


async def test_any_call_is_a_sign_of_life(market: Market, heartbeats: Heartbeats) -> None:
    ada = await market.agent("Ada")
    market.clock.advance(50)
    await market.call(ada, "agent.list")
    await heartbeats.flush()
    seen = await market.call(market.operator, "agent.get", agent_id="Ada")
    assert (seen.last_activity - seen.registered_at).total_seconds() >= 50
    assert not market.app.context.last_seen, "written once"
    assert not market.of_type("agora.agent.status_changed"), "no event without a change of state"


async def test_an_older_sign_of_life_changes_nothing(market: Market, heartbeats: Heartbeats) -> None:
    ada = await market.agent("Ada")
    before = (await market.call(market.operator, "agent.get", agent_id="Ada")).last_activity
    market.app.context.last_seen["default", ada.subject] = 1
    await heartbeats.flush()
    assert (await market.call(market.operator, "agent.get", agent_id="Ada")).last_activity == before


async def test_the_silent_go_offline_and_come_back(market: Market, heartbeats: Heartbeats) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob", visibility="private")
    market.clock.advance(91)
    await market.call(ada, "agent.list")
    before = (await market.call(market.operator, "agent.get", agent_id="Bob")).last_activity
    await heartbeats.step()
    assert (await status(market, ada), await status(market, bob)) == ("active", "offline")
    (event,) = market.of_type("agora.agent.status_changed")
    assert from_json(event.data) == {"agent_id": bob.subject, "agent_name": "Bob", "from": "active", "to": "offline"}
    assert (event.subject, event.audience) == (bob.subject, (bob.subject,))
    after = await market.call(market.operator, "agent.get", agent_id="Bob")
    assert after.last_activity == before, "silence is no activity"

    market.clock.advance(100)
    await heartbeats.flush()
    await market.call(bob, "agent.list")
    await heartbeats.step()
    assert (await status(market, bob), await status(market, ada)) == ("active", "offline")
    availability = (await market.call(market.operator, "agent.get", agent_id="Bob")).availability
    assert 0.4 < availability < 0.55, "the time offline does not count"


async def test_who_says_it_goes_offline_is_not_woken_by_saying_so(market: Market, heartbeats: Heartbeats) -> None:
    ada = await market.agent("Ada")
    await market.call(ada, "agent.update", agent_id="Ada", status="offline")
    await heartbeats.step()
    assert await status(market, ada) == "offline"
    market.clock.advance(1)
    await market.call(ada, "agent.list")
    await heartbeats.step()
    assert await status(market, ada) == "active"


async def test_only_who_works_goes_offline(market: Market, heartbeats: Heartbeats) -> None:
    agents = {name: await market.agent(name) for name in ("busy", "error", "inactive", "gone")}
    for name in ("busy", "error", "inactive"):
        await market.call(agents[name], "agent.update", agent_id=name, status=name)
    await market.call(agents["gone"], "agent.deregister", agent_id="gone")
    market.app.context.last_seen.clear()
    market.clock.advance(91)
    await heartbeats.step()
    moved = {change["agent_name"] for change in data(market, "agora.agent.status_changed") if change["to"] == "offline"}
    assert moved == {"busy", "error"}


async def test_many_silent_agents_go_offline_in_bounded_batches(
    market: Market, heartbeats: Heartbeats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora.controllers.heartbeats.BATCH", 3)
    for number in range(8):
        await market.agent(f"agent-{number}")
    market.clock.advance(91)
    await heartbeats.step()
    assert len(market.of_type("agora.agent.status_changed")) == 8
    for number in range(8):
        row = await market.call(market.operator, "agent.get", agent_id=f"agent-{number}")
        market.app.context.last_seen["default", row.agent_id] = market.clock.now()
    await heartbeats.step()
    assert {change["to"] for change in data(market, "agora.agent.status_changed")[8:]} == {"active"}
    assert len(market.of_type("agora.agent.status_changed")) == 16


async def test_nobody_is_called_silent_right_after_a_start(market: Market, heartbeats: Heartbeats) -> None:
    ada = await market.agent("Ada")
    market.clock.advance(DAY)
    market.app.context.started_at = market.clock.now()
    await heartbeats.step()
    market.clock.advance(80)
    await heartbeats.step()
    assert await status(market, ada) == "active"
    market.clock.advance(11)
    await heartbeats.step()
    assert await status(market, ada) == "offline"


async def test_a_halt_makes_nobody_offline_and_leaves_time_to_come_back(market: Market, heartbeats: Heartbeats) -> None:
    ada = await market.agent("Ada")
    halt: dict[str, Any] = {"target_id": "system_wide", "action": "emergency_halt", "expires_in": 2 * HOUR}
    await market.call(market.operator, "admin.override", **halt)
    market.clock.advance(HOUR)
    await heartbeats.step()
    market.clock.advance(HOUR - 1)
    await heartbeats.step()
    market.clock.advance(60)  # the halt is over, but Ada may not have noticed yet
    await Overrides(heartbeats.house).step()
    await heartbeats.step()
    assert await status(market, ada) == "active"
    market.clock.advance(60)
    await heartbeats.step()
    assert await status(market, ada) == "offline"


async def test_signs_of_life_survive_a_failed_write(
    market: Market, heartbeats: Heartbeats, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await market.agent("Ada")
    await market.call(ada, "agent.list")

    async def refuse(*given: Any, **options: Any) -> None:
        raise OSError("no store")

    with monkeypatch.context() as broken:
        broken.setattr(market.app.dispatcher, "system", refuse)
        with pytest.raises(OSError, match="no store"):
            await heartbeats.flush()
    assert ("default", ada.subject) in market.app.context.last_seen
    await heartbeats.finish()
    assert not market.app.context.last_seen


# -- overrides ---------------------------------------------------------------------------------


async def test_an_expired_override_is_lifted_and_its_agent_goes_on(market: Market, house: House) -> None:
    ada, overrides = await market.agent("Ada"), Overrides(house)
    short: dict[str, Any] = {"target_id": "Ada", "action": "pause", "reason": "lunch", "expires_in": 60}
    first = await market.call(market.operator, "admin.override", **short)
    await market.call(market.operator, "admin.override", **short | {"expires_in": 120})
    await overrides.step()
    assert await status(market, ada) == "paused"
    market.clock.advance(61)
    await overrides.step()
    assert await status(market, ada) == "paused", "the other one stands"
    market.clock.advance(60)
    await overrides.step()
    await overrides.step()
    assert await status(market, ada) == "active"
    lifted, _ = events = data(market, "agora.override.expired")
    assert len({event["override_id"] for event in events}) == 2
    assert lifted == {
        "override_id": first.override_id,
        "target_id": ada.subject,
        "action": "pause",
        "authority": 255,
        "actor": "operator",
        "reason": "lunch",
        "expires_at": lifted["expires_at"],
        "status": "expired",
    }
    assert {event.subject for event in market.of_type("agora.override.expired")} == {ada.subject}


async def test_a_halt_of_the_marketplace_ends_by_itself(market: Market, house: House, engine: Engine) -> None:
    ada = await market.agent("Ada")
    halt: dict[str, Any] = {"target_id": "system_wide", "action": "emergency_halt", "expires_in": 10}
    await market.call(market.operator, "admin.override", **halt)
    market.clock.advance(11)
    await Overrides(house).step()
    assert not market.app.gate.frozen("default"), "the gate follows the log"
    assert await count(engine, "overrides", "status = 'expired' and lifted_by = 'system'") == 1
    await market.call(ada, "agent.heartbeat")


async def test_who_was_suspended_meanwhile_stays_suspended(market: Market, house: House) -> None:
    ada = await market.agent("Ada")
    await market.call(market.operator, "admin.override", target_id="Ada", action="pause", expires_in=60)
    await market.call(market.operator, "admin.manage", resource="agent", target="Ada", action="suspend")
    market.clock.advance(61)
    await Overrides(house).step()
    assert await status(market, ada) == "suspended"
    assert len(market.of_type("agora.override.expired")) == 1


# -- mail --------------------------------------------------------------------------------------


async def test_what_nobody_fetched_in_time_expires(
    market: Market, house: House, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora.controllers.mail.PAGE", 2)
    monkeypatch.setattr("agora.controllers.mail.BATCH", 1)
    ada, bob, cyd = [await market.agent(name) for name in ("Ada", "Bob", "Cyd")]
    read = await market.call(ada, SEND, to_agent="Bob", content="read", expires_in=HOUR)
    await market.call(bob, MARK, message_ids=[read.message_id])
    sent = await market.call(ada, SEND, to_agent=["Bob", "Cyd"], content="both", expires_in=HOUR)
    held = await market.call(ada, SEND, to_agent="Nobody", content="held", expires_in=HOUR)
    lasting = [await market.call(ada, SEND, to_agent="Cyd", content="stays") for _ in range(4)]
    mail = Mail(house)
    await mail.step()
    assert await count(engine, "deliveries", "state = 'expired'") == 0
    market.clock.advance(HOUR + 1)
    await mail.step()
    await mail.step()
    assert await count(engine, "deliveries", "state = 'expired'") == 3
    assert await count(engine, "deliveries", "state = 'read'") == 1
    expired: dict[str, set[str]] = {}
    for event in data(market, "agora.message.expired"):
        assert event["from_agent"] == ada.subject
        expired.setdefault(event["message_id"], set()).update(event["recipients"])
    assert expired == {sent.message_id: {bob.subject, cyd.subject}, held.message_id: {"name:Nobody"}}
    audiences = {event.audience for event in market.of_type("agora.message.expired")}
    assert audiences == {(ada.subject,), (ada.subject, bob.subject), (ada.subject, cyd.subject)}

    market.clock.advance(30 * DAY)
    await mail.step()
    assert await count(engine, "deliveries", "state = 'expired'") == 3 + len(lasting)


async def test_a_long_pass_goes_on_where_it_stopped(
    market: Market, house: House, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora.controllers.mail.PAGE", 2)
    monkeypatch.setattr("agora.controllers.mail.PAGES", 1)
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    for _ in range(5):
        await market.call(ada, SEND, to_agent="Bob", content="x")
    market.clock.advance(31 * DAY)
    mail, seen = Mail(house), []
    for _ in range(4):
        await mail.step()
        seen.append(await count(engine, "deliveries", "state = 'expired'"))
    assert seen == [2, 4, 5, 5]


async def test_what_waits_under_a_registered_name_is_handed_over(market: Market, house: House, engine: Engine) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    sent = await market.call(ada, SEND, to_agent="Bob", content="crossed")
    await market.call(ada, SEND, to_agent="Nobody", content="waits")
    await market.call(ada, SEND, to_agent="operator", content="not an agent")
    await _hold(market, sent.message_id, bob.subject, "name:Bob")
    mail = Mail(house)
    market.events.clear()
    for _ in range(2):
        await mail.step()
    (event,) = data(market, "agora.message.received")
    assert (event["message_id"], event["recipients"]) == (sent.message_id, [bob.subject])
    assert await count(engine, "deliveries", f"recipient = '{bob.subject}' and state = 'queued'") == 1
    assert await count(engine, "deliveries", "recipient = 'name:Nobody' and state = 'held'") == 1


async def test_mail_stands_still_during_a_halt(market: Market, house: House, engine: Engine) -> None:
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    await market.call(ada, SEND, to_agent="Bob", content="x")
    await market.call(market.operator, "admin.override", target_id="system_wide", action="emergency_halt")
    market.clock.advance(31 * DAY)
    await Mail(house).step()
    assert await count(engine, "deliveries", "state = 'queued'") == 1


async def _hold(market: Market, message_id: str, agent_id: str, address: str) -> None:
    """Put a delivery where a send that crossed the registration leaves it."""
    move = Write(
        "update deliveries set recipient = :address, state = 'held' "
        "where tenant_id = :tenant and recipient = :agent_id and message_id = :message_id"
    )

    async def work(call: Call) -> None:
        await call.tx.execute(move, address=address, agent_id=agent_id, message_id=message_id)

    await market.app.dispatcher.system("default", work)


# -- retention ---------------------------------------------------------------------------------


async def test_old_events_go_from_the_beginning_and_the_newest_stays(
    market: Market, house: House, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora.controllers.retention.BATCH", 3)
    await market.agent("Ada")
    for _ in range(9):
        await market.call(market.operator, "event.publish", event_type="tick", data={})
    retention = Retention(house)
    await retention.step()
    assert await count(engine, "events") == 10
    market.clock.advance(31 * DAY)
    await market.call(market.operator, "event.publish", event_type="late", data={})
    await retention.step()
    assert [row["seq"] for row in await engine.run("select seq from events")] == [11]
    market.clock.advance(31 * DAY)
    await retention.step()
    assert [row["seq"] for row in await engine.run("select seq from events")] == [11], "its number is needed"
    await market.call(market.operator, "event.publish", event_type="later", data={})
    assert [row["seq"] for row in await engine.run("select seq from events order by seq")] == [11, 12]


async def test_answers_and_audit_entries_go_in_their_time(
    market: Market, house: House, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora.controllers.retention.BATCH", 2)
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    for number in range(5):
        await market.call(ada, SEND, to_agent="Bob", content="x", key=f"key-{number}")
    market.clock.advance(DAY - 60)
    await market.call(ada, SEND, to_agent="Bob", content="x", key="young")
    retention = Retention(house)
    market.clock.advance(61)
    await retention.step()
    assert [row["key"] for row in await engine.run("select key from idempotency")] == ["young"]
    assert await count(engine, "audit") == 8
    market.clock.advance(365 * DAY - 122)
    await retention.step()
    assert await count(engine, "audit") == 1, "the youngest is a minute short of a year"


async def test_messages_are_deleted_with_their_deliveries(
    market: Market, house: House, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agora.controllers.retention.BATCH", 2)
    monkeypatch.setattr("agora.controllers.retention.SWEEP", 3)
    ada, bob, _ = [await market.agent(name) for name in ("Ada", "Bob", "Cyd")]
    for _ in range(5):
        await market.call(ada, SEND, to_agent=["Bob", "Cyd"], content="old")
    shout = await market.call(ada, SEND, to_agent="broadcast", content="all")
    await market.call(bob, MARK, message_ids=[shout.message_id])
    lasting = await market.call(ada, SEND, to_agent="Bob", content="lasting", expires_in=200 * DAY)
    retention = Retention(house)
    market.clock.advance(59 * DAY)
    await retention.step()
    assert (await count(engine, "messages"), await count(engine, "deliveries")) == (7, 12)
    market.clock.advance(2 * DAY)
    young = await market.call(ada, SEND, to_agent="Bob", content="young")
    await retention.step()
    left = {row["message_id"] for row in await engine.run("select message_id from messages")}
    assert left == {lasting.message_id, young.message_id}
    assert {row["message_id"] for row in await engine.run("select message_id from deliveries")} == left
    assert (await market.call(bob, RECEIVE)).count == 2


async def test_a_deletion_cut_short_is_finished_later(
    market: Market, house: House, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    await market.call(ada, SEND, to_agent="Bob", content="old")
    market.clock.advance(61 * DAY)
    retention = Retention(house)
    retention._stop = asyncio.Event()
    retention._stop.set()
    await retention.step()
    assert await count(engine, "messages") == 1
    retention._stop.clear()
    await retention.step()
    assert (await count(engine, "messages"), await count(engine, "deliveries")) == (0, 0)


# -- usage and positions -----------------------------------------------------------------------


async def test_usage_survives_a_restart_and_several_servers_add_up(market: Market, house: House) -> None:
    operation = market.app.catalogue.find("agora.agent.list")

    def server() -> UsageCounters:
        return UsageCounters(
            House(house.store, house.dispatcher, house.feed, house.gate, Meter(), house.context, house.clock)
        )

    first, second = server(), server()
    for counters, calls in ((first, 3), (second, 2)):
        await counters.load()
        for number in range(calls):
            counters.house.meter.record(operation, 0.01, number > 0)
    await asyncio.gather(first.step(), second.step())
    first.house.meter.record(operation, 0.04, True)
    await first.finish()
    await first.step()
    assert (first.house.meter.usage(operation).calls, first.house.meter.usage(operation).errors) == (6, 2)

    third = server()
    await third.load()
    usage = third.house.meter.usage(operation)
    assert (usage.calls, usage.errors, sum(usage.buckets)) == (6, 2, 6)
    assert usage.quantile(0.5) == pytest.approx(10, rel=0.13)
    assert usage.quantile(1.0) == pytest.approx(40, rel=0.13)


async def test_counts_stay_when_the_store_refuses(
    market: Market, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters, operation = UsageCounters(house), market.app.catalogue.find("agora.agent.list")
    before = house.meter.usage(operation).calls

    async def refuse(*given: Any, **options: Any) -> None:
        raise OSError("no store")

    house.meter.record(operation, 0.01, True)
    with monkeypatch.context() as broken:
        broken.setattr(house.dispatcher, "system", refuse)
        with pytest.raises(OSError, match="no store"):
            await counters.step()
    assert house.meter.usage(operation).calls == before + 1
    await counters.step()
    assert house.meter.usage(operation).calls == before + 1


async def test_positions_are_written(market: Market, house: House, engine: Engine) -> None:
    ada = await market.agent("Ada")
    made = await market.call(ada, "messaging.subscribe")
    house.feed.positions.advance("default", made.subscription_id, 7)
    await Positions(house).step()
    (row,) = await engine.run("select position from subscriptions")
    assert row["position"] == 7


# -- together ----------------------------------------------------------------------------------


async def test_every_loop_steps_on_an_empty_marketplace(market: Market) -> None:
    app = market.app
    monitor = HealthMonitor(app.store, market.clock, app.feed.live, app.settings.data_dir)
    loops = build(
        store=app.store,
        dispatcher=app.dispatcher,
        feed=app.feed,
        gate=app.gate,
        meter=app.meter,
        context=app.context,
        clock=market.clock,
        monitor=monitor,
        host=app.residents,
        lines=app.context.remotes,
        bus=None,
        authenticate=app.authenticator.authenticate,
    )
    assert len({loop.name for loop in loops}) == len(loops) > 7
    for loop in loops:
        await loop.load()
        await loop.step()
        await loop.finish()
    assert list(monitor.loops) == loops
    assert monitor.trouble() is None


async def test_every_tenant_is_tended(market: Market, house: House, engine: Engine) -> None:
    async def elsewhere(call: Call) -> None:
        call.emit("tick", {})

    await market.app.dispatcher.system("default", elsewhere)
    await market.app.dispatcher.system("another", elsewhere)
    tended: list[str] = []

    class Tending(Controller):
        name, interval = "tending", 1.0

        async def tend(self, tenant: str) -> None:
            tended.append(tenant)
            if tenant == "another":
                raise OSError(tenant)

    with pytest.raises(OSError, match="another"):
        await Tending(house).step()
    assert tended == ["another", "default"]
