"""Outbound bridge: entries for programs that use only Redis Streams are written to a stream per agent."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

from agora.core.call import Caller
from agora.domains.bus.engines import wire
from agora.domains.bus.engines.port import Delivery
from agora_sdk.errors import InvalidRequest
from tests.conformance.bus.redis_bridge import (
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
    market_turn,
    own_stream,
    settled,
    signed,
    token_of,
    valkey_server,
)
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.SQLITE

__all__ = ["a", "b", "broker", "client", "market", "valkey_server"]


async def test_messages_are_written_to_the_agents_stream(market: Market, client: Any, a: Caller, b: Caller) -> None:
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
    assert wire.verify_signature(fields, token_of(market, b)), "who has the token knows that it is genuine"


async def test_acknowledgement_on_redis_acknowledges_the_message(
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
            await bridge_of(market).sync_acknowledgements("default")
            states = {m.content: m.status.value for m in (await market.call(b, "messaging.receive")).messages}
    assert [e for e, _ in await client.xrange(f"{STREAM}:B")] == [e for e, _ in entries[1:]], "what is done is dropped"


async def test_message_from_redis_to_redis_is_delivered_once(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await joined(market, b)
    fields = entry("A", "B", {"n": 1}, key=token_of(market, a))
    await client.xadd(STREAM, fields)
    ((_, got),) = await own_stream(client, "B")
    assert (got["message_id"], json.loads(got["content"]), got["sender"]) == (fields["message_id"], {"n": 1}, "A")
    await client.xadd(STREAM, got)  # as a program that forwards everything it reads
    await settled(client)
    assert len((await market.call(b, "messaging.receive")).messages) == 1
    reply = entry("B", "A", {"n": 2}, correlation_id=got["message_id"], key=token_of(market, b))
    await client.xadd(STREAM, reply)
    ((_, answer),) = await own_stream(client, "A")  # A joined by publishing
    assert (answer["correlation_id"], json.loads(answer["content"])) == (fields["message_id"], {"n": 2})
    assert await client.xlen(f"{STREAM}:B") == 1


async def test_broadcast_reaches_all_agents(market: Market, client: Any, a: Caller, b: Caller) -> None:
    c = await market.agent("C")
    await joined(market, a)
    await joined(market, b)
    await client.xadd(STREAM, entry("A", "broadcast", type="state_update", key=token_of(market, a)))
    await settled(client)
    await market.call(c, "messaging.send", to_agent="broadcast", content="from C")
    assert [json.loads(f["content"])["text"] for _, f in await own_stream(client, "B", 2)] == ["hello", "from C"]
    assert [json.loads(f["content"])["text"] for _, f in await own_stream(client, "A", 1)] == ["from C"]
    assert [m.content for m in await inbox(market, c, 1)] == ["hello"]


async def test_tasks_are_bridged_in_both_directions(market: Market, client: Any, a: Caller, b: Caller) -> None:
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


async def test_repeatedly_unacknowledged_entry_becomes_a_dead_letter(
    market: Market, client: Any, a: Caller, b: Caller
) -> None:
    await joined(market, b)
    sent = await market.call(a, "messaging.send", to_agent="B", content="poison")
    ((entry_id, _),) = await own_stream(client, "B")
    stream = f"{STREAM}:B"
    for _ in range(2):
        await client.xclaim(stream, "B", "mcp-other", 0, [entry_id])
    await client.xclaim(stream, "B", "mcp-other", 0, [entry_id], idle=500_000, justid=True)
    async with asyncio.timeout(SECONDS):  # the bridge may not have stored yet that it was sent
        while not (found := (await market.call(b, "messaging.receive", status="dead_lettered")).messages):
            await bridge_of(market).sync_acknowledgements("default")
    (letter,) = [f for _, f in await client.xrange(f"{stream}/dead")]
    assert (letter["message_id"], letter["dead_deliveries"]) == (sent.message_id, "3")
    assert [message.message_id for message in found] == [sent.message_id]


async def test_dead_letter_of_another_server_is_recognized(market: Market, client: Any, a: Caller, b: Caller) -> None:
    """A server may die after moving it to the dead letters, before storing that."""
    await joined(market, b)
    sent = await market.call(a, "messaging.send", to_agent="B", content="poison")
    ((entry_id, fields),) = await own_stream(client, "B")
    await bridge_of(market).bus.dead_letter_entry(f"{STREAM}:B", "B", Delivery(entry_id, fields, 3), "exhausted")
    async with asyncio.timeout(SECONDS):
        while not (found := (await market.call(b, "messaging.receive", status="dead_lettered")).messages):
            await bridge_of(market).sync_acknowledgements("default")
    assert [message.message_id for message in found] == [sent.message_id]


async def test_agent_that_leaves_redis_keeps_its_messages(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await joined(market, b)
    await market.call(a, "messaging.send", to_agent="B", content="1")
    await own_stream(client, "B")
    left = await market.call(b, "bus.leave")
    assert not left.active
    await market.call(a, "messaging.send", to_agent="B", content="2")
    await bridge_of(market).send_to_agents("default", None)
    assert await client.xlen(f"{STREAM}:B") == 1
    assert [e.content["text"] for e in (await market.call(b, "bus.read")).entries] == ["2"]


async def test_agents_of_another_marketplace_have_separate_streams(
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
    await bridge.send_or_wait_for_entries("other", 0)
    found = [json.loads(f["content"]) for _, f in await client.xrange(f"{STREAM}:other//B")]
    assert {"text": "to myself, elsewhere"} in found
    assert await client.xlen(f"{STREAM}:B") == 0
    assert (await market.call(b, "messaging.receive")).messages == []


async def test_new_agent_of_a_reused_name_gets_no_old_entries(
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


async def test_agent_names_cannot_address_streams_of_others(market: Market, a: Caller) -> None:
    names = ["dead", "A/dead", "A:dead", "other/B", "A..dead", "B//dead"]
    streams = []
    for name in names:
        try:
            streams.append((await joined(market, await market.agent(name))).stream)
        except InvalidRequest:
            continue
    taken = {STREAM, f"{STREAM}/dead", f"{STREAM}:A", f"{STREAM}:A/dead", f"{STREAM}:other//B"}
    assert not taken & set(streams)
    assert len(set(streams)) == len(streams) >= 3
