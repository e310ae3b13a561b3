"""The fixtures of this tier: a server starts, answers, and ends with its test."""

from __future__ import annotations

from tests.blackbox.server import ServerProcess
from tests.processes import process_cpu_seconds, process_rss_bytes


def test_server_answers_operator_agent_and_command_line(shared_server: ServerProcess) -> None:
    agent = shared_server.register("FixtureAgent")
    assert agent.get("/agora/messaging/receive")["messages"] == []
    listed = shared_server.run_cli("agent", "list", "--json", token=shared_server.admin_token)
    assert listed.returncode == 0, listed.stderr
    assert "FixtureAgent" in listed.stdout
    assert process_rss_bytes(shared_server.pid) > 1_000_000
    assert process_cpu_seconds(shared_server.pid) > 0
