"""SIGKILL at random moments under concurrent senders and live subscribers: acknowledged writes are committed."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import websockets

from tests.faults.server_process import Victim
from tests.polling import passing

KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "2"))
SENDERS = 12
BETWEEN_KILLS = (0.3, 0.9)  # seconds


@dataclass
class Ledger:
    """Acknowledged and observed data."""

    acknowledged: dict[str, str] = field(default_factory=dict)  # content to message id
    attempted: set[str] = field(default_factory=set)
    sequences: list[int] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    stop: bool = False


async def _send(victim: Victim, ledger: Ledger, number: int, random_: random.Random) -> None:
    """Send until stopped. Even senders repeat an unanswered request with its idempotency key; odd ones never do."""
    async with httpx.AsyncClient(base_url=victim.url, timeout=60) as client:
        for turn in itertools.count():
            if ledger.stop:
                return
            content = f"{number}:{turn}"
            ledger.attempted.add(content)
            while True:
                try:
                    answer = await client.post(
                        "/agora/messaging/send",
                        json={"to_agent": "Receiver", "content": content},
                        headers={"Idempotency-Key": content},
                    )
                    if answer.status_code == 200:
                        ledger.acknowledged[content] = answer.json()["message_id"]
                        break
                except httpx.TransportError:
                    await passing(random_.uniform(0.01, 0.05))
                if number % 2:
                    break


async def _subscribe(victim: Victim, ledger: Ledger, random_: random.Random) -> None:
    """Follow every event, resuming after the last one seen, until cancelled."""
    while True:
        last = ledger.sequences[-1] if ledger.sequences else 0
        try:
            async with websockets.connect(f"ws://127.0.0.1:{victim.port}/ws?last_event_id={last}") as socket:
                async for frame in socket:
                    event = json.loads(frame)
                    if "specversion" in event:
                        ledger.sequences.append(event["sequence"])
                        if event["type"] == "agora.message.received":
                            ledger.seen[event["data"]["message_id"]] += 1
        except (OSError, websockets.WebSocketException):
            await passing(random_.uniform(0.01, 0.05))


def _check(database: Path, ledger: Ledger) -> None:
    connection = sqlite3.connect(database)
    try:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        stored = connection.execute("select content, message_id from messages").fetchall()
        delivered = Counter(row[0] for row in connection.execute("select message_id from deliveries"))
        audited = Counter(
            row[0] for row in connection.execute("select target from audit where operation = 'agora.messaging.send'")
        )
        sequences = [row[0] for row in connection.execute("select seq from events order by seq")]
    finally:
        connection.close()
    by_content = Counter(content for content, _ in stored)
    assert max(by_content.values()) == 1, "a message was duplicated"
    assert ledger.acknowledged.items() <= dict(stored).items(), "an acknowledged message is not there"
    assert by_content.keys() <= ledger.attempted
    for _, message_id in stored:
        assert (delivered[message_id], audited[message_id]) == (1, 1)
    assert sequences == list(range(1, len(sequences) + 1)), "the event log has gaps"
    assert ledger.sequences == sequences, "the subscriber missed, repeated or reordered events"
    assert ledger.seen == Counter(message_id for _, message_id in stored)


async def test_acknowledged_messages_survive_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("AGORA_FAULT_SEED", random.randrange(1 << 30)))
    print(f"AGORA_FAULT_SEED={seed}")
    random_ = random.Random(seed)
    victim, ledger = Victim(tmp_path / "data"), Ledger()
    await victim.start()
    async with httpx.AsyncClient(base_url=victim.url) as client:
        assert (await client.post("/agents/register", json={"agent_name": "Receiver"})).status_code == 200
    subscriber = asyncio.create_task(_subscribe(victim, ledger, random_))
    senders = [asyncio.create_task(_send(victim, ledger, number, random_)) for number in range(SENDERS)]
    for _ in range(KILLS):
        await passing(random_.uniform(*BETWEEN_KILLS))
        await asyncio.to_thread(victim.kill)
        await victim.start()
    ledger.stop = True
    await asyncio.gather(*senders)
    assert len(ledger.acknowledged) > KILLS * 10
    await _caught_up(victim, ledger)
    subscriber.cancel()
    await asyncio.gather(subscriber, return_exceptions=True)
    assert await asyncio.to_thread(victim.terminate) == 0
    _check(victim.database, ledger)


async def _caught_up(victim: Victim, ledger: Ledger) -> None:
    """Wait until the subscriber has seen the newest event."""
    async with httpx.AsyncClient(base_url=victim.url) as client, asyncio.timeout(60):
        last = (await client.get("/agora/event/list?limit=1")).json()["last_sequence"]
        while not ledger.sequences or ledger.sequences[-1] < last:
            await client.get("/health")


async def test_sigterm_drains_the_server(tmp_path: Path) -> None:
    victim = Victim(tmp_path / "data")
    await victim.start()
    async with (
        httpx.AsyncClient(base_url=victim.url, timeout=60) as client,
        websockets.connect(f"ws://127.0.0.1:{victim.port}/ws") as socket,
    ):
        await client.post("/agents/register", json={"agent_name": "Receiver"})
        sends = [
            asyncio.create_task(client.post("/agora/messaging/send", json={"to_agent": "Receiver", "content": str(n)}))
            for n in range(50)
        ]
        await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
        code = asyncio.create_task(asyncio.to_thread(victim.terminate))
        results = await asyncio.gather(*sends, return_exceptions=True)
        answered = [result for result in results if isinstance(result, httpx.Response)]
        acknowledged = {answer.json()["message_id"] for answer in answered if answer.status_code == 200}
        frames = [frame async for frame in _frames(socket)]
        assert socket.close_code == 1012
        assert socket.close_reason == "resume later"
    assert await code == 0
    connection = sqlite3.connect(victim.database)
    stored = {row[0] for row in connection.execute("select message_id from messages")}
    connection.close()
    assert acknowledged
    assert acknowledged <= stored
    assert frames


async def _frames(socket: websockets.ClientConnection):  # type: ignore[no-untyped-def]
    try:
        async for frame in socket:
            yield frame
    except websockets.ConnectionClosed:
        return


async def test_data_directory_has_one_server(tmp_path: Path) -> None:
    first, second = Victim(tmp_path / "data"), Victim(tmp_path / "data")
    await first.start()
    with pytest.raises(AssertionError, match="another Agora server"):
        await second.start()
    assert first.terminate() == 0
