"""The docker engine across a killed server: an instance works, is paused, survives, is adopted, and is ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.runtimes.docker.client import Client
from agora.runtimes.docker.labels import ResourceLabels, build_label_filter
from tests.conformance.instances.instance_programs import AGENT
from tests.dockerd import BASE, docker_host
from tests.faults.server_process import Victim
from tests.faults.test_instances_survive import became, check_intervals, client_of

__all__ = ["docker_host"]

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("docker")]
PATH = "/marketplace/instances"


@pytest.fixture
async def victim(docker_host: str, tmp_path: Path) -> AsyncIterator[Victim]:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "main.py").write_text(AGENT.replace('"127.0.0.1"', 'os.environ["HOST"]'))
    (programs / "Dockerfile").write_text(f'FROM {BASE}\nCOPY main.py /\nCMD ["python3", "-S", "/main.py"]\n')
    victim = Victim(
        tmp_path / "data",
        instance_sources=str(programs),
        instance_check="0.3",
        process_engine="false",
        docker_host=docker_host,
    )
    await victim.start()
    yield victim
    if victim.process is not None and victim.process.poll() is None:
        victim.kill()
    await _forget(docker_host, (victim.directory / "host-id").read_text().strip())


async def _forget(host: str, installation: str) -> None:
    client, mine = Client(host), build_label_filter(ResourceLabels(installation).installation_label)
    for each in await client.request_json("GET", "containers/json", params=mine | {"all": "1"}):
        await client.request_json("DELETE", f"containers/{each['Id']}", params={"force": "1"})
    for each in await client.request_json("GET", "networks", params=mine):
        await client.request_json("DELETE", f"networks/{each['Id']}")
    await client.close()


async def containers(victim: Victim) -> list[dict[str, Any]]:
    client = Client(str(victim.settings["docker_host"]))
    installation = (victim.directory / "host-id").read_text().strip()
    found: list[dict[str, Any]] = await client.json(
        "GET",
        "containers/json",
        params=build_label_filter(ResourceLabels(installation).installation_label) | {"all": "1"},
    )
    await client.close()
    return found


async def work(client: httpx.AsyncClient, instance: str) -> Any:
    answer = await client.post(f"{PATH}/{instance}/execute", json={})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


async def test_container_survives_a_killed_server(victim: Victim, tmp_path: Path) -> None:
    async with client_of(victim) as client:
        manifest = {
            "name": "Worker",
            "directory": str(tmp_path / "programs"),
            "build_config": {"type": "docker", "build_command": "docker build -t worker ."},
            "health": "/health",
            "pricing": {"type": "hybrid", "base_price": 1.0, "price": 3.6},
        }
        registered = await client.post("/deployments", json={"manifest": manifest})
        assert registered.status_code == 201, registered.text
        made = await client.post(
            PATH, json={"agent_id": "Worker", "wait": 60, "instance_config": {"memory_limit": "96M"}}
        )
        assert made.status_code < 300, made.text
        instance = made.json()["instance_id"]
        running = await became(client, instance, "running")
        first = await work(client, instance)

        await client.post(f"{PATH}/{instance}/pause", json={})
        paused = await became(client, instance, "paused")
        assert [each["State"] for each in await containers(victim)] == ["paused"]
        await asyncio.to_thread(victim.kill)
        assert [each["State"] for each in await containers(victim)] == ["paused"], "it is not the server's child"
        await victim.start()
        again = await became(client, instance, "paused")
        assert again["billing_info"]["usage_time"] == paused["billing_info"]["usage_time"], (
            "nothing is billed meanwhile"
        )
        await client.post(f"{PATH}/{instance}/resume", json={})
        resumed = await became(client, instance, "running")
        assert (resumed["generation"], running["generation"]) == (1, 1)
        assert (await work(client, instance))["pid"] == first["pid"], "the same program keeps running"

        await asyncio.to_thread(victim.kill)
        await victim.start()
        assert (await work(client, instance))["pid"] == first["pid"]
        assert len(await containers(victim)) == 1, "adopted, not started again"
        logs = await client.get(f"{PATH}/{instance}/logs")
        assert logs.status_code == 200
        await client.delete(f"{PATH}/{instance}")
        ended = await became(client, instance, "stopped")
        assert ended["billing_info"]["cost_breakdown"]["base_cost"] == 1.0
        assert await containers(victim) == []
    check_intervals(victim)
