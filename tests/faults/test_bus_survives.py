"""Killed bus consumers, server and broker: acknowledged entries are delivered at least once, and take effect once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import redis.asyncio

from agora.domains.bus.engines import wire
from tests.faults.server_process import Victim
from tests.polling import passing, wait_until
from tests.processes import spawn_tethered
from tests.valkey import running_broker

KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "2"))
STREAM = "xnai:agent_bus"
#: short timeouts, for a short test; redeliveries caused by kills do not count against an entry
TERMS = {"bus_stale": "0.3", "bus_silent": "2", "bus_deliveries": "20"}


async def _register(victim: Victim, name: str) -> str:
    async with httpx.AsyncClient(base_url=victim.url) as client:
        token: str = (await client.post("/agents/register", json={"agent_name": name})).json()["token"]
        return token


@contextlib.contextmanager
def _reader(victim: Victim, token: str, notes: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.faults.bus_consumer", str(victim.port), token, str(notes), name]
    process = spawn_tethered(command)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _post(client: httpx.AsyncClient, path: str, body: dict[str, Any], **headers: str) -> bool:
    """Repeat a request until it succeeds."""
    while True:
        try:
            answer = await client.post(path, json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return True
        except httpx.TransportError:
            await passing(0.02)


async def _publish(victim: Victim, token: str, published: set[str], stop: asyncio.Event) -> None:
    """Publish over HTTP, each entry until it is acknowledged, some twice."""
    async with httpx.AsyncClient(base_url=victim.url, timeout=60) as client:
        headers = {"Authorization": f"Bearer {token}"}
        while not stop.is_set():
            own = str(uuid4())
            body = {"type": "assistance_request", "target": "Reader", "message_id": own, "content": {"id": own}}
            for _ in range(1 + len(published) % 2):
                await _post(client, "/agora/bus/publish", body, **headers)
            published.add(own)


def _stored(victim: Victim, sql: str, *parameters: str) -> list[Any]:
    connection = sqlite3.connect(victim.database)
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


@pytest.mark.long
async def test_embedded_consumers_and_server_are_killed(tmp_path: Path) -> None:
    chance = random.Random(os.environ.get("AGORA_FAULT_SEED"))
    victim, notes, published, stop = Victim(tmp_path / "data", **TERMS), tmp_path / "notes", set[str](), asyncio.Event()
    await victim.start()
    sender, reader = await _register(victim, "Sender"), await _register(victim, "Reader")
    publishers = [asyncio.create_task(_publish(victim, sender, published, stop)) for _ in range(4)]
    for turn in range(KILLS):
        with _reader(victim, reader, notes, f"reader-{turn}"):
            lines = notes.read_text().count("\n") if notes.exists() else 0
            await wait_until(lambda lines=lines: notes.exists() and notes.read_text().count("\n") > lines + 20)
            await passing(chance.uniform(0, 0.1))
        await asyncio.to_thread(victim.kill)
        await victim.start()
    stop.set()
    await asyncio.gather(*publishers)
    with _reader(victim, reader, notes, "last"):
        await wait_until(lambda: set(notes.read_text().split()) >= published)
        pending = "select count(*) from bus_pending"
        await wait_until(lambda: _stored(victim, pending) == [(0,)])
    assert await asyncio.to_thread(victim.terminate) == 0
    assert len(published) > 20 * KILLS
    stored = [json.loads(row[0])["id"] for row in _stored(victim, "select content from messages")]
    assert Counter(stored) == Counter(published), "each took effect once"
    states = Counter(row[0] for row in _stored(victim, "select state from deliveries"))
    assert states == {"acknowledged": len(published)}


class _Program:
    """A program that uses only Redis: it publishes signed entries, and reads its own stream."""

    def __init__(self, url: str, name: str, token: str) -> None:
        self.url, self.name, self.token = url, name, token
        self.published: set[str] = set()
        self.seen: Counter[str] = Counter()
        self.stop, self.ended = asyncio.Event(), asyncio.Event()

    def entry(self) -> dict[str, str]:
        own = str(uuid4())
        fields = {
            "message_id": own, "timestamp": datetime.now(UTC).isoformat(), "sender": self.name, "target": "Reader",
            "type": "state_update", "priority": "low", "content": json.dumps({"id": own}),
        }  # fmt: skip
        return fields | {"signature": wire.compute_signature(fields, self.token)}

    async def publish(self) -> None:
        """Publish each entry until the broker has accepted it, possibly twice."""
        client = redis.asyncio.Redis.from_url(self.url)
        while not self.stop.is_set():
            fields = self.entry()
            while not self.stop.is_set():
                try:
                    await client.xadd(STREAM, fields)
                    self.published.add(fields["message_id"])
                    break
                except redis.exceptions.RedisError:
                    await passing(0.05)
            await passing(0.002)
        await client.aclose()

    async def read(self) -> None:
        client = redis.asyncio.Redis.from_url(self.url, decode_responses=True)
        stream = f"{STREAM}:{self.name}"
        try:
            while not self.ended.is_set():  # the client may swallow a cancellation
                try:
                    fresh = await client.xreadgroup(self.name, "one", {stream: ">"}, count=50, block=200)
                    entries = [entry for _, found in fresh for entry in found]
                    entries += (await client.xautoclaim(stream, self.name, "one", 500, "0"))[1]
                    for entry_id, fields in entries:
                        self.seen[fields["ref"]] += 1
                        await client.xack(stream, self.name, entry_id)
                except redis.exceptions.RedisError:
                    await passing(0.05)
        finally:
            await client.aclose()


async def _send(victim: Victim, sent: set[str], stop: asyncio.Event) -> None:
    """Send messages over HTTP to the program; acknowledged ones must reach it."""
    async with httpx.AsyncClient(base_url=victim.url, timeout=60) as client:
        while not stop.is_set():
            try:
                answer = await client.post("/agora/messaging/send", json={"to_agent": "Program", "content": "x"})
                if answer.status_code == 200:
                    sent.add(answer.json()["message_id"])
            except httpx.TransportError:
                await passing(0.02)
            await passing(0.002)


async def test_server_and_broker_are_killed(tmp_path: Path) -> None:
    chance, sent = random.Random(os.environ.get("AGORA_FAULT_SEED")), set[str]()
    with running_broker(fsync="always") as broker:
        victim = Victim(tmp_path / "data", bus=broker.url, **TERMS)
        await victim.start()
        await _register(victim, "Reader")
        program = _Program(broker.url, "Program", await _register(victim, "Program"))
        reading = asyncio.create_task(program.read())
        working = [asyncio.create_task(program.publish()), asyncio.create_task(_send(victim, sent, program.stop))]
        try:
            for turn in range(KILLS):
                before = len(program.published), len(program.seen)
                await wait_until(
                    lambda b=before: (len(program.published) > b[0] + 30) and (len(program.seen) > b[1] + 30)
                )
                await passing(chance.uniform(0, 0.1))
                if turn % 2:
                    await asyncio.to_thread(broker.kill)
                    await passing(chance.uniform(0, 0.3))
                    await asyncio.to_thread(broker.start)
                else:
                    await asyncio.to_thread(victim.kill)
                    await victim.start()
            program.stop.set()
            await asyncio.gather(*working)
            await wait_until(lambda: program.seen.keys() >= sent)
            content = "select content from messages where message_type = 'state_update'"
            await wait_until(
                lambda: {json.loads(row[0])["id"] for row in _stored(victim, content)} >= program.published
            )
        finally:
            program.stop.set()
            program.ended.set()
        await reading
        assert await asyncio.to_thread(victim.terminate) == 0
        stored = Counter(json.loads(row[0])["id"] for row in _stored(victim, content))
        assert stored.keys() >= program.published
        assert max(stored.values()) == 1, "each took effect once"
        assert len(sent) > 30
