"""Agents that use only Redis: delivery to their programs, and redelivery of unacknowledged entries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis

from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until
from tests.valkey import Broker, empty_database, valkey_server

__all__ = ["valkey_server"]

INBOUND, INBOUND_GROUP = "xnai:agent_bus", "xnai-mcp-server"
STALE = 5.5  # seconds, longer than an idle server waits between looks; the source's consumers claim after 30, which is what bus_stale is by default


class Consumer:
    """A program of an agent, as its users write it: XREADGROUP, XACK, and optionally XAUTOCLAIM."""

    def __init__(self, client: redis.Redis, name: str) -> None:
        self.client, self.name, self.stream = client, name, f"{INBOUND}:{name}"
        self.handled: Counter[str] = Counter()  # by the message's text

    def read(self, *, consumer: str = "mcp-a1b2c3d4", claim: bool = False, ack: bool = False, block: int = 20) -> None:
        """Read new entries, then those left by other consumers, for as long as the server waits."""
        fresh = self.client.xreadgroup(self.name, consumer, {self.stream: ">"}, count=10, block=block)
        entries = [entry for _, found in fresh for entry in found]
        if claim:
            entries += self.client.xautoclaim(self.stream, self.name, consumer, int(STALE * 1000), "0")[1]
        for entry_id, fields in entries:
            self.handled[json.loads(fields["content"])["text"]] += 1
            if ack:
                self.client.xack(self.stream, self.name, entry_id)


@pytest.fixture(scope="module")
def broker_url(valkey_server: Broker) -> str:
    return empty_database(valkey_server)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, broker_url: str) -> Iterator[ServerProcess]:
    settings = {"bus": broker_url, "bus_stale": str(STALE), "offline_after": "5"}
    process = ServerProcess(tmp_path_factory.mktemp("redis") / "data", **settings).start()
    yield process
    process.close()


@pytest.fixture(scope="module")
def client(broker_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker_url, decode_responses=True) as client:
        yield client


def _join(server: ServerProcess, client: redis.Redis, name: str) -> tuple[Account, Consumer]:
    agent = server.register(name)
    agent.post("/agora/bus/join")
    return agent, Consumer(client, name)


def _send(server: ServerProcess, to: str, text: str) -> str:
    receipt: str = server.operator.post("/agora/messaging/send", {"to_agent": to, "content": text})["message_id"]
    return receipt


def test_consumer_group_exists_before_the_first_entry(server: ServerProcess, client: redis.Redis) -> None:
    _, consumer = _join(server, client, "Early")
    assert client.xreadgroup("Early", "one", {consumer.stream: ">"}, count=1) == []
    _send(server, "Early", "hello")
    poll_until(lambda: consumer.read(ack=True) or consumer.handled["hello"], "the first entry")


def test_poison_message_is_dead_lettered_after_three_deliveries_by_xautoclaim(
    server: ServerProcess, client: redis.Redis
) -> None:
    agent, consumer = _join(server, client, "Claimer")
    message_id = _send(server, "Claimer", "poison")

    def letters() -> list[dict[str, object]]:
        consumer.read(claim=True)
        found: list[dict[str, object]] = agent.get("/agora/dead_letter/list")["dead_letters"]
        return found

    (letter,) = poll_until(letters, lambda: f"a dead letter; handled {consumer.handled}")
    assert letter["ref"] == message_id
    assert consumer.handled["poison"] in (3, 4), "a fourth only where a check of the server came late"
    assert letter["attempts"] == consumer.handled["poison"]
    (dead,) = agent.get("/agora/messaging/receive", params={"status": "dead_lettered"})["messages"]
    assert dead["message_id"] == message_id
    agent.post("/agora/dead_letter/replay", {"dead_letter_id": letter["dead_letter_id"]})
    agent.post("/agora/dead_letter/replay", {"dead_letter_id": letter["dead_letter_id"]})
    before = consumer.handled["poison"]
    poll_until(lambda: consumer.read(ack=True) or consumer.handled["poison"] > before, "the replayed entry")
    for _ in range(20):
        consumer.read(ack=True)
    assert consumer.handled["poison"] == before + 1


@pytest.mark.long
def test_poison_message_is_redelivered_to_readers_and_dead_lettered(server: ServerProcess, client: redis.Redis) -> None:
    """A consumer that uses only XREADGROUP and XACK gets what another consumer left, three times in total."""
    agent, consumer = _join(server, client, "Reader")
    _send(server, "Reader", "poison")
    poll_until(lambda: consumer.read(consumer="first") or consumer.handled["poison"], "the first delivery")
    # The state left by earlier versions: reclaimed, and unreachable for readers.
    (pending,) = client.xpending_range(consumer.stream, "Reader", "-", "+", 10)
    client.xclaim(consumer.stream, "Reader", "agora:parked", 0, [pending["message_id"]], justid=True)
    poll_until(
        lambda: consumer.read(consumer="second") or agent.get("/agora/dead_letter/list")["dead_letters"],
        lambda: f"a dead letter; handled {consumer.handled}",
    )
    assert consumer.handled["poison"] == 3
    assert client.xpending(consumer.stream, "Reader")["pending"] == 0


def test_redelivered_and_acknowledged_entry_is_done(server: ServerProcess, client: redis.Redis) -> None:
    agent, consumer = _join(server, client, "Second")
    message_id = _send(server, "Second", "try again")
    poll_until(lambda: consumer.read(consumer="died") or consumer.handled["try again"], "the first delivery")
    poll_until(lambda: consumer.read(ack=True) or consumer.handled["try again"] == 2, "the second delivery")

    def acknowledged() -> bool:
        (message,) = agent.get("/agora/messaging/receive")["messages"]
        assert message["message_id"] == message_id
        return bool(message["status"] == "acknowledged")

    poll_until(acknowledged, "acknowledged in the marketplace")
    assert agent.get("/agora/dead_letter/list")["dead_letters"] == []


def test_message_lag_counts_waiting_messages(server: ServerProcess, client: redis.Redis) -> None:
    agent, consumer = _join(server, client, "Laggard")

    def lag() -> int:
        health = agent.get("/agora/bus/health")
        assert health["redis_connection"] is True
        return int(health["message_lag"])

    assert lag() == 0
    for number in range(3):
        _send(server, "Laggard", str(number))
    poll_until(lambda: client.xlen(consumer.stream) == 3, "they left")
    poll_until(lambda: lag() == 3, "on Redis they wait as well")  # a message in transit may count twice
    poll_until(lambda: consumer.read() or len(consumer.handled) == 3, "they are read")
    poll_until(lambda: lag() == 0, "read is not waiting")
    assert server.operator.get("/agora/bus/stats")["inbound_lag"] == 0


def test_agent_that_reads_only_from_redis_is_online(server: ServerProcess, client: redis.Redis) -> None:
    agent, consumer = _join(server, client, "Awake")
    silent = server.register("Asleep")

    def status(account: Account) -> str:
        return str(server.operator.get(f"/agents/{account.agent_id}")["status"])

    def turn() -> bool:
        consumer.read(ack=True, block=500)
        return status(silent) == "offline"

    poll_until(turn, "the other one is offline")
    for _ in range(3):
        consumer.read(ack=True, block=500)
        assert status(agent) == "active"


def test_entries_taken_by_a_foreign_consumer_are_recovered(server: ServerProcess, client: redis.Redis) -> None:
    """As in the source's example, the program reads in the group through which the marketplace ingests entries."""
    agent = server.register("Victim")
    stolen = 0
    for number in range(200):
        fields = {
            "message_id": str(uuid4()), "sender": "Victim", "target": "Victim", "type": "state_update",
            "priority": "low", "content": json.dumps({"n": number}), "key": agent.token,
        }  # fmt: skip
        client.xadd(INBOUND, fields)
        for _, entries in client.xreadgroup(INBOUND_GROUP, "mcp-0badc0de", {INBOUND: ">"}, count=1):
            stolen += len(entries)
    assert stolen, "it was faster at least once"
    poll_until(lambda: _taken_in(client), "everything is taken in")
    poll_until(
        lambda: "mcp-0badc0de" not in str(client.xinfo_consumers(INBOUND, INBOUND_GROUP)), "the consumer is removed"
    )
    found, cursor = set[int](), None
    while cursor or not found:
        query = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = agent.get("/agora/messaging/receive", params=query)
        found |= {json.loads(message["content"])["n"] for message in page["messages"]}
        cursor = page["next_cursor"]
    assert found == set(range(200))
    warnings = server.operator.get("/agora/bus/stats")["warnings"]
    assert any("mcp-0badc0de" in warning and INBOUND_GROUP in warning for warning in warnings)


def test_burst_of_one_agent_does_not_stall(valkey_server: Broker, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Entries beyond the sender's rate wait for the rate, not for bus_stale, which never elapses here."""
    url = empty_database(valkey_server)
    process = ServerProcess(tmp_path_factory.mktemp("burst") / "data", bus=url, bus_stale="3600", rate_basic="100")
    try:
        process.start()
        token = process.register("Burst").token
        process.register("Target")
        with redis.Redis.from_url(url, decode_responses=True) as client:
            pipe = client.pipeline()
            for number in range(500):
                fields = {
                    "message_id": str(uuid4()), "sender": "Burst", "target": "Target", "type": "state_update",
                    "priority": "low", "content": json.dumps({"n": number}), "key": token,
                }  # fmt: skip
                pipe.xadd(INBOUND, fields)
            pipe.execute()
            poll_until(lambda: _taken_in(client), "everything is taken in")
            assert client.xlen(f"{INBOUND}/dead") == 0
        numbers: list[int] = []
        cursor = None
        while cursor or not numbers:
            query = {"agent_id": "Target", "limit": 500} | ({"cursor": cursor} if cursor else {})
            page = process.operator.get("/agora/messaging/receive", params=query)
            numbers += [json.loads(message["content"])["n"] for message in page["messages"]]
            cursor = page["next_cursor"]
        assert numbers in (list(range(500)), list(reversed(range(500)))), "in order, each once"
    finally:
        process.close()


def _taken_in(client: redis.Redis) -> bool:
    groups = client.xinfo_groups(INBOUND) if client.exists(INBOUND) else []
    return any(g["name"] == INBOUND_GROUP and g["pending"] == 0 and g["lag"] == 0 for g in groups)
