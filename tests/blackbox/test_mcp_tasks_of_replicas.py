"""MCP tasks across replicas: watched on one server and cancelled through another, two processes on one PostgreSQL
database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.blackbox.mcp_task_calls import DECLARED, LEGACY, Baker, begin
from tests.blackbox.mcp_wire import RawClient, stream_messages
from tests.blackbox.server import ServerProcess
from tests.postgres import PostgresServer

pytestmark = pytest.mark.long

SECRETS = ("signing.key", "admin-token")
Servers = tuple[ServerProcess, ServerProcess]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Servers]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres_server.database_url())
        first, second = (ServerProcess(tmp_path_factory.mktemp(name) / "data", store=url) for name in ("a", "b"))
        stack.callback(first.close)
        first.start()
        second.directory.mkdir()
        for name in SECRETS:
            shutil.copy(first.directory / name, second.directory / name)
        stack.callback(second.close)
        yield first, second.start()


def _open_client(server: ServerProcess, version: str) -> RawClient:
    return RawClient(server.url, server.admin_token, version, {} if version else DECLARED)


@pytest.mark.parametrize("crossed", [False, True], ids=["watched at the first", "watched at the second"])
def test_subscription_reports_a_cancellation_on_another_replica(servers: Servers, crossed: bool) -> None:
    watching, cancelling = reversed(servers) if crossed else servers
    baker = Baker(cancelling, f"Modern {crossed}")
    with _open_client(watching, "") as watcher, _open_client(cancelling, "") as canceller:
        task_id = begin(canceller, baker.tool.replace(" ", "_"))["taskId"]
        message = watcher.message("subscriptions/listen", {"notifications": {"taskIds": [task_id]}})
        headers = watcher.headers("subscriptions/listen", message["params"])
        with watcher.http.stream("POST", "/mcp", json=message, headers=headers) as response:
            messages = stream_messages(response)
            assert next(messages)["params"]["notifications"] == {"taskIds": [task_id]}
            assert next(messages)["params"]["status"] == "working"
            canceller.result("tasks/cancel", {"taskId": task_id})
            assert _last_status(messages, "notifications/tasks", task_id) == "cancelled"
        assert watcher.result("tasks/get", {"taskId": task_id})["status"] == "cancelled"


@pytest.mark.parametrize("crossed", [False, True], ids=["watched at the first", "watched at the second"])
def test_session_is_notified_of_a_cancellation_on_another_replica(servers: Servers, crossed: bool) -> None:
    watching, cancelling = reversed(servers) if crossed else servers
    baker = Baker(cancelling, f"Legacy {crossed}")
    with _open_client(watching, LEGACY) as watcher, _open_client(cancelling, LEGACY) as canceller:
        with watcher.http.stream("GET", "/mcp", headers=watcher.headers("", {})) as response:
            messages = stream_messages(response)
            task_id = begin(watcher, baker.tool.replace(" ", "_"))["taskId"]
            canceller.result("tasks/cancel", {"taskId": task_id})
            assert _last_status(messages, "notifications/tasks/status", task_id) == "cancelled"
        assert task_id in [task["taskId"] for task in canceller.result("tasks/list")["tasks"]]
        assert watcher.result("tasks/get", {"taskId": task_id})["status"] == "cancelled"


def _last_status(messages: Iterator[dict[str, Any]], method: str, task_id: str) -> str:
    """Return the first final status of a task on the stream."""
    for message in messages:
        if message.get("method") != method or message["params"]["taskId"] != task_id:
            continue
        if (status := message["params"]["status"]) not in ("working", "input_required"):
            return str(status)
    raise AssertionError("the stream ended before the task")
