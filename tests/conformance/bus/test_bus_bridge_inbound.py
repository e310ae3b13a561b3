"""Inbound bridge: entries of programs that use only Redis Streams, here a bare client, are ingested."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import redis.asyncio

from agora.core.call import Caller
from agora.domains.bus.held_entries import HeldEntries
from agora_sdk.errors import RateLimited
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
    market,
    market_turn,
    settled,
    signed,
    token_of,
    valkey_server,
)
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.SQLITE

__all__ = ["a", "b", "broker", "client", "market", "valkey_server"]


async def test_entry_with_a_key_becomes_a_message(market: Market, client: Any, a: Caller, b: Caller) -> None:
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


async def test_entry_with_a_signature_becomes_a_message(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await client.xadd(STREAM, signed(entry("A", "B", "just words", extra="kept"), token_of(market, a)))
    (message,) = await inbox(market, b)
    assert (message.content, message.from_agent) == ("just words", a.subject)
    (seen,) = (await market.call(b, "bus.read")).entries
    assert "kept" in json.dumps(seen.extensions)


async def refusals(market: Market, client: Any, *entries: dict[Any, Any]) -> list[tuple[str, dict[str, str]]]:
    """Return the reasons of refused entries from the events and the dead letters."""
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


async def test_unauthenticated_entries_are_refused(market: Market, client: Any, a: Caller, b: Caller) -> None:
    token, other = token_of(market, a), token_of(market, b)
    base = entry("A", "B")
    old = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    wrong: list[tuple[dict[Any, Any], str]] = [
        (base, "neither key nor signature"),
        (base | {"key": "agt_nonsense"}, "token is invalid"),
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


async def test_operators_key_may_send_for_others(market: Market, client: Any, a: Caller, b: Caller) -> None:
    created = await market.call(market.operator, "token.create", label="gate", scopes=["write:messages", "act:any"])
    await client.xadd(STREAM, entry("A", "B", key=created.token))
    (message,) = await inbox(market, b)
    assert message.from_agent == a.subject


async def test_repeated_entry_has_no_further_effect(market: Market, client: Any, a: Caller, b: Caller) -> None:
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


async def test_entries_wait_during_a_halt(market: Market, client: Any, a: Caller, b: Caller) -> None:
    await market.call(
        market.operator, "admin.override", target_id="system_wide", action="emergency_halt", reason="stop"
    )
    await client.xadd(STREAM, entry("A", "B", key=token_of(market, a)))
    bridge = bridge_of(market)
    await bridge.step()
    assert (await client.xlen(f"{STREAM}/dead"), market.of_type("agora.message.received")) == (0, [])
    await market.call(market.operator, "admin.override", target_id="system_wide", action="resume")
    assert len(await inbox(market, b)) == 1


async def test_flooding_sender_does_not_delay_others(market: Market, client: Any, a: Caller, b: Caller) -> None:
    """An agent of another marketplace sends above its rate, with entries that claim to be A's."""
    bridge_of(market).inbound.held = HeldEntries(limit=30, tenant_limit=20, sender_limit=10)
    await market.call(market.operator, "tenant.create", tenant_id="other", name="Other")
    stranger = Caller("other", "operator", "operator", "operator", frozenset({"*"}))
    registration = await market.call(stranger, "agent.register", agent_name="Loud")
    loud = await market.app.authenticator.authenticate(registration.token)
    limiter = market.app.dispatcher.limiter
    limiter.clock = lambda: 0.0  # the rate is not refilled meanwhile
    with suppress(RateLimited):
        while True:
            limiter.charge_call(loud)
    for number in range(60):
        await client.xadd(STREAM, entry("A", "B", {"n": number}, key=registration.token))
    await client.xadd(STREAM, entry("A", "B", "of A itself", key=token_of(market, a)))
    assert [message.content for message in await inbox(market, b)] == ["of A itself"]
    held = bridge_of(market).inbound.held
    async with asyncio.timeout(SECONDS):
        while (await client.xinfo_groups(STREAM))[0]["lag"] or len(held) != 10:
            await market_turn()
    (group,) = await client.xinfo_groups(STREAM)
    assert group["pending"] == 60, "what finds no room is not lost: it comes back"
    assert await client.xlen(f"{STREAM}/dead") == 0
