"""Servers of a cluster are killed at random under load: acknowledged writes exist once, whichever server received them."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import websockets
from scripts.cluster import Balancer, Replica, cluster

from tests.polling import wait_until
from tests.postgres import PostgresServer, postgres_server
from tests.valkey import Broker, empty_database, valkey_server

__all__ = ["postgres_server", "valkey_server"]

KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "2"))
SIZE = 2 if KILLS < 5 else 3
SENDERS, WORKERS, TASKS = 4, 3, 20
BETWEEN_KILLS = (0.3, 0.9)  # seconds


@dataclass
class Ledger:
    """Acknowledged and observed data."""

    acknowledged: dict[str, str] = field(default_factory=dict)  # content to message id
    done: Counter[str] = field(default_factory=Counter)  # acknowledged completions, by task
    sequences: list[int] = field(default_factory=list)
    stop: bool = False


async def pause(random_: random.Random, low: float, high: float) -> None:
    """Pause randomly, because the times of kills and retries are random."""
    await asyncio.sleep(random_.uniform(low, high))


async def insist(client: httpx.AsyncClient, path: str, body: object, key: str) -> httpx.Response:
    """Repeat a request with the same idempotency key until it is answered."""
    while True:
        try:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code not in (409, 500, 502, 503):
            return answer
        await asyncio.sleep(0.05)


async def send(url: str, ledger: Ledger, number: int) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        for turn in itertools.count():
            content = f"{number}:{turn}"
            answer = await insist(
                client, "/agora/messaging/send", {"to_agent": "Receiver", "content": content}, content
            )
            assert answer.status_code == 200, answer.text
            ledger.acknowledged[content] = answer.json()["message_id"]
            if ledger.stop:
                return


async def work(url: str, ledger: Ledger, number: int) -> None:
    """Claim and complete, with any server that answers."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        made = await insist(client, "/agents/register", {"agent_name": f"W{number}"}, f"w{number}")
        client.headers["Authorization"] = f"Bearer {made.json()['token']}"
        for turn in itertools.count():
            claimed = await insist(client, "/agora/task/claim", {"lease_seconds": 5}, f"c{number}:{turn}")
            for task in claimed.json().get("tasks", ()):
                body = {"task_id": task["task_id"], "fencing_token": task["fencing_token"], "result": number}
                answer = await insist(client, "/agora/task/complete", body, f"d{number}:{turn}")
                ledger.done[task["task_id"]] += answer.status_code == 200
            if len(ledger.done) >= TASKS:
                return
            await asyncio.sleep(0.02)


async def follow(url: str, ledger: Ledger) -> None:
    """Follow every event, resuming at any server of the balancer."""
    while True:
        last = ledger.sequences[-1] if ledger.sequences else 0
        try:
            async with websockets.connect(f"{url.replace('http', 'ws')}/ws?last_event_id={last}") as socket:
                async for frame in socket:
                    found = json.loads(frame)
                    events = found if isinstance(found, list) else [found]
                    ledger.sequences += [event["sequence"] for event in events if "specversion" in event]
        except (OSError, websockets.WebSocketException):
            await asyncio.sleep(0.05)


async def kill(replicas: list[Replica], random_: random.Random) -> None:
    for _ in range(KILLS):
        await pause(random_, *BETWEEN_KILLS)
        victim = random_.choice(replicas)
        victim.kill()
        await victim.start()


async def test_servers_of_a_cluster_are_killed(
    postgres_server: PostgresServer, valkey_server: Broker, tmp_path: Path
) -> None:
    random_, ledger = random.Random(os.environ.get("AGORA_FAULT_SEED")), Ledger()
    async with (
        postgres_server.database() as store,
        cluster(tmp_path, store, empty_database(valkey_server), SIZE, rate_basic="1000000") as replicas,
        Balancer(replicas).serving() as url,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
        asyncio.timeout(240),
    ):
        token = (await client.post("/agents/register", json={"agent_name": "Receiver"})).json()["token"]
        for number in range(TASKS):
            await insist(client, "/agora/task/assign", {"task_type": "work", "payload": {"n": number}}, f"t{number}")
        following = asyncio.create_task(follow(url, ledger))
        senders = [asyncio.create_task(send(url, ledger, number)) for number in range(SENDERS)]
        workers = [asyncio.create_task(work(url, ledger, number)) for number in range(WORKERS)]
        await kill(replicas, random_)
        await asyncio.gather(*workers)
        ledger.stop = True
        await asyncio.gather(*senders)
        found = await received(client, token)
        assert Counter(found) == Counter(list(ledger.acknowledged)), "acknowledged messages are stored once"
        tasks = (await client.get("/agora/task/statistics")).json()["by_status"]
        assert tasks["completed"] == TASKS
        assert set(ledger.done.values()) == {1}, "no completion of a task was acknowledged twice"
        head = (await client.get("/agora/query/marketplace")).json()["events_total"]
        await wait_until(lambda: ledger.sequences and ledger.sequences[-1] >= head, "every event has come")
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert ledger.sequences == sorted(set(ledger.sequences)), "every event once, in order"
        assert len(ledger.sequences) == ledger.sequences[-1], "and none left out"


async def received(client: httpx.AsyncClient, token: str) -> list[str]:
    """Return the contents of every message in the inbox."""
    headers, found, cursor = {"Authorization": f"Bearer {token}"}, [], None
    while True:
        params: dict[str, str | int] = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/agora/messaging/receive", params=params, headers=headers)).json()
        found += [message["content"] for message in page["messages"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
