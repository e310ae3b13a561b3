"""A real Prometheus scrapes a real server on PostgreSQL and Valkey: every panel has data, and alerts fire."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from scripts.cluster import Replica

from tests.deploy.prometheus import program
from tests.deploy.prometheus_expressions import ALERTS, alerts, expressions
from tests.harness import free_port
from tests.polling import eventually
from tests.postgres import PostgresServer, postgres_server
from tests.processes import spawn_tethered
from tests.valkey import Broker, empty_database, valkey_server

__all__ = ["postgres_server", "valkey_server"]

pytestmark = pytest.mark.long

TOKEN = "for-prometheus-alone"
#: panels with data only in case of trouble, or after actions that this test does not perform
EMPTY = {"Loops that fail", "Push notifications"}
#: alerts of a slow server, which a busy machine raises here: the rules have lost their `for`
SLOW = "AgoraSlow|AgoraCommitsSlow"
RECENT = "20s"  #: in place of Grafana's $__rate_interval


class Prometheus:
    """A client of Prometheus."""

    def __init__(self, url: str) -> None:
        self.client = httpx.AsyncClient(base_url=url)

    async def ask(self, expression: str) -> list[dict[str, Any]]:
        answer = (await self.client.get("/api/v1/query", params={"query": expression})).json()
        assert answer["status"] == "success", f"{expression}: {answer}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    async def until(self, expression: str) -> list[dict[str, Any]]:
        """Repeat a query until it has an answer."""
        return await eventually(lambda: self.ask(expression), bool)


@asynccontextmanager
async def collecting(directory: Path, target: str) -> AsyncIterator[Prometheus]:
    """Run Prometheus, which scrapes every second."""
    directory.mkdir()
    rules = yaml.safe_load(ALERTS.read_text("utf-8"))
    for rule in rules["groups"][0]["rules"]:
        rule.pop("for", None)
    (directory / "rules.yaml").write_text(yaml.safe_dump(rules))
    (directory / "token").write_text(TOKEN)
    job = {
        "job_name": "agora",
        "authorization": {"credentials_file": str(directory / "token")},
        "static_configs": [{"targets": [target]}],
    }
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(directory / "rules.yaml")],
        "scrape_configs": [job],
    }
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    options = (f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={address}")
    with open(directory / "log", "w") as log:
        command = [program("prometheus"), f"--config.file={directory / 'prometheus.yml'}", *options]
        process = spawn_tethered(command, stdout=log, stderr=log)
    found = Prometheus(f"http://{address}")
    try:
        await eventually(lambda: _has_ended_or_is_ready(process, found), bool)
        assert process.poll() is None, (directory / "log").read_text()
        yield found
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
        await found.client.aclose()


async def _has_ended_or_is_ready(process: subprocess.Popen[bytes], prometheus: Prometheus) -> bool:
    try:
        return process.poll() is not None or (await prometheus.client.get("/-/ready")).is_success
    except httpx.TransportError:
        return False


async def _work(server: str) -> None:
    """Create a little of everything that panels show."""
    async with httpx.AsyncClient(base_url=server, timeout=60) as client:
        made = await client.post("/agora/agent/register", json={"agent_name": "Ada"})
        ada = {"Authorization": f"Bearer {made.json()['token']}"}
        body = {"task_type": "x", "payload": {}, "assignee": "Ada"}
        for _ in range(4):
            assert (await client.post("/agora/task/assign", json=body)).is_success
        (task, *_) = (await client.post("/agora/task/claim", json={"lease_seconds": 60}, headers=ada)).json()["tasks"]
        ended = {"task_id": task["task_id"], "fencing_token": task["fencing_token"], "result": 1}
        assert (await client.post("/agora/task/complete", json=ended, headers=ada)).is_success
        price = {"provider": "own", "model": "m", "input_cost_per_m": 1, "output_cost_per_m": 2}
        assert (await client.post("/agora/token_billing/set_price", json=price)).is_success
        tokens = {"input_tokens": 1_000_000, "output_tokens": 500_000}
        call = {"call_key": "1", "provider": "own", "model": "m", "tokens": tokens, "time_to_first_token": 0.4}
        assert (await client.post("/agora/token_billing/report", json=call, headers=ada)).is_success
        await client.post("/agora/messaging/send", json={"to_agent": "Ada", "content": "x"})
        await client.get("/agents/nobody/status")
        rpc = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        await client.post("/mcp", json=rpc, headers={"Accept": "application/json, text/event-stream"})


async def test_every_panel_has_data_and_alerts_fire(
    postgres_server: PostgresServer, valkey_server: Broker, tmp_path: Path
) -> None:
    program("prometheus")
    async with postgres_server.database() as store:
        server = Replica(tmp_path / "server", store, empty_database(valkey_server), metrics_token=TOKEN)
        await server.start()
        try:
            async with collecting(tmp_path / "prometheus", f"127.0.0.1:{server.port}") as prometheus:
                await prometheus.until("agora_tasks")
                await _work(server.url)
                await prometheus.until('agora_tasks{status="pending"} > 0')
                # A series that is new has no rate before its second sample.
                await prometheus.until(f"count_over_time(agora_model_tokens_total[{RECENT}]) > 1")
                for where, expression in expressions():
                    asked = expression.replace("$__rate_interval", RECENT).replace("$instance", ".*")
                    found = await prometheus.ask(asked)
                    if where not in EMPTY | {name for name, _ in alerts()}:
                        assert found, f"{where}: {expression}"
                assert not await prometheus.ask(f'ALERTS{{alertname!~"{SLOW}"}}')
                server.kill()
                await prometheus.until('ALERTS{alertname="AgoraUnreachable",alertstate="firing"}')
                await prometheus.until('ALERTS{alertname="AgoraDown",alertstate="firing"}')
        finally:
            server.stop()
