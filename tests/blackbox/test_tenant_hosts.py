"""A new tenant can use the installation's hosts from its first call on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.instance_program import INSTANCES, serving_instances
from tests.blackbox.server import ServerProcess
from tests.postgres import PostgresServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with serving_instances(tmp_path) as running:
        yield running


def check_hosts_at_once(server: ServerProcess) -> None:
    assert server.operator.get("/agora/host/list")["hosts"]
    for number in range(3):  # none of them may wait for the next heartbeat of the host
        tenant = f"new-{number}"
        server.operator.post("/tenants", {"tenant_id": tenant})
        manifest = {
            "name": "Program",
            "directory": str(server.directory.parent / "programs"),
            "build_config": {"type": "custom", "start_command": "exec sleep 60"},
        }
        inside = {"X-Agora-Tenant": tenant}
        server.operator.post("/deployments", {"manifest": manifest}, headers=inside)
        made = server.operator.post(INSTANCES, {"agent_id": "Program"}, headers=inside)
        server.operator.call("DELETE", f"{INSTANCES}/{made['instance_id']}", headers=inside)


def test_new_tenant_runs_instances_immediately(server: ServerProcess) -> None:
    check_hosts_at_once(server)


@pytest.mark.long
async def test_new_tenant_runs_instances_immediately_on_postgresql(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    async with postgres_server.database() as url:
        with serving_instances(tmp_path, store=url) as server:
            check_hosts_at_once(server)
