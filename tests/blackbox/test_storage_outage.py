"""Outages of the server's database as seen by callers over every protocol, and recovery without intervention."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.blackbox.postgres_process import PostgresProcess
from tests.blackbox.server import Account, ServerProcess
from tests.polling import poll_until
from tests.processes import spawn_tethered

LOAD = Path(__file__).with_name("sdk_load_program.py")
OUTAGE_SECONDS = 3.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    """A PostgreSQL that tests of this module stop and restart."""
    directory = Path(tempfile.mkdtemp(prefix="agora-pg-"))
    server = PostgresProcess(directory).create().start()
    yield server
    server.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def server(postgres: PostgresProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(
        tmp_path_factory.mktemp("outage") / "data",
        store=postgres.url,
        store_timeout="3",
        builtin_agents="true",
        log_level="info",  # the default
    ).start()
    yield server
    server.close()


def is_ready(server: ServerProcess) -> bool:
    return httpx.get(f"{server.url}/ready", timeout=10).status_code == 200


def new_log(server: ServerProcess, since: int) -> str:
    return server.log()[since:]


def assert_unavailable(response: httpx.Response, cause: str) -> None:
    problem = response.json()
    assert (response.status_code, problem.get("code")) == (503, "storage_unavailable"), response.text
    assert int(response.headers["retry-after"]) >= 1
    assert problem["retry_after"] >= 1
    assert (problem["outcome"], problem["cause"]) == ("failed", cause)


def start_load(server: ServerProcess) -> subprocess.Popen[bytes]:
    """Start an SDK program that works until its standard input ends."""
    load = spawn_tethered(
        [sys.executable, LOAD, server.url, "4"], env=server.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert load.stdout is not None
    assert load.stdout.readline() == b"working\n"
    return load


def assert_load_saw_nothing(load: subprocess.Popen[bytes], postgres: PostgresProcess) -> None:
    """Check that the program raised no errors, and that each of its messages is stored once."""
    output, _ = load.communicate(timeout=90)
    outcome = json.loads(output)
    assert outcome["errors"] == []
    assert len(outcome["sent"]) > 10
    stored = Counter(postgres.sql("select content from messages").splitlines())
    assert {content: stored[content] for content in outcome["sent"] if stored[content] != 1} == {}


def test_sdk_program_does_not_notice_a_database_restart(postgres: PostgresProcess, server: ServerProcess) -> None:
    """Under load, PostgreSQL is stopped for 3 s: no call of the SDK raises, each message is stored once, the log is
    short."""
    since = len(server.log())
    load = start_load(server)
    probe = server.account()
    postgres.stop()
    went = time.monotonic()
    response = probe.http.post("/agora/messaging/send", json={"to_agent": "LoadReceiver", "content": "raw"})
    assert_unavailable(response, "unreachable")
    time.sleep(max(0.0, went + OUTAGE_SECONDS - time.monotonic()))  # the outage has exactly this length
    postgres.start()
    poll_until(lambda: is_ready(server), "ready again")
    poll_until(lambda: int(postgres.sql("select count(*) from messages")) > 20, "the load continues")
    assert_load_saw_nothing(load, postgres)
    lines = new_log(server, since)
    assert "Traceback" not in lines, lines[:4000]
    assert lines.count("storage unavailable (unreachable)") == 1, lines
    assert lines.count("storage available again") == 1, lines
    assert len(lines.splitlines()) < 10, lines


def test_every_protocol_reports_unavailable_storage(postgres: PostgresProcess, server: ServerProcess) -> None:
    agent = server.register("Protocols")
    headers = {"Authorization": f"Bearer {agent.token}"}
    with connect(f"ws://127.0.0.1:{server.port}/ws", additional_headers=headers) as socket:
        postgres.stop()
        try:
            send = {"to_agent": "Protocols", "content": "meanwhile"}
            assert_unavailable(agent.http.post("/agora/messaging/send", json=send), "unreachable")
            assert_unavailable(agent.http.get("/agora/messaging/receive"), "unreachable")
            assert_unavailable(agent.http.get("/agora/messaging/receive?wait=5"), "unreachable")
            assert_unavailable(server.account().http.get("/agora/query/agents"), "unreachable")
            by_socket(socket, send)
            by_mcp(agent, send)
            by_a2a(agent)
            by_agentify(agent)
        finally:
            postgres.start()
    poll_until(lambda: is_ready(server), "ready again")


@pytest.mark.long
def test_command_line_retries_and_exits_with_code_7(postgres: PostgresProcess, server: ServerProcess) -> None:
    agent = server.register("Terminal")
    postgres.stop()
    try:
        ran = server.run_cli("send", "Terminal", "meanwhile", token=agent.token)
    finally:
        postgres.start()
    assert ran.returncode == 7, (ran.returncode, ran.stderr)
    assert "PostgreSQL cannot be reached" in ran.stderr, ran.stderr
    poll_until(lambda: is_ready(server), "ready again")


def by_socket(socket: Any, send: dict[str, Any]) -> None:
    socket.send(json.dumps({"id": 1, "operation": "agora.messaging.send", "arguments": send}))
    while (frame := json.loads(socket.recv(timeout=20))).get("id") != 1:
        pass
    assert frame["error"]["code"] == "storage_unavailable", frame
    assert frame["error"]["retry_after"] >= 1


def by_mcp(agent: Account, send: dict[str, Any]) -> None:
    tool, version = "agora.messaging.send", "2026-07-28"
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": version}
    headers |= {"mcp-method": "tools/call", "mcp-name": tool}
    about = {"protocolVersion": version, "clientInfo": {"name": "test", "version": "1"}, "clientCapabilities": {}}
    meta = {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}
    request = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": send, "_meta": meta},
    }
    response = agent.http.post("/mcp", json=request, headers=headers)
    result = response.json()["result"]
    assert result["isError"], result
    problem = json.loads(result["content"][0]["text"])
    assert (problem["code"], problem["outcome"]) == ("storage_unavailable", "failed"), problem
    assert problem["retry_after"] >= 1


def by_a2a(agent: Account) -> None:
    message = {"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": "hello"}]}
    request = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
    response = agent.http.post("/a2a/Echo", json=request, headers={"a2a-version": "1.0"})
    assert response.status_code == 503, response.text
    assert int(response.headers["retry-after"]) >= 1
    assert "STORAGE_UNAVAILABLE" in response.text


def by_agentify(agent: Account) -> None:
    message = {"type": "request", "from": "Protocols", "to": ["Protocols"], "intent": "x", "payload": {}}
    response = agent.http.post("/agent/message", json=message)
    assert response.status_code == 503, response.text
    assert int(response.headers["retry-after"]) >= 1
    assert "storage_unavailable" in response.text.lower()


def test_frozen_database_is_reported_within_the_timeout(postgres: PostgresProcess, server: ServerProcess) -> None:
    """PostgreSQL hangs: calls get 503, with ``outcome: unknown`` if the write may still be stored; nothing is done
    twice afterwards."""
    since = len(server.log())
    agent = server.register("Frozen")
    send = {"to_agent": "Frozen", "content": "while frozen"}
    key = {"Idempotency-Key": "frozen-1"}
    postgres.freeze()
    try:
        response = agent.http.post("/agora/messaging/send", json=send, headers=key)  # the client gives up after 60 s
        problem = response.json()
        assert (response.status_code, problem["code"]) == (503, "storage_unavailable"), problem
        assert problem["outcome"] in ("unknown", "failed")
        assert int(response.headers["retry-after"]) >= 1
        assert_unavailable(agent.http.get("/agora/messaging/receive"), "timeout")
        assert not is_ready(server)
        detail = server.account().http.get("/health/detail")
        assert detail.json()["components"]["database"]["status"] == "critical"
    finally:
        postgres.thaw()
    poll_until(lambda: is_ready(server), "ready again")
    receipt = poll_until(lambda: agent.http.post("/agora/messaging/send", json=send, headers=key), "an answer").json()
    assert agent.post("/agora/messaging/send", send, headers=key)["message_id"] == receipt["message_id"]
    assert [m["content"] for m in agent.get("/agora/messaging/receive")["messages"]] == ["while frozen"]
    lines = new_log(server, since)
    assert "Traceback" not in lines, lines[:4000]


def test_read_only_database_is_reported(postgres: PostgresProcess, server: ServerProcess) -> None:
    """As after a failover to a standby: reads work, writes get 503, /ready and health tell why."""
    agent = server.register("Reader")
    postgres.sql("alter system set default_transaction_read_only = on", "select pg_reload_conf()")
    try:
        poll_until(lambda: not is_ready(server), "not ready")
        ready = httpx.get(f"{server.url}/ready").json()
        assert ready["components"]["store"] == "read_only", ready
        send = {"to_agent": "Reader", "content": "meanwhile"}
        assert_unavailable(agent.http.post("/agora/messaging/send", json=send), "read_only")
        assert agent.get("/agora/messaging/receive")["messages"] == []
        for path in ("/health/detail", "/agora/admin/health"):
            database = server.operator.http.get(path).json()["components"]["database"]
            assert database["status"] == "critical", database
            assert "read-only" in database["detail"], database
        assert "read-only" in httpx.get(f"{server.url}/health").json()["detail"]
    finally:
        postgres.sql(
            "set default_transaction_read_only = off",
            "alter system reset default_transaction_read_only",
            "select pg_reload_conf()",
        )
    poll_until(lambda: is_ready(server), "ready again")
    agent.post("/agora/messaging/send", {"to_agent": "Reader", "content": "after"})


def test_no_call_is_answered_before_its_commit(postgres: PostgresProcess, server: ServerProcess) -> None:
    """PostgreSQL waits in each commit for a standby that does not exist: no call may be acknowledged."""
    agent = server.register("Committed")
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "with events": ("/agora/messaging/send", {"to_agent": "Committed", "content": "once"}),
        "without events": ("/agora/agent/heartbeat", {}),
    }
    postgres.sql("alter system set synchronous_standby_names = 'nobody'", "select pg_reload_conf()")
    poll_until(lambda: postgres.sql("show synchronous_standby_names") == "nobody", "the setting is in force")
    try:
        for kind, (path, body) in calls.items():
            response = agent.http.post(path, json=body, headers={"Idempotency-Key": kind.replace(" ", "-")})
            assert response.status_code == 503, (kind, response.text)
            assert response.json()["outcome"] == "unknown", (kind, response.text)
    finally:
        postgres.sql("alter system reset synchronous_standby_names", "select pg_reload_conf()")
    poll_until(lambda: is_ready(server), "ready again")
    for kind, (path, body) in calls.items():
        agent.post(path, body, headers={"Idempotency-Key": kind.replace(" ", "-")})
    assert [m["content"] for m in agent.get("/agora/messaging/receive")["messages"]] == ["once"]


@pytest.mark.long
def test_server_suspended_inside_transactions_recovers(postgres: PostgresProcess, server: ServerProcess) -> None:
    """PostgreSQL ends the sessions of a server that was suspended for longer than a transaction may be idle (5 s)."""
    postgres.sql("truncate messages cascade")
    load = start_load(server)
    for _ in range(3):
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(6)  # longer than a transaction may be idle
        os.kill(server.pid, signal.SIGCONT)
        time.sleep(0.5)  # the load continues meanwhile
    poll_until(lambda: is_ready(server), "ready again")
    assert_load_saw_nothing(load, postgres)
    assert "Traceback" not in server.log()
