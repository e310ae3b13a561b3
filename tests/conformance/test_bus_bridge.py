"""Programs that speak only Redis Streams, here a bare client, take part in the marketplace, in both directions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis.asyncio

from agora.app import App
from agora.bus import wire
from agora.bus.port import Delivery
from agora.controllers.bus_bridge import BusBridge
from agora.services.base import Caller
from agora_sdk.errors import InvalidRequest
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.valkey import broker, running_broker, valkey_server

__all__ = ["broker", "valkey_server"]

STREAM = "xnai:agent_bus"
GROUP = "xnai-mcp-server"
SECONDS = 60


@pytest.fixture
async def client(broker: str) -> AsyncIterator[Any]:
    async with redis.asyncio.Redis.from_url(broker, decode_responses=True, encoding_errors="replace") as client:
        yield client


@pytest.fixture
async def market(tmp_path: Path, clock: ManualClock, broker: str) -> AsyncIterator[Market]:
    app = App(make_settings(tmp_path / "data", bus=broker), clock=clock)
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
async def a(market: Market) -> Caller:
    return await market.agent("A")


@pytest.fixture
async def b(market: Market) -> Caller:
    return await market.agent("B")


def bridge_of(market: Market) -> BusBridge:
    return next(c for c in market.app.controllers if isinstance(c, BusBridge))


def token_of(market: Market, agent: Caller) -> str:
    return market.app.signer.agent_token(agent.tenant, agent.subject, agent.generation)


def entry(sender: str, target: str, content: Any = None, **fields: str) -> dict[str, str]:
    """As the source has it."""
    return {
        "message_id": str(uuid4()),
        "timestamp": datetime.now(UTC).isoformat(),
        "sender": sender,
        "target": target,
        "type": "assistance_request",
        "priority": "medium",
        "content": json.dumps(content if content is not None else {"text": "hello"}),
    } | fields


def signed(fields: dict[str, str], token: str) -> dict[str, str]:
    return fields | {"signature": wire.signature(fields, token)}


async def inbox(market: Market, agent: Caller, count: int = 1) -> list[Any]:
    """Messages as any protocol shows them, once there are so many."""
    async with asyncio.timeout(SECONDS):
        while True:
            messages = (await market.call(agent, "messaging.receive", wait=5)).messages
            if len(messages) >= count:
                return list(messages)


async def own_stream(client: Any, name: str, count: int = 1) -> list[tuple[str, dict[str, str]]]:
    """What comes on an agent's stream, read as its programs would."""
    found: list[tuple[str, dict[str, str]]] = []
    stream = f"{STREAM}:{name}"
    async with asyncio.timeout(SECONDS):
        while len(found) < count:
            try:
                for _, entries in await client.xreadgroup(name, "mcp-a1b2c3d4", {stream: ">"}, count=10, block=200):
                    found += entries
            except redis.exceptions.ResponseError:
                await market_turn()  # the group is made with the first entry
    return found


async def market_turn() -> None:
    """Let everybody else have a turn: what is waited for happens in another process."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.02)


async def settled(client: Any) -> None:
    """Wait until everything on the stream was taken in."""
    async with asyncio.timeout(SECONDS):
        while True:
            (group,) = await client.xinfo_groups(STREAM)
            if group["pending"] == 0 and group["lag"] == 0:
                return
            await market_turn()


# -- in ------------------------------------------------------------------------------------------


async def test_an_entry_with_a_key_becomes_a_message(market: Market, client: Any, a: Caller, b: Caller) -> None:
    fields = entry("A", "B", {"question": "Grüße?"}, priority="high", correlation_id="c-1", key=token_of(market, a))
    await client.xadd(STREAM, fields)
    (message,) = await inbox(market, b)
    assert (message.from_agent, message.from_name) == (a.subject, "A")
    assert (message.message_type, message.priority.value) == ("assistance_request", "high")
    assert (json.loads(message.content), message.correlation_id) == ({"question": "Grüße?"}, "c-1")
    (seen,) = (await market.call(b, "bus.read")).entries
    assert (seen.message_id, seen.content) == (fields["message_id"], {"question": "Grüße?"})
    await settled(client)
    assert fields["key"] not in "".join(stored.event.data.decode() for stored in market.events)


async def test_an_entry_with_a_signature_becomes_a_message(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await client.xadd(STREAM, signed(entry("A", "B", "just words", extra="kept"), token_of(market, a)))
    (message,) = await inbox(market, b)
    assert (message.content, message.from_agent) == ("just words", a.subject)
    (seen,) = (await market.call(b, "bus.read")).entries
    assert "kept" in json.dumps(seen.extensions)


async def refusals(market: Market, client: Any, *entries: dict[Any, Any]) -> list[tuple[str, dict[str, str]]]:
    """Why entries were refused, as the events and the dead letters tell."""
    where = client.get_connection_kwargs()
    async with redis.asyncio.Redis(port=where["port"], db=where["db"]) as raw:
        ids = [(await raw.xadd(STREAM, fields)).decode() for fields in entries]

    def reasons() -> dict[str, str]:
        told = [each for e in market.of_type("agora.bus.refused") for each in json.loads(e.data)["entries"]]
        return {each["entry_id"]: each["reason"] for each in told}

    async with asyncio.timeout(SECONDS):
        while not reasons().keys() >= set(ids):
            await market_turn()
    letters = {fields["dead_entry_id"]: fields for _, fields in await client.xrange(f"{STREAM}/dead")}
    assert all(not {"key", "signature"} & letters[each].keys() for each in ids), "credentials are not kept"
    return [(reasons()[each], letters[each]) for each in ids]


async def test_what_is_not_genuine_is_refused(market: Market, client: Any, a: Caller, b: Caller) -> None:
    token, other = token_of(market, a), token_of(market, b)
    base = entry("A", "B")
    old = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    wrong: list[tuple[dict[Any, Any], str]] = [
        (base, "neither key nor signature"),
        (base | {"key": "agt_nonsense"}, "not genuine"),
        (base | {"key": other}, "act:any"),
        (base | {"signature": "00"}, "not that of the sender"),
        (base | {"signature": "\u00e9"}, "not that of the sender"),
        (signed(base, other), "not that of the sender"),
        (signed(base, token) | {"content": "{}"}, "not that of the sender"),
        (signed(base, token) | {"added": "x"}, "not that of the sender"),
        (signed(entry("Nobody", "B"), token), "not that of the sender"),
        (signed(entry("A", "B", timestamp=old), token), "was signed"),
        (signed(entry("A", "B", timestamp="yesterday"), token), "timestamp"),
        (signed(base | {"tenant": "other"}, token), "not that of the sender"),
        (base | {"key": token, "type": "gossip"}, "type"),
        (base | {"key": token, "priority": "now"}, "priority"),
        (base | {"key": token, "target": f"agent_{'0' * 32}"}, "No agent"),
        (base | {"key": token, "message_id": "with space"}, "message_id"),
        ({b"key": token.encode(), b"content": b"\xff\xfe", b"type": b"state_update"}, "not UTF-8"),
        ({"x": "y"}, "neither key nor signature"),
    ]
    found = await refusals(market, client, *(fields for fields, _ in wrong))
    for (reason, letter), (_, expected) in zip(found, wrong, strict=True):
        assert expected in reason
        assert expected in letter["dead_reason"]
    assert (await market.call(b, "messaging.receive")).messages == []
    await settled(client)


async def test_a_key_of_an_operator_speaks_for_others(market: Market, client: Any, a: Caller, b: Caller) -> None:
    created = await market.call(market.operator, "token.create", label="gate", scopes=["write:messages", "act:any"])
    await client.xadd(STREAM, entry("A", "B", key=created.token))
    (message,) = await inbox(market, b)
    assert message.from_agent == a.subject


async def test_a_repetition_has_no_further_effect(market: Market, client: Any, a: Caller, b: Caller) -> None:
    fields = signed(entry("A", "B"), token_of(market, a))
    for _ in range(5):
        await client.xadd(STREAM, fields)
    await client.xadd(STREAM, signed(entry("A", "B", {"text": "last"}), token_of(market, a)))
    await settled(client)
    assert [m.content for m in await inbox(market, b, 2)] == ["hello", "last"]
    again = entry("A", "B", "other", message_id=fields["message_id"], key=token_of(market, a))
    ((reason, _),) = await refusals(market, client, again)
    assert "was used for another entry" in reason


async def test_entries_of_one_sender_stay_in_order(market: Market, client: Any, a: Caller, b: Caller) -> None:
    for number in range(120):
        sender = a if number % 3 else b
        await client.xadd(STREAM, entry(sender.name, "Reader", {"n": number}, key=token_of(market, sender)))
    await settled(client)
    reader = await market.agent("Reader")
    numbers = []
    while found := (await market.call(reader, "bus.read", count=100)).entries:
        numbers += [e.content["n"] for e in found]
    assert sorted(numbers) == list(range(120))
    assert [n for n in numbers if n % 3] == [n for n in range(120) if n % 3]


async def test_a_halt_keeps_entries_waiting(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await market.call(
        market.operator, "admin.override", target_id="system_wide", action="emergency_halt", reason="stop"
    )
    await client.xadd(STREAM, entry("A", "B", key=token_of(market, a)))
    bridge = bridge_of(market)
    await bridge.step()
    assert (await client.xlen(f"{STREAM}/dead"), market.of_type("agora.message.received")) == (0, [])
    await market.call(market.operator, "admin.override", target_id="system_wide", action="resume")
    assert len(await inbox(market, b)) == 1


# -- out -----------------------------------------------------------------------------------------


async def joined(market: Market, agent: Caller) -> Any:
    return await market.call(agent, "bus.join")


async def test_messages_leave_on_the_agents_stream(market: Market, client: Any, a: Caller, b: Caller) -> None:
    before = await market.call(a, "messaging.send", to_agent="B", content="before")
    membership = await joined(market, b)
    assert (membership.stream, membership.group, membership.inbound) == (f"{STREAM}:B", "B", STREAM)
    sent = await market.call(
        a, "messaging.send", to_agent="B", content="hello", priority="urgent", message_type="alert",
        correlation_id="c-9", metadata={"k": 1},
    )  # fmt: skip
    (_, first), (_, fields) = await own_stream(client, "B", 2)
    assert first["message_id"] == before.message_id
    assert (fields["message_id"], fields["ref"]) == (sent.message_id, sent.message_id)
    assert (fields["sender"], fields["target"], fields["origin"]) == ("A", "B", "agora")
    assert (fields["type"], fields["priority"], fields["correlation_id"]) == ("error_report", "high", "c-9")
    assert json.loads(fields["content"]) == {"text": "hello"}
    assert json.loads(fields["extensions"])["metadata"] == {"k": 1}
    assert datetime.fromisoformat(fields["timestamp"]).tzinfo
    assert wire.is_signed_with(fields, token_of(market, b)), "who has the token knows that it is genuine"


async def test_what_an_agent_acknowledges_there_is_acknowledged_here(
    market: Market, client: Any, a: Caller, b: Caller
) -> None:
    await joined(market, b)
    for number in range(3):
        await market.call(a, "messaging.send", to_agent="B", content=str(number))
    entries = await own_stream(client, "B", 3)
    await client.xack(f"{STREAM}:B", "B", entries[0][0], entries[2][0])
    wanted, states = {"0": "acknowledged", "1": "delivered", "2": "acknowledged"}, {}
    async with asyncio.timeout(SECONDS):
        while states != wanted:
            await bridge_of(market)._follow("default")
            states = {m.content: m.status.value for m in (await market.call(b, "messaging.receive")).messages}
    assert [e for e, _ in await client.xrange(f"{STREAM}:B")] == [e for e, _ in entries[1:]], "what is done is dropped"


async def test_a_message_from_redis_to_redis_goes_once(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await joined(market, b)
    fields = entry("A", "B", {"n": 1}, key=token_of(market, a))
    await client.xadd(STREAM, fields)
    ((_, got),) = await own_stream(client, "B")
    assert (got["message_id"], json.loads(got["content"]), got["sender"]) == (fields["message_id"], {"n": 1}, "A")
    await client.xadd(STREAM, got)  # as a program would that forwards all it sees
    await settled(client)
    assert len((await market.call(b, "messaging.receive")).messages) == 1
    reply = entry("B", "A", {"n": 2}, correlation_id=got["message_id"], key=token_of(market, b))
    await client.xadd(STREAM, reply)
    ((_, answer),) = await own_stream(client, "A")  # A joined by publishing
    assert (answer["correlation_id"], json.loads(answer["content"])) == (fields["message_id"], {"n": 2})
    assert await client.xlen(f"{STREAM}:B") == 1


async def test_a_broadcast_reaches_all(market: Market, client: Any, a: Caller, b: Caller) -> None:
    c = await market.agent("C")
    await joined(market, a)
    await joined(market, b)
    await client.xadd(STREAM, entry("A", "broadcast", type="state_update", key=token_of(market, a)))
    await settled(client)
    await market.call(c, "messaging.send", to_agent="broadcast", content="from C")
    assert [json.loads(f["content"])["text"] for _, f in await own_stream(client, "B", 2)] == ["hello", "from C"]
    assert [json.loads(f["content"])["text"] for _, f in await own_stream(client, "A", 1)] == ["from C"]
    assert [m.content for m in await inbox(market, c, 1)] == ["hello"]


async def test_tasks_go_both_ways(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await joined(market, b)
    assignment = entry("A", "B", {"task_type": "review", "file": "x"}, type="task_assignment", key=token_of(market, a))
    await client.xadd(STREAM, assignment)
    ((_, fields),) = await own_stream(client, "B")
    content = json.loads(fields["content"])
    assert (fields["type"], content["task_type"], content["payload"]) == ("task_assignment", "review", {"file": "x"})
    assert fields["correlation_id"] == assignment["message_id"]
    task = await market.call(a, "task.get", task_id=content["task_id"])
    assert (task.status.value, task.created_by) == ("in_progress", a.subject)
    done = {"task_id": content["task_id"], "fencing_token": content["fencing_token"], "result": {"ok": True}}
    await client.xadd(STREAM, entry("B", "A", done, type="task_completion", key=token_of(market, b)))
    ((_, report),) = await own_stream(client, "A")
    assert (report["type"], json.loads(report["content"])) == ("task_completion", done)
    task = await market.call(a, "task.get", task_id=content["task_id"])
    assert (task.status.value, task.result) == ("completed", {"ok": True})
    await market.call(a, "task.assign", task_type="later", assignee="B")
    ((_, fields),) = await own_stream(client, "B")
    assert json.loads(fields["content"])["task_type"] == "later"


async def test_what_an_agent_cannot_deal_with_is_a_dead_letter(
    market: Market, client: Any, a: Caller, b: Caller
) -> None:
    await joined(market, b)
    sent = await market.call(a, "messaging.send", to_agent="B", content="poison")
    ((entry_id, _),) = await own_stream(client, "B")
    stream = f"{STREAM}:B"
    for _ in range(2):
        await client.xclaim(stream, "B", "mcp-other", 0, [entry_id])
    await client.xclaim(stream, "B", "mcp-other", 0, [entry_id], idle=500_000, justid=True)
    async with asyncio.timeout(SECONDS):  # the bridge may not have written down yet that it has left
        while not (found := (await market.call(b, "messaging.receive", status="dead_lettered")).messages):
            await bridge_of(market)._follow("default")
    (letter,) = [f for _, f in await client.xrange(f"{stream}/dead")]
    assert (letter["message_id"], letter["dead_deliveries"]) == (sent.message_id, "3")
    assert [message.message_id for message in found] == [sent.message_id]


async def test_a_dead_letter_is_one_whoever_buried_it(market: Market, client: Any, a: Caller, b: Caller) -> None:
    """A server may die after burying it, before it wrote that down."""
    await joined(market, b)
    sent = await market.call(a, "messaging.send", to_agent="B", content="poison")
    ((entry_id, fields),) = await own_stream(client, "B")
    await bridge_of(market)._bus.bury(f"{STREAM}:B", "B", Delivery(entry_id, fields, 3), "exhausted")
    async with asyncio.timeout(SECONDS):
        while not (found := (await market.call(b, "messaging.receive", status="dead_lettered")).messages):
            await bridge_of(market)._follow("default")
    assert [message.message_id for message in found] == [sent.message_id]


async def test_who_leaves_keeps_its_messages_here(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await joined(market, b)
    await market.call(a, "messaging.send", to_agent="B", content="1")
    await own_stream(client, "B")
    left = await market.call(b, "bus.leave")
    assert not left.active
    await market.call(a, "messaging.send", to_agent="B", content="2")
    await bridge_of(market)._send_all("default", None)
    assert await client.xlen(f"{STREAM}:B") == 1
    assert [e.content["text"] for e in (await market.call(b, "bus.read")).entries] == ["2"]


async def test_another_marketplaces_agents_have_streams_of_their_own(
    market: Market, client: Any, a: Caller, b: Caller
) -> None:
    await market.call(market.operator, "tenant.create", tenant_id="other", name="Other")
    stranger = Caller("other", "operator", "operator", "operator", frozenset({"*"}))
    registration = await market.call(stranger, "agent.register", agent_name="B")
    theirs = await market.app.authenticator.authenticate(registration.token)
    assert (await market.call(theirs, "bus.join")).stream == f"{STREAM}:other//B"
    await joined(market, b)
    fields = entry("B", "B", {"n": 1}, tenant="other")
    await client.xadd(STREAM, signed(fields, registration.token))
    await settled(client)
    await market.call(theirs, "messaging.send", to_agent="B", content="to myself, elsewhere")
    bridge = bridge_of(market)
    await bridge.send_on("other", 0)
    found = [json.loads(f["content"]) for _, f in await client.xrange(f"{STREAM}:other//B")]
    assert {"text": "to myself, elsewhere"} in found
    assert await client.exists(f"{STREAM}:B") == 0
    assert (await market.call(b, "messaging.receive")).messages == []


async def test_who_takes_over_a_name_does_not_get_what_was_left_to_it(
    market: Market, client: Any, a: Caller, b: Caller
) -> None:
    await joined(market, b)
    await market.call(a, "messaging.send", to_agent="B", content="secret of the old one")
    await own_stream(client, "B")
    await client.xadd(f"{STREAM}:B/dead", {"content": "buried"})
    await market.call(b, "agent.deregister", agent_id="B")
    heir = await market.agent("B")
    await joined(market, heir)
    await market.call(a, "messaging.send", to_agent="B", content="welcome")
    async with asyncio.timeout(SECONDS):
        while "welcome" not in str(entries := await client.xrange(f"{STREAM}:B")):
            await market_turn()
    assert "secret" not in str(entries)
    assert await client.exists(f"{STREAM}:B/dead") == 0


async def test_names_do_not_lead_to_anothers_stream(market: Market, a: Caller) -> None:
    names = ["dead", "A/dead", "A:dead", "other/B", "..", "B//dead"]
    streams = []
    for name in names:
        try:
            streams.append((await joined(market, await market.agent(name))).stream)
        except InvalidRequest:
            continue
    taken = {STREAM, f"{STREAM}/dead", f"{STREAM}:A", f"{STREAM}:A/dead", f"{STREAM}:other//B"}
    assert not taken & set(streams)
    assert len(set(streams)) == len(streams) >= 3


# -- Redis itself --------------------------------------------------------------------------------


async def test_health_tells_of_redis(market: Market, client: Any, a: Caller) -> None:
    await market.app.monitor.sample()
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


async def test_redis_may_come_later_and_go_and_nothing_is_lost(tmp_path: Path, clock: ManualClock) -> None:
    with running_broker(fsync="always") as server:
        server.kill()
        app = App(make_settings(tmp_path / "data", bus=server.url), clock=clock)
        await app.start()
        market = Market(app, clock)
        a, b = await market.agent("A"), await market.agent("B")
        await app.monitor.sample()
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


async def up(market: Market) -> None:
    """Wait until the bridge stands again."""
    bridge = bridge_of(market)
    async with asyncio.timeout(SECONDS):
        while not (bridge.state.connected and bridge._ready):
            await bridge.step()
            await market_turn()


async def test_a_stream_that_was_deleted_is_made_again(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await client.flushdb()
    await up(market)
    await client.xadd(STREAM, entry("A", "B", key=token_of(market, a)))
    assert len(await inbox(market, b)) == 1


async def test_what_redis_lost_leaves_again(tmp_path: Path, clock: ManualClock) -> None:
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
                await bridge_of(market)._follow("default")
        server.kill()
        server.start()  # with nothing
        await up(market)
        await client.connection_pool.disconnect()
        again = await own_stream(client, "B", 2)
        assert [f["message_id"] for _, f in again] == [f["message_id"] for _, f in first[1:]]
        await client.aclose()
        await app.stop()
