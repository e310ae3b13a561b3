"""A server killed while it prepares, pauses and ends instances: each exists once, keeps running, and is billed once."""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.runtimes.process import orphans
from tests.conformance.instances.instance_programs import AGENT
from tests.faults.server_process import Victim
from tests.polling import eventually, passing

KILLS = int(os.environ.get("AGORA_FAULT_KILLS", "1"))
FIRST = 20_000 + (os.getpid() * 37) % 9_900
MOMENTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)  # seconds after which a server is killed; randomness is intended here


@pytest.fixture
async def victim(tmp_path: Path) -> AsyncIterator[Victim]:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "main.py").write_text(AGENT)
    victim = Victim(
        tmp_path / "data", instance_sources=str(programs), instance_ports=f"{FIRST}-{FIRST + 19}", instance_check="0.3"
    )
    await victim.start()
    yield victim
    if victim.process is not None and victim.process.poll() is None:
        victim.kill()
    orphans.kill_processes_with_variables(
        [f"AGORA_INSTALLATION={(victim.directory / 'host-id').read_text().strip()}".encode()]
    )


def client_of(victim: Victim) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=victim.url, timeout=60)


async def register(client: httpx.AsyncClient, directory: Path) -> None:
    manifest = {
        "name": "Worker",
        "directory": str(directory / "programs"),
        "build_config": {"type": "custom", "start_command": f"exec {sys.executable} -S main.py"},
        "health": "/health",
        "pricing": {"type": "hybrid", "base_price": 1.0, "price": 3.6},
    }
    answer = await client.post("/deployments", json={"manifest": manifest})
    assert answer.status_code == 201, answer.text


async def insisting(client: httpx.AsyncClient, method: str, path: str, key: str, **body: Any) -> dict[str, Any]:
    """Repeat a request with an idempotency key until it is answered."""
    while True:
        try:
            json = {"json": body} if method != "DELETE" else {}
            answer = await client.request(method, path, headers={"Idempotency-Key": key}, **json)  # type: ignore[arg-type]
            assert answer.status_code < 300, answer.text
            found: dict[str, Any] = answer.json()
            return found
        except httpx.TransportError:
            await passing(0.05)


async def killed(victim: Victim, moment: float) -> None:
    await passing(moment)
    await asyncio.to_thread(victim.kill)
    await victim.start()


async def became(client: httpx.AsyncClient, instance: str, status: str) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(f"/marketplace/instances/{instance}")).json()
        return found

    return await eventually(ask, lambda found: found["status"] == status)


def processes(victim: Victim) -> Counter[str]:
    """Return the number of programs of each instance."""
    installation = (victim.directory / "host-id").read_text().strip()
    found: Counter[str] = Counter()
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        try:
            environment = dict(
                part.split("=", 1) for part in Path(f"/proc/{name}/environ").read_text().split("\0") if "=" in part
            )
            program = "\0-S\0main.py\0" in Path(f"/proc/{name}/cmdline").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if environment.get("AGORA_INSTALLATION") == installation and program:
            found[environment.get("AGORA_INSTANCE", "?")] += 1
    return found


def rows(victim: Victim, sql: str) -> list[Any]:
    connection = sqlite3.connect(victim.database)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def test_kill_at_every_step_of_an_instances_lifecycle_is_survived(victim: Victim, tmp_path: Path) -> None:
    """Provisioning, pausing, resuming and ending are requested, each followed by a kill of the server."""
    async with client_of(victim) as client:
        await register(client, tmp_path)
        for number in range(max(1, KILLS // 2)):
            moment = MOMENTS[number % len(MOMENTS)] + 0.03
            path = "/marketplace/instances"
            asking = insisting(client, "POST", path, f"create-{number}", agent_id="Worker", wait=0)
            made, _ = await asyncio.gather(asking, killed(victim, moment))
            instance = made["instance_id"]
            running = await became(client, instance, "running")
            assert processes(victim)[instance] == 1, "it was started twice, or not at all"
            assert running["generation"] == 1

            one = f"{path}/{instance}"
            await asyncio.gather(insisting(client, "POST", f"{one}/pause", f"p{number}"), killed(victim, moment))
            paused = await became(client, instance, "paused")
            await asyncio.gather(insisting(client, "POST", f"{one}/resume", f"r{number}"), killed(victim, moment))
            again = await became(client, instance, "running")
            assert again["generation"] == 1, "it went on where it was"
            assert again["billing_info"]["usage_time"] >= paused["billing_info"]["usage_time"]
            await asyncio.gather(insisting(client, "DELETE", one, f"t{number}"), killed(victim, moment))
            ended = await became(client, instance, "stopped")
            assert ended["billing_info"]["cost_breakdown"]["base_cost"] == 1.0
            assert processes(victim)[instance] == 0
    check_intervals(victim)


async def test_instances_continue_when_the_server_is_killed(victim: Victim, tmp_path: Path) -> None:
    async with client_of(victim) as client:
        await register(client, tmp_path)
        path = "/marketplace/instances"
        made = [await insisting(client, "POST", path, f"c{n}", agent_id="Worker", wait=20) for n in range(2)]
        ids = [each["instance_id"] for each in made]
        pids = [(await client.post(f"{path}/{each}/execute", json={})).json()["result"]["pid"] for each in ids]
        for _ in range(KILLS):
            await asyncio.to_thread(victim.kill)
            for pid in pids:
                os.kill(pid, 0)
            await victim.start()
        answers = [(await client.post(f"{path}/{each}/execute", json={})).json() for each in ids]
        assert [answer["result"]["pid"] for answer in answers] == pids, "the same programs answer"
        for each in ids:
            await insisting(client, "DELETE", f"{path}/{each}", f"t-{each}")
            await became(client, each, "stopped")
        assert not processes(victim)
    check_intervals(victim)


def check_intervals(victim: Victim) -> None:
    """Check that no interval is open or overlaps, and that measured time was billed once."""
    assert rows(victim, "select * from instance_intervals where ended is null") == []
    for instance, _ in rows(victim, "select instance_id, count(*) from instances group by 1"):
        found = rows(
            victim,
            f"select began, ended, measured from instance_intervals where instance_id = '{instance}' order by number",
        )
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(found))
        billed = rows(
            victim, f"select sum(quantity) from billing_ledger where instance_id = '{instance}' and kind = 'time'"
        )
        assert billed[0][0] == sum(measured for *_, measured in found)
        bases = rows(victim, f"select count(*) from billing_ledger where instance_id = '{instance}' and kind = 'base'")
        assert bases == [(1,)]
