"""Log lines for operators on call: each problem is logged once with its tenant, and expected errors have no traceback."""

from __future__ import annotations

from collections.abc import Callable

from tests.blackbox.server import ServerProcess
from tests.harness import free_port
from tests.polling import poll_until


def test_declared_agent_without_a_provider_is_logged_once(start_server: Callable[..., ServerProcess]) -> None:
    """Previously each change of any agent logged it again, and no line named the tenant."""
    server = start_server(log_level="info")
    key = server.operator.post("/tenants", {"tenant_id": "acme", "name": "Acme"})["token"]
    chief = server.account(key)
    lonely = {"name": "Lonely", "specification": {"model": "nowhere:m", "instructions": "Think."}}
    chief.post("/declared-agents", lonely)
    poll_until(lambda: "declared agent Lonely of tenant acme" in server.log(), server.log)
    for number in range(5):
        chief.post("/agora/agent/register", {"agent_name": f"Other{number}"})
        other = {"name": f"Also{number}", "specification": {"model": f"missing{number}:m", "instructions": "Think."}}
        chief.post("/declared-agents", other)
        poll_until(lambda number=number: f"There is no provider 'missing{number}'" in server.log(), server.log)
    assert server.log().count("declared agent Lonely") == 1
    assert "Traceback" not in server.log()


def test_abandoned_push_notification_is_logged_with_its_tenant(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(a2a_private_networks="true", push_attempts="1")
    key = server.operator.post("/tenants", {"tenant_id": "acme", "name": "Acme"})["token"]
    chief = server.account(key)
    task = chief.post("/agora/task/assign", {"task_type": "x"})["task_id"]
    receiver = f"http://127.0.0.1:{free_port()}/hook"  # a port without a listener
    chief.post("/agora/a2a/create_push_config", {"task_id": task, "url": receiver})
    chief.post("/agora/task/cancel", {"task_id": task})
    poll_until(lambda: f"notifications of {task} are given up" in server.log(), server.log)
    (line,) = [line for line in server.log().splitlines() if "are given up" in line]
    assert "tenant=acme caller=system" in line
