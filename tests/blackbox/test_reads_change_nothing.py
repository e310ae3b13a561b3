"""Reads change nothing: no query, page or command-line view moves a read marker or changes other state."""

from __future__ import annotations

import re
import sqlite3
from itertools import count
from typing import Any

import pytest

from tests.blackbox.server import Account, ServerProcess

_numbers = count(1)

PAGE = re.compile(r"/v1/monitor/(?!static/|live|sso|sign|export|invoice)")
#: tables written by every server by itself, or by any call: not state of the objects read
MEASURED = ("usage", "sample", "minute", "audit", "lease", "health", "peer", "counter", "session")
#: columns of the same kind. Agents' activity is written a little later. A server's heartbeat as a host reports free
#: memory and disk, and its engines.
MEASURED_COLUMNS = {"agents": {"last_activity"}, "hosts": {"seen_at", "capacity", "engines"}}


@pytest.fixture
def agent(shared_server: ServerProcess) -> Account:
    return shared_server.register(f"Looked{next(_numbers)}")


def send(sender: Account, to: str, content: str = "hello") -> str:
    message_id: str = sender.post("/agora/messaging/send", {"to_agent": to, "content": content})["message_id"]
    return message_id


def states(account: Account, **query: Any) -> list[str]:
    page = account.get("/agora/messaging/receive", params=query)
    return [message["status"] for message in page["messages"]]


def test_operator_reading_an_inbox_leaves_it_unread(shared_server: ServerProcess, agent: Account) -> None:
    send(shared_server.operator, agent.name)
    for arguments in (["inbox", agent.name], ["inbox", agent.agent_id, "--unread"]):
        shown = shared_server.run_cli("--json", *arguments, token=shared_server.admin_token)
        assert shown.returncode == 0, shown.stderr
        assert "hello" in shown.stdout
    assert states(agent) == ["queued"]


def test_only_the_recipient_marks_messages_as_read(shared_server: ServerProcess, agent: Account) -> None:
    send(shared_server.operator, agent.name)
    refused = shared_server.run_cli("inbox", agent.name, "--mark", token=shared_server.admin_token)
    assert refused.returncode == 2
    assert "own inbox" in refused.stderr
    assert refused.stdout == ""
    assert states(agent) == ["queued"]
    assert shared_server.run_cli("inbox", token=agent.token).returncode == 0
    assert states(agent) == ["queued"]
    for arguments in (["inbox", "--mark"], ["inbox", agent.name, "--mark"]):
        send(shared_server.operator, agent.name)
        marked = shared_server.run_cli(*arguments, token=agent.token)
        assert marked.returncode == 0, marked.stderr
        assert set(states(agent)) == {"read"}


def test_operator_must_name_the_recipient(shared_server: ServerProcess, agent: Account) -> None:
    operator = shared_server.operator
    send(agent, "operator", "for the operator")
    key = operator.post("/agora/token/create", {"label": "helper", "scopes": ["read:messages", "act:any"]})
    for asking in (operator, shared_server.account(key["token"])):
        for path in ("/agora/messaging/receive", "/agora/conversation/pending"):
            problem = asking.get(path, expect=422)
            assert problem["errors"][0]["field"] == "agent_id"
            assert "agent_id is required" in problem["detail"]
        assert states(asking, agent_id=agent.name) == []
        mail = asking.get("/agora/messaging/receive", params={"agent_id": "operator"})["messages"]
        assert "for the operator" in [message["content"] for message in mail]
    assert states(agent) == [], "an agent means its own"
    asked = shared_server.run_cli("inbox", token=shared_server.admin_token)
    assert asked.returncode == 2
    assert "agora inbox NAME" in " ".join(asked.stderr.split())
    shown = shared_server.run_cli("--json", "inbox", "operator", token=shared_server.admin_token)
    assert "for the operator" in shown.stdout


def contents(server: ServerProcess) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the database, except measurements."""
    (file,) = server.directory.glob("*.db")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        kept = [name for name in names if not any(part in name for part in MEASURED)]
        return {name: sorted(connection.execute(_select(connection, name)).fetchall(), key=repr) for name in kept}


def _select(connection: sqlite3.Connection, table: str) -> str:
    """Select every column, except measurements."""
    measured = MEASURED_COLUMNS.get(table, set())
    columns = [row[1] for row in connection.execute(f"pragma table_info({table})") if row[1] not in measured]
    return f"select {', '.join(columns)} from {table}"


def sign_in(operator: Account) -> None:
    """Sign in to the monitor: afterwards the client has its cookie."""
    page = operator.http.get("/v1/monitor/sign-in").text
    secret = re.search(r'name="csrf" value="([^"]+)"', page)
    assert secret is not None
    fields = {"csrf": secret[1], "next": "/v1/monitor/", "token": operator.token}
    assert operator.http.post("/v1/monitor/sign-in", data=fields).status_code == 303


def crawl_monitor(operator: Account, start: list[str]) -> set[str]:
    """Visit every page that is linked from the given ones. Returns their addresses."""
    waiting, seen = list(start), set[str]()
    while waiting and len(seen) < 60:
        address = waiting.pop(0)
        if address not in seen:
            seen.add(address)
            page = operator.http.get(address, headers={"accept": "text/html"})
            assert page.status_code == 200, (address, page.text[:500])
            waiting += [link for link in re.findall(r'href="(/v1/monitor/[^"?#]*)', page.text) if PAGE.match(link)]
    return seen


def fill(path: str, values: dict[str, str]) -> str | None:
    """Fill the parameters of a path, if there is an object to read."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return None if "{" in path else path


def test_no_query_or_page_changes_state(shared_server: ServerProcess, agent: Account) -> None:
    operator = shared_server.operator
    message_id = send(operator, agent.name)
    question = {"type": "request", "to": [agent.name], "intent": "look", "payload": {}}
    asked = operator.post("/agora/conversation/send", {"message": question})
    entry = {"type": "assistance_request", "content": {"text": "hi"}, "target": agent.name}
    operator.call("POST", "/agora/bus/publish", json=entry)
    task_id = operator.post("/agora/task/assign", {"task_type": "look", "assignee": agent.name})["task_id"]
    steps = [{"name": "look", "agent": agent.name}]
    workflow = operator.post("/agora/workflow/create", {"workflow_name": "look", "steps": steps})
    values = {
        "agent_id": agent.agent_id,
        "agent": agent.name,
        "message_id": message_id,
        "conversation_id": asked["conversation_id"],
        "key": asked["conversation_id"],
        "task_id": task_id,
        "workflow_id": workflow["workflow_id"],
        "operation": "agora.task.get",
        "name": agent.name,
    }
    sign_in(operator)
    before = contents(shared_server)
    paths = operator.get("/openapi.json")["paths"]
    answers = {}
    for path, methods in paths.items():
        if "get" not in methods or "stream" in path or "subscribe" in path or path.endswith(("/events", "/export")):
            continue
        place = fill(path, values)
        if place is not None and "export" not in place:
            wanted = {parameter["name"] for parameter in methods["get"].get("parameters", ()) if "name" in parameter}
            query = {name: value for name, value in values.items() if name in wanted and f"{{{name}}}" not in path}
            answers[path] = operator.http.get(place, params=query).status_code
    seen = [path for path, status in answers.items() if status == 200]
    assert len(seen) > 60, answers
    assert {"/agora/messaging/receive", "/agents/{agent_id}/pending", "/agora/task/get"} <= set(seen)
    home = "/v1/monitor"
    places = [f"{home}/", f"{home}/messages/{message_id}", f"{home}/tasks/{task_id}", f"{home}/agents/{agent.name}"]
    pages = crawl_monitor(operator, places)
    assert len(pages) > 15, pages
    after = contents(shared_server)
    assert {name for name in after if after[name] != before[name]} == set()
    agent.post("/agora/messaging/mark", {"message_ids": [message_id]})
    marked = contents(shared_server)
    assert "deliveries" in {name for name in marked if marked[name] != after[name]}, "it would have shown"
