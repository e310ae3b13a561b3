"""Background jobs of agents: heartbeat supervision and expiry of messages, on every engine."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import from_json

from agora.core.call import Call
from agora.core.jobs import JobContext
from agora.domains.admin.jobs import OverrideController
from agora.domains.agents.jobs import HeartbeatController
from agora.domains.messaging.jobs import MessageExpiryController
from agora.store.port import StoreFailure, Write
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.job_fixtures import DAY, HOUR, MARK, SEND, context, count, data, heartbeats, status
from tests.failing_stores import failing_store
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

__all__ = ["context", "heartbeats"]


# -- heartbeats ------------------------------------------------------------------------------------


async def test_any_call_counts_as_a_heartbeat(market: Market, heartbeats: HeartbeatController) -> None:
    ada = await market.agent("Ada")
    market.clock.advance(50)
    await market.call(ada, "agent.list")
    await heartbeats.flush_heartbeats()
    seen = await market.call(market.operator, "agent.get", agent_id="Ada")
    assert (seen.last_activity - seen.registered_at).total_seconds() >= 50
    assert not market.app.context.last_seen, "written once"
    assert not market.of_type("agora.agent.status_changed"), "no event without a change of state"


async def test_older_heartbeat_is_ignored(market: Market, heartbeats: HeartbeatController) -> None:
    ada = await market.agent("Ada")
    before = (await market.call(market.operator, "agent.get", agent_id="Ada")).last_activity
    market.app.context.last_seen["default", ada.subject] = 1
    await heartbeats.flush_heartbeats()
    assert (await market.call(market.operator, "agent.get", agent_id="Ada")).last_activity == before


async def test_silent_agents_go_offline_and_return_online(market: Market, heartbeats: HeartbeatController) -> None:
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
    await heartbeats.flush_heartbeats()
    await market.call(bob, "agent.list")
    await heartbeats.step()
    assert (await status(market, bob), await status(market, ada)) == ("active", "offline")
    availability = (await market.call(market.operator, "agent.get", agent_id="Bob")).availability
    assert 0.4 < availability < 0.55, "the time offline does not count"


async def test_agent_that_reports_offline_stays_offline_until_its_next_call(
    market: Market, heartbeats: HeartbeatController
) -> None:
    ada = await market.agent("Ada")
    await market.call(ada, "agent.update", agent_id="Ada", status="offline")
    await heartbeats.step()
    assert await status(market, ada) == "offline"
    market.clock.advance(1)
    await market.call(ada, "agent.list")
    await heartbeats.step()
    assert await status(market, ada) == "active"


async def test_only_active_agents_go_offline(market: Market, heartbeats: HeartbeatController) -> None:
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
    market: Market, heartbeats: HeartbeatController
) -> None:
    heartbeats.batch = 3
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


async def test_no_agent_goes_offline_right_after_a_start(market: Market, heartbeats: HeartbeatController) -> None:
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


async def test_no_agent_goes_offline_during_or_right_after_a_halt(
    market: Market, heartbeats: HeartbeatController
) -> None:
    ada = await market.agent("Ada")
    halt: dict[str, Any] = {"target_id": "system_wide", "action": "emergency_halt", "expires_in": 2 * HOUR}
    await market.call(market.operator, "admin.override", **halt)
    market.clock.advance(HOUR)
    await heartbeats.step()
    market.clock.advance(HOUR - 1)
    await heartbeats.step()
    market.clock.advance(60)  # the halt has ended, but Ada may not have noticed yet
    await OverrideController(heartbeats.context).step()
    await heartbeats.step()
    assert await status(market, ada) == "active"
    market.clock.advance(60)
    await heartbeats.step()
    assert await status(market, ada) == "offline"


async def test_heartbeats_survive_a_failed_write(market: Market, heartbeats: HeartbeatController) -> None:
    ada = await market.agent("Ada")
    await market.call(ada, "agent.list")
    with failing_store(market.app).failing(), pytest.raises(StoreFailure):
        await heartbeats.flush_heartbeats()
    assert ("default", ada.subject) in market.app.context.last_seen
    await heartbeats.shut_down()
    assert not market.app.context.last_seen


# -- messages ---------------------------------------------------------------------------------------


async def test_unread_messages_expire(market: Market, context: JobContext, engine: Engine) -> None:
    ada, bob, cyd = [await market.agent(name) for name in ("Ada", "Bob", "Cyd")]
    read = await market.call(ada, SEND, to_agent="Bob", content="read", expires_in=HOUR)
    await market.call(bob, MARK, message_ids=[read.message_id])
    sent = await market.call(ada, SEND, to_agent=["Bob", "Cyd"], content="both", expires_in=HOUR)
    held = await market.call(ada, SEND, to_agent="Nobody", content="held", expires_in=HOUR)
    lasting = [await market.call(ada, SEND, to_agent="Cyd", content="stays") for _ in range(4)]
    mail = MessageExpiryController(context)
    mail.page, mail.batch = 2, 1
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


async def test_long_pass_continues_where_it_stopped(market: Market, context: JobContext, engine: Engine) -> None:
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    for _ in range(5):
        await market.call(ada, SEND, to_agent="Bob", content="x")
    market.clock.advance(31 * DAY)
    mail, seen = MessageExpiryController(context), []
    mail.page, mail.pages = 2, 1
    for _ in range(4):
        await mail.step()
        seen.append(await count(engine, "deliveries", "state = 'expired'"))
    assert seen == [2, 4, 5, 5]


async def test_messages_waiting_for_a_name_are_delivered_after_registration(
    market: Market, context: JobContext, engine: Engine
) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    sent = await market.call(ada, SEND, to_agent="Bob", content="crossed")
    await market.call(ada, SEND, to_agent="Nobody", content="waits")
    await market.call(ada, SEND, to_agent="operator", content="not an agent")
    await _hold(market, sent.message_id, bob.subject, "name:Bob")
    mail = MessageExpiryController(context)
    market.events.clear()
    for _ in range(2):
        await mail.step()
    (event,) = data(market, "agora.message.received")
    assert (event["message_id"], event["recipients"]) == (sent.message_id, [bob.subject])
    assert await count(engine, "deliveries", f"recipient = '{bob.subject}' and state = 'queued'") == 1
    assert await count(engine, "deliveries", "recipient = 'name:Nobody' and state = 'held'") == 1


async def test_messages_do_not_expire_during_a_halt(market: Market, context: JobContext, engine: Engine) -> None:
    ada, _ = await market.agent("Ada"), await market.agent("Bob")
    await market.call(ada, SEND, to_agent="Bob", content="x")
    await market.call(market.operator, "admin.override", target_id="system_wide", action="emergency_halt")
    market.clock.advance(31 * DAY)
    await MessageExpiryController(context).step()
    assert await count(engine, "deliveries", "state = 'queued'") == 1


async def _hold(market: Market, message_id: str, agent_id: str, address: str) -> None:
    """Put a delivery into the state of a send that raced with the registration."""
    move = Write(
        "update deliveries set recipient = :address, state = 'held' "
        "where tenant_id = :tenant and recipient = :agent_id and message_id = :message_id"
    )

    async def work(call: Call) -> None:
        await call.tx.execute(move, address=address, agent_id=agent_id, message_id=message_id)

    await market.app.dispatcher.write_as_system("default", work)
